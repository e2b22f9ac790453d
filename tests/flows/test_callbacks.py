"""A promise to ring back is a deadline: its maker is reminded, then everybody, and it is settled once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound
from dispatch.services import requests
from dispatch.services.floor import callbacks, news
from dispatch.services.floor.callbacks import Promise
from dispatch.services.floor.positions import Beat
from dispatch.services.privacy import reveal
from dispatch.services.requests import Callee
from dispatch.services.work import Act
from tests.support.story import Story


def promise(story: Story, minutes: float = 30, by: str = "lin", key: str | None = None, **more: Any) -> dict[str, Any]:
    act = Act(story.town.actor(by), story.now, key=key)
    wanted = Promise(story.now + timedelta(minutes=minutes), more.pop("note", "when the doctor has rung"), **more)
    return callbacks.promise(story.centre, story.case.id, act, wanted)


def settle(story: Story, one: dict[str, Any], *, done: bool = True, by: str = "lin", reason: str | None = None) -> Any:
    return callbacks.settle(story.centre, int(one["id"]), story.act(by), done=done, reason=reason)


@pytest.fixture
def case(story: Story) -> Story:
    story.press("FALL-1", "inactivity")
    story.take()
    story.expect_events("opened", "taken")
    return story


def test_the_one_who_promised_is_reminded_and_five_minutes_later_everybody(case: Story) -> None:
    one = promise(case, 5)
    case.expect_event("callback_promised")
    case.forward(299.75)
    case.expect_nothing()
    case.forward(0.25)
    case.expect_event("callback_due", callback=one["id"], by="Lin")
    assert case.case.flags == ["callback_due"]
    case.note("on it")
    case.forward(299.75)
    case.expect_events("note")
    case.forward(0.25)
    case.expect_event("callback_late", callback=one["id"])
    assert case.case.flags == ["callback_late"]
    case.note("on it")
    case.forward(60)
    case.expect_events("note")


def test_made_in_time_nobody_is_reminded(case: Story) -> None:
    one = promise(case, 5)
    case.forward(200)
    assert settle(case, one, reason="she is well")["state"] == "done"
    case.forward(400)
    case.expect_events("callback_promised", "callback_done")
    assert callbacks.callbacks(case.centre, case.town.actor("lin")) == []


def test_it_outlives_the_case(case: Story) -> None:
    one = promise(case, 60)
    case.close("talk")
    case.forward(3600)
    case.expect_events("callback_promised", "closed", "callback_due")
    (found,) = callbacks.callbacks(case.centre, case.town.actor("mei"))
    assert (found["id"], found["case_open"], found["who"], found["by"]["name"]) == (one["id"], False, "Wang", "Lin")
    settle(case, one, by="mei", reason="rang at five")


def test_after_a_time_without_a_clock_everybody_is_told_once(case: Story) -> None:
    promise(case, 2)
    case.expect_events("callback_promised")
    case.sleep(500)
    case.forward(0.25)
    kinds = [e.kind for e in case.events() if e.kind.startswith("callback_")]
    assert kinds == ["callback_promised", "callback_late"]


def test_two_clocks_remind_once(case: Story) -> None:
    promise(case, 1)
    case.sleep(60)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: callbacks.tick(case.centre, case.now), range(4)))
    assert [e.kind for e in case.events()].count("callback_due") == 1


def test_cancelling_needs_a_reason_and_the_other_way_is_refused(case: Story) -> None:
    one = promise(case)
    with pytest.raises(Invalid):
        settle(case, one, done=False)
    settle(case, one, done=False, reason="her daughter is there")
    assert settle(case, one, done=False, reason="again")["reason"] == "her daughter is there"
    with pytest.raises(Conflict):
        settle(case, one)


def test_two_settle_it_at_once_and_one_row_says_so(case: Story) -> None:
    one = promise(case)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda by: settle(case, one, by=by), ("lin", "mei")))
    assert [e.kind for e in case.events()].count("callback_done") == 1


def test_sent_twice_it_is_one_promise(case: Story) -> None:
    assert promise(case, key="k")["id"] == promise(case, key="k")["id"]
    assert promise(case, key="k2")["id"] != promise(case, key="k")["id"]
    assert promise(case, key="k", by="mei")["by"]["name"] == "Mei"


def test_the_case_shows_the_most_pressing_of_several(case: Story) -> None:
    first, second = promise(case, 1), promise(case, 3)
    case.forward(60)
    assert case.case.flags == ["callback_due"]
    case.forward(300)
    assert case.case.flags == ["callback_late"]
    settle(case, first)
    assert case.case.flags == ["callback_due"]
    settle(case, second)
    assert case.case.flags == []


def test_what_cannot_be_promised(case: Story) -> None:
    with pytest.raises(Invalid):
        promise(case, -1)
    with pytest.raises(NotFound):
        promise(case, by="west_op")
    machine = Act(case.town.actor("lin").__class__("token", "1", "robot", paths=("/",)), case.now)
    with pytest.raises(Forbidden):
        callbacks.promise(case.centre, case.case.id, machine, Promise(case.now + timedelta(hours=1), "x"))
    one = promise(case)
    with pytest.raises(NotFound):
        settle(case, one, by="west_op")
    assert callbacks.callbacks(case.centre, case.town.actor("west_op")) == []


NUMBER, MASKED = "13912345678", "139****5678"


def shown(story: Story, by: str) -> set[str]:
    """The number of the only promise, at every door that this person has."""
    actor = story.town.actor(by)
    (one,) = callbacks.callbacks(story.centre, actor)
    (of_case,) = callbacks.callbacks(story.centre, actor, case_id=story.case.id)
    told = news.beat(story.centre, actor, Beat(), story.now)["callbacks"]
    return {one["phone"], of_case["phone"], *(each["phone"] for each in told)}


def test_a_number_is_masked_but_for_who_holds_the_emergency(case: Story) -> None:
    one = promise(case, phone=NUMBER)
    assert shown(case, "lin") == {NUMBER}
    assert (shown(case, "mei"), shown(case, "boss")) == ({MASKED}, {MASKED})
    case.close("talk")
    assert shown(case, "lin") == {MASKED}, "whoever has closed the case sees no more than others"
    asked = reveal.reveal(case.centre, case.town.elders["Wang"], case.act("lin"), ["callbacks"], "to ring back")
    assert asked["values"] == {"callbacks": [{"id": one["id"], "phone": NUMBER}]}


def test_the_number_is_called_without_being_seen(case: Story) -> None:
    one, known = promise(case, phone=NUMBER), promise(case, minutes=40)
    case.close("talk")
    for number, promised in ((NUMBER, one), ("13800001000", known)):
        whom = Callee(callback_id=int(promised["id"]))
        requests.call_out(case.centre, case.case.id, case.act("mei"), whom)
        case.forward(1)
        case.phone(number).expect_call()
    case.press("SOS-2")
    with pytest.raises(Invalid):
        requests.call_out(case.centre, case.case.id, case.act("lin"), Callee(callback_id=int(one["id"])))


def test_a_strangers_number_is_seen_by_who_promised(story: Story) -> None:
    story.call("ringing", caller="13512345678")
    story.take()
    promise(story, phone=NUMBER)
    assert (shown(story, "lin"), shown(story, "mei")) == ({NUMBER}, {MASKED})
