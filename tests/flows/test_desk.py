"""What people do with a case, and what they may not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import CaseTaken, Forbidden, IllegalTransition, Invalid, NotFound, VersionConflict
from dispatch.domain.followup import Result
from dispatch.services import work
from dispatch.services.work import Act
from tests.support.story import Story


def test_two_cannot_have_the_same_case(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    with pytest.raises(CaseTaken) as refused:
        story.take("mei")
    assert refused.value.extra["owner"] == {"id": str(story.town.users["lin"]), "name": "Lin"}
    assert story.take("mei", force=True, reason="she went home")["owner"]["name"] == "Mei"
    story.expect_events("opened", "taken", "taken_over")


def test_a_hold_ends_by_itself(story: Story) -> None:
    story.press("WATER-1", "water")
    story.take("lin")
    story.hold(30)
    assert story.case.flags == ["held"]
    story.forward(30 * 60 - 1)
    story.expect_events("opened", "taken", "held")
    story.expect_nothing()
    story.forward(1)
    story.expect_event("unheld")
    case = story.case
    assert (case.state, case.owner_id, case.held_until, case.flags) == ("new", None, None, ["returned"])
    story.forward(60)
    story.expect_event("alert_operators")


@pytest.mark.parametrize("minutes", [0, -1, 8 * 60 + 1])
def test_a_hold_lasts_eight_hours_at_most(story: Story, minutes: float) -> None:
    story.press("WATER-1", "water")
    with pytest.raises(Invalid):
        story.hold(minutes)


def test_an_urgent_case_is_never_held(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    with pytest.raises(Invalid):
        story.hold(5)
    story.press("WATER-1", "water")
    assert story.case.held_until is None


def test_a_held_case_that_becomes_urgent_is_held_no_longer(story: Story) -> None:
    story.press("WATER-1", "water")
    story.hold(60)
    story.priority(1)
    assert (story.case.held_until, story.case.flags) == (None, [])
    story.forward(15)
    story.expect_events("opened", "held", "priority", "alert_operators")


def test_only_the_owner_or_a_supervisor_ends_a_case(story: Story) -> None:
    story.press("SOS-1")
    with pytest.raises(IllegalTransition):
        story.close("talk", by="boss")
    story.take("lin")
    with pytest.raises(Forbidden):
        story.close("talk", by="mei")
    with pytest.raises(Invalid):
        story.close("")
    with pytest.raises(Invalid):
        story.close("because")
    assert story.close("talk", by="boss", text="she only wanted to talk")["state"] == "closed"
    assert story.case.outcome == "talk"
    assert story.case.next_due_at is None


def test_who_cannot_be_reached_is_given_up_by_a_supervisor_alone(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    with pytest.raises(Invalid):
        story.close("cannot_reach")
    assert story.close("cannot_reach", by="boss")["state"] == "closed"


def test_a_return_call_is_remembered(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    due = story.now + timedelta(hours=2)
    assert story.close("ambulance", follow_up_at=due)["state"] == "pending_follow_up"
    story.expect_events("opened", "taken", "closed")
    story.forward(7199)
    story.expect_nothing()
    story.forward(1)
    story.expect_event("follow_up_due")
    row = work.follow_up(story.centre, 1, story.act("mei"), work.Told(Result.SATISFIED))
    assert (row["state"], row["flags"]) == ("closed", [])
    story.expect_event("follow_up", result="satisfied")


def test_a_return_call_lies_ahead(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    with pytest.raises(Invalid):
        story.close("talk", follow_up_at=story.now)


def test_a_closed_case_is_taken_up_again_within_a_day(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.close("talk")
    story.sleep(24 * 3600)
    row = story.reopen("mei")
    assert (row["state"], row["owner"]["name"]) == ("owned", "Mei")
    assert story.case.outcome is None
    story.close("talk", by="mei")
    story.sleep(24 * 3600 + 1)
    with pytest.raises(IllegalTransition):
        story.reopen("mei")


def test_a_case_is_not_reopened_beside_another_emergency_of_the_home(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.close("talk")
    story.press("SOS-1")
    with pytest.raises(IllegalTransition):
        story.reopen("lin", case=1)
    assert [c.state for c in story.cases()] == ["closed", "new"]


@pytest.mark.parametrize("by", ["lin", "mei"])
def test_what_is_closed_is_not_taken(story: Story, by: str) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.close("talk")
    with pytest.raises(IllegalTransition):
        story.take(by)
    with pytest.raises(IllegalTransition):
        story.take(by, force=True)
    story.note("a late remark is never refused", by=by)


def test_a_merge_moves_counts_and_history(story: Story) -> None:
    story.press("STRANGER")
    story.press("STRANGER")
    story.press("BED-1", "bed")
    story.take("lin", case=2)
    assert story.merge(1, into=2)["state"] == "merged"
    source, target = story.cases()
    assert (source.merged_into, source.next_due_at) == (2, None)
    assert (target.signals, target.priority, target.owner_id) == (3, 1, story.town.users["lin"])
    assert [e.kind for e in story.events(1)] == ["opened", "repeat", "merged"]
    assert [e.kind for e in story.events(2)] == ["opened", "taken", "merged_in"]
    with pytest.raises(IllegalTransition):
        story.merge(1, into=2)
    with pytest.raises(IllegalTransition):
        story.merge(2, into=1)
    with pytest.raises(Invalid):
        story.merge(2, into=2)
    with pytest.raises(NotFound):
        story.merge(2, into=99)


def test_an_emergency_told_by_a_person_joins_the_open_case_of_the_home(story: Story) -> None:
    story.press("BED-1", "bed")
    asked = {"kind": Kind.EMERGENCY, "channel": Channel.HOTLINE, "elder_id": story.town.elders["Wang"]}
    row, joined = story.request(**asked)
    assert (row["id"], joined, row["priority"]) == ("1", True, 1)
    row, joined = story.request(**{**asked, "kind": Kind.SERVICE})
    assert (row["id"], joined, row["priority"]) == ("2", False, 3)
    row, joined = story.request(**{**asked, "elder_id": story.town.elders["Zhao"]}, take=True)
    assert (row["id"], joined, row["owner"]["name"]) == ("3", False, "Lin")


def test_what_somebody_else_changed_is_not_overwritten(story: Story) -> None:
    story.press("WATER-1", "water")
    seen = story.case.version
    story.take("mei")
    with pytest.raises(VersionConflict) as refused:
        work.release(story.centre, 1, story.act("mei", version=seen))
    assert refused.value.extra["changed_by"] == "Mei"
    assert refused.value.extra["row"]["version"] == refused.value.extra["version"] == story.case.version


def test_the_same_key_again_does_nothing_again(story: Story) -> None:
    story.press("SOS-1")
    act = story.act("lin", key="k1")
    for _ in range(3):
        work.note(story.centre, 1, act, text="once")
    work.note(story.centre, 1, Act(story.town.actor("mei"), story.now, key="k1"), text="another person's key")
    assert [e.text for e in story.events(1)][1:] == ["once", "another person's key"]


def test_a_district_does_not_act_on_another(story: Story) -> None:
    story.press("SOS-1")
    story.press("STRANGER")
    with pytest.raises(NotFound):
        story.take("west_op", case=1)
    assert story.take("west_op", case=2)["owner"]["name"] == "Wen"
    with pytest.raises(NotFound):
        story.merge(2, into=1, by="west_op")


def test_an_emergency_told_by_a_person_is_as_loud_as_one_of_a_device(story: Story) -> None:
    story.press("WATER-1", "water")
    story.take("lin")
    story.hold(60)
    asked = {"kind": Kind.EMERGENCY, "channel": Channel.HOTLINE, "elder_id": story.town.elders["Wang"]}
    row, joined = story.request(by="mei", priority=2, **asked)
    assert (joined, row["state"], row["signals"], row["held_until"]) == (True, "new", 2, None)
    story.take("lin")
    row, _ = story.request(by="mei", **asked)
    assert (row["priority"], row["signals"], "new_signal" in row["flags"]) == (1, 3, True)
    row, _ = story.request(by="lin", **asked)
    assert "new_signal" not in row["flags"], "its owner knows"


def test_an_emergency_is_not_merged_into_a_case_that_nobody_watches(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.close("talk", follow_up_at=story.now + timedelta(hours=2))
    story.press("SOS-1")
    with pytest.raises(IllegalTransition):
        story.merge(2, into=1)
    assert [c.state for c in story.cases()] == ["pending_follow_up", "new"]
