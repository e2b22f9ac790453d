"""Promised arrivals inside of other transactions: made, moved, settled. The caller holds the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import Flag
from dispatch.models.cases import Case
from dispatch.models.response import Arrival
from dispatch.services.lifecycle import drop, put, record
from dispatch.services.rows import stamp


@dataclass(frozen=True)
class Promise:
    who: str
    due_at: datetime
    call_id: int | None = None
    once_key: str | None = None


def make(session: Session, case: Case, promise: Promise, actor: Actor, now: datetime) -> Arrival:
    new = Arrival(
        case_id=case.id,
        call_id=promise.call_id,
        who=promise.who,
        state=ArrivalState.OPEN,
        due_at=promise.due_at,
        next_due_at=promise.due_at,
        created_at=now,
        created_by=actor.name or actor.kind,
        once_key=promise.once_key,
    )
    session.add(new)
    session.flush()
    return new


def open_of(session: Session, case_id: int) -> list[Arrival]:
    statement = select(Arrival).where(Arrival.case_id == case_id, Arrival.state == ArrivalState.OPEN)
    return list(session.scalars(statement.order_by(Arrival.id).with_for_update()))


def of_call(session: Session, call_id: int) -> Arrival | None:
    return session.scalar(
        select(Arrival)
        .where(Arrival.call_id == call_id, Arrival.state == ArrivalState.OPEN)
        .order_by(Arrival.id.desc())
        .limit(1)
        .with_for_update()
    )


def move(session: Session, case: Case, arrival: Arrival, due_at: datetime) -> None:
    """A new time: the marks count from there."""
    arrival.due_at = arrival.next_due_at = due_at
    arrival.mark = 0
    arrival.late_at = None
    arrival.version += 1
    show(session, case)


@dataclass(frozen=True)
class Ending:
    state: ArrivalState
    actor: Actor
    at: datetime
    channel: str = ""
    reason: str | None = None


def end(session: Session, case: Case, arrival: Arrival, ending: Ending) -> None:
    """Arrived, or not needed any more; with its row of history."""
    arrival.state = ending.state
    arrival.next_due_at = None
    arrival.settled_at = ending.at
    arrival.settled_by = ending.actor.name or ending.actor.kind
    arrival.reason = ending.reason
    arrival.version += 1
    show(session, case)
    kind = "arrived" if ending.state is ArrivalState.ARRIVED else "arrival_cancelled"
    data = {"arrival": str(arrival.id), "who": arrival.who, "due_at": stamp(arrival.due_at)}
    record(session, case, kind, ending.actor, ending.at, text=ending.reason, channel=ending.channel, data=data)


def show(session: Session, case: Case) -> None:
    """The case is late while one of its promises is."""
    session.flush()
    late = select(Arrival.id).where(
        Arrival.case_id == case.id, Arrival.state == ArrivalState.OPEN, Arrival.late_at.is_not(None)
    )
    if session.scalar(late.limit(1)) is None:
        drop(case, Flag.LATE_ARRIVAL)
    else:
        put(case, Flag.LATE_ARRIVAL)
