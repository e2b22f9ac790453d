"""The time of a visit is settled at the desk, on the telephone: confirmed, or another time or visitor is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.visit import Trigger, VisitState
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words
from dispatch.services.ordering.telling import day_and_time
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import tasks
from dispatch.services.visits.appointments import To, confirmed, send
from dispatch.services.visits.rows import one, within
from dispatch.services.work import Act

YOURS = "visit_moved_yours"


def confirm(centre: Centre, visit_id: int, act: Act, by: str) -> Answer:
    """Somebody said on the telephone that this time is well. Raises ``Conflict`` where nothing is booked."""

    def work(session: Session) -> Answer:
        visit = within(session, visit_id, act)
        if visit.state != VisitState.BOOKED:
            raise Conflict("nothing is booked: give the visit a time first", state=visit.state)
        confirmed(session, visit, act, by)
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:confirm", work)


@dataclass(frozen=True)
class Move:
    planned_at: datetime
    worker_id: int | None = None
    """None: whoever was to come."""
    by: str | None = None
    """Who wanted it, and agrees with the new time: it is confirmed with it."""


def move(centre: Centre, visit_id: int, act: Act, wanted: Move) -> Answer:
    """To another time, or to somebody else; who is to come is told. Raises ``Invalid`` for a time that cannot be."""

    def work(session: Session) -> Answer:
        visit = within(session, visit_id, act)
        _check_move(session, centre, visit, wanted, act.now)
        before = visit.worker_id if visit.state == VisitState.BOOKED else None
        minutes = visit.minutes or centre.planning.length(visit.risk) // 60
        tasks.step(visit, Trigger.BOOK, act.now)
        visit.worker_id = wanted.worker_id or visit.worker_id
        visit.planned_at, visit.minutes = wanted.planned_at, minutes
        visit.confirmed_at, visit.confirmed_by = (None, None) if wanted.by is None else (act.now, wanted.by)
        # Who agreed to it on the telephone need not read it once more.
        visit.reminded_for = wanted.planned_at if wanted.by is not None else None
        data = {"from": before and str(before), "to": str(visit.worker_id)}
        trail.write(session, act.actor, Deed("visit_moved", Subject("visit", visit.id), data=data), act.now)
        _tell_visitor(session, centre, visit, act.now)
        session.flush()
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:move", work)


def _check_move(session: Session, centre: Centre, visit: CheckinVisit, wanted: Move, now: datetime) -> None:
    day = wanted.planned_at.astimezone(centre.zone).date()
    if wanted.planned_at <= now:
        raise Invalid("planned_at", "past", "choose a time that is still to come")
    if not visit.first <= day <= visit.last:
        raise Invalid("planned_at", "range", f"this visit is due from {visit.first} to {visit.last}")
    who = wanted.worker_id or visit.worker_id
    worker = None if who is None else session.get(Worker, who)
    if worker is None or not worker.active:
        raise Invalid("worker_id", "unknown", "say who is to come")


def _tell_visitor(session: Session, centre: Centre, visit: CheckinVisit, now: datetime) -> None:
    worker, elder = session.get_one(Worker, visit.worker_id), session.get_one(Elder, visit.elder_id)
    home = session.get_one(Household, elder.household_id)
    assert visit.planned_at is not None
    words = {
        "signature": centre.messages["signature"],
        "who": offer_words.called(elder),
        "when": day_and_time(centre, visit.planned_at, now),
        "address": home.address_short,
    }
    send(session, centre, To(worker.phone, worker.name, YOURS, visit.id, now), words)
