"""How it went in the last days: of one helper, for whoever coaches them; and who is asked how often, so that nobody is
forgotten. Never a ranking: both are for those who may, and no list is ordered by how good somebody is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.offers import OfferState
from dispatch.models.followup import Complaint
from dispatch.models.helps import Assignment, Offer
from dispatch.models.places import Area
from dispatch.models.workforce import Worker, WorkerShift, WorkerSkill
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import Answer
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.workforce.file import week_hours
from dispatch.services.workforce.scope import helper_within, helpers_seen

DAYS = 30
ANSWERED = (OfferState.ACCEPTED, OfferState.DECLINED)


def of_helper(centre: Centre, worker_id: int, actor: Actor, now: datetime) -> Answer:
    """Of the last 30 days. What there is too little of to say is None. Raises ``NotFound``."""
    since = now - timedelta(days=DAYS)
    with centre.database.reads() as session:
        worker = helper_within(session, worker_id, actor)
        offers = session.execute(
            select(Offer.state, Offer.reason, Offer.offered_at, Offer.answered_at).where(
                Offer.worker_id == worker.id, Offer.offered_at >= since
            )
        ).all()
        jobs = session.execute(
            select(Assignment.state, Assignment.due_at, Assignment.arrived_at).where(
                Assignment.worker_id == worker.id, Assignment.accepted_at >= since
            )
        ).all()
        about = select(func.count(Complaint.id)).where(Complaint.worker_id == worker.id, Complaint.opened_at >= since)
        complaints = session.scalar(about) or 0
    states = [row.state for row in offers]
    counted = sum(states.count(state) for state in (*ANSWERED, OfferState.EXPIRED))
    seconds = [
        (row.answered_at - row.offered_at).total_seconds()
        for row in offers
        if row.state in ANSWERED and row.answered_at is not None
    ]
    came = [row for row in jobs if row.arrived_at is not None]
    missed = sum(row.state == AssignmentState.NO_SHOW for row in jobs)
    reasons = [row.reason for row in offers if row.state == OfferState.DECLINED]
    return {
        "days": DAYS,
        "offers": len(offers),
        "by_state": {state.value: states.count(state) for state in OfferState},
        "acceptance": round(states.count(OfferState.ACCEPTED) / counted, 3) if counted else None,
        "median_answer_seconds": round(median(seconds)) if seconds else None,
        "declines": {reason or "other": reasons.count(reason) for reason in set(reasons)},
        "visits": len(jobs),
        "completed": sum(row.state == AssignmentState.COMPLETED for row in jobs),
        "no_shows": missed,
        "on_time": round(sum(row.arrived_at <= row.due_at for row in came) / (len(came) + missed), 3)
        if came or missed
        else None,
        "complaints": complaints,
    }


def fairness(
    centre: Centre, actor: Actor, page: PageOf, now: datetime, *, skill: str | None = None, area_id: int | None = None
) -> Answer:
    """Offers of 30 days to each active helper with hours, fewest first: whoever is never asked stands on top.

    The cursor is a place in the list. Raises ``Invalid`` for an unknown area.
    """
    since = now - timedelta(days=DAYS)
    with centre.database.reads() as session:
        base = _asked(session, actor, since, skill, area_id)
        rows = base.subquery()
        numbers = list(session.scalars(select(rows.c.offers)))
        start = page.before or 0
        listed = base.order_by(base.selected_columns["offers"], Worker.id).offset(start).limit(page.limit + 1)
        found = session.execute(listed).all()
        shown = found[: page.limit]
        hours = _hours(session, [row.id for row in shown])
    items = [
        {
            "worker": {"id": str(row.id), "name": row.name, "kind": row.kind},
            "offers": row.offers,
            "accepted": row.accepted,
            "week_hours": hours.get(row.id, 0.0),
        }
        for row in shown
    ]
    return {
        "items": items,
        "next_cursor": str(start + page.limit) if len(found) > page.limit else None,
        "total": len(numbers),
        "days": DAYS,
        "never": numbers.count(0),
        "median": median(numbers) if numbers else None,
        "most": max(numbers, default=0),
    }


def _asked(session: Session, actor: Actor, since: datetime, skill: str | None, area_id: int | None) -> Any:
    counted = (
        select(
            Offer.worker_id,
            func.count().label("offers"),
            func.sum(case((Offer.state == OfferState.ACCEPTED, 1), else_=0)).label("accepted"),
        )
        .where(Offer.offered_at >= since)
        .group_by(Offer.worker_id)
        .subquery()
    )
    statement: Any = (
        select(
            Worker.id,
            Worker.name,
            Worker.kind,
            func.coalesce(counted.c.offers, 0).label("offers"),
            func.coalesce(counted.c.accepted, 0).label("accepted"),
        )
        .join(Area, Area.id == Worker.area_id)
        .outerjoin(counted, counted.c.worker_id == Worker.id)
        .where(Worker.active, helpers_seen(actor), exists().where(WorkerShift.worker_id == Worker.id))
    )
    if skill is not None:
        statement = statement.where(exists().where(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill == skill))
    if area_id is not None:
        statement = statement.where(inside_asked(session, area_id))
    return statement


def _hours(session: Session, ids: list[int]) -> dict[int, float]:
    shifts = session.scalars(select(WorkerShift).where(WorkerShift.worker_id.in_(ids))).all()
    return {who: week_hours([one for one in shifts if one.worker_id == who]) for who in ids}
