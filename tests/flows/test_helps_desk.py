"""What an operator does for a service beside offering it: orders an item, rings a helper, dials without a network."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Invalid
from dispatch.models.helps import Order
from dispatch.services import requests
from dispatch.services.requests import Callee
from tests.support.helps import MIDDLE, NEAR, Dispatching
from tests.support.story import Story


def ask_for(story: Story, item: str | None, who: str = "Wang", by: str = "lin") -> int:
    asked = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": Help.BATH, "take": True}
    row, _ = story.request(by, elder_id=story.town.elders[who], item=item, **asked)
    return int(row["id"])


def test_what_exactly_is_asked_for_is_ordered_at_the_price_of_the_day(story: Story) -> None:
    case_id = ask_for(story, "bath_point")
    with story.centre.database.reads() as session:
        order = session.scalars(select(Order).where(Order.case_id == case_id)).one()
        assert (order.item, order.minutes, order.price_fen) == ("bath_point", 90, 6000)


@pytest.mark.parametrize("item", ["clean_home", "no_such_item"])
def test_an_item_of_another_help_is_refused_and_nothing_is_opened(story: Story, item: str) -> None:
    with pytest.raises(Invalid):
        ask_for(story, item)
    assert story.cases() == []


def test_a_helper_is_rung_by_the_centre_and_the_number_stays_hidden(story: Story) -> None:
    helps = Dispatching(story)
    case_id = ask_for(story, None)
    requests.call_out(story.centre, case_id, story.act("lin"), Callee(worker_id=helps.ids["Middle"]))
    story.forward(1)
    helps.phone(MIDDLE).expect_call(f"{case_id}号事件")
    event = next(one for one in story.events(case_id) if one.kind == "call_out")
    assert event.data["to"] == "Middle"
    assert MIDDLE.phone not in str(event.data)


def test_a_helper_of_another_area_is_not_rung(story: Story) -> None:
    helps = Dispatching(story)
    case_id = ask_for(story, None, "Qian", "west_op")
    with pytest.raises(Invalid, match="helper"):
        requests.call_out(story.centre, case_id, story.act("west_op"), Callee(worker_id=helps.ids["Middle"]))


def test_without_a_network_the_number_of_who_is_asked_is_shown_and_only_then(story: Story) -> None:
    helps = Dispatching(story)
    case_id = ask_for(story, None)
    story.break_network(down=True)
    seen = helps.offer("direct", NEAR, case=case_id, reason="knows her")
    assert seen["items"][0]["phone"] is None, "nothing has failed yet"
    story.forward(1)
    failing = helps.seen(case_id)["items"][0]
    assert failing["phone"] == NEAR.phone
    assert [one["fails"] for one in failing["messages"]] == [True]
    story.mend_network()
    story.forward(60)
    helps.phone(NEAR).expect_sms("上门助浴")
    through = helps.seen(case_id)["items"][0]
    assert (through["phone"], through["messages"][0]["fails"]) == (None, False)
