"""The monthly check-in visits: who is due, what became of it, and the rate that follows, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.periods import month as month_named
from dispatch.domain.visits.visit import Excuse, Mode, State
from dispatch.models.visits import CheckinMonthElder, CheckinRun, CheckinVisit
from dispatch.services.care import groups
from dispatch.services.register import elders
from dispatch.services.register.elders import Absence
from dispatch.services.visits import coverage, generating, listing, recording
from dispatch.services.work import Act
from tests.support.factories import START, Town
from tests.support.visits import MONTH, generate, visit_of

EVERYBODY = 5
"""All elders of the small town live alone, since the first day of the story."""


def numbers(town: Town, who: str = "boss") -> dict[str, int]:
    found = coverage.coverage(town.centre, town.actor(who), month_named(MONTH), None, START)
    return {one["code"]: one["count"] for one in [*found["numbers"], *found["visits"]]}


def act(town: Town, hours: float = 0) -> Act:
    return Act(town.actor("boss"), START + timedelta(hours=hours))


def at_home(**more: object) -> recording.Attempt:
    given = {"met": True, "mode": Mode.HOME, "started_at": START, "ended_at": START + timedelta(minutes=20), **more}
    return recording.Attempt(**given)  # type: ignore[arg-type]


def test_each_elder_of_the_list_has_one_visit_however_often_it_is_generated(town: Town) -> None:
    first, again = generate(town), generate(town)
    assert (first["created"], first["existing"], first["excluded"]) == (EVERYBODY, 0, {})
    assert (again["created"], again["existing"]) == (0, EVERYBODY)
    assert numbers(town)["planned"] == EVERYBODY


def test_a_visit_that_met_the_elder_counts_and_one_that_did_not_never_does(town: Town) -> None:
    generate(town)
    recording.record(town.centre, visit_of(town, "Wang").id, act(town, 1), at_home())
    nobody = at_home(met=False, reason="nobody opened")
    row = recording.record(town.centre, visit_of(town, "Zhao").id, act(town, 1), nobody)
    assert (row["state"], row["tries"]) == ("planned", 1)
    found = numbers(town)
    assert (found["visited"], found["done"]) == (1, 1)
    assert found["counted"] == found["visited"] + found["open"]


def test_a_telephone_call_is_a_visit_and_does_not_count_unless_the_centre_says_so(town: Town) -> None:
    generate(town)
    recording.record(town.centre, visit_of(town, "Wang").id, act(town, 1), at_home(mode=Mode.PHONE))
    assert numbers(town)["done"] == 1
    assert numbers(town)["visited"] == 0


def test_the_same_report_twice_is_one(town: Town) -> None:
    generate(town)
    visit = visit_of(town, "Wang")
    attempt = at_home(client_uuid="r1")
    once = recording.record(town.centre, visit.id, act(town, 1), attempt)
    assert recording.record(town.centre, visit.id, act(town, 2), attempt) == once


def test_what_lies_ahead_or_outside_of_its_days_is_no_visit(town: Town) -> None:
    generate(town)
    visit = visit_of(town, "Wang")
    for started in (START + timedelta(days=1), START - timedelta(days=30)):
        with pytest.raises(Invalid):
            recording.record(town.centre, visit.id, act(town), at_home(started_at=started, ended_at=started))


def test_who_is_in_hospital_all_the_time_is_set_apart_until_they_are_back(town: Town) -> None:
    generate(town)
    elders.set_absence(town.centre, town.elders["Zhao"], act(town), Absence("hospital"))
    assert numbers(town)["apart_hospital"] == 1
    elders.set_absence(town.centre, town.elders["Zhao"], act(town, 48), None)
    found = numbers(town)
    assert (found["apart_hospital"], found["counted"]) == (0, EVERYBODY)


def test_who_dies_or_moves_has_no_visit_to_come_and_the_rate_tells_them_apart(town: Town) -> None:
    generate(town)
    elders.archive(town.centre, town.elders["Wang"], act(town), "she has died", "died")
    elders.archive(town.centre, town.elders["Zhao"], act(town), "to her son", "moved")
    found = numbers(town)
    assert (found["listed"], found["counted"], found["apart_died"]) == (EVERYBODY, EVERYBODY - 1, 1)
    assert visit_of(town, "Wang").state == visit_of(town, "Zhao").state == State.EXCUSED
    assert visit_of(town, "Wang").excuse == Excuse.DIED
    elders.restore(town.centre, town.elders["Zhao"], act(town, 1))
    assert visit_of(town, "Zhao").state == State.PLANNED


def test_who_joins_during_the_month_has_a_visit_at_once(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        tag = session.scalars(select(groups.ElderTag).where(groups.ElderTag.elder_id == town.elders["Wang"])).one()
        session.delete(tag)
    assert generate(town)["created"] == EVERYBODY - 1
    new = groups.NewTag("empty_nest", "community", (START + timedelta(days=2)).date())
    groups.add_tag(town.centre, town.elders["Wang"], act(town, 48), new)
    visit = visit_of(town, "Wang")
    assert visit.first == (START + timedelta(days=2)).date()
    assert numbers(town)["listed"] == EVERYBODY


def test_a_refusal_is_written_down_with_its_name_and_is_no_visit(town: Town) -> None:
    generate(town)
    visit = visit_of(town, "Wang")
    said = recording.No("Wang", START.date(), lasting=True)
    assert recording.refuse(town.centre, visit.id, act(town), said)["state"] == "refused"
    found = numbers(town)
    assert (found["refused"], found["visited"], found["counted"]) == (1, 0, EVERYBODY)
    assert generate(town, "2026-12")["excluded"] == {"refused": 1}


def test_an_excuse_of_a_person_does_not_change_the_rate(town: Town) -> None:
    generate(town)
    recording.excuse(town.centre, visit_of(town, "Wang").id, act(town), Excuse.WEATHER, "the road is cut")
    found = numbers(town)
    assert (found["excused"], found["counted"]) == (1, EVERYBODY)
    with pytest.raises(Invalid):
        recording.excuse(town.centre, visit_of(town, "Zhao").id, act(town), Excuse.DIED, "by hand")


def test_a_month_that_is_closed_takes_nothing_more(town: Town) -> None:
    generate(town)
    with town.centre.database.sessions.begin() as session:
        session.get_one(generating.CheckinMonth, MONTH).closed_at = START
    with pytest.raises(Conflict):
        recording.record(town.centre, visit_of(town, "Wang").id, act(town, 1), at_home())
    elders.archive(town.centre, town.elders["Wang"], act(town), "she has died", "died")
    with town.centre.database.reads() as session:
        assert session.get_one(CheckinMonthElder, (MONTH, town.elders["Wang"])).apart is None


def test_numbers_and_lists_are_of_ones_own_areas(town: Town) -> None:
    generate(town)
    assert numbers(town, "west_op")["listed"] == 1
    wanted = listing.Wanted(month_named(MONTH))
    page = listing.PageOf(50, None)
    assert listing.visits(town.centre, town.actor("west_op"), wanted, page, START)["total"] == 1
    everybody = listing.InList(month_named(MONTH), standing="listed")
    assert listing.elders(town.centre, town.actor("west_op"), everybody, page)["total"] == 1


def test_a_clock_that_was_away_over_the_first_makes_the_month_when_it_is_back(town: Town) -> None:
    for now in (START, START + timedelta(days=14)):
        for handover in generating.tick(town.centre, now):
            generating.work(town.centre, handover.run_id, lambda at=now: at)  # type: ignore[misc]
    with town.centre.database.reads() as session:
        months = session.scalars(select(CheckinVisit.period).distinct().order_by(CheckinVisit.period)).all()
        runs = session.scalars(select(CheckinRun.state)).all()
    assert list(months) == ["2026-11", "2026-12"]
    assert set(runs) == {"done"}
