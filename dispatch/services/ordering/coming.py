"""A planned service comes near: its preferred helper is asked, or it comes to the desk; and it is watched to its end.

While all goes well nobody at the desk has to do anything; whatever goes wrong brings it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.escalation import Deadline, Due
from dispatch.domain.helps.matching import RELAXABLE
from dispatch.domain.helps.offers import Mode
from dispatch.domain.helps.standing import Off
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, Order
from dispatch.models.outbox import Message
from dispatch.models.people import Elder
from dispatch.models.standing import StandingOrder
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import answering
from dispatch.services.helps.answering import Said
from dispatch.services.helps.asking import Start, begin, offers_of, running
from dispatch.services.helps.candidates import match
from dispatch.services.helps.ending import live_of
from dispatch.services.helps.orders import order_of, wanted_of
from dispatch.services.lifecycle import record, set_deadline
from dispatch.services.opening import bring_up
from dispatch.services.ordering.changing import Because, call_off

log = structlog.get_logger()
BATCH = 200
PUT_ASIDE = timedelta(seconds=60)
LOOK_AGAIN = timedelta(minutes=1)
"""After the answer should have come."""


@dataclass(frozen=True)
class Coming:
    centre: Centre
    case: Case
    order: Order
    now: datetime

    def again(self, at: datetime) -> None:
        set_deadline(self.case, Deadline(at, Due.COME_UP))


def tick(centre: Centre, now: datetime) -> int:
    """Each in a transaction of its own, so that an alarm never waits for the lunches of a city. Safe to run twice."""
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = select(Case.id).where(Case.due == Due.COME_UP, Case.next_due_at <= now)
        ids = list(session.scalars(due.order_by(Case.next_due_at, Case.id).limit(BATCH)))
    for case_id in ids:
        try:
            with centre.database.sessions.begin() as session:
                _come_up(session, centre, case_id, now)
        except Exception as error:
            log.exception("come_up_failed", case_id=case_id)
            _put_aside(centre, case_id, now, type(error).__name__)
    return len(ids)


def _come_up(session: Session, centre: Centre, case_id: int, now: datetime) -> None:
    locked = select(Case).where(Case.id == case_id).with_for_update(skip_locked=True)
    case = session.scalar(locked.execution_options(populate_existing=True))
    if case is not None and case.due == Due.COME_UP and case.next_due_at is not None and case.next_due_at <= now:
        come_up(session, centre, case, now)


def _put_aside(centre: Centre, case_id: int, now: datetime, reason: str) -> None:
    """One poisoned row must not keep the others waiting; it says so."""
    with centre.database.sessions.begin() as session:
        case = session.get_one(Case, case_id, with_for_update=True)
        case.next_due_at = now + PUT_ASIDE
        record(session, case, "fault", SYSTEM, now, data={"code": "escalation_failed", "reason": reason})


def come_up(session: Session, centre: Centre, case: Case, now: datetime) -> None:
    """The deadline of a planned case has come. The caller holds the case."""
    order = order_of(session, case.id)
    if order is None:
        to_desk(session, case, now, "time")
        return
    coming = Coming(centre, case, order, now)
    if _is_away(session, coming):
        call_off(session, centre, case, order, Because(SYSTEM, now, Off.ABSENT))
        return
    job = live_of(session, case.id)
    if job is not None:
        over = job.ends_at + centre.orders.report_within
        if now < over:
            coming.again(over)
        else:
            to_desk(session, case, now, "not_reported")
        return
    plan = running(session, case.id)
    if plan is not None:
        coming.again((plan.next_due_at or now) + LOOK_AGAIN)
    elif not _ask_preferred(session, coming):
        to_desk(session, case, now, "time")


def to_desk(session: Session, case: Case, now: datetime, reason: str) -> None:
    bring_up(case, now)
    record(session, case, "came_up", SYSTEM, now, data={"why": reason})


def _is_away(session: Session, coming: Coming) -> bool:
    elder = session.get(Elder, coming.case.elder_id) if coming.case.elder_id is not None else None
    return elder is not None and elder.absence(coming.case.wanted_at or coming.now) is not None


def _ask_preferred(session: Session, coming: Coming) -> bool:
    """Ask whom the elder would like, once; False: nobody is preferred, or they cannot, or they were asked."""
    centre, case, order, now = coming.centre, coming.case, coming.order, coming.now
    if order.worker_id is None:
        return False
    asked = select(Offer.id).where(Offer.case_id == case.id, Offer.worker_id == order.worker_id).limit(1)
    if session.scalar(asked) is not None:
        return False
    found = match(session, centre, case, wanted_of(session, centre, case), now)
    barred = {one.facts.id for one in found.ranking.excluded if any(r.code not in RELAXABLE for r in one.reasons)}
    if order.worker_id not in found.rows or order.worker_id in barred:
        return False
    way = centre.matching.way(Mode.DIRECT, case.priority)
    plan = begin(session, centre, case, Start(way, [order.worker_id], SYSTEM, now))
    offers = offers_of(session, plan.id)
    if not offers:  # something keeps them from it after all: it is with the desk already
        return True
    coming.again(now + timedelta(seconds=way.seconds) + LOOK_AGAIN)
    if _has_agreed(session, order):
        _accept(session, coming, offers[0])
    return True


def _has_agreed(session: Session, order: Order) -> bool:
    standing = session.get(StandingOrder, order.standing_id) if order.standing_id is not None else None
    return standing is not None and standing.agreed and standing.worker_id == order.worker_id


def _accept(session: Session, coming: Coming, offer: Offer) -> None:
    """They have said yes to all of it; the question was never sent."""
    session.execute(
        delete(Message).where(Message.offer_id == offer.id), execution_options={"synchronize_session": False}
    )
    worker = session.get_one(Worker, offer.worker_id)
    job = answering.accept(
        session, coming.centre, Said(coming.case, offer, worker, SYSTEM, answering.AGREED, coming.now)
    )
    coming.again(job.ends_at + coming.centre.orders.report_within)
