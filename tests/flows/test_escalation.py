"""What happens while nobody takes an alarm, and what stops it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from dispatch.domain.errors import Invalid
from dispatch.models.cases import Case
from tests.support.factories import DUTY_EAST, DUTY_TOWN
from tests.support.story import Story

PHONES = (DUTY_EAST, DUTY_TOWN)


def seconds(story: Story, kind: str) -> list[float]:
    return [(e.at - story.events()[0].at).total_seconds() for e in story.events() if e.kind == kind]


def test_nobody_answers_for_ten_minutes(story: Story) -> None:
    story.call_no_family()
    story.press("SOS-1")
    story.expect_event("opened", kind="sos", location="SOS")
    story.forward(14.75)
    story.expect_nothing()
    story.forward(0.25)
    story.expect_event("alert_operators", step=0, after=15)
    story.forward(15)
    story.expect_event("alert_supervisor", step=1, after=30)
    story.forward(29.75)
    story.expect_nothing()
    for phone in PHONES:
        story.phone(phone).expect_silence()
    for minute in range(1, 11):
        story.forward(0.25 if minute == 1 else 59)
        story.expect_event("page_duty", step=minute + 1, after=60 * minute, phones=2)
        assert story.elapsed == 60 * minute
        story.forward(1)
        for phone in PHONES:
            story.phone(phone).expect_sms(f"{story.case.id}号紧急求助：Elm 1 Wang，{60 * minute}秒无人受理")
            story.phone(phone).expect_call(f"已等待{60 * minute}秒无人受理")
        story.expect_nothing()
    assert seconds(story, "page_duty") == [60.0 * n for n in range(1, 11)]
    assert seconds(story, "alert_operators") == [15.0]
    assert story.case.step == 12
    delays = [e.data["delay_seconds"] for e in story.events() if e.kind == "message" and e.data["state"] == "sent"]
    assert len(delays) == 40
    assert set(delays) == {0.0}


def test_taken_at_eight_seconds_nothing_escalates(story: Story) -> None:
    story.press("SOS-1")
    story.forward(8)
    row = story.take("lin")
    assert (row["state"], row["owner"]["name"]) == ("owned", "Lin")
    story.expect_events("opened", "taken")
    story.forward(179.75)
    story.expect_nothing()


def test_taken_between_two_steps_the_rest_is_silence(story: Story) -> None:
    story.press("SOS-1")
    story.forward(29.9)
    story.take("lin")
    story.expect_events("opened", "alert_operators", "taken")
    story.forward(120)
    story.expect_nothing()


def test_one_pressed_on_the_duty_telephone_takes_the_case(story: Story) -> None:
    story.press("SOS-1")
    story.forward(60)
    story.forward(2)
    duty = story.phone(DUTY_EAST)
    duty.expect_sms("回1由您受理")
    duty.expect_call("请按1")
    duty.press("1")
    for channel in ("sms", "call"):
        getattr(story.phone(DUTY_TOWN), f"expect_{channel}")()
    *_, taken = story.expect_events("opened", "alert_operators", "alert_supervisor", "page_duty", "taken")
    assert (taken.actor_kind, taken.actor_name, taken.channel) == ("user", "Dong", "voice")
    assert story.case.owner_id == story.town.users["duty"]
    story.forward(170)
    story.expect_nothing()


def test_a_reply_takes_the_case_and_a_telephone_without_an_owner_does_not(story: Story) -> None:
    story.press("SOS-1")
    story.forward(61)
    for phone in PHONES:
        story.phone(phone).expect_sms()
        story.phone(phone).expect_call()
    story.phone(DUTY_TOWN).reply("1")
    assert story.case.state == "new"
    story.phone(DUTY_EAST).reply("在路上")
    assert story.case.state == "new"
    story.phone(DUTY_EAST).reply("1。")
    assert story.case.owner_id == story.town.users["duty"]


def test_pages_that_are_on_their_way_are_withdrawn_when_somebody_takes_the_case(story: Story) -> None:
    story.break_network(down=True)
    story.press("SOS-1")
    story.forward(60)
    assert {m.state for m in story.messages()} == {"pending"}
    story.take("lin")
    story.mend_network()
    story.forward(60)
    assert [m.state for m in story.messages()] == ["withdrawn"] * 4
    assert set(story.told()) == {
        (label, channel, "withdrawn") for label in ("East on duty", "Town on duty") for channel in ("sms", "voice")
    }


def test_an_owner_who_falls_silent_is_asked_and_then_relieved(story: Story) -> None:
    story.press("SOS-1")
    story.forward(5)
    story.take("lin")
    story.expect_events("opened", "taken")
    story.forward(180)
    story.expect_event("asked_owner")
    assert "ask_owner" in story.case.flags
    story.forward(59.75)
    story.expect_nothing()
    story.forward(0.25)
    story.expect_event("returned", reason="owner_silent")
    case = story.case
    assert (case.state, case.owner_id, case.flags, case.waiting_since) == ("new", None, ["returned"], story.now)
    story.forward(15)
    story.expect_event("alert_operators", step=0)
    story.forward(15)
    story.expect_event("alert_supervisor", step=1)
    story.forward(31)
    story.expect_event("page_duty", step=2)
    for phone in PHONES:
        story.phone(phone).expect_sms("60秒")
        story.phone(phone).expect_call("60秒")


def test_an_owner_who_says_so_keeps_the_case(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.forward(185)
    story.take("lin")
    story.expect_events("opened", "taken", "asked_owner", "confirmed")
    assert story.case.flags == []
    story.forward(179)
    story.expect_nothing()
    story.note("on the telephone with the daughter")
    story.forward(179)
    story.expect_event("note")
    story.expect_nothing()
    story.forward(1)
    story.expect_event("asked_owner")


def test_a_note_of_somebody_else_does_not_speak_for_the_owner(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.forward(170)
    story.note("I see no light in the window", by="mei")
    story.forward(10)
    story.expect_events("opened", "taken", "note", "asked_owner")


def test_a_case_given_back_escalates_from_the_start(story: Story) -> None:
    story.press("SOS-1")
    story.forward(20)
    story.take("lin")
    story.release("lin")
    assert (story.case.flags, story.case.round) == (["returned"], 1)
    story.forward(15)
    story.expect_events("opened", "alert_operators", "taken", "released", "alert_operators")


def test_a_clock_dead_for_ten_minutes_makes_up_without_a_burst(story: Story) -> None:
    story.call_no_family()
    story.press("SOS-1")
    story.sleep(605)
    story.forward(1)
    story.expect_event("opened")
    story.expect_event("alert_operators", due_at="2026-11-24T08:00:15.000Z")
    story.expect_event("alert_supervisor", step=1)
    story.expect_event("page_duty", step=2)
    story.expect_event("page_duty", step=11, skipped=8)
    story.expect_nothing()
    for phone in PHONES:
        for _ in range(2):
            story.phone(phone).expect_sms("605秒")
            story.phone(phone).expect_call("605秒")
    story.forward(53)
    story.expect_nothing()
    story.forward(2)
    story.expect_event("page_duty", step=12)
    for phone in PHONES:
        story.phone(phone).expect_sms("660秒")
        story.phone(phone).expect_call("660秒")


def test_a_second_clock_fires_nothing_again(story: Story) -> None:
    other = story.new_clock()
    story.press("SOS-1")
    for _ in range(40):
        story.forward(1)
        other.cycle(story.now)
    story.expect_events("opened", "alert_operators", "alert_supervisor")
    story.expect_nothing()


def test_a_waiting_case_that_becomes_urgent_escalates_as_urgent(story: Story) -> None:
    story.press("WATER-1", "water")
    assert story.case.priority == 2
    story.forward(30)
    story.priority(1, by="mei")
    story.forward(15)
    story.expect_events("opened", "priority", "alert_operators")
    assert story.elapsed == 45


def test_what_is_less_urgent_needs_a_reason_and_calms_down(story: Story) -> None:
    story.press("SOS-1")
    with pytest.raises(Invalid):
        story.priority(2)
    story.priority(3, reason="she wants to talk")
    story.forward(599)
    story.expect_events("opened", "priority")
    story.expect_nothing()


def test_one_poisoned_case_does_not_keep_the_others_waiting(story: Story) -> None:
    story.press("SOS-1")
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Case).values(policy={"steps": "damaged"}))
    story.press("SOS-2")
    story.forward(16)
    kinds = [(e.case_id, e.kind) for e in story.events()]
    assert kinds == [(1, "opened"), (2, "opened"), (1, "fault"), (2, "alert_operators")]
    assert story.get(1).next_due_at == story.now - timedelta(seconds=1) + timedelta(seconds=30)
