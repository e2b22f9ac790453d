"""On test: for a while, with a reason, what a device sends wakes nobody; then it counts again, by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.models.devices import Device, Signal
from dispatch.services.centre import Centre
from dispatch.services.devices.scope import Doing, own, seen, where_it_is
from dispatch.services.intake import ON_TEST
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact

SHOWN = timedelta(hours=24)
LIMIT = 100


def put_on_test(centre: Centre, doing: Doing, device_id: int, *, until: datetime, reason: str) -> None:
    """Raises ``Invalid`` beyond the longest time of ``config/devices.yaml``, or without a reason."""
    longest = centre.devices.longest_test
    if not doing.now < until <= doing.now + longest + timedelta(minutes=1):
        hours = longest.total_seconds() / 3600
        raise Invalid("until", "out-of-range", f"choose a time within the next {hours:g} hours")
    if not reason.strip():
        raise Invalid("reason", "required", "say why this device is tested")

    def work(session: Session) -> None:
        device = own(session, doing, device_id)
        device.on_test_since, device.on_test_until = doing.now, until
        device.on_test_reason, device.on_test_by = reason, doing.actor.user_id
        device.version += 1
        deed = Deed("on_test", Subject("device", device_id), reason=reason, data={"until": stamp(until)})
        write(session, doing.actor, deed, doing.now)

    transact(centre, work)


def end_test(centre: Centre, doing: Doing, device_id: int) -> None:
    """Back at once."""

    def work(session: Session) -> None:
        device = own(session, doing, device_id)
        device.on_test_since = device.on_test_until = device.on_test_reason = device.on_test_by = None
        device.version += 1
        write(session, doing.actor, Deed("test_ended", Subject("device", device_id)), doing.now)

    transact(centre, work)


def urgent_while_on_test(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What would have been urgent and woke nobody, of the last day: it must not be overlooked that it was a test."""
    urgent = [kind.value for kind, priority in centre.priorities.items() if priority == 1]
    statement: Any = select(Signal, Device.id).join(Device, Device.id == Signal.device_id)
    with centre.database.reads() as session:
        found = session.execute(
            where_it_is(statement)
            .where(
                Signal.received_at > now - SHOWN,
                Signal.kind != "heartbeat",
                Signal.kind.in_(urgent),
                Signal.reason == ON_TEST,
                seen(actor),
            )
            .order_by(Signal.received_at.desc())
            .limit(LIMIT)
        ).all()
    return [
        {
            "signal_id": str(signal.id),
            "kind": signal.kind,
            "received_at": stamp(signal.received_at),
            "device": {"id": str(device_id), "number": signal.device_number},
        }
        for signal, device_id in found
    ]
