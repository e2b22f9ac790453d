"""Offers and visits as the console and the helper's page show them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.offers import OfferState, PlanState
from dispatch.models.helps import Assignment, Offer, OfferPlan
from dispatch.models.outbox import Message, MessageState
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps.outbox import QUESTIONS
from dispatch.services.rows import must_see, stamp

LONG = timedelta(seconds=30)
"""A question that is put off by more than that is better asked by a person."""


def of_case(centre: Centre, case_id: int, actor: Actor) -> dict[str, Any]:
    """Newest round last. Raises ``NotFound`` when the case is not there or not in the actor's areas."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        return {
            "items": offers_json(session, select(Offer).where(Offer.case_id == case_id).order_by(Offer.id)),
            "assignment": _latest(session, case_id),
            "next": _next(session, case_id),
            "links": bool(centre.public_url),
        }


def one_offer(centre: Centre, offer_id: int) -> dict[str, Any]:
    with centre.database.reads() as session:
        return offers_json(session, select(Offer).where(Offer.id == offer_id))[0]


def one_assignment(centre: Centre, job_id: int) -> dict[str, Any]:
    with centre.database.reads() as session:
        return assignment_json(session, session.get_one(Assignment, job_id))


def offers_json(session: Session, statement: Any) -> list[dict[str, Any]]:
    offers = list(session.scalars(statement))
    names = _names(session, {offer.worker_id for offer in offers})
    said = _messages(session, [offer.id for offer in offers])
    return [_offer(offer, names[offer.worker_id], said[offer.id]) for offer in offers]


def _fails(message: Message) -> bool:
    """The network has refused it or could not be reached so far, or this telephone has had enough for a while."""
    waits = message.state in (MessageState.PENDING, MessageState.QUEUED)
    put_off = message.next_try_at is not None and message.next_try_at - message.created_at > LONG
    return message.state == MessageState.DEAD or (waits and (message.attempts > 0 or put_off))


def _by_hand(offer: Offer, questions: list[Message]) -> str | None:
    """The number to dial when nothing of the centre's own gets through to whoever is asked; it is shown only then."""
    stuck = offer.state == OfferState.OFFERED and bool(questions) and all(map(_fails, questions))
    return offer.number if stuck else None


def _names(session: Session, ids: set[int]) -> dict[int, str]:
    return {worker.id: worker.name for worker in session.scalars(select(Worker).where(Worker.id.in_(ids)))}


def _messages(session: Session, ids: list[int]) -> dict[int, list[Message]]:
    """The question by each channel."""
    found: dict[int, list[Message]] = defaultdict(list)
    questions = select(Message).where(Message.offer_id.in_(ids), Message.purpose.in_(QUESTIONS)).order_by(Message.id)
    for message in session.scalars(questions):
        found[message.offer_id or 0].append(message)
    return found


def _message(message: Message) -> dict[str, Any]:
    at = message.finished_at or message.sent_at or message.created_at
    return {"channel": message.channel, "state": message.state, "at": stamp(at), "fails": _fails(message)}


def _offer(offer: Offer, name: str, questions: list[Message]) -> dict[str, Any]:
    return {
        "id": str(offer.id),
        "case_id": str(offer.case_id),
        "worker": {"id": str(offer.worker_id), "name": name},
        "state": offer.state,
        "mode": offer.mode,
        "round": offer.round,
        "code": offer.code,
        "eta_minutes": offer.eta_minutes,
        "distance_m": offer.distance_m,
        "offered_at": stamp(offer.offered_at),
        "expires_at": stamp(offer.expires_at),
        "answered_at": stamp(offer.answered_at),
        "channel": offer.channel,
        "reason": offer.reason,
        "messages": [_message(one) for one in questions],
        "phone": _by_hand(offer, questions),
        "version": offer.version,
    }


def _latest(session: Session, case_id: int) -> dict[str, Any] | None:
    """The visit that goes on, else the last one."""
    latest = select(Assignment).where(Assignment.case_id == case_id).order_by(Assignment.id.desc()).limit(1)
    job = session.scalar(latest)
    return None if job is None else assignment_json(session, job)


def assignment_json(session: Session, job: Assignment) -> dict[str, Any]:
    worker = session.get_one(Worker, job.worker_id)
    return {
        "id": str(job.id),
        "case_id": str(job.case_id),
        "offer_id": str(job.offer_id),
        "worker": {"id": str(worker.id), "name": worker.name},
        "state": job.state,
        "emergency": job.emergency,
        "channel": job.channel,
        "accepted_at": stamp(job.accepted_at),
        "due_at": stamp(job.due_at),
        "starts_at": stamp(job.starts_at),
        "ends_at": stamp(job.ends_at),
        "departed_at": stamp(job.departed_at),
        "arrived_at": stamp(job.arrived_at),
        "completed_at": stamp(job.completed_at),
        "ended_at": stamp(job.ended_at),
        "end_reason": job.end_reason,
        "flags": job.flags,
        "version": job.version,
    }


def _next(session: Session, case_id: int) -> dict[str, Any] | None:
    """What happens by itself if nobody says anything."""
    plan = session.scalar(select(OfferPlan).where(OfferPlan.case_id == case_id, OfferPlan.state == PlanState.RUNNING))
    if plan is None:
        return None
    what = plan.due if plan.due == "voice" else "next" if plan.queue or plan.alone else "exhausted"
    return {"at": stamp(plan.next_due_at), "what": what, "queue": len(plan.queue)}
