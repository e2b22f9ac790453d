"""When a helper works: the hours of every week, and the days that differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import delete
from sqlalchemy.orm import Session

from dispatch.domain.errors import Invalid
from dispatch.domain.helps.shifts import Hours, Week
from dispatch.models.workforce import Worker, WorkerDay, WorkerShift
from dispatch.services.care.reach import Answer, once, today
from dispatch.services.centre import Centre
from dispatch.services.register import edits
from dispatch.services.work import Act
from dispatch.services.workforce import scope
from dispatch.services.workforce.file import visits_on
from dispatch.services.workforce.helpers import touch

LONGEST = 92
"""Days that are set at once."""
BACK, AHEAD = timedelta(days=31), timedelta(days=400)
MOST_SHIFTS = 42
SOME_MONDAY = date(2026, 1, 5)


@dataclass(frozen=True)
class Shift:
    weekday: int
    starts: str
    ends: str


@dataclass(frozen=True)
class Days:
    """From one day to another, both included. Without ``hours``: absent."""

    first: date
    last: date
    hours: tuple[str, str] | None = None
    reason: str | None = None


def set_week(centre: Centre, worker_id: int, act: Act, shifts: Iterable[Shift]) -> Answer:
    """Exactly these, every week. Raises ``Invalid``, ``VersionConflict`` and ``NotFound``."""
    wanted = sorted(set(shifts), key=lambda one: (one.weekday, one.starts))
    check_week(wanted)

    def work(session: Session) -> Answer:
        worker = _mine(session, worker_id, act)
        session.execute(delete(WorkerShift).where(WorkerShift.worker_id == worker.id))
        session.add_all(
            WorkerShift(worker_id=worker.id, weekday=one.weekday, starts=one.starts, ends=one.ends) for one in wanted
        )
        touch(session, act, worker, "helper_hours", {"shifts": {"to": len(wanted)}})
        session.flush()
        return {"id": str(worker.id), "version": worker.version}

    return once(centre, act, f"worker:{worker_id}:week", work)


def check_week(shifts: list[Shift]) -> None:
    """Raises ``Invalid`` for times that are none, and for two shifts at once."""
    if len(shifts) > MOST_SHIFTS:
        raise Invalid("shifts", "too-many", f"at most {MOST_SHIFTS} shifts a week")
    week = Week(tuple((one.weekday, hours(one.starts, one.ends)) for one in shifts))
    # The next Monday too, on which the night of Sunday ends.
    spans = sorted(week.spans(SOME_MONDAY, SOME_MONDAY + timedelta(days=7), None))
    for (_, ends), (begins, _) in pairwise(spans):
        if begins < ends:
            raise Invalid("shifts", "overlap", "two shifts lie upon each other")


def set_days(centre: Centre, worker_id: int, act: Act, wanted: Days) -> Answer:
    """Absent, or at work at other hours, on each of these days. ``visits``: what somebody else must make now."""
    _check_days(centre, act, wanted)
    starts, ends = wanted.hours or (None, None)
    if wanted.hours is not None:
        hours(*wanted.hours)

    def work(session: Session) -> Answer:
        worker = _mine(session, worker_id, act)
        _forget(session, worker, wanted)
        days = _each(wanted)
        session.add_all(
            WorkerDay(worker_id=worker.id, day=day, starts=starts, ends=ends, reason=wanted.reason or None)
            for day in days
        )
        action = "helper_absent" if wanted.hours is None else "helper_other_hours"
        touch(session, act, worker, action, _told(wanted))
        session.flush()
        visits = sum(visits_on(session, centre, worker.id, day) for day in days) if wanted.hours is None else 0
        return {"id": str(worker.id), "version": worker.version, "visits": visits}

    return once(centre, act, f"worker:{worker_id}:days", work)


def clear_days(centre: Centre, worker_id: int, act: Act, wanted: Days) -> Answer:
    """These days are as in every week again."""
    _check_days(centre, act, wanted)

    def work(session: Session) -> Answer:
        worker = _mine(session, worker_id, act)
        _forget(session, worker, wanted)
        touch(session, act, worker, "helper_days_cleared", _told(wanted))
        session.flush()
        return {"id": str(worker.id), "version": worker.version}

    return once(centre, act, f"worker:{worker_id}:days", work)


def hours(starts: str, ends: str) -> Hours:
    """Raises ``Invalid``."""
    try:
        return Hours.of(starts, ends)
    except ValueError:
        raise Invalid("shifts", "malformed", "write times of the day like 08:00") from None


def _mine(session: Session, worker_id: int, act: Act) -> Worker:
    worker = scope.helper_within(session, worker_id, act.actor, lock=True)
    edits.check_version(session, act, worker, "worker")
    return worker


def _check_days(centre: Centre, act: Act, wanted: Days) -> None:
    day = today(centre, act.now)
    if not timedelta(0) <= wanted.last - wanted.first < timedelta(days=LONGEST):
        raise Invalid("last", "out-of-range", f"set 1 to {LONGEST} days at once")
    if wanted.first < day - BACK or wanted.last > day + AHEAD:
        raise Invalid("first", "out-of-range", "no more than a month back and a year ahead")


def _each(wanted: Days) -> list[date]:
    return [wanted.first + timedelta(days=n) for n in range((wanted.last - wanted.first).days + 1)]


def _forget(session: Session, worker: Worker, wanted: Days) -> None:
    session.execute(
        delete(WorkerDay).where(
            WorkerDay.worker_id == worker.id, WorkerDay.day >= wanted.first, WorkerDay.day <= wanted.last
        )
    )


def _told(wanted: Days) -> dict[str, str]:
    """Not why: an illness is nobody's business but the station's."""
    return {"first": wanted.first.isoformat(), "last": wanted.last.isoformat()}
