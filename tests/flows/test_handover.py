"""A shift changes hands item by item; until the last tick the cases stay where they are, and then all move at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.errors import Conflict, DispatchError, Forbidden, Invalid, NotFound, VersionConflict
from dispatch.domain.followup import Result
from dispatch.models.devices import Device
from dispatch.services import work
from dispatch.services.floor import callbacks, handover, news
from dispatch.services.floor.callbacks import Promise
from dispatch.services.floor.handover import Mark, Receive, Start
from dispatch.services.floor.positions import Beat
from dispatch.services.work import Act
from tests.support.story import Story

Json = dict[str, Any]


class Shift:
    """Lin goes, Mei comes."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.centre = story.centre
        self.id = 0

    def begin(self, by: str = "lin", **start: Any) -> Json:
        found = handover.start(self.centre, self.story.act(by), Start(**start))
        self.id = int(found["id"])
        return found

    def get(self, by: str = "lin") -> Json:
        return handover.get(self.centre, self.id, self.story.act(by))

    def items(self, kind: str | None = None) -> list[Json]:
        return [item for item in self.get()["items"] if kind in (None, item["kind"])]

    def tick_all(self) -> None:
        for item in self.items():
            handover.mark(self.centre, self.id, int(item["id"]), self.story.act("lin"), Mark(given=True))

    def offer(self, to: str | None = None) -> Json:
        self.tick_all()
        to_id = self.story.town.users[to] if to else None
        return handover.offer(self.centre, self.id, self.story.act("lin"), to_id=to_id)

    def receive(self, item: Json, by: str = "mei", **said: Any) -> Json:
        return handover.receive(self.centre, self.id, int(item["id"]), self.story.act(by), Receive(**said))

    def read_all(self, by: str = "mei") -> None:
        for item in self.get(by)["items"]:
            self.receive(item, by, opened=True)
            self.receive(item, by, taken=True)

    def accept(self, by: str = "mei") -> Json:
        return handover.accept(self.centre, self.id, self.story.act(by))


@pytest.fixture
def shift(story: Story) -> Shift:
    """Lin has an urgent case, one that is put off, and has promised to ring somebody."""
    story.press("SOS-1")
    story.take()
    story.press("SOS-2", "door")
    story.take()
    story.hold(60)
    story.press("HOME-1", "bed")
    story.take()
    act = story.act("lin")
    callbacks.promise(story.centre, story.case.id, act, Promise(story.now + timedelta(hours=2), "ask how she slept"))
    with story.centre.database.sessions.begin() as session:
        device = session.query(Device).filter_by(number="SMOKE-1").one()
        device.fault_at = story.now
    return Shift(story)


def test_what_is_open_stands_in_it_already(shift: Shift) -> None:
    found = shift.begin()
    assert [item["kind"] for item in found["items"]] == ["case", "held", "case", "callback", "device", "absent"]
    about = {item["kind"]: item["about"] for item in found["items"]}
    assert about["held"]["reason"] == "waiting_family"
    assert about["callback"]["note"] == "ask how she slept"
    assert about["device"]["number"] == "SMOKE-1"
    assert about["absent"]["who"] == "Sun"


def test_a_crash_of_the_browser_loses_nothing(shift: Shift) -> None:
    first = shift.begin()
    item = shift.items("case")[0]
    handover.mark(shift.centre, shift.id, int(item["id"]), shift.story.act("lin"), Mark(given=True, text="she is deaf"))
    handover.write_note(shift.centre, shift.id, shift.story.act("lin"), note="lift out of ord")
    again = shift.begin()
    assert (again["id"], again["note"]) == (first["id"], "lift out of ord")
    kept = next(i for i in again["items"] if i["id"] == item["id"])
    assert (kept["text"], bool(kept["given_at"])) == ("she is deaf", True)


def test_two_windows_do_not_overwrite_each_others_note(shift: Shift) -> None:
    version = shift.begin()["version"]
    act = Act(shift.story.town.actor("lin"), shift.story.now, version)
    handover.write_note(shift.centre, shift.id, act, note="one")
    with pytest.raises(VersionConflict) as refused:
        handover.write_note(shift.centre, shift.id, act, note="two")
    assert refused.value.extra["note"] == "one"


def test_until_it_is_accepted_everything_stays_and_then_moves_at_once(shift: Shift) -> None:
    story = shift.story
    shift.begin()
    shift.offer()
    lin, mei = story.town.users["lin"], story.town.users["mei"]
    shift.read_all()
    assert {case.owner_id for case in story.cases()} == {lin}
    handover.write_note(shift.centre, shift.id, story.act("lin"), note="quiet night")
    found = shift.accept()
    assert (found["state"], found["from"]["name"], found["to"]["name"]) == ("accepted", "Lin", "Mei")
    assert {case.owner_id for case in story.cases()} == {mei}
    moved = [e for e in story.events() if e.kind == "handed_over"]
    assert [(e.case_id, e.data["from"], e.data["to"], e.text) for e in moved] == [
        (case.id, "Lin", "Mei", "quiet night") for case in story.cases()
    ]
    (promised,) = callbacks.callbacks(shift.centre, story.town.actor("mei"), mine=True)
    assert promised["by"]["name"] == "Mei"
    held = story.cases()[1]
    assert (held.flags, held.due, held.held_until) == (["held"], "unhold", story.now + timedelta(hours=1))


def test_the_owner_watch_starts_again_for_the_one_who_comes(shift: Shift) -> None:
    shift.story.forward(170)
    shift.begin()
    shift.offer()
    shift.read_all()
    shift.accept()
    shift.story.forward(100)
    assert "ask_owner" not in shift.story.cases()[0].flags


def test_nothing_is_offered_before_every_item_is_ticked(shift: Shift) -> None:
    shift.begin()
    with pytest.raises(Conflict):
        handover.offer(shift.centre, shift.id, shift.story.act("lin"))


def test_what_was_not_opened_cannot_be_ticked_and_what_is_not_ticked_not_accepted(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    first, *rest = shift.items()
    with pytest.raises(Conflict):
        shift.receive(first, taken=True)
    for item in rest:
        shift.receive(item, opened=True)
        shift.receive(item, taken=True)
    with pytest.raises(Conflict) as refused:
        shift.accept()
    assert refused.value.extra["items"] == [first["id"]]


def test_a_question_must_be_answered_first(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    item = shift.items()[0]
    shift.receive(item, opened=True)
    shift.receive(item, question="which door?")
    with pytest.raises(Conflict):
        shift.receive(item, taken=True)
    handover.mark(shift.centre, shift.id, int(item["id"]), shift.story.act("lin"), Mark(answer="the left one"))
    shift.receive(item, taken=True)


def test_given_back_it_is_a_draft_again_with_the_reason(shift: Shift) -> None:
    shift.begin()
    shift.offer("mei")
    shift.read_all()
    found = handover.give_back(shift.centre, shift.id, shift.story.act("mei"), reason="who has the key?")
    assert (found["state"], found["returned_reason"]) == ("draft", "who has the key?")
    assert all(item["taken_at"] is None for item in found["items"])
    shift.offer("mei")
    shift.read_all()
    shift.accept()


def test_a_case_taken_meanwhile_is_added_and_must_be_read_too(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    shift.read_all()
    shift.story.press("SOS-W", "door")
    new = shift.story.take()
    with pytest.raises(Conflict):
        shift.accept()
    (added,) = [item for item in shift.items("case") if item["ref"] == new["id"]]
    shift.receive(added, opened=True)
    shift.receive(added, taken=True)
    shift.accept()


def test_a_case_settled_meanwhile_is_taken_out(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    done = shift.story.close("talk", case=shift.story.cases()[0].id)
    shift.read_all()
    shift.accept()
    assert done["id"] not in {item["ref"] for item in shift.items("case")}
    assert shift.story.cases()[0].owner_id == shift.story.town.users["lin"]


def test_only_those_two_may(shift: Shift) -> None:
    story = shift.story
    shift.begin()
    with pytest.raises(NotFound):
        shift.get("mei")  # not offered yet
    shift.offer("mei")
    item = shift.items()[0]
    with pytest.raises(NotFound):
        shift.get("west_op")
    with pytest.raises(NotFound):
        shift.receive(item, by="duty", opened=True)
    with pytest.raises(Forbidden):
        shift.receive(item, by="lin", opened=True)
    with pytest.raises(Forbidden):
        handover.write_note(shift.centre, shift.id, story.act("mei"), note="x")
    with pytest.raises(Forbidden):
        shift.accept("boss")


@pytest.mark.parametrize("to", ["lin", "helper"])
def test_it_is_left_to_a_colleague_at_the_desk(shift: Shift, to: str) -> None:
    shift.begin()
    with pytest.raises(Invalid):
        shift.offer(to)


def test_whoever_opens_the_first_item_has_it(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    shift.receive(shift.items()[0], opened=True)
    with pytest.raises(DispatchError):
        shift.receive(shift.items()[0], by="duty", opened=True)


def test_two_accept_at_once_and_each_case_moves_once(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    shift.read_all()

    def accept(_: int) -> str:
        try:
            return str(shift.accept()["state"])
        except Conflict:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, range(2))) == ["accepted", "refused"]
    assert [e.kind for e in shift.story.events()].count("handed_over") == 3


def test_whoever_stays_keeps_everything(shift: Shift) -> None:
    shift.begin()
    shift.offer()
    handover.cancel(shift.centre, shift.id, shift.story.act("lin"))
    with pytest.raises(Conflict):
        shift.accept()
    assert {case.owner_id for case in shift.story.cases()} == {shift.story.town.users["lin"]}
    assert shift.begin()["state"] == "draft"


def test_what_is_kept_comes_again_until_somebody_clears_it(shift: Shift) -> None:
    story = shift.story
    shift.begin()
    handover.add_note(shift.centre, shift.id, story.act("lin"), text="lift of house 4 is out", keep=True)
    handover.add_note(shift.centre, shift.id, story.act("lin"), text="the tea is finished", keep=False)
    shift.offer()
    shift.read_all()
    shift.accept()
    again = shift.begin("mei")
    notes = [item for item in again["items"] if item["kind"] == "note"]
    assert [(n["text"], n["again"]) for n in notes] == [("lift of house 4 is out", True)]
    handover.clear(shift.centre, shift.id, int(notes[0]["id"]), story.act("mei"))
    handover.cancel(shift.centre, shift.id, story.act("mei"))
    assert [item for item in shift.begin("lin")["items"] if item["kind"] == "note"] == []


def test_a_break_hands_over_the_cases_alone(shift: Shift) -> None:
    story = shift.story
    with pytest.raises(Invalid):
        shift.begin(kind="break")
    found = shift.begin(kind="break", to_id=story.town.users["mei"])
    assert (found["state"], {item["kind"] for item in found["items"]}) == ("offered", {"case", "held"})
    shift.read_all()
    shift.accept()
    assert {case.owner_id for case in story.cases()} == {story.town.users["mei"]}
    (promised,) = callbacks.callbacks(shift.centre, story.town.actor("lin"), mine=True)
    assert promised["by"]["name"] == "Lin"


def test_an_unfinished_one_shows_on_both_consoles(shift: Shift) -> None:
    story = shift.story

    def told(by: str) -> list[tuple[str, bool]]:
        found = news.beat(shift.centre, story.town.actor(by), Beat(), story.now)["handovers"]
        return [(one["state"], one["mine"]) for one in found]

    shift.begin()
    assert (told("lin"), told("mei")) == ([("draft", True)], [])
    shift.offer()
    assert (told("lin"), told("mei")) == ([("offered", True)], [("offered", False)])
    assert told("west_op") == []
    shift.read_all()
    shift.accept()
    assert (told("lin"), told("mei")) == ([], [])


def test_whom_the_next_shift_must_ask_how_it_was_is_handed_over_too(shift: Shift) -> None:
    story = shift.story
    story.call_no_family()
    story.close("helped_on_site", case=story.cases()[0].id)
    assert shift.begin()["id"]
    assert shift.items("follow_up") == [], "an emergency has a day: this is not for the next shift yet"
    handover.cancel(shift.centre, shift.id, story.act("lin"))

    story.sleep(17 * 3600)
    shift.begin()
    (item,) = shift.items("follow_up")
    assert (item["about"]["who"], item["about"]["case_kind"], item["about"]["unhappy"]) == ("Wang", "emergency", False)
    assert story.cases()[0].id not in {int(one["ref"]) for one in shift.items("case")}

    work.follow_up(shift.centre, story.cases()[0].id, story.act("mei"), work.Told(Result.SATISFIED, None))
    shift.begin()
    assert shift.items("follow_up") == [], "asked meanwhile by somebody else"
