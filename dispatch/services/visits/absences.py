"""Since when an elder is in hospital or away: the past of what their row says of today."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.models.people import Elder
from dispatch.models.visits import ElderAbsence
from dispatch.services.work import Act


def follow(session: Session, elder: Elder, act: Act) -> None:
    """After the elder's absence has changed, in the caller's transaction. The elder is locked."""
    session.flush()
    held = session.scalar(
        select(ElderAbsence).where(ElderAbsence.elder_id == elder.id, ElderAbsence.ended_at.is_(None))
    )
    same = held is not None and held.kind == elder.absence_kind and not _over(held.until, act.now)
    if held is not None and same:
        held.until = elder.absence_until
        return
    if held is not None:
        held.ended_at = min(act.now, held.until) if held.until is not None else act.now
        session.flush()
    if elder.absence_kind and not _over(elder.absence_until, act.now):
        session.add(
            ElderAbsence(
                elder_id=elder.id,
                kind=elder.absence_kind,
                begins_at=act.now,
                until=elder.absence_until,
                recorded_by=act.actor.name,
            )
        )


def _over(until: datetime | None, now: datetime) -> bool:
    return until is not None and until <= now
