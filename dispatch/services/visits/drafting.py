"""The lines of a month before its close: drawn in portions, and once more for whoever has changed meanwhile.

Drawn in the transaction that signs them, those of a large list would keep every other writer of SQLite waiting, and an
alarm is one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.visits.periods import Period
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.bulk import insert_many
from dispatch.models.people import Elder
from dispatch.models.visit_months import CheckinMonthLine
from dispatch.models.visit_records import CheckinPicture
from dispatch.models.visits import CheckinMonthElder, CheckinRecord, CheckinRefusal, CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.visits import lines
from dispatch.services.visits.lines import Drawn, Look

Row = dict[str, Any]
PORTION = 1_000
SLOWEST = timedelta(seconds=60)
"""So long ago somebody may have looked at the clock who writes only now."""


def portion(session: Session, centre: Centre, look: Look, after: int) -> int | None:
    """The next elders of the list; answers the last of them, and None when there was none."""
    listed = (
        select(CheckinMonthElder.elder_id)
        .where(CheckinMonthElder.month == look.month.name, CheckinMonthElder.elder_id > after)
        .order_by(CheckinMonthElder.elder_id)
        .limit(PORTION)
    )
    ids = session.scalars(listed).all()
    _draw(session, centre, look, ids)
    return ids[-1] if ids else None


def finish(session: Session, centre: Centre, look: Look, since: datetime) -> None:
    """What was drawn after ``since`` is brought up to date: nobody writes any more."""
    stale = _stale(session, look.month, since - SLOWEST)
    for start in range(0, len(stale), PORTION):
        _draw(session, centre, look, stale[start : start + PORTION])
    line, row = CheckinMonthLine, CheckinMonthElder
    listed = exists().where(row.month == line.month, row.elder_id == line.elder_id)
    session.execute(delete(line).where(line.month == look.month.name, ~listed))


def _stale(session: Session, month: Period, since: datetime) -> Sequence[int]:
    """Who has no line yet, or may have another one now."""
    line, row = CheckinMonthLine, CheckinMonthElder
    drawn = exists().where(line.month == row.month, line.elder_id == row.elder_id)
    refused = or_(CheckinRefusal.recorded_at >= since, CheckinRefusal.withdrawn_at >= since)
    recorded = or_(CheckinRecord.recorded_at >= since, CheckinRecord.completed_at >= since)
    touched = (
        select(CheckinVisit.elder_id).where(CheckinVisit.changed_at >= since),
        select(CheckinRecord.elder_id).where(recorded),
        select(CheckinRefusal.elder_id).where(refused),
        select(CheckinVisit.elder_id).join(CheckinPicture).where(CheckinPicture.received_at >= since),
        select(Elder.id).where(Elder.updated_at >= since),
    )
    return session.scalars(
        select(row.elder_id)
        .where(row.month == month.name, or_(~drawn, *(row.elder_id.in_(some) for some in touched)))
        .order_by(row.elder_id)
    ).all()


def _draw(session: Session, centre: Centre, look: Look, ids: Collection[int]) -> None:
    postgresql = on_postgresql(session)
    line = CheckinMonthLine
    old = delete(line).where(line.month == look.month.name, among(line.elder_id, "ids", postgresql=postgresql))
    session.execute(old, {"ids": ids_for(ids, postgresql=postgresql)}, execution_options={"synchronize_session": False})
    found = lines.drawn(session, centre, look, ids)
    insert_many(session, line, [_line(look.month, elder_id, found[elder_id]) for elder_id in ids])


def _line(month: Period, elder_id: int, found: Drawn) -> Row:
    return {
        "month": month.name,
        "elder_id": elder_id,
        "need": found.need,
        "done": found.done,
        "states": found.states,
        "worker_id": None if found.worker is None else int(found.worker["id"]),
        "days": found.days,
        "away": found.away,
        "evidence": found.evidence,
    }
