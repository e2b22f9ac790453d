"""A helper's own page: what they are asked, and where they go. The door and the telephone come with the yes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.domain.helps.assignments import LIVE, AssignmentState
from dispatch.domain.helps.offers import OfferState
from dispatch.domain.privacy import mask_address
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, Order
from dispatch.models.people import Elder, Fact
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words
from dispatch.services.helps.orders import help_of, wanted_of
from dispatch.services.rows import stamp

SHOWN_AFTER = timedelta(hours=12)
"""How long a visit that is over stays on the list, without the door and the telephone."""
TOLD = ("communication", "access", "mobility")
"""Kinds of lasting facts that a helper needs at the door. Illnesses are not among them."""
WARNED = ("hard_of_hearing", "dementia", "living_alone")


def mine(session: Session, actor: Actor) -> Worker:
    """The helper who this person is. Raises ``NotFound``."""
    worker = None
    if actor.user_id is not None:
        worker = session.scalar(select(Worker).where(Worker.user_id == actor.user_id, Worker.active))
    if worker is None:
        raise NotFound("this sign-in belongs to no helper: ask the centre to link it")
    return worker


def jobs(centre: Centre, actor: Actor, now: datetime) -> dict[str, Any]:
    """Raises ``NotFound`` for somebody who is no helper."""
    with centre.database.reads() as session:
        worker = mine(session, actor)
        asked = select(Offer).where(Offer.worker_id == worker.id, Offer.state == OfferState.OFFERED)
        going = select(Assignment).where(
            Assignment.worker_id == worker.id,
            or_(Assignment.state.in_(LIVE), Assignment.ended_at > now - SHOWN_AFTER),
        )
        return {
            "worker": {"id": str(worker.id), "name": worker.name, "kind": worker.kind},
            "server_time": stamp(now),
            "offers": [_offer(session, centre, one, now) for one in session.scalars(asked.order_by(Offer.id))],
            "jobs": [_job(session, centre, one, now) for one in session.scalars(going.order_by(Assignment.starts_at))],
        }


def _offer(session: Session, centre: Centre, offer: Offer, now: datetime) -> dict[str, Any]:
    case = session.get_one(Case, offer.case_id)
    elder, home = offer_words.elder_of(session, case), offer_words.home_of(session, case)
    wanted = wanted_of(session, centre, case)
    return {
        "id": str(offer.id),
        "case_number": str(case.id),
        "code": offer.code,
        "help": help_of(case).value,
        "item": wanted.item.code,
        "cause": case.cause,
        "priority": case.priority,
        "wanted_at": stamp(case.wanted_at),
        "minutes": wanted.minutes,
        "expires_at": stamp(offer.expires_at),
        "distance_m": offer.distance_m,
        "eta_minutes": offer.eta_minutes,
        "who": {"called": offer_words.called(elder), "age": _age(centre, elder, now)},
        "address_short": mask_address(home.address_short) if home is not None else None,
        "need": offer_words.need_in_both(centre, case, wanted),
        "note": None,
    }


def _age(centre: Centre, elder: Elder | None, now: datetime) -> int | None:
    return None if elder is None else elder.age(now.astimezone(centre.zone).date())


def _job(session: Session, centre: Centre, job: Assignment, now: datetime) -> dict[str, Any]:
    case = session.get_one(Case, job.case_id)
    order = session.scalar(select(Order).where(Order.case_id == case.id))
    wanted = wanted_of(session, centre, case)
    elder = offer_words.elder_of(session, case)
    live = AssignmentState(job.state) in LIVE
    return {
        "assignment_id": str(job.id),
        "offer_id": str(job.offer_id),
        "case_number": str(case.id),
        "help": help_of(case).value,
        "item": order.item if order is not None else wanted.item.code,
        "cause": case.cause,
        "priority": case.priority,
        "state": job.state,
        "emergency": job.emergency,
        "wanted_at": stamp(case.wanted_at),
        "due_at": stamp(job.due_at),
        "minutes": wanted.minutes,
        "who": {"called": offer_words.called(elder), "age": _age(centre, elder, now)},
        **(_door(session, case, elder) if live else _shut_door()),
        "note": case.text if live else None,
        "position_radius_m": centre.matching.evidence.radius_m,
        "steps": [
            {"code": "accepted", "at": stamp(job.accepted_at)},
            {"code": "departed", "at": stamp(job.departed_at)},
            {"code": "arrived", "at": stamp(job.arrived_at)},
            {"code": "completed", "at": stamp(job.completed_at)},
        ],
        "end_reason": job.end_reason,
        "flags": job.flags,
    }


def _door(session: Session, case: Case, elder: Elder | None) -> dict[str, Any]:
    """What somebody needs who has promised to come."""
    home = offer_words.home_of(session, case)
    known = select(Fact).where(Fact.elder_id == (elder.id if elder else None), Fact.kind.in_(TOLD)).order_by(Fact.id)
    place = home is not None and home.lat is not None and home.lon is not None
    return {
        "name": elder.name if elder is not None else None,
        "address": home.address if home is not None else None,
        "access": home.access_notes if home is not None else None,
        "phone": elder.phone if elder is not None else None,
        "warnings": [
            *({"kind": "flag", "text": flag} for flag in (elder.flags if elder else []) if flag in WARNED),
            *({"kind": fact.kind, "text": fact.text} for fact in session.scalars(known)),
        ],
        "position": {"lat": home.lat, "lon": home.lon} if home is not None and place else None,
    }


def _shut_door() -> dict[str, Any]:
    return {"name": None, "address": None, "access": None, "phone": None, "warnings": [], "position": None}
