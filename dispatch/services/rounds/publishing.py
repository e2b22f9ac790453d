"""A plan becomes bookings, some rounds at a time. What has changed since it was planned is left alone, and named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.rounds.reasons import Reason
from dispatch.domain.visits.plan import PlanTrigger
from dispatch.domain.visits.visit import Trigger, VisitState
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.models.visits import CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.rounds import telling
from dispatch.services.rounds.asking import Mine, held, step
from dispatch.services.transact import portions
from dispatch.services.visits.tasks import step as step_visit

log = structlog.get_logger()
PORTION = 60
"""Rounds of one transaction: some hundred visits."""
LOOSE = 500


def publish(centre: Centre, mine: Mine) -> None:
    """Raises ``Lost``."""
    for work in (lambda session: _unbook(session, mine), lambda session: _portion(session, centre, mine)):
        for _ in portions(centre, work):
            pass


def _unbook(session: Session, mine: Mine) -> bool:
    """First what loses its visitor: its time may be another visit's now. False: there was nothing more."""
    plan = held(session, mine)
    if plan.reached > 0:
        return False
    stops = (
        select(CheckinStop)
        .join(CheckinVisit, CheckinVisit.id == CheckinStop.visit_id)
        .where(
            CheckinStop.plan_id == plan.id,
            CheckinStop.second.is_(False),
            CheckinStop.kept.is_(False),
            CheckinVisit.state == VisitState.BOOKED,
            CheckinVisit.version == CheckinStop.visit_version,
        )
        .order_by(CheckinStop.id)
        .limit(LOOSE)
    )
    found = session.scalars(stops).all()
    visits = _visits(session, found)
    for stop in found:
        visit = visits[stop.visit_id]
        if visit.state == VisitState.BOOKED and visit.version == stop.visit_version:
            step_visit(visit, Trigger.UNBOOK, mine.time())
            visit.worker_id = None
            stop.visit_version = visit.version
    return bool(found)


def _portion(session: Session, centre: Centre, mine: Mine) -> bool:
    """The next rounds. False: there were none, and the plan is published."""
    plan, now = held(session, mine), mine.time()
    rounds = session.scalars(
        select(CheckinRound)
        .where(CheckinRound.plan_id == plan.id, CheckinRound.id > plan.reached)
        .order_by(CheckinRound.id)
        .limit(PORTION)
    ).all()
    if not rounds:
        telling.tell(session, centre, plan, now)
        step(plan, PlanTrigger.FINISH)
        plan.published_at, plan.share = now, 1.0
        log.info("plan_published", plan_id=plan.id, booked=plan.booked, changed=plan.changed)
        return False
    for one in rounds:
        _book(session, plan, one, now)
    plan.reached = rounds[-1].id
    plan.share = min(1.0, (plan.booked + plan.changed) / max(1, plan.placed))
    return True


def _book(session: Session, plan: CheckinPlan, one: CheckinRound, now: datetime) -> None:
    stops = session.scalars(
        select(CheckinStop)
        .where(CheckinStop.round_id == one.id, CheckinStop.kept.is_(False))
        .order_by(CheckinStop.position)
    ).all()
    visits, busy = _visits(session, stops), _busy(session, one)
    for stop in stops:
        if stop.second:
            continue  # the visit has the name of the first; the second is read from the plan
        visit = visits[stop.visit_id]
        assert stop.starts_at is not None
        assert stop.ends_at is not None
        free = visit.state == VisitState.PLANNED and visit.version == stop.visit_version
        if not free or stop.starts_at <= now or _clash(busy, stop.starts_at, stop.ends_at):
            stop.reason, stop.round_id = Reason.CHANGED.value, None
            plan.changed += 1
            continue
        step_visit(visit, Trigger.BOOK, now)
        visit.worker_id, visit.planned_at = one.worker_id, stop.starts_at
        visit.minutes = int((stop.ends_at - stop.starts_at) / timedelta(minutes=1))
        stop.visit_version = visit.version
        plan.booked += 1


def _visits(session: Session, stops: Iterable[CheckinStop]) -> Mapping[int, CheckinVisit]:
    """Locked, in one order, so that two who publish do not wait for each other."""
    ids = sorted({stop.visit_id for stop in stops})
    rows = select(CheckinVisit).where(CheckinVisit.id.in_(ids)).order_by(CheckinVisit.id).with_for_update()
    return {visit.id: visit for visit in session.scalars(rows.execution_options(populate_existing=True))}


Spans = Sequence[tuple[datetime, datetime]]


def _busy(session: Session, one: CheckinRound) -> Spans:
    """What this visitor has on that day by now and by other hands."""
    rows = session.execute(
        select(CheckinVisit.planned_at, CheckinVisit.minutes).where(
            CheckinVisit.state == VisitState.BOOKED,
            CheckinVisit.worker_id == one.worker_id,
            CheckinVisit.planned_at < one.returns_at,
            CheckinVisit.planned_at > one.leaves_at - timedelta(hours=4),
        )
    )
    return [(at, at + timedelta(minutes=minutes or 0)) for at, minutes in rows if at is not None]


def _clash(busy: Spans, starts: datetime, ends: datetime) -> bool:
    return any(first < ends and starts < last for first, last in busy)
