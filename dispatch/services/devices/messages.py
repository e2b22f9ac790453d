"""The messages of a device as they came and as they were understood."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.permissions import May
from dispatch.domain.signals import printable
from dispatch.models.devices import Device, Signal
from dispatch.models.listening import DeviceBeat
from dispatch.services.centre import Centre
from dispatch.services.devices.beats import of_device
from dispatch.services.devices.scope import seen, where_it_is
from dispatch.services.intake import ON_TEST
from dispatch.services.privacy import sight
from dispatch.services.rows import stamp
from dispatch.services.whereabouts import says_place, without_place

SHOWN = 4000
"""Of the bytes of one message; the rest is kept."""


def messages(centre: Centre, actor: Actor, device_id: int, limit: int, cursor: str | None) -> dict[str, Any]:
    """Newest first; with the first page the last heartbeat that was folded. Raises ``NotFound``."""
    with centre.database.reads() as session:
        device = _device(session, actor, device_id)
        clear = sight.unmasked(session, actor, device.household_id)
        statement = select(Signal).where(Signal.device_id == device_id)
        found = session.scalars(newest_first(session, statement, cursor).limit(limit + 1)).all()
        beat = None if cursor else session.scalar(of_device(device, centre.zone).limit(1))
        return {
            "items": [_shown(one, clear) for one in found[:limit]],
            "next_cursor": str(found[limit - 1].id) if len(found) > limit else None,
            "last_beat": beat and _beat(beat, actor, clear),
        }


def raw(centre: Centre, actor: Actor, device_id: int, signal_id: str) -> dict[str, Any]:
    """The bytes of one message as they came. Raises ``NotFound``."""
    try:
        wanted = UUID(signal_id)
    except ValueError:
        raise NotFound("there is no such signal of this device") from None
    with centre.database.reads() as session:
        device = _device(session, actor, device_id)
        signal = session.scalar(select(Signal).where(Signal.id == wanted, Signal.device_id == device_id))
        if signal is None:
            raise NotFound("there is no such signal of this device")
        clear = sight.unmasked(session, actor, device.household_id)
        return {"id": str(signal.id), "source": signal.source, **raw_of(signal, actor, clear)}


def raw_of(message: Signal | DeviceBeat, actor: Actor, clear: bool) -> dict[str, Any]:
    """As text where it is text, and as hexadecimal digits.

    Withheld from whoever may reveal nothing (bytes may name anybody), and where it says a place from whoever may not
    see the door either.
    """
    size = message.raw_size if isinstance(message, Signal) else len(message.raw)
    if not actor.may(May.REVEAL) or (says_place(message.data) and not clear):
        return {"size": size, "withheld": True, "raw_text": None, "raw_hex": None}
    return {
        "size": size,
        "withheld": False,
        "raw_text": printable(message.raw[:SHOWN], cut=len(message.raw) > SHOWN),
        "raw_hex": message.raw[:SHOWN].hex(),
    }


def newest_first(session: Session, statement: Select[Any], cursor: str | None) -> Select[Any]:
    """After the message with this id. Raises ``Invalid`` for an id that is none."""
    statement = statement.order_by(Signal.received_at.desc(), Signal.id.desc())
    if cursor is None:
        return statement
    try:
        last = session.get(Signal, UUID(cursor))
    except ValueError:
        last = None
    if last is None:
        raise Invalid("cursor", "unknown", "start again from the first page")
    same = (Signal.received_at == last.received_at) & (Signal.id < last.id)
    return statement.where(or_(Signal.received_at < last.received_at, same))


def _device(session: Session, actor: Actor, device_id: int) -> Device:
    statement: Any = select(Device).where(Device.id == device_id, seen(actor))
    device: Device | None = session.scalar(where_it_is(statement))
    if device is None:
        raise NotFound(f"there is no device {device_id} in your areas")
    return device


def _data(data: dict[str, Any] | None, clear: bool) -> Any:
    return data if clear else without_place({"data": data})["data"]


def _shown(signal: Signal, clear: bool) -> dict[str, Any]:
    off = None if signal.occurred_at is None else round((signal.occurred_at - signal.received_at).total_seconds())
    return {
        "id": str(signal.id),
        "kind": signal.kind,
        "event_id": signal.event_id,
        "received_at": stamp(signal.received_at),
        "occurred_at": stamp(signal.occurred_at),
        "clock_seconds": off,
        "clock_off": signal.clock_off,
        "source": signal.source,
        "spooled": signal.spooled,
        "test": signal.reason == ON_TEST or signal.kind == "test",
        "data": _data(signal.data, clear),
        "size": signal.raw_size,
        "case_id": signal.case_id and str(signal.case_id),
    }


def _beat(beat: DeviceBeat, actor: Actor, clear: bool) -> dict[str, Any]:
    return {
        "at": stamp(beat.last_at),
        "day": beat.day.isoformat(),
        "beats": beat.beats,
        "source": beat.source,
        "data": _data(beat.data, clear),
        **raw_of(beat, actor, clear),
    }
