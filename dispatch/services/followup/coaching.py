"""How one helper's work goes, with the cases behind each number: to help, for few eyes, and beside nobody else's.

There is no list of helpers by any of these numbers, on purpose.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.domain.followup import RATINGS, Result
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.offers import OfferState
from dispatch.models.followup import Complaint, FollowUp, VisitCheck
from dispatch.models.helps import Assignment, Offer
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.helps.myjobs import mine
from dispatch.services.rows import stamp

SHOWN = 50
"""Cases behind one number, the newest."""


def of_worker(centre: Centre, worker_id: int, actor: Actor, now: datetime, days: int) -> dict[str, Any]:
    """For a supervisor or whoever watches over quality; that they looked is written down. Raises ``NotFound``."""
    with centre.database.sessions.begin() as session:
        found = session.scalar(
            select(Worker).join(Area, Area.id == Worker.area_id).where(Worker.id == worker_id, inside(actor.paths))
        )
        if found is None:
            raise NotFound(f"there is no helper {worker_id} in your areas")
        trail.write(session, actor, trail.Deed("coaching_seen", trail.Subject("worker", worker_id)), now)
        return _view(session, found, now, days)


def of_myself(centre: Centre, actor: Actor, now: datetime, days: int) -> dict[str, Any]:
    """The helper's own, who may see what is kept about them. Raises ``NotFound`` for somebody who is no helper."""
    with centre.database.reads() as session:
        return _view(session, mine(session, actor), now, days)


def _view(session: Session, worker: Worker, now: datetime, days: int) -> dict[str, Any]:
    since = now - timedelta(days=days)
    return {
        "worker": {"id": str(worker.id), "name": worker.name, "kind": worker.kind},
        "days": days,
        "offers": _offers(session, worker.id, since),
        "visits": _visits(session, worker.id, since),
        "ratings": _ratings(session, worker.id, since),
        "complaints": _complaints(session, worker.id, since),
        "flags": _flags(session, worker.id, since),
    }


def _offers(session: Session, worker_id: int, since: datetime) -> dict[str, Any]:
    """What was withdrawn because somebody else was quicker is no answer of theirs."""
    asked = select(Offer).where(Offer.worker_id == worker_id, Offer.offered_at >= since).order_by(Offer.id.desc())
    offers = [one for one in session.scalars(asked) if one.state != OfferState.WITHDRAWN]
    waits = [
        (one.answered_at - one.offered_at).total_seconds()
        for one in offers
        if one.state == OfferState.ACCEPTED and one.answered_at is not None
    ]
    refused = [one for one in offers if one.state in (OfferState.DECLINED, OfferState.EXPIRED)]
    return {
        "asked": len(offers),
        "accepted": sum(one.state == OfferState.ACCEPTED for one in offers),
        "median_seconds": round(sorted(waits)[len(waits) // 2]) if waits else None,
        "refused": [
            {"case_id": str(one.case_id), "at": stamp(one.offered_at), "what": one.reason or one.state}
            for one in refused[:SHOWN]
        ],
    }


def _visits(session: Session, worker_id: int, since: datetime) -> dict[str, Any]:
    """On time: there when the centre was told that they would be."""
    went = select(Assignment).where(Assignment.worker_id == worker_id, Assignment.accepted_at >= since)
    jobs = session.scalars(went.order_by(Assignment.id.desc())).all()
    there = [job for job in jobs if job.arrived_at is not None]
    late = [job for job in there if job.arrived_at is not None and job.arrived_at > job.due_at]
    missed = [job for job in jobs if job.state == AssignmentState.NO_SHOW]
    return {
        "went": len(jobs),
        "there": len(there),
        "on_time": len(there) - len(late),
        "late": [_job(job, "late") for job in late[:SHOWN]] + [_job(job, "no_show") for job in missed[:SHOWN]],
    }


def _job(job: Assignment, what: str) -> dict[str, Any]:
    return {"case_id": str(job.case_id), "at": stamp(job.arrived_at or job.due_at), "what": what}


def _ratings(session: Session, worker_id: int, since: datetime) -> dict[str, Any]:
    asked = select(FollowUp).where(
        FollowUp.worker_id == worker_id, FollowUp.ended_at >= since, FollowUp.result.in_(RATINGS)
    )
    rows = session.scalars(asked.order_by(FollowUp.ended_at.desc())).all()
    return {
        **{one.value: sum(row.result == one for row in rows) for one in RATINGS},
        "cases": [
            {"case_id": str(row.case_id), "at": stamp(row.ended_at), "what": row.result, "text": row.text}
            for row in rows
            if row.result != Result.SATISFIED or row.text
        ][:SHOWN],
    }


def _complaints(session: Session, worker_id: int, since: datetime) -> list[dict[str, Any]]:
    about = select(Complaint).where(Complaint.worker_id == worker_id, Complaint.opened_at >= since)
    return [
        {"case_id": str(row.case_id), "at": stamp(row.opened_at), "what": row.result or "open", "text": row.text}
        for row in session.scalars(about.order_by(Complaint.id.desc()).limit(SHOWN))
    ]


def _flags(session: Session, worker_id: int, since: datetime) -> list[dict[str, Any]]:
    odd = select(VisitCheck).where(VisitCheck.worker_id == worker_id, VisitCheck.opened_at >= since)
    return [
        {
            "case_id": str(row.case_id),
            "at": stamp(row.opened_at),
            "what": row.state,
            "flags": row.flags,
            "text": row.reason,
        }
        for row in session.scalars(odd.order_by(VisitCheck.id.desc()).limit(SHOWN))
    ]
