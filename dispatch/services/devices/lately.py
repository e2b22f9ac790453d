"""What a device said lately, as it was kept: its messages, what nobody could read of it, its last signs of life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.domain.permissions import May
from dispatch.domain.signals import SignalKind
from dispatch.domain.trial import Announcement, Kept, Meaning, Whose
from dispatch.models.devices import Device, Signal
from dispatch.models.listening import DeviceBeat
from dispatch.services.centre import Centre
from dispatch.services.devices import meanings
from dispatch.services.devices.beats import of_device
from dispatch.services.devices.scope import seen, where_it_is
from dispatch.services.privacy import sight
from dispatch.services.whereabouts import says_place

MOST = 100
MOST_ANNOUNCED = 200
NO_EVENT = (None, SignalKind.HEARTBEAT, SignalKind.RESTORE)


@dataclass(frozen=True)
class Message:
    """One message, with all that was stored of it."""

    kept: Kept
    stored: tuple[Meaning, ...]
    """Signs of life are none."""
    word: str | None
    """That nobody had mapped."""
    model: str | None
    case_id: int | None
    withheld: bool
    """What it says beside its words is not for this person: bytes may name anybody."""


@dataclass(frozen=True)
class Lately:
    number: str
    device: Device | None
    """None: nobody has registered it."""
    whose: Whose
    messages: tuple[Message, ...]
    """Oldest first."""


def lately(session: Session, centre: Centre, actor: Actor, number: str) -> Lately:
    """Raises ``NotFound`` for a device that is not this person's to see, or that nobody has ever heard of."""
    device = session.scalar(where_it_is(select(Device).where(Device.number == number, seen(actor))))
    if device is None:
        _refuse_others(session, actor, number)
    rows: list[Signal | DeviceBeat] = [
        *_signals(session, device, number),
        *_unread(session, actor, number),
        *(session.scalars(of_device(device, centre.zone)) if device is not None else ()),
    ]
    if device is None and not rows:
        raise NotFound("nobody has heard of a device with this number")
    clear = device is not None and sight.unmasked(session, actor, device.household_id)
    grouped: dict[tuple[datetime, bytes], list[Signal | DeviceBeat]] = {}
    for row in sorted(rows, key=_at):
        grouped.setdefault((_at(row), row.raw), []).append(row)
    found = [_message(group, actor, clear) for group in list(grouped.values())[-MOST:]]
    model = next((one.model for one in reversed(found) if one.model), None)
    announced = tuple(
        Announcement(one.listener, one.topic, one.payload)
        for one in meanings.announcements(session, number, MOST_ANNOUNCED)
    )
    return Lately(number, device, Whose(number, model, announced), tuple(found))


def _refuse_others(session: Session, actor: Actor, number: str) -> None:
    elsewhere = session.scalar(select(Device.id).where(Device.number == number))
    if elsewhere is not None or not actor.sight.unplaced:
        raise NotFound("there is no device with this number in your areas")


def _signals(session: Session, device: Device | None, number: str) -> Sequence[Signal]:
    of_it = (
        (Signal.device_id == device.id,)
        if device is not None
        else (Signal.device_id.is_(None), Signal.device_number == number)
    )
    return session.scalars(select(Signal).where(*of_it).order_by(Signal.received_at.desc()).limit(MOST)).all()


def _unread(session: Session, actor: Actor, number: str) -> Sequence[Signal]:
    """Words that nobody had mapped: kept for the desk, with the number of the device in them."""
    if not actor.sight.unplaced:
        return ()
    of_it = (Signal.understood.is_(False), Signal.data["device"].as_string() == number)
    return session.scalars(select(Signal).where(*of_it).order_by(Signal.received_at.desc()).limit(MOST)).all()


def _at(row: Signal | DeviceBeat) -> datetime:
    return row.received_at if isinstance(row, Signal) else row.last_at


def _message(rows: Sequence[Signal | DeviceBeat], actor: Actor, clear: bool) -> Message:
    signals = [row for row in rows if isinstance(row, Signal) and row.understood]
    unread = next((row.data for row in rows if isinstance(row, Signal) and not row.understood and row.data), {})
    told = [(SignalKind(row.kind), _text(row.data, "code")) for row in signals if row.kind not in NO_EVENT]
    ended = [(SignalKind.RESTORE, _text(row.data, "code")) for row in signals if row.kind == SignalKind.RESTORE]
    first = next((row for row in rows if not isinstance(row, Signal) or row.understood), rows[0])
    began = tuple(code.partition("=")[0] for _, code in told if code)
    says = any(says_place(row.data) for row in rows)
    return Message(
        kept=Kept(first.source, first.raw, _at(first), began),
        stored=tuple(Meaning(kind, code) for kind, code in [*told, *ended]),
        word=_text(unread, "word"),
        model=next((model for row in rows if (model := _text(row.data, "model"))), None),
        case_id=next((row.case_id for row in signals if row.case_id is not None), None),
        withheld=not actor.may(May.REVEAL) or (says and not clear),
    )


def _text(data: Any, name: str) -> str | None:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) and value else None
