"""One order as the case shows it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Kind
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Order
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps.ending import LIVE_JOB
from dispatch.services.helps.orders import order_of
from dispatch.services.ordering.changing import MOVABLE
from dispatch.services.rows import must_see, stamp


def of_case(centre: Centre, case_id: int, actor: Actor) -> dict[str, Any]:
    """``order`` is None for what is no order. Raises ``NotFound``."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        case, order = session.get_one(Case, case_id), order_of(session, case_id)
        if case.kind != Kind.SERVICE or order is None:
            return {"order": None}
        job = session.scalar(LIVE_JOB.where(Assignment.case_id == case_id))
        return {
            "order": {
                **_json(session, centre, order),
                "wanted_at": stamp(case.wanted_at),
                "movable": case.state in MOVABLE and (job is None or job.arrived_at is None),
                "promised": job and {"name": session.get_one(Worker, job.worker_id).name, "due_at": stamp(job.due_at)},
                "version": case.version,
            }
        }


def _json(session: Session, centre: Centre, order: Order) -> dict[str, Any]:
    item = centre.catalogue.items.get(order.item)
    worker = session.get(Worker, order.worker_id) if order.worker_id is not None else None
    return {
        "item": order.item,
        "help": item.help.value if item else None,
        "zh": item.words.zh if item else order.item,
        "en": item.words.en if item else order.item,
        "minutes": order.minutes,
        "price_fen": order.price_fen,
        "sex": order.sex,
        "worker": worker and {"id": str(worker.id), "name": worker.name},
        "wanted_until": stamp(order.wanted_until),
        "standing_id": order.standing_id and str(order.standing_id),
        "off": order.off,
        "remind_at": stamp(order.remind_at),
    }
