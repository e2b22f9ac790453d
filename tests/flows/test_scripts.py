"""Answers of a script: rows of the timeline, once each, seen by a second operator, and never in the way of help."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid
from dispatch.domain.script_form import load_script
from dispatch.domain.scripts import Scripts
from dispatch.models.privacy import Sharing
from dispatch.models.response import ScriptRun
from dispatch.models.trail import TrailEntry
from dispatch.services.response import handoffs, scripting, view
from dispatch.services.response.scripting import Given
from dispatch.services.response.sheet import sheet
from tests.support.response import DAUGHTER, NEIGHBOUR, RESCUE, STATION, WANG, surround
from tests.support.story import Story


def alarm(story: Story, device: str = "FALL-1", kind: str = "fall") -> None:
    story.press(device, kind)
    story.take("lin")
    story.expect_events("opened", "taken")


def give(story: Story, step: str, answer: str, by: str = "lin", script: str = "fall", **more: Any) -> None:
    scripting.answer(story.centre, story.case.id, story.act(by), Given(script, step, answer, **more))


def seen(story: Story, by: str = "mei") -> dict[str, Any]:
    found: dict[str, Any] = view.response(story.centre, story.case.id, story.town.actor(by), story.now)["script"]
    return found


def test_an_answer_is_a_row_that_a_second_operator_sees(story: Story) -> None:
    alarm(story)
    assert (seen(story)["current"], seen(story)["begun"]) == ("voice", False)
    give(story, "voice", "talks", text="she is in the bathroom")
    story.expect_event("script_started", script="fall", version=1)
    event = story.expect_event("script_answer", step="voice", answer="talks", version=1)
    assert (event.actor_name, event.at, event.text) == ("Lin", story.now, "she is in the bathroom")
    assert event.data["question"]["zh"]
    assert event.data["question"]["en"]
    found = seen(story)
    assert (found["current"], found["answers"]["voice"]["by"]) == ("head", "Lin")


def test_the_same_answer_again_is_one(story: Story) -> None:
    alarm(story)
    for _ in range(3):
        give(story, "voice", "talks")
    story.expect_events("script_started", "script_answer")
    story.expect_nothing()


def test_two_operators_at_once_and_a_correction(story: Story) -> None:
    alarm(story)
    give(story, "voice", "talks")
    with pytest.raises(Conflict, match="Lin has answered"):
        give(story, "voice", "up", by="mei")
    give(story, "voice", "up", by="mei", was="talks")
    story.expect_events("script_started", "script_answer")
    assert story.expect_event("script_answer", answer="up", corrected=True).actor_name == "Mei"
    with pytest.raises(Conflict, match="earlier answer was changed"):
        give(story, "head", "none")


def test_what_an_answer_sets_off_happens_once(story: Story) -> None:
    surround(story.town)
    alarm(story)
    give(story, "voice", "talks")
    give(story, "head", "yes_any")
    give(story, "head", "none", was="yes_any")
    give(story, "head", "yes_any", was="none")
    kinds = [e.kind for e in story.events()]
    assert kinds.count("cascade_started") == 1
    assert kinds.count("script_auto") == 3
    assert [e.data["do"] for e in story.events() if e.kind == "script_auto"] == ["priority", "handoff", "cascade"]
    assert not [m for m in story.messages() if m.phone in ("120", "119", "110")], "nobody is dialled by itself"
    story.close("ambulance", script_reason="the ambulance came first")


def test_an_answer_is_kept_though_what_it_sets_off_cannot_be_done(story: Story) -> None:
    story.press("UNKNOWN-1", "sos")
    story.take("lin")
    give(story, "voice", "silent", script="sos")
    give(story, "again", "no", script="sos_silent")
    scripting.choose(story.centre, story.case.id, story.act("lin"), code="suicide_risk")
    give(story, "stay", "hung_up", script="suicide_risk")
    failed = [e.data for e in story.events() if e.kind == "script_auto" and "failed" in e.data]
    assert [one["do"] for one in failed] == ["call_elder"]
    assert seen(story)["answers"]["stay"]["answer"] == "hung_up"


def test_an_answer_leads_to_another_script_and_the_first_stays_to_be_read(story: Story) -> None:
    alarm(story, "SOS-1", "sos")
    give(story, "voice", "silent", script="sos")
    found = seen(story)
    assert (found["code"], found["current"]) == ("sos_silent", "again")
    assert found["earlier"][0]["answers"][0]["answer"] == "silent"
    with pytest.raises(Conflict, match="another script"):
        give(story, "voice", "talks", script="sos")


@pytest.mark.parametrize(("step", "answer"), [("nowhere", "talks"), ("voice", "nothing")])
def test_what_is_not_in_the_script_is_refused(story: Story, step: str, answer: str) -> None:
    alarm(story)
    with pytest.raises(Invalid):
        give(story, step, answer)
    story.expect_nothing()


def test_a_step_ahead_of_the_way_is_refused(story: Story) -> None:
    alarm(story)
    with pytest.raises(Conflict):
        give(story, "pain", "none")


def test_a_running_case_keeps_its_script_when_the_file_changes(story: Story) -> None:
    alarm(story)
    give(story, "voice", "talks")
    changed = []
    for script in story.centre.scripts.by_code.values():
        body = script.dump() | ({"version": 2} if script.code == "fall" else {})
        if script.code == "fall":
            body["steps"] = body["steps"][-1:]
        changed.append(load_script(body))
    story.centre = dataclasses.replace(story.centre, scripts=Scripts(changed))
    give(story, "head", "none")
    assert (seen(story)["version"], seen(story)["current"]) == (1, "pain")
    with story.centre.database.reads() as session:
        assert session.scalars(select(ScriptRun.version)).all() == [1]


def test_closing_asks_why_mandatory_steps_are_open(story: Story) -> None:
    alarm(story)
    give(story, "voice", "talks")
    with pytest.raises(Invalid, match="head"):
        story.close("talk")
    assert seen(story)["reason_needed"]
    story.close("talk", script_reason="her daughter came in while we spoke")
    closed = story.events()[-1]
    assert closed.data["script_reason"]
    assert "head" in closed.data["open_steps"]
    with pytest.raises(IllegalTransition):
        give(story, "head", "none")


def test_closing_asks_nothing_of_a_case_that_was_handed_over_or_has_no_script(story: Story) -> None:
    alarm(story)
    give(story, "voice", "talks")
    handoffs.record_handoff(story.centre, story.case.id, story.act("lin"), handoffs.Given("120", "12号"))
    story.close("ambulance")
    story.press("SOS-2")
    story.take("lin")
    story.close("false_alarm")


@pytest.mark.parametrize(("rule", "asks"), [("always", True), ("never", False)])
def test_when_closing_asks_is_configured(story: Story, rule: str, *, asks: bool) -> None:
    rules = dataclasses.replace(story.centre.response, ask_reason=rule)
    story.centre = dataclasses.replace(story.centre, response=rules)
    alarm(story)
    if asks:
        with pytest.raises(Invalid):
            story.close("talk")
    else:
        give(story, "voice", "talks")
        story.close("talk")


def test_the_sheet_says_what_120_asks_to_whoever_holds_the_case(story: Story) -> None:
    surround(story.town)
    alarm(story)
    give(story, "voice", "talks")
    sheet = sheet_for(story, "lin")
    assert sheet["masked"] is False
    assert sheet["where"]["address"] == "Elm Road 1, Wang"
    assert (sheet["who"]["name"], sheet["who"]["phone"], sheet["who"]["age"]) == ("Wang", WANG, 86)
    assert sheet["callback_number"] == "000-0000-0000"
    assert sheet["happened"]["answers"][0]["reply"]["en"]
    assert looked(story) == []


def test_everybody_else_sees_the_sheet_masked_or_says_why(story: Story) -> None:
    surround(story.town)
    alarm(story)
    masked = sheet_for(story, "mei")
    assert masked["masked"] is True
    for secret in (WANG, "Elm Road 1, Wang", DAUGHTER, NEIGHBOUR):
        assert secret not in str(masked)
    assert (masked["where"]["lat"], masked["where"]["access_notes"], masked["who"]["facts"]) == (None, None, [])
    assert looked(story) == []
    assert sheet_for(story, "mei", reason="Lin stays on the line, I ring 120")["who"]["phone"] == WANG
    assert looked(story) == ["Mei: Lin stays on the line, I ring 120"]


def test_the_owner_of_a_request_reads_it_in_clear_and_is_in_the_file(story: Story) -> None:
    surround(story.town)
    row, _ = story.request(kind=Kind.ENQUIRY, channel=Channel.HOTLINE, elder_id=story.town.elders["Wang"])
    story.take("lin", int(row["id"]))
    assert handed(story, int(row["id"]), "lin")["who"]["phone"] == WANG
    assert looked(story) == [f"Lin: hand-off sheet of case {row['id']}"]


def test_whoever_held_it_sees_it_masked_when_it_is_over(story: Story) -> None:
    alarm(story)
    story.close("false_alarm")
    assert sheet_for(story, "lin")["masked"] is True


def test_where_each_operator_names_their_own_telephone_the_sheet_has_no_number(story: Story) -> None:
    rules = dataclasses.replace(story.centre.response, callback_number="own")
    story.centre = dataclasses.replace(story.centre, response=rules)
    alarm(story)
    assert sheet_for(story, "lin")["callback_number"] is None


def handed(story: Story, case: int, by: str, **more: Any) -> dict[str, Any]:
    return sheet(story.centre, case, story.town.actor(by), story.now, **more)


def sheet_for(story: Story, by: str, **more: Any) -> dict[str, Any]:
    return handed(story, story.case.id, by, **more)


def looked(story: Story) -> list[str]:
    with story.centre.database.reads() as session:
        found = session.execute(select(TrailEntry.actor_name, TrailEntry.reason).where(TrailEntry.action == "reveal"))
        return [f"{name}: {reason}" for name, reason in found]


def test_a_handoff_is_refused_in_no_state_and_logged_as_sharing(story: Story) -> None:
    alarm(story, "SOS-2", "sos")
    story.close("ambulance")
    handoffs.record_handoff(
        story.centre, story.case.id, story.act("lin"), handoffs.Given("120", "5号", reference="A-17", tell=True)
    )
    story.expect_event("closed")
    story.expect_event("handed_to_service", service="120", dispatcher="5号", reference="A-17")
    with story.centre.database.reads() as session:
        assert [(s.receiver, s.basis) for s in session.scalars(select(Sharing))] == [("120", "emergency")]
    story.forward(5)
    for number in (DAUGHTER, NEIGHBOUR, STATION, RESCUE):
        story.phone(number).expect_silence()


def test_the_same_handoff_sent_twice_is_one(story: Story) -> None:
    alarm(story)
    for _ in range(2):
        act = story.act("lin", key="once")
        handoffs.record_handoff(story.centre, story.case.id, act, handoffs.Given("119", "3"))
    assert [e.kind for e in story.events()].count("handed_to_service") == 1
