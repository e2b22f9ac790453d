"""The telephone: calls that come in, messages that go out, and a network that fails."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from dispatch.domain.messages import Handed, NetworkReceipt, ReceiptState
from dispatch.services import deliver, requests
from dispatch.services.requests import Callee
from tests.support.factories import DUTY_EAST, DUTY_TOWN
from tests.support.story import Story

WANG = "13800001000"


def paged(story: Story, channels: tuple[str, ...] = ("sms", "voice")) -> None:
    for phone in (DUTY_EAST, DUTY_TOWN):
        for channel in channels:
            getattr(story.phone(phone), "expect_sms" if channel == "sms" else "expect_call")()


def test_who_hangs_up_is_called_back(story: Story) -> None:
    story.call("ringing", caller=WANG)
    story.forward(20)
    story.call("missed", caller=WANG)
    case = story.case
    assert (case.kind, case.priority, case.flags) == ("enquiry", 2, ["missed_call"])
    assert case.elder_id == story.town.elders["Wang"]
    story.forward(60)
    story.expect_events("call_in", "call_in", "alert_operators")


def test_the_agent_who_answers_has_the_case(story: Story) -> None:
    story.call("ringing", caller="+86 138 0000 1000")
    story.call("answered", agent="lin")
    story.call("hangup")
    assert (story.case.state, story.case.owner_id, story.case.flags) == ("owned", story.town.users["lin"], [])


@pytest.mark.parametrize("order", list(permutations(["ringing", "answered", "hangup"])), ids="-".join)
def test_events_of_a_call_come_in_any_order_and_twice(story: Story, order: tuple[str, ...]) -> None:
    for event in (*order, *order):
        assert story.call(event, caller=WANG, agent="lin" if event == "answered" else None).case_id == 1
    case = story.case
    assert (case.state, case.owner_id) == ("owned", story.town.users["lin"])
    assert "missed_call" not in case.flags
    assert [e.kind for e in story.events()] == ["call_in"] * 3


def test_a_caller_who_rings_again_joins_the_open_case(story: Story) -> None:
    story.call("missed", "c1", caller=WANG)
    story.call("missed", "c2", caller=WANG)
    assert (len(story.cases()), story.case.signals) == (1, 2)


def test_a_call_of_a_home_in_an_emergency_joins_it(story: Story) -> None:
    story.press("SOS-1")
    assert story.call("ringing", caller=WANG).case_id == 1
    assert story.case.kind == "emergency"


def test_a_network_that_is_down_is_tried_again_and_each_message_sent_once(story: Story) -> None:
    story.break_network(down=True)
    story.press("SOS-1")
    story.forward(63)
    assert {(m.state, m.attempts) for m in story.messages()} == {("pending", 2)}
    story.mend_network()
    story.forward(6)
    paged(story)
    assert {m.state for m in story.messages() if m.channel == "sms"} == {"delivered"}
    assert len({m.reference for m in story.messages()}) == 4
    story.take("lin")
    story.forward(60)


def test_a_network_that_stays_down_is_told(story: Story) -> None:
    story.break_network(down=True)
    story.press("SOS-1")
    story.forward(60 + 2 + 5 + 15 + 30)
    assert [m.state for m in story.messages()] == ["dead"] * 4
    assert set(story.told()) == {
        (label, channel, "failed") for label in ("East on duty", "Town on duty") for channel in ("sms", "voice")
    }


def test_lost_messages_are_silence_and_lost_calls_are_told(story: Story) -> None:
    story.break_network(loss=1.0)
    story.press("SOS-1")
    story.forward(70)
    assert {(m.channel, m.state) for m in story.messages()} == {("sms", "sent"), ("voice", "dead")}
    for traffic in story.unexpected():
        assert traffic.state == "lost"
        story.seen.add(traffic.id)


def test_doubled_receipts_are_told_once(story: Story) -> None:
    story.break_network(duplicate=1.0)
    story.press("SOS-1")
    story.forward(62)
    paged(story)
    assert story.told().count(("East on duty", "sms", "delivered")) == 1


def test_a_receipt_that_overtakes_the_answer_of_the_network_is_kept(story: Story) -> None:
    story.press("SOS-1")
    story.sleep(60)
    story.clock.cycle(story.now)
    message = next(m for m in story.messages() if m.channel == "sms")
    receipt = NetworkReceipt(message.reference, ReceiptState.DELIVERED, story.now + timedelta(seconds=1))
    assert deliver.receive_receipt(story.centre, receipt)
    deliver.sent(story.centre, message.id, [Handed("simulated", "late")], story.now + timedelta(seconds=2))
    assert not deliver.receive_receipt(story.centre, receipt)
    assert next(m.state for m in story.messages() if m.id == message.id) == "delivered"
    story.forward(2)
    paged(story)


def test_a_worker_that_dies_while_sending_does_not_lose_the_message(story: Story) -> None:
    story.press("SOS-1")
    row = requests.call_out(story.centre, 1, story.act("lin"), Callee(story.town.contacts["Daughter"]))
    assert row["id"] == "1"
    message = story.messages()[0]
    assert deliver.claim(story.centre, message.id, story.now) is not None
    assert deliver.claim(story.centre, message.id, story.now) is None
    story.take("lin")
    story.forward(29)
    story.phone("13700000000").expect_silence()
    story.forward(2)
    story.phone("13700000000").expect_call()
    story.forward(30)
    assert story.messages()[0].state == "no_answer"


def test_an_operator_rings_the_daughter(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    requests.call_out(story.centre, 1, story.act("lin"), Callee(story.town.contacts["Daughter"]))
    story.forward(1)
    daughter = story.phone("13700000000")
    daughter.expect_call("1号事件")
    daughter.answer()
    assert story.told()[-1] == ("Daughter", "voice", "answered")


def test_a_receipt_of_nothing_known_is_dropped(story: Story) -> None:
    assert not deliver.receive_receipt(story.centre, NetworkReceipt("?", ReceiptState.DELIVERED, story.now))
