"""What people do with a promise to come: write it down, move it, say that it was kept or is not needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import ACTIVE, State, Trigger
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid, NotFound
from dispatch.models.cases import Case
from dispatch.models.response import Arrival
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import acted, move, record
from dispatch.services.response import promises
from dispatch.services.response.promises import Ending
from dispatch.services.rows import stamp
from dispatch.services.work import Act, perform

FARTHEST = timedelta(hours=12)


class ArrivalSettled(Conflict):
    code = "arrival-settled"


@dataclass(frozen=True)
class Promise:
    who: str
    due_at: datetime


def promise(centre: Centre, case_id: int, act: Act, wanted: Promise) -> None:
    """Somebody told the operator when they will be there. The same idempotency key again: the same one."""
    _in_time(wanted.due_at, act.now)

    def change(session: Session, case: Case) -> None:
        move(case, Trigger.NOTE)
        if State(case.state) not in ACTIVE:
            raise IllegalTransition("nobody is waited for in a case that is over", state=case.state)
        new = promises.make(session, case, promises.Promise(wanted.who, wanted.due_at), act.actor, act.now)
        data = {"arrival": str(new.id), "who": wanted.who, "due_at": stamp(wanted.due_at)}
        record(session, case, "arrival_promised", act.actor, act.now, data=data)
        _acted(case, act)

    perform(centre, case_id, act, change, any_version=True)


def move_to(centre: Centre, arrival_id: int, act: Act, due_at: datetime) -> int:
    """They will be there at another time."""
    _in_time(due_at, act.now)

    def change(session: Session, case: Case, found: Arrival) -> None:
        if found.state != ArrivalState.OPEN:
            raise ArrivalSettled(f"this arrival is {found.state} already", state=found.state)
        promises.move(session, case, found, due_at)
        data = {"arrival": str(found.id), "who": found.who, "due_at": stamp(due_at)}
        record(session, case, "arrival_moved", act.actor, act.now, data=data)

    return _with(centre, arrival_id, act, change)


def arrived(centre: Centre, arrival_id: int, act: Act) -> int:
    """They are there. Said twice it is said once."""
    return _end(centre, arrival_id, act, ArrivalState.ARRIVED, None)


def cancel(centre: Centre, arrival_id: int, act: Act, *, reason: str) -> int:
    return _end(centre, arrival_id, act, ArrivalState.CANCELLED, reason)


def _end(centre: Centre, arrival_id: int, act: Act, state: ArrivalState, reason: str | None) -> int:
    def change(session: Session, case: Case, found: Arrival) -> None:
        if found.state == ArrivalState.OPEN:
            promises.end(session, case, found, Ending(state, act.actor, act.now, "console", reason))
        elif found.state != state:
            raise ArrivalSettled(f"this arrival is {found.state} already", state=found.state)

    return _with(centre, arrival_id, act, change)


def _with(centre: Centre, arrival_id: int, act: Act, change: Callable[[Session, Case, Arrival], None]) -> int:
    with centre.database.reads() as session:
        case_id = session.scalar(select(Arrival.case_id).where(Arrival.id == arrival_id))
    if case_id is None:
        raise NotFound(f"there is no arrival {arrival_id}")

    def whole(session: Session, case: Case) -> None:
        found = session.get_one(Arrival, arrival_id, with_for_update=True, populate_existing=True)
        if found.case_id != case.id:
            raise Conflict("the case was merged in the meantime: look at the other one")
        change(session, case, found)
        _acted(case, act)

    perform(centre, case_id, act, whole, any_version=True)
    return case_id


def _in_time(due_at: datetime, now: datetime) -> None:
    if not now < due_at <= now + FARTHEST:
        raise Invalid("due_at", "out-of-range", "choose a time within the next 12 hours")


def _acted(case: Case, act: Act) -> None:
    if act.actor.user_id is not None and case.owner_id == act.actor.user_id:
        acted(case, act.now)
