"""Devices that were registered by the thousand get what they had said before, and the cases that wait because of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import OPEN, Kind
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services.centre import Centre
from dispatch.services.devices.scope import Doing
from dispatch.services.devices.sweep import queue_up, sweep_in
from dispatch.services.transact import transact

log = structlog.get_logger()
AT_ONCE = 1000


def bring_home(centre: Centre, now: datetime, by: Actor = SYSTEM) -> int:
    """Sweep in whatever is still strange of a registered device; returns of how many devices.

    A transaction for each, as where somebody registers it by hand: no case is locked while thousands of others are
    looked after. Whatever dies before its turn is found by the next round of the devices.
    """
    with centre.database.reads() as session:
        found = _strays(session)
    for device_id in found:
        try:
            transact(centre, partial(_bring, centre=centre, doing=Doing(by, now), device_id=device_id))
        except Exception:  # one that cannot be handled must not keep the others outside
            log.exception("stray_not_home", device_id=device_id)
    return len(found)


def _strays(session: Session) -> list[int]:
    """By the small index of strange signals and by the few open cases, never by all devices."""
    speaks = (
        select(Device.id)
        .join(Signal, Signal.device_number == Device.number)
        .where(Signal.device_id.is_(None), Signal.device_number.is_not(None), Device.retired_at.is_(None))
    )
    waits = (
        select(Device.id)
        .join(Case, Case.origin_device == Device.number)
        .where(Case.household_id.is_(None), Case.kind == Kind.EMERGENCY, Case.state.in_(OPEN))
        .where(Device.household_id.is_not(None), Device.retired_at.is_(None))
    )
    return sorted({*session.scalars(speaks.distinct().limit(AT_ONCE)), *session.scalars(waits.limit(AT_ONCE))})


def _bring(session: Session, centre: Centre, doing: Doing, device_id: int) -> None:
    number = session.scalar(select(Device.number).where(Device.id == device_id))
    queue_up(session, centre, number)
    device = session.scalar(select(Device).where(Device.id == device_id).with_for_update())
    if device is not None:
        sweep_in(session, centre, doing, device)
