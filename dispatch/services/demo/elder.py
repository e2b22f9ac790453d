"""What the elder who pressed the demo's red button may know of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from dispatch.domain.case import IN_HAND, State
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.people import User
from dispatch.services.centre import Centre

REMEMBERED = timedelta(minutes=15)
"""For how long "settled" is shown before the page is quiet again."""


class Phase(StrEnum):
    QUIET = "quiet"
    RECEIVED = "received"
    IN_HAND = "in_hand"
    SETTLED = "settled"


def elder_state(centre: Centre, device_number: str, now: datetime) -> tuple[Phase, str | None]:
    """How far the newest case of the device's home is, and who at the desk has it."""
    with centre.database.reads() as session:
        home = select(Device.household_id).where(Device.number == device_number).scalar_subquery()
        found = session.execute(
            select(Case, User.name)
            .outerjoin(User, User.id == Case.owner_id)
            .where(Case.household_id == home)
            .order_by(Case.id.desc())
            .limit(1)
        ).first()
    if found is None:
        return Phase.QUIET, None
    case, owner = found
    if State(case.state) in IN_HAND:
        return Phase.IN_HAND, owner
    if case.state == State.NEW:
        return Phase.RECEIVED, None
    return (Phase.SETTLED if now - case.changed_at < REMEMBERED else Phase.QUIET), None
