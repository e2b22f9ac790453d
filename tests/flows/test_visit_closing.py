"""A month is closed and signed: nothing of it changes any more, and what was wrong is said in a later month."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from dispatch.domain.errors import Conflict, Forbidden, Invalid
from dispatch.domain.visits.closing import MonthFault, SnapshotPurpose
from dispatch.domain.visits.periods import Every
from dispatch.domain.visits.periods import month as month_named
from dispatch.domain.visits.visit import Excuse, Mode, VisitState
from dispatch.models.care import ElderTag
from dispatch.models.trail import TrailEntry
from dispatch.models.visit_months import CheckinCorrection, CheckinMonthLine, CheckinSnapshot
from dispatch.models.visits import CheckinMonth, CheckinMonthElder, CheckinRecord, CheckinVisit
from dispatch.services import accounts
from dispatch.services.access import sessions
from dispatch.services.access.sessions import Door, Visit
from dispatch.services.care import groups
from dispatch.services.desk import PageOf
from dispatch.services.register import elders
from dispatch.services.visits import (
    board,
    closing,
    corrections,
    drafting,
    lines,
    numbers,
    recording,
    refusing,
    snapshots,
)
from dispatch.services.work import Act
from tests.flows.test_visit_board import lived_in
from tests.services.test_races import together
from tests.support.factories import PASSWORD, START, Town
from tests.support.visits import MONTH, generate, visit_of

DECEMBER = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
ALL = PageOf(100, None)


def signed_in(town: Town, who: str = "boss") -> Visit:
    key = sessions.begin(town.centre, accounts.person_named(town.centre, who), Door("", ""), DECEMBER)
    return sessions.find(town.centre, key, DECEMBER, timedelta(0))


def close(town: Town, who: str = "boss", **more: Any) -> dict[str, Any]:
    at = more.pop("at", DECEMBER)
    signing = closing.Signing(**{"signature": "Boss", "password": PASSWORD, **more})
    return closing.close(town.centre, signed_in(town, who), MONTH, signing, lambda: at)


def seen(town: Town, now: datetime = DECEMBER) -> tuple[Any, Any]:
    """All that the board says of the month."""
    actor, month = town.actor("boss"), month_named(MONTH)
    found = numbers.numbers(town.centre, actor, month, None, now)
    kept = {name: found[name] for name in ("numbers", "by_area", "by_group", "rules")}
    lines = board.board(town.centre, actor, board.OnBoard(month), ALL, now)["items"]
    return kept, [{k: v for k, v in line.items() if k != "elder"} for line in lines]


def test_after_the_close_list_numbers_and_lines_stay_whatever_happens(town: Town) -> None:
    lived_in(town)
    row = close(town)
    before = seen(town)
    act = Act(town.actor("boss"), DECEMBER + timedelta(hours=1))
    elders.archive(town.centre, town.elders["Wang"], act, "she has died", "died")
    groups.add_tag(town.centre, town.elders["Zhao"], act, groups.NewTag("left_behind", "community", START.date()))
    late = recording.Attempt(met=True, mode=Mode.HOME, started_at=START, ended_at=START)
    zhao = visit_of(town, "Zhao").id
    for change in (
        lambda: recording.record(town.centre, zhao, act, late),
        lambda: refusing.excuse(town.centre, zhao, act, Excuse.WEATHER, "snow"),
        lambda: refusing.refuse(town.centre, zhao, act, refusing.No("Zhao", DECEMBER.date())),
    ):
        with pytest.raises(Conflict) as refused:
            change()
        assert refused.value.extra["why"] == "visits-month-closed"
    generate(town, now=DECEMBER)
    assert seen(town, DECEMBER + timedelta(days=9)) == before
    found = closing.check(town.centre, MONTH)
    assert found["intact"]
    assert found["digest"] == row["digest"]


def test_the_totals_that_are_kept_are_the_numbers_of_the_board(town: Town) -> None:
    lived_in(town)
    close(town)
    with town.centre.database.reads() as session:
        kept = session.get_one(CheckinMonth, MONTH)
        said = session.scalars(select(TrailEntry).where(TrailEntry.action == "visits_month_closed")).one()
    found, lines = seen(town)
    assert kept.totals["numbers"] == found["numbers"]
    assert (kept.totals["numbers"]["open"], kept.totals["numbers"]["visited"]) == (3, 1)
    assert len(lines) == kept.totals["numbers"]["listed"]
    east = next(one for one in kept.totals["by_area"] if one["name"] == "East")
    assert east["numbers"] == next(one for one in found["by_area"] if one["name"] == "East")["numbers"]
    assert (kept.closed_by, kept.signature, kept.closed_at) == ("Boss", "Boss", DECEMBER)
    assert (said.actor_name, said.data["digest"]) == ("Boss", kept.digest)


@pytest.mark.parametrize(
    "change",
    [
        update(CheckinMonthElder).values(apart="died"),
        delete(CheckinMonthElder),
        update(CheckinMonthLine).values(done=1),
        delete(CheckinMonthLine),
        update(CheckinMonth).where(CheckinMonth.month == MONTH).values(closed_at=None),
        update(CheckinMonth).where(CheckinMonth.month == MONTH).values(totals={}),
        delete(CheckinMonth),
    ],
    ids=lambda change: str(change).split(" WHERE")[0].replace("\n", " "),
)
def test_no_statement_changes_a_closed_month(town: Town, change: Any) -> None:
    generate(town)
    close(town)
    with town.centre.database.sessions.begin() as session, pytest.raises(DBAPIError, match="closed"):
        session.execute(change)


def test_nobody_is_put_into_a_closed_month(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        session.execute(delete(ElderTag).where(ElderTag.elder_id == town.elders["Wang"]))
    generate(town)
    close(town)
    alone = groups.NewTag("living_alone", "community", DECEMBER.date())
    groups.add_tag(town.centre, town.elders["Wang"], Act(town.actor("boss"), DECEMBER), alone)
    generate(town, "2026-12", DECEMBER)
    row = {"month": MONTH, "elder_id": town.elders["Wang"]}
    moved = update(CheckinMonthElder).where(CheckinMonthElder.elder_id == town.elders["Wang"]).values(month=MONTH)
    line = {"need": 1, "done": 1, "states": [], "worker_id": None, "days": {}, "away": [], "evidence": []}
    for change in (moved, insert(CheckinMonthLine).values(row | line)):
        with town.centre.database.sessions.begin() as session, pytest.raises(DBAPIError, match="closed"):
            session.execute(change)


def test_only_the_right_hand_closes_a_month_that_is_over(town: Town) -> None:
    generate(town)
    with pytest.raises(Conflict, match="not over"):
        close(town, at=DECEMBER - timedelta(days=1))
    with pytest.raises(Invalid, match="own name"):
        close(town, signature="Somebody")
    with pytest.raises(Invalid, match="password"):
        close(town, password="a guess")
    with pytest.raises(Forbidden):
        close(town, "west_op", signature="Wen")
    close(town)
    with pytest.raises(Conflict, match="closed already"):
        close(town)


def test_what_was_wrong_is_said_in_the_next_month_and_changes_nothing(town: Town) -> None:
    lived_in(town)
    close(town)
    before = seen(town)
    act = Act(town.actor("boss"), DECEMBER + timedelta(hours=1))
    wrong = corrections.Wrong(town.elders["Zhao"], MonthFault.VISITED, "found in the notebook", START.date())
    said = corrections.correct(town.centre, MONTH, act, wrong)
    assert (said["month"], said["said_in"]) == (MONTH, "2026-12")
    assert seen(town) == before
    asked = corrections.Asked(said_in="2026-12")
    assert corrections.listed(town.centre, town.actor("boss"), asked, ALL)["items"][0]["id"] == said["id"]
    assert corrections.listed(town.centre, town.actor("west_op"), asked, ALL)["total"] == 0
    with pytest.raises(Conflict):
        corrections.correct(town.centre, MONTH, act, wrong)
    with pytest.raises(Invalid):
        corrections.correct(town.centre, MONTH, act, corrections.Wrong(town.elders["Sun"], MonthFault.VISITED, "when?"))
    with pytest.raises(Conflict, match="not closed"):
        corrections.correct(
            town.centre, "2026-12", act, corrections.Wrong(town.elders["Sun"], MonthFault.OTHER, "early")
        )
    for change in (
        update(CheckinCorrection).values(reason="another"),
        update(CheckinCorrection).values(kind="listed"),
        delete(CheckinCorrection),
    ):
        with town.centre.database.sessions.begin() as session, pytest.raises(DBAPIError):
            session.execute(change)


def test_a_snapshot_keeps_the_numbers_of_closed_months_for_ever(town: Town) -> None:
    lived_in(town)
    act = Act(town.actor("boss"), DECEMBER)
    wanted = snapshots.Wanted("mid-term 2026", SnapshotPurpose.MID_TERM, "2026-01", MONTH)
    with pytest.raises(Conflict, match="close 2026-11"):
        snapshots.make(town.centre, act, wanted)
    closed = close(town)
    made = snapshots.make(town.centre, act, wanted)
    found = snapshots.one(town.centre, int(made["id"]))
    assert found["intact"]
    (month,) = found["content"]["months"]
    assert (month["month"], month["digest"]) == (MONTH, closed["digest"])
    assert month["numbers"] == seen(town)[0]["numbers"]
    with pytest.raises(Conflict, match="never changes"):
        snapshots.make(town.centre, act, wanted)
    for change in (update(CheckinSnapshot).values(digest=""), delete(CheckinSnapshot)):
        with town.centre.database.sessions.begin() as session, pytest.raises(DBAPIError):
            session.execute(change)


def test_of_two_who_close_at_once_one_has_signed_and_the_other_hears_who(town: Town) -> None:
    lived_in(town)
    found = together([lambda: close(town)] * 2)
    (signed,) = [one for one in found if isinstance(one, dict)]
    (late,) = [one for one in found if isinstance(one, Exception)]
    assert isinstance(late, Conflict)
    assert late.extra["closed_by"] == "Boss"
    found_now = closing.check(town.centre, MONTH)
    assert (found_now["intact"], found_now["digest"]) == (True, signed["digest"])


def waits_for_a_lock(town: Town, work: Future[Any]) -> bool:
    """True as well when it did not wait: it is done, and what it did is looked at."""
    if not town.centre.database.is_postgresql:
        return True  # one writer at a time: it waits for all of us
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while not work.done():
        with town.centre.database.reads() as session:
            if session.scalar(waiting):
                return True
    return True


def test_what_is_being_written_down_during_the_close_is_in_what_is_signed(town: Town) -> None:
    generate(town)
    act = Act(town.actor("boss"), DECEMBER)
    met = recording.Attempt(met=True, mode=Mode.HOME, started_at=START, ended_at=START)
    with ThreadPoolExecutor(1) as pool:
        with town.centre.database.sessions.begin() as session:
            recording.refuse_closed(session, START.date())
            work = pool.submit(close, town)
            assert waits_for_a_lock(town, work)
            visit = session.get_one(CheckinVisit, visit_of(town, "Wang").id)
            recording.met(session, town.centre, visit, act, met)
        work.result()
    with town.centre.database.reads() as session:
        line = session.get_one(CheckinMonthLine, (MONTH, town.elders["Wang"]))
        assert (line.done, session.get_one(CheckinMonth, MONTH).totals["numbers"]["visited"]) == (1, 1)
    assert closing.check(town.centre, MONTH)["intact"]


def test_records_that_come_in_around_the_close_are_signed_or_refused_and_never_lost_between(town: Town) -> None:
    generate(town)
    act, yesterday = Act(town.actor("boss"), DECEMBER), DECEMBER - timedelta(hours=20)
    met = recording.Attempt(met=True, mode=Mode.HOME, started_at=yesterday, ended_at=yesterday)

    def record(name: str) -> Callable[[], Any]:
        return lambda: recording.record(town.centre, visit_of(town, name).id, act, met)

    found = together([record("Wang"), record("Zhao"), lambda: close(town), record("Sun"), record("Qian")])
    assert all(isinstance(one, (dict, Conflict)) for one in found), found
    with town.centre.database.reads() as session:
        seen = set(session.scalars(select(CheckinRecord.elder_id)))
        done = CheckinMonthLine.done == 1
        assert set(session.scalars(select(CheckinMonthLine.elder_id).where(done))) == seen
    assert closing.check(town.centre, MONTH)["intact"]


def quarterly(town: Town) -> None:
    """Everybody is visited once a quarter, of which October and then November are over and signed."""
    rules = town.centre.visits
    classes = tuple(replace(one, every=Every.QUARTER, binding=False) for one in rules.classes)
    town.centre = replace(town.centre, visits=replace(rules, classes=classes))
    generate(town)
    close(town)


def test_a_visit_that_began_in_a_closed_month_goes_on_in_the_open_one(town: Town) -> None:
    quarterly(town)
    act = Act(town.actor("boss"), DECEMBER)
    quarter = {name: visit_of(town, name, "2026-Q4").id for name in ("Wang", "Zhao", "Sun")}
    before = seen(town)
    assert refusing.excuse(town.centre, quarter["Wang"], act, Excuse.WEATHER, "snow")["state"] == VisitState.EXCUSED
    said = refusing.No("Zhao", DECEMBER.date())
    assert refusing.refuse(town.centre, quarter["Zhao"], act, said)["state"] == VisitState.REFUSED
    with pytest.raises(Conflict, match="closed"):
        refusing.refuse(town.centre, quarter["Sun"], act, refusing.No("Sun", START.date()))
    assert seen(town) == before


def test_what_changed_after_the_lines_were_drawn_is_drawn_again_before_they_are_signed(town: Town) -> None:
    """Also where a close came to nothing and left its draft: who has changed, come in or gone is as they are now."""
    lived_in(town)
    act = Act(town.actor("boss"), DECEMBER)
    look = lines.Look(month_named(MONTH), DECEMBER.date(), closed=False)
    with town.centre.database.sessions.begin() as session:
        assert drafting.portion(session, town.centre, look, 0) == max(town.elders.values())
        assert drafting.portion(session, town.centre, look, max(town.elders.values())) is None
    later = Act(act.actor, DECEMBER + timedelta(minutes=5))
    yesterday = DECEMBER - timedelta(hours=20)
    met = recording.Attempt(met=True, mode=Mode.HOME, started_at=yesterday, ended_at=yesterday)
    recording.record(town.centre, visit_of(town, "Zhao").id, later, met)
    elders.set_absence(town.centre, town.elders["Sun"], later, None)
    with town.centre.database.sessions.begin() as session:
        never = session.get_one(CheckinMonthElder, (MONTH, town.elders["Qian"]))
        session.delete(never)
        session.flush()
        drafting.finish(session, town.centre, look, later.now)
        drawn = {line.elder_id: line for line in session.scalars(select(CheckinMonthLine))}
        fresh = lines.drawn(session, town.centre, look, list(drawn))
    assert town.elders["Qian"] not in drawn
    assert drawn[town.elders["Zhao"]].done == 1
    for elder_id, line in drawn.items():
        now = fresh[elder_id]
        assert (line.done, line.days, line.states, line.away) == (now.done, now.days, now.states, now.away)
