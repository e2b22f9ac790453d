"""One home, one case: repeats, remarks, strangers, and what never pages anybody."""

from __future__ import annotations

import pytest

from tests.support.story import Story


def test_every_press_after_the_first_joins_the_case(story: Story) -> None:
    first = story.press("SOS-1")
    for device, kind in (("SOS-1", "sos"), ("FALL-1", "fall"), ("SMOKE-1", "smoke")):
        story.forward(1)
        assert story.press(device, kind).case_id == first.case_id
    assert len(story.cases()) == 1
    assert (story.case.signals, story.case.cause, story.case.flags) == (4, "sos", ["repeat"])
    story.expect_event("opened")
    for count in (2, 3, 4):
        story.expect_event("repeat", count=count)


def test_the_same_event_again_is_no_repeat(story: Story) -> None:
    first = story.press("SOS-1", event_id="e1")
    again = story.press("SOS-1", event_id="e1")
    assert (again.signal_id, again.case_id, again.duplicate) == (first.signal_id, first.case_id, True)
    assert story.case.signals == 1
    assert not story.press("SOS-1", event_id="e2").duplicate


def test_a_worse_alarm_makes_the_case_urgent(story: Story) -> None:
    story.press("BED-1", "bed")
    assert story.case.priority == 3
    story.press("SOS-1")
    assert story.case.priority == 1
    story.forward(15)
    story.expect_events("opened", "repeat", "alert_operators")


def test_a_repeat_brings_a_held_case_back(story: Story) -> None:
    story.press("WATER-1", "water")
    story.take("lin")
    story.hold(30)
    story.forward(600)
    story.press("WATER-1", "water")
    case = story.case
    assert (case.state, case.owner_id, case.held_until) == ("new", None, None)
    assert set(case.flags) == {"repeat", "returned"}
    story.forward(60)
    story.expect_events("opened", "taken", "held", "repeat", "alert_operators")


def test_a_new_alarm_for_an_owned_case_asks_its_owner_within_a_minute(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.forward(20)
    story.press("FALL-1", "fall")
    assert story.case.owner_id == story.town.users["lin"]
    assert "new_signal" in story.case.flags
    story.forward(60)
    story.expect_events("opened", "taken", "repeat", "asked_owner")
    story.take("lin")
    assert story.case.flags == ["repeat"]


@pytest.mark.parametrize(("kind", "event"), [("cancel", "cancelled_by_elder"), ("restore", "restored")])
def test_all_is_well_says_the_device_and_nothing_is_settled(story: Story, kind: str, event: str) -> None:
    story.press("SOS-1")
    story.forward(5)
    story.press("SOS-1", kind)
    story.expect_events("opened", event)
    story.forward(10)
    story.expect_event("alert_operators")
    assert (story.case.state, event if kind == "cancel" else "restored") == ("new", story.case.flags[0])


@pytest.mark.parametrize("kind", ["test", "heartbeat", "low_battery", "fault", "cancel", "restore"])
def test_what_never_opens_a_case_nor_pages(story: Story, kind: str) -> None:
    for device in ("SOS-1", "NOBODY-KNOWS"):
        assert story.press(device, kind, battery=11).case_id is None
    story.forward(3600)
    assert story.cases() == []
    assert story.messages() == []


def test_an_elder_in_hospital_is_flagged_and_never_ignored(story: Story) -> None:
    story.press("SOS-H")
    assert story.case.flags == ["in_hospital"]
    story.forward(15)
    story.expect_events("opened", "alert_operators")


def test_a_device_that_nobody_knows_opens_one_case_which_its_repeats_join(story: Story) -> None:
    first = story.press("STRANGER")
    assert first.unknown_device
    assert story.press("STRANGER").case_id == first.case_id
    assert story.press("OTHER-STRANGER").case_id != first.case_id
    case = story.get(first.case_id or 0)
    assert (case.signals, set(case.flags), case.area_id) == (2, {"unknown_device", "repeat"}, None)


def test_after_the_end_a_new_alarm_is_a_new_case(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.close("talk")
    story.forward(1)
    assert story.press("SOS-1").case_id == 2


def test_an_alarm_while_a_return_call_is_due_is_a_new_case(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    from_now = story.now.replace(hour=20)
    story.close("talk", follow_up_at=from_now)
    assert story.press("SOS-1").case_id == 2
    assert [c.state for c in story.cases()] == ["pending_follow_up", "new"]
