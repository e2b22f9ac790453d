"""The monthly check-in visits: who is due, what became of it, and the rate that follows, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.periods import month as month_named
from dispatch.domain.visits.tries import Why
from dispatch.domain.visits.visit import Excuse, Mode, VisitState
from dispatch.models.care import ElderTag
from dispatch.models.cases import Case
from dispatch.models.outbox import Message
from dispatch.models.people import User
from dispatch.models.visits import (
    CheckinMonth,
    CheckinMonthElder,
    CheckinRecord,
    CheckinRun,
    CheckinStep,
    CheckinVisit,
    ElderAbsence,
)
from dispatch.models.workforce import Station
from dispatch.services.care import groups
from dispatch.services.desk import PageOf
from dispatch.services.register import elders
from dispatch.services.register.elders import Absence
from dispatch.services.visits import coverage, extra, generating, listing, recording, refusing, reports, sweep, trying
from dispatch.services.visits import told as told_of
from dispatch.services.work import Act
from tests.support.factories import START, Town
from tests.support.visits import MONTH, cold_wave, generate, visit_of

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
    assert visit_of(town, "Wang").state == visit_of(town, "Zhao").state == VisitState.EXCUSED
    assert visit_of(town, "Wang").excuse == Excuse.DIED
    elders.restore(town.centre, town.elders["Zhao"], act(town, 1))
    assert visit_of(town, "Zhao").state == VisitState.PLANNED


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
    said = refusing.No("Wang", START.date(), lasting=True)
    assert refusing.refuse(town.centre, visit.id, act(town), said)["state"] == "refused"
    found = numbers(town)
    assert (found["refused"], found["visited"], found["counted"]) == (1, 0, EVERYBODY)
    assert generate(town, "2026-12")["excluded"] == {"refused": 1}


def test_an_excuse_of_a_person_does_not_change_the_rate(town: Town) -> None:
    generate(town)
    refusing.excuse(town.centre, visit_of(town, "Wang").id, act(town), Excuse.WEATHER, "the road is cut")
    found = numbers(town)
    assert (found["excused"], found["counted"]) == (1, EVERYBODY)
    with pytest.raises(Invalid):
        refusing.excuse(town.centre, visit_of(town, "Zhao").id, act(town), Excuse.DIED, "by hand")


def test_a_month_that_is_closed_takes_nothing_more(town: Town) -> None:
    generate(town)
    with town.centre.database.sessions.begin() as session:
        session.get_one(CheckinMonth, MONTH).closed_at = START
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


# -- nobody opens


def not_met(town: Town, name: str, hours: float, why: Why = Why.NO_ANSWER) -> None:
    at = START + timedelta(hours=hours)
    attempt = at_home(met=False, why=why, started_at=at, ended_at=at)
    recording.record(town.centre, visit_of(town, name).id, act(town, hours), attempt)


def tick(town: Town, hours: float) -> None:
    sweep.tick(town.centre, START + timedelta(hours=hours))


def told(town: Town, purpose: str) -> list[str]:
    with town.centre.database.reads() as session:
        return sorted(session.scalars(select(Message.phone).where(Message.purpose == purpose)))


def emergencies(town: Town) -> list[tuple[str, int]]:
    with town.centre.database.reads() as session:
        return [(case.cause, case.priority) for case in session.scalars(select(Case).order_by(Case.id))]


def test_nobody_opens_twice_then_the_contacts_are_called_then_it_is_an_emergency(town: Town) -> None:
    generate(town)
    not_met(town, "Wang", 0)
    assert visit_of(town, "Wang").due == "second_try"
    tick(town, 3)
    assert told(town, "visit_not_met") == []
    not_met(town, "Wang", 4)
    tick(town, 4)
    tick(town, 4.1)
    assert told(town, "visit_not_met") == ["13700000000", "13700000001"]
    tick(town, 5.9)
    assert emergencies(town) == []
    tick(town, 6.1)
    tick(town, 7)
    assert emergencies(town) == [("visit_not_met", 1)]
    assert visit_of(town, "Wang").case_id is not None


def test_without_a_second_try_in_a_day_the_contacts_are_called_all_the_same(town: Town) -> None:
    generate(town)
    not_met(town, "Wang", 0)
    tick(town, 24.1)
    assert len(told(town, "visit_not_met")) == 2


def test_who_has_nobody_to_be_called_is_an_emergency_at_once(town: Town) -> None:
    generate(town)
    not_met(town, "Zhao", 0)
    not_met(town, "Zhao", 2)
    tick(town, 2)
    assert emergencies(town) == [("visit_not_met", 1)]


def test_a_clock_that_was_away_calls_before_it_cries(town: Town) -> None:
    generate(town)
    not_met(town, "Wang", 0)
    tick(town, 60)
    assert (len(told(town, "visit_not_met")), emergencies(town)) == (2, [])
    tick(town, 62.1)
    assert len(emergencies(town)) == 1


@pytest.mark.parametrize("how", ["met", "known", "hospital", "well"])
def test_nobody_is_called_about_an_elder_of_whom_one_knows(town: Town, how: str) -> None:
    generate(town)
    not_met(town, "Wang", 0)
    if how == "met":
        recording.record(town.centre, visit_of(town, "Wang").id, act(town, 3), at_home())
    elif how == "known":
        not_met(town, "Wang", 3, Why.KNOWN_AWAY)
    elif how == "hospital":
        elders.set_absence(town.centre, town.elders["Wang"], act(town, 3), Absence("hospital"))
    else:
        trying.found_well(town.centre, visit_of(town, "Wang").id, act(town, 3), "she answered the telephone")
    tick(town, 30)
    assert (told(town, "visit_not_met"), emergencies(town)) == ([], [])


# -- the end of the time


def test_what_is_over_was_missed_and_whoever_could_not_be_visited_is_excused(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        session.add(
            ElderAbsence(
                elder_id=town.elders["Sun"], kind="hospital", begins_at=START - timedelta(days=30), recorded_by="Mei"
            )
        )
    generate(town)
    recording.record(town.centre, visit_of(town, "Wang").id, act(town, 1), at_home())
    tick(town, 24 * 7)
    states = {name: visit_of(town, name).state for name in ("Wang", "Zhao", "Sun")}
    assert states == {"Wang": "done", "Zhao": "missed", "Sun": "excused"}
    assert visit_of(town, "Sun").excuse == "hospital"


def test_a_visit_that_was_and_is_written_down_after_its_time_counts_until_the_close(town: Town) -> None:
    generate(town)
    tick(town, 24 * 7)
    visit = visit_of(town, "Wang").id
    recording.record(town.centre, visit, act(town, 24 * 8), at_home(late_reason="the paper was lost"))
    assert numbers(town)["visited"] == 0
    second = Act(town.actor("lin"), START + timedelta(days=8))
    (waits,) = reports.listed(town.centre, second.actor, "waiting", PageOf(10, None))["items"]
    reports.decide(town.centre, int(waits["id"]), second, counts=True, reason=None)
    assert numbers(town)["visited"] == 1
    with town.centre.database.reads() as session:
        assert session.scalars(select(CheckinRecord.late)).all() == [True]


# -- reminders


def station(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        new = {"name": "Elm House", "kind": "community", "phone": "13500000001", "functions": []}
        session.add(Station(**new, area_id=town.areas["Elm"]))
        session.get_one(User, town.users["boss"]).phone = "13500000009"


def test_what_is_still_open_is_told_to_the_station_then_above_it_and_each_once(town: Town) -> None:
    station(town)
    generate(town, "2026-12")
    first = datetime(2026, 11, 30, 16, tzinfo=UTC)

    def after(share: float) -> tuple[int, int]:
        """How many messages the station and the supervisor have, after this share of the month."""
        for more in (0, 0.01):
            sweep.tick(town.centre, first + timedelta(days=31 * (share + more)))
        phones = [*told(town, "visits_open"), *told(town, "visits_missed")]
        return phones.count("13500000001"), phones.count("13500000009")

    assert after(0.5) == (0, 0)
    assert after(0.65) == (1, 1), "the forecast of the 20th, to the station and above it"
    assert after(0.72) == (2, 2), "70 per cent: the West has no station, so the supervisor hears of it"
    assert after(0.86) == (3, 3), "85: the same"
    assert after(0.96) == (3, 4), "95: the sub-district"
    assert after(1.01) == (3, 5), "100: what was missed, to the county"
    with town.centre.database.reads() as session:
        assert session.scalars(select(CheckinStep.open).where(CheckinStep.step == "100")).all() == [EVERYBODY]


def test_a_clock_that_was_away_says_the_last_step_alone(town: Town) -> None:
    station(town)
    generate(town)
    sweep.tick(town.centre, datetime(2026, 12, 2, tzinfo=UTC))
    assert told(town, "visits_open") == []
    assert told(town, "visits_missed") == ["13500000009"]


# -- extra rounds


def test_an_extra_round_is_of_its_area_and_its_groups_and_beside_the_month(town: Town) -> None:
    generate(town)
    with town.centre.database.sessions.begin() as session:
        old = {"code": "advanced_age", "source": "card", "recorded_by": "Mei", "valid_from": START.date()}
        session.add(ElderTag(elder_id=town.elders["Zhao"], recorded_at=START, **old))
    everybody = cold_wave(town)
    assert everybody["visits"]["planned"] == 4
    assert cold_wave(town, "Town", START, "advanced_age")["visits"]["planned"] == 1
    assert visit_of(town, "Wang").state == visit_of(town, "Wang", f"x{everybody['id']}").state == VisitState.PLANNED


def test_a_visit_of_an_extra_round_counts_for_the_month(town: Town) -> None:
    generate(town)
    round_ = cold_wave(town)
    at = START + timedelta(days=1)
    attempt = at_home(started_at=at, ended_at=at)
    recording.record(town.centre, visit_of(town, "Wang", f"x{round_['id']}").id, act(town, 25), attempt)
    assert numbers(town)["visited"] == 1
    assert visit_of(town, "Wang").state == VisitState.PLANNED


def test_a_round_is_topped_up_each_day_and_ends_with_its_open_visits(town: Town) -> None:
    round_ = cold_wave(town)
    elders.archive(town.centre, town.elders["Zhao"], act(town, 1), "she has died", "died")
    there = town.households["Wang"]
    elders.change(town.centre, town.elders["Qian"], act(town, 2), {}, move_to=there, even_if_double=True)
    for handover in generating.tick(town.centre, START + timedelta(days=1)):
        generating.work(town.centre, handover.run_id, lambda: START + timedelta(days=1))
    assert visit_of(town, "Zhao", f"x{round_['id']}").excuse == Excuse.DIED
    assert visit_of(town, "Qian", f"x{round_['id']}").state == VisitState.PLANNED
    ended = extra.end(town.centre, int(round_["id"]), act(town, 30), "it is warmer")
    assert (ended["visits"]["planned"], ended["visits"]["excused"]) == (0, 5)
    with pytest.raises(Conflict):
        extra.end(town.centre, int(round_["id"]), act(town, 31), "again")


def test_an_elder_has_their_visits_refusals_and_absences_in_one_place(town: Town) -> None:
    generate(town)
    refusing.refuse(town.centre, visit_of(town, "Wang").id, act(town), refusing.No("her son", START.date()))
    elders.set_absence(town.centre, town.elders["Wang"], act(town), Absence("away"))
    found = told_of.of_elder(town.centre, town.elders["Wang"], act(town), listing.PageOf(50, None))
    assert [one["state"] for one in found["items"]] == ["refused"]
    assert [one["said_by"] for one in found["refusals"]] == ["her son"]
    assert [one["kind"] for one in found["absences"]] == ["away"]
    asked = listing.refusals(town.centre, town.actor("boss"), month_named(MONTH), None, listing.PageOf(50, None))
    assert [one["elder"]["name"] for one in asked["items"]] == ["Wang"]
