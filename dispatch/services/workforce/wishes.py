"""An elder wants to be helped by somebody, or does not want them again: kept with who wrote it down."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, NotFound
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.workforce import Station, Wish, Worker
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act
from dispatch.services.workforce import scope


def of_elder(centre: Centre, elder_id: int, actor: Actor) -> Answer:
    """Raises ``NotFound``."""
    with centre.database.reads() as session:
        elder = elder_within(session, elder_id, actor)
        found = session.execute(
            select(Wish, Worker, Station.name)
            .join(Worker, Worker.id == Wish.worker_id)
            .outerjoin(Station, Station.id == Worker.station_id)
            .where(Wish.elder_id == elder.id)
            .order_by(Wish.wanted.desc(), Wish.at.desc())
        ).all()
        items = [
            _json(wish)
            | {
                "worker": {
                    "id": str(worker.id),
                    "name": worker.name,
                    "kind": worker.kind,
                    "station": station,
                    "active": worker.active,
                }
            }
            for wish, worker, station in found
        ]
    return {"items": items, "next_cursor": None}


def of_helper(centre: Centre, worker_id: int, actor: Actor) -> Answer:
    """Of the elders whom the actor may see. Raises ``NotFound``."""
    with centre.database.reads() as session:
        worker = scope.helper_within(session, worker_id, actor)
        found = session.execute(
            select(Wish, Elder.id, Elder.name, Area.name)
            .join(Elder, Elder.id == Wish.elder_id)
            .join(Household, Household.id == Elder.household_id)
            .join(Area, Area.id == Household.area_id)
            .where(Wish.worker_id == worker.id, inside(actor.paths))
            .order_by(Wish.wanted.desc(), Wish.at.desc())
        ).all()
        items = [
            _json(wish) | {"elder": {"id": str(elder_id), "name": name, "area": area}}
            for wish, elder_id, name, area in found
        ]
    return {"items": items, "next_cursor": None}


def record(centre: Centre, elder_id: int, worker_id: int, act: Act, *, wanted: bool) -> Answer:
    """Said again it replaces what was said before. Raises ``NotFound`` and ``Invalid``."""

    def work(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        if session.scalar(select(Worker.id).where(Worker.id == worker_id)) is None:
            raise Invalid("worker", "unknown", "there is no such helper")
        wish = session.get(Wish, (elder.id, worker_id))
        if wish is None:
            wish = Wish(elder_id=elder.id, worker_id=worker_id)
            session.add(wish)
        wish.wanted, wish.at, wish.recorded_by = wanted, act.now, act.actor.name
        _write(session, act, "wish_recorded", wish)
        session.flush()
        return _json(wish)

    return once(centre, act, f"elder:{elder_id}:wish:{worker_id}", work)


def forget(centre: Centre, elder_id: int, worker_id: int, act: Act) -> Answer:
    def work(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        wish = session.get(Wish, (elder.id, worker_id))
        if wish is None:
            raise NotFound("nothing is written down about these two")
        session.delete(wish)
        _write(session, act, "wish_withdrawn", wish)
        session.flush()
        return {}

    return once(centre, act, f"elder:{elder_id}:wish:{worker_id}", work)


def _write(session: Session, act: Act, action: str, wish: Wish) -> None:
    data = {"worker": str(wish.worker_id), "wanted": wish.wanted}
    trail.write(session, act.actor, Deed(action, Subject("elder", wish.elder_id), data=data), act.now)


def _json(wish: Wish) -> dict[str, Any]:
    return {"wanted": wish.wanted, "at": stamp(wish.at), "recorded_by": wish.recorded_by}
