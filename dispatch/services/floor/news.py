"""What one console is told every ten seconds, in answer to where its person is: what waits for this person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.floor import CallBack, Handover
from dispatch.services.centre import Centre
from dispatch.services.floor import broadcasts, callbacks, positions
from dispatch.services.floor.handover import concerns, summary
from dispatch.services.floor.handover_items import UNFINISHED
from dispatch.services.floor.positions import Beat


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
    mine_or_late = (CallBack.promised_by == actor.user_id) | CallBack.late_at.is_not(None)
    return callbacks.listed(session, actor, (CallBack.state == "open") & mine_or_late, 50)


def _handovers(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Unfinished ones: my own, and those that are left to me or to whoever comes."""
    found = session.scalars(select(Handover).where(Handover.state.in_(UNFINISHED)).order_by(Handover.id))
    mine = [h for h in found if h.from_id == actor.user_id or (h.state == "offered" and concerns(session, h, actor))]
    return [summary(session, h, actor) for h in mine]
