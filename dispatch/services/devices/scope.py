"""Which devices somebody may see, and one of them to act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound, VersionConflict
from dispatch.domain.permissions import May
from dispatch.models.devices import Device
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside

Gateway = aliased(Device, name="its_gateway")


@dataclass(frozen=True)
class Doing:
    """Who does something about a device, and when."""

    actor: Actor
    now: datetime


def where_it_is(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join to ``devices`` the home, its area (or the area of a device without a home) and the elder."""
    return (
        statement.outerjoin(Household, Household.id == Device.household_id)
        .outerjoin(Area, Area.id == func.coalesce(Household.area_id, Device.area_id))
        .outerjoin(Elder, Elder.id == Device.elder_id)
    )


def seen(actor: Actor) -> ColumnElement[bool]:
    """Inside the actor's areas; what is nowhere yet belongs to the desk."""
    if actor.may(May.CASES_UNPLACED):
        return or_(inside(actor.paths), and_(Device.household_id.is_(None), Device.area_id.is_(None)))
    return inside(actor.paths)


def reachable(session: Session, doing: Doing, device_id: int) -> Device:
    """The device as it is. Raises ``NotFound``."""
    statement: Select[*tuple[Any, ...]] = select(Device).where(Device.id == device_id, seen(doing.actor))
    device: Device | None = session.scalar(where_it_is(statement))
    if device is None:
        raise NotFound(f"there is no device {device_id} in your areas")
    return device


def own(session: Session, doing: Doing, device_id: int, version: int | None = None) -> Device:
    """The device, locked. Raises ``NotFound``, or ``VersionConflict`` when the actor saw an older one."""
    reachable(session, doing, device_id)
    device = session.scalars(
        select(Device).where(Device.id == device_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if version is not None and version != device.version:
        raise VersionConflict("somebody changed this device in the meantime: look again", version=device.version)
    return device
