"""A case comes to its end: nobody is called for it any more, and no promise is waited for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.models.cases import Case
from dispatch.services.centre import Centre
from dispatch.services.helps import ending as helps
from dispatch.services.response import calling, promises
from dispatch.services.response.promises import Ending


def settle(session: Session, centre: Centre, case: Case, actor: Actor, now: datetime) -> None:
    calling.settle(session, case, now, reason="closed")
    helps.settle(session, centre, case, actor, now)
    for arrival in promises.open_of(session, case.id):
        promises.end(session, case, arrival, Ending(ArrivalState.CANCELLED, actor, now))


def put_aside(session: Session, centre: Centre, case: Case, now: datetime) -> None:
    calling.settle(session, case, now, reason="held")
    helps.put_aside(session, centre, case, now)


def hand_to(session: Session, centre: Centre, case: Case, target: Case, now: datetime) -> None:
    """Merged: whoever is on the way is on the way to the other case."""
    calling.settle(session, case, now, reason="merged")
    helps.hand_to(session, centre, case, target, now)
    for arrival in promises.open_of(session, case.id):
        arrival.case_id = target.id
    promises.show(session, case)
    promises.show(session, target)
