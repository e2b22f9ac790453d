"""What one console is told every ten seconds, in answer to where its person is: what waits for this person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.cases import Case
from dispatch.models.floor import CallBack, Handover
from dispatch.models.people import Elder, User
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.floor import broadcasts, positions
from dispatch.services.floor.callbacks import callback_json
from dispatch.services.floor.handover import concerns, summary
from dispatch.services.floor.handover_items import UNFINISHED
from dispatch.services.floor.positions import Beat
from dispatch.services.rows import visible


def beat(centre: Centre, actor: Actor, said: Beat, now: datetime) -> dict[str, Any]:
    """Note the position, and answer with what waits for this person."""
    position = positions.beat(centre, actor, said, now)
    with centre.database.reads() as session:
        return {
            **position,
            "viewers": positions.viewers(session, centre, said.viewing, actor, now) if said.viewing else [],
            "callbacks": _callbacks(session, actor),
            "broadcasts": broadcasts.waiting_for(session, actor, now),
            "handovers": _handovers(session, actor),
        }


def _callbacks(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """My own promises, and those of others that everybody was told of."""
    wanted = (CallBack.promised_by == actor.user_id) | CallBack.late_at.is_not(None)
    statement = (
        select(CallBack, Case, Elder.name, User.name)
        .join(Case, Case.id == CallBack.case_id)
        .join(User, User.id == CallBack.promised_by)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(CallBack.state == "open", wanted)
        .order_by(CallBack.due_at, CallBack.id)
        .limit(50)
    )
    return [callback_json(*found) for found in session.execute(visible(statement, actor))]


def _handovers(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Unfinished ones: my own, and those that are left to me or to whoever comes."""
    found = session.scalars(select(Handover).where(Handover.state.in_(UNFINISHED)).order_by(Handover.id))
    mine = [h for h in found if h.from_id == actor.user_id or (h.state == "offered" and concerns(session, h, actor))]
    return [summary(session, h, actor) for h in mine]
