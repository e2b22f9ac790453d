"""An elder whom this actor may touch, and a change that is made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, NotFound
from dispatch.models.care import AnsweredAct
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.services.centre import Centre
from dispatch.services.transact import transact
from dispatch.services.work import Act

Answer = dict[str, Any]


def elder_within(session: Session, elder_id: int, actor: Actor, *, lock: bool = False) -> Elder:
    """Raises ``NotFound`` when there is none in the actor's areas. ``lock``: what follows is decided one at a time."""
    statement = (
        select(Elder)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Elder.id == elder_id, inside(actor.paths))
    )
    if lock:
        statement = statement.with_for_update(of=Elder).execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        raise NotFound(f"there is no elder {elder_id} in your areas")
    return found


def once(centre: Centre, act: Act, subject: str, work: Callable[[Session], Answer]) -> Answer:
    """Run ``work`` in one transaction; under the same idempotency key again nothing is done and the answer is the same.

    Raises ``Conflict`` for a key that was used for something else.
    """

    def attempt(session: Session) -> Answer:
        if act.key is not None:
            done = session.get(AnsweredAct, (act.actor.key, act.key))
            if done is not None and done.subject != subject:
                raise Conflict("this Idempotency-Key was used for another change: send a new one")
            if done is not None:
                return done.answer
        answer = work(session)
        if act.key is not None:
            session.add(AnsweredAct(actor=act.actor.key, key=act.key, at=act.now, subject=subject, answer=answer))
        session.flush()
        return answer

    return transact(centre, attempt)


def today(centre: Centre, now: datetime) -> date:
    """The day it is where the centre is."""
    return now.astimezone(centre.zone).date()


def begins(centre: Centre, day: date) -> datetime:
    """The moment at which a local day begins."""
    return datetime.combine(day, time.min, centre.zone).astimezone(UTC)
