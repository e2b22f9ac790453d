"""The board of a month: its numbers are the lengths of its lists, and its lines say what became of each visit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dispatch.domain.visits.periods import month as month_named
from dispatch.domain.visits.visit import Excuse, Mode, Trigger, VisitState
from dispatch.models.visits import CheckinVisit
from dispatch.services.desk import PageOf
from dispatch.services.register import elders
from dispatch.services.register.elders import Absence
from dispatch.services.visits import board, recording, refusing
from dispatch.services.visits import numbers as counted
from dispatch.services.visits.tasks import step
from dispatch.services.work import Act
from tests.support.factories import START, Town
from tests.support.visits import MONTH, generate, visit_of

ALL = PageOf(100, None)


def act(town: Town, hours: float = 0) -> Act:
    return Act(town.actor("boss"), START + timedelta(hours=hours))


def lines(town: Town, who: str = "boss", **wanted: Any) -> dict[str, Any]:
    found = board.board(town.centre, town.actor(who), board.OnBoard(month_named(MONTH), **wanted), ALL, START)
    assert found["total"] == len(found["items"])
    return {line["elder"]["name"]: line for line in found["items"]}


def numbers(town: Town, who: str = "boss", area_id: int | None = None) -> dict[str, Any]:
    return counted.numbers(town.centre, town.actor(who), month_named(MONTH), area_id, START)


def book(town: Town, name: str, days: int) -> None:
    with town.centre.database.sessions.begin() as session:
        visit = session.get_one(CheckinVisit, visit_of(town, name).id)
        step(visit, Trigger.BOOK, START)
        visit.planned_at, visit.minutes = START + timedelta(days=days), 20


def lived_in(town: Town) -> None:
    """One was met, one only spoken to, one is booked, one refuses, one is away."""
    generate(town)
    met = recording.Attempt(met=True, mode=Mode.HOME, started_at=START, ended_at=START)
    recording.record(town.centre, visit_of(town, "Wang").id, act(town, 1), met)
    spoken = recording.Attempt(met=True, mode=Mode.PHONE, started_at=START, ended_at=START)
    recording.record(town.centre, visit_of(town, "Family").id, act(town, 1), spoken)
    book(town, "Zhao", 2)
    refusing.refuse(town.centre, visit_of(town, "Qian").id, act(town), refusing.No("Qian", START.date()))
    elders.set_absence(town.centre, town.elders["Sun"], act(town), Absence("away"))


def test_a_line_shows_on_which_day_what_became_of_the_visit(town: Town) -> None:
    lived_in(town)
    found = lines(town)
    assert {name: line["days"] for name, line in found.items()} == {
        "Wang": {"24": ["weak"]},  # written down at the desk: nothing but the record says so
        "Family": {"24": ["spoken"]},
        "Zhao": {"26": ["booked"]},
        "Qian": {"24": ["refused"]},
        "Sun": {"24": ["risk"]},
    }
    assert (found["Wang"]["need"], found["Wang"]["done"]) == (1, 1)
    assert (found["Family"]["need"], found["Family"]["done"]) == (1, 0)
    assert found["Zhao"]["next"] == "2026-11-26"
    assert found["Sun"]["away"] == [24, 25, 26, 27, 28, 29, 30]


def test_each_number_is_as_long_as_its_list(town: Town) -> None:
    lived_in(town)
    generate(town)
    found = numbers(town)["numbers"]
    assert {code: len(lines(town, only=code)) for code in found} == found
    assert (found["counted"], found["visited"], found["booked"], found["unbooked"]) == (4, 1, 1, 2)
    assert (found["refused"], found["absent"], found["at_risk"], found["missed"]) == (1, 1, 0, 0)


def test_the_numbers_of_the_areas_and_of_their_lists_agree(town: Town) -> None:
    lived_in(town)
    found = numbers(town)
    assert [one["name"] for one in found["by_area"]] == ["East", "West"]
    for one in found["by_area"]:
        assert one["numbers"] == numbers(town, area_id=int(one["id"]))["numbers"]
        for code, number in one["numbers"].items():
            assert len(lines(town, area_id=int(one["id"]), only=code)) == number
    assert numbers(town, "west_op")["numbers"]["listed"] == len(lines(town, "west_op")) == 1


def test_lists_are_narrowed_by_state_visitor_and_group(town: Town) -> None:
    lived_in(town)
    refusing.excuse(town.centre, visit_of(town, "Sun").id, act(town), Excuse.HOSPITAL, "until Christmas")
    assert set(lines(town, state=VisitState.BOOKED)) == {"Zhao"}
    assert set(lines(town, state=VisitState.EXCUSED)) == set(lines(town, only="excused")) == {"Sun"}
    assert lines(town, worker_id=1) == {}
    assert len(lines(town, group="living_alone")) == 5
    assert lines(town, group="left_behind") == {}
