"""The visits of a month are generated and topped up: a run with its progress, some elders at a time.

Each portion is a transaction of its own that says where it ended. A worker that dies costs one portion, two at once
cost nothing: ``(elder_id, period)`` is unique.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.errors import Invalid
from dispatch.domain.visits import periods
from dispatch.domain.visits.periods import Period, month_of, next_month
from dispatch.models.people import Elder
from dispatch.models.visits import CheckinMonth, CheckinRun
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.transact import portions, transact
from dispatch.services.visits import extra, people
from dispatch.services.visits.sources import source
from dispatch.services.work import Act

log = structlog.get_logger()
PORTION, SMALL = 2_000, 500
"""Elders of a transaction; on SQLite nobody else writes meanwhile."""
LEASE = timedelta(seconds=60)
HANDOVER = timedelta(seconds=10)
"""How long the broker may take to find a worker before the clock does it itself."""
OPEN, DONE = "open", "done"
FARTHEST = timedelta(days=62)


@dataclass(frozen=True)
class Handover:
    run_id: int
    directly: bool


class Lost(Exception):
    """Somebody else has the run: stop, and commit nothing."""


@dataclass(frozen=True)
class Mine:
    """A run that is claimed."""

    run_id: int
    name: str
    time: Callable[[], datetime]
    portion: int


def generate(centre: Centre, act: Act, month_name: str, time: Callable[[], datetime]) -> dict[str, Any]:
    """A person asks for a month, and waits for it. Raises ``Invalid``; a month that is closed stays as it is."""
    month = month_asked(month_name)
    if month.first > today(centre, act.now) + FARTHEST:
        raise Invalid("month", "out-of-range", "a month at most two months ahead")
    return _here(centre, act, month.name, time)


def order_round(centre: Centre, act: Act, new: extra.NewRound, time: Callable[[], datetime]) -> dict[str, Any]:
    """An extra round, with its visits. Raises ``Invalid``."""
    return extra.make(centre, act, new, lambda id_: _here(centre, act, f"{extra.PREFIX}{id_}", time))


def _here(centre: Centre, act: Act, name: str, time: Callable[[], datetime]) -> dict[str, Any]:
    run_id = transact(centre, lambda session: _open(session, centre, name, act.now, act.actor.name))
    work(centre, run_id, time)
    with centre.database.reads() as session:
        return run_json(session.get_one(CheckinRun, run_id))


def month_asked(name: str) -> Period:
    try:
        return periods.month(name)
    except ValueError:
        raise Invalid("month", "malformed", "a month is written 2026-11") from None


def ask(session: Session, centre: Centre, asked_by: str, now: datetime) -> None:
    """After many elders have changed at once: the months that are there are looked at again, by whoever has time."""
    this = month_of(today(centre, now)).name
    months = select(CheckinMonth.month).where(CheckinMonth.closed_at.is_(None), CheckinMonth.month >= this)
    for name in session.scalars(months.order_by(CheckinMonth.month)).all():
        run_id = _open(session, centre, name, now, asked_by)
        session.get_one(CheckinRun, run_id).next_try_at = now


def tick(centre: Centre, now: datetime) -> list[Handover]:
    """Ask for the runs of today: of this month, and of the next one when it is near. Hand over what waits.

    Whatever ran, and however long nothing did, each day has one; the days in between are part of it.
    """
    day = today(centre, now)
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        missing = [name for name in _wanted(session, centre, day) if not _asked(session, name, day)]
        due = session.scalars(select(CheckinRun.id).where(CheckinRun.next_try_at <= now).order_by(CheckinRun.id)).all()
    for name in missing:
        _ask(centre, name, now)
    if missing:
        with centre.database.reads() as session:
            due = session.scalars(select(CheckinRun.id).where(CheckinRun.next_try_at <= now)).all()
    return [handover for run_id in due if (handover := _hand_over(centre, run_id, now)) is not None]


def _wanted(session: Session, centre: Centre, day: date) -> list[str]:
    """This month, the next one when it is near, and the extra rounds that go on."""
    this = month_of(day)
    after = next_month(this)
    months = [this, after] if after.first - timedelta(days=centre.visits.days_ahead) <= day else [this]
    return [one.name for one in (*months, *map(extra.period_of, extra.going_on(session, day)))]


def _asked(session: Session, name: str, day: date) -> bool:
    run = select(CheckinRun.id).where(CheckinRun.month == name, CheckinRun.day == day, CheckinRun.asked_by.is_(None))
    return session.scalar(run) is not None


def _ask(centre: Centre, name: str, now: datetime) -> None:
    try:
        with centre.database.sessions.begin() as session:
            _open(session, centre, name, now, None)
    except IntegrityError:
        return  # another clock asked at the same moment


def _open(session: Session, centre: Centre, name: str, now: datetime, asked_by: str | None) -> int:
    of = source(session, centre, name)
    run = CheckinRun(
        month=name,
        day=today(centre, now),
        state=OPEN,
        asked_at=now,
        asked_by=asked_by,
        elders=people.how_many(session, of.candidates()),
        excluded={},
        next_try_at=now if asked_by is None else now + LEASE,  # a person does it here and now
    )
    session.add(run)
    session.flush()
    of.begin(now)
    return run.id


def _hand_over(centre: Centre, run_id: int, now: datetime) -> Handover | None:
    """It comes again after ``HANDOVER`` unless it was claimed."""
    with centre.database.sessions.begin() as session:
        run = session.get(CheckinRun, run_id, with_for_update={"skip_locked": True})
        if run is None or run.next_try_at is None or run.next_try_at > now:
            return None
        run.handed_over += 1
        run.next_try_at = now + HANDOVER
        return Handover(run.id, directly=run.handed_over > 1)


def work(centre: Centre, run_id: int, time: Callable[[], datetime], *, portion: int | None = None) -> None:
    """Safe to run twice and at any moment: the claim lets one through, and a killed one is gone on with."""
    mine = _claim(centre, run_id, time, portion or (PORTION if centre.database.is_postgresql else SMALL))
    if mine is None:
        return
    try:
        for _ in portions(centre, lambda session: _portion(session, centre, mine)):
            pass
    except Lost:
        log.warning("visits_lost", run_id=run_id)


def _claim(centre: Centre, run_id: int, time: Callable[[], datetime], portion: int) -> Mine | None:
    now = time()
    with centre.database.sessions.begin() as session:
        run = session.get(CheckinRun, run_id, with_for_update={"skip_locked": True})
        if run is None or run.state != OPEN or not (run.handed_over > 0 or run.claim is None):
            return None
        run.claim = secrets.token_hex(8)
        run.handed_over = 0
        run.next_try_at = now + LEASE
        return Mine(run.id, run.claim, time, portion)


def _portion(session: Session, centre: Centre, mine: Mine) -> bool:
    """The next elders. False: there were none, and the run is done."""
    now = mine.time()
    run = session.get_one(CheckinRun, mine.run_id, with_for_update=True)
    if run.claim != mine.name:
        raise Lost(str(mine.run_id))
    of = source(session, centre, run.month)
    both = {
        one
        for each in (of.candidates().order_by(Elder.id).where(Elder.id > run.reached), of.stands(run.reached))
        for one in session.scalars(each.limit(mine.portion))
    }
    ids = sorted(both)[: mine.portion]
    if not ids or of.is_over():
        run.state, run.next_try_at, run.finished_at = DONE, None, now
        of.finish(now)
        log.info("visits_generated", month=run.month, created=run.created, existing=run.existing)
        return False
    made = of.bring(ids, now)
    run.created += made.created
    run.existing += made.existing
    run.excluded = {why: run.excluded.get(why, 0) + made.excluded[why] for why in {*run.excluded, *made.excluded}}
    run.done += len(ids)
    run.reached, run.handed_over, run.next_try_at = ids[-1], 0, now + LEASE
    return True


def run_json(run: CheckinRun) -> dict[str, Any]:
    return {
        "run_id": str(run.id),
        "month": run.month,
        "state": run.state,
        "asked_at": stamp(run.asked_at),
        "asked_by": run.asked_by,
        "elders": run.elders,
        "done": run.done,
        "created": run.created,
        "existing": run.existing,
        "excluded": run.excluded,
        "finished_at": stamp(run.finished_at),
    }
