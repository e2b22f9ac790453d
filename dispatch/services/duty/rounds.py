"""Rounds of the house: due by a row, so that a clock that was away makes each once and none is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.models.duty import Routine
from dispatch.services.centre import Centre


def is_due(centre: Centre, name: str, now: datetime) -> bool:
    """A look that writes nothing: an idle clock must not take the write lock of SQLite."""
    with centre.database.reads() as session:
        due = session.scalar(select(Routine.next_due_at).where(Routine.name == name))
    return due is None or due <= now


def begin(session: Session, name: str, every: timedelta, now: datetime) -> bool:
    """Take the round for this transaction and say when the next one is due. False: another clock was first."""
    routine = session.get(Routine, name, with_for_update=True)
    if routine is None:
        session.add(Routine(name=name, next_due_at=now + every))
        session.flush()  # two clocks at once: the second finds the name taken and starts over
        return True
    if routine.next_due_at > now:
        return False
    missed = (now - routine.next_due_at) // every
    routine.next_due_at += every * (missed + 1)
    return True
