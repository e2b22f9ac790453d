"""One device closely: its last signals, how it breathes, what its false alarms were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device, DeviceTask, Signal
from dispatch.models.listening import DeviceBeat
from dispatch.models.privacy import RestrictedCase
from dispatch.services.centre import Centre
from dispatch.services.devices import register
from dispatch.services.devices.beats import KEPT
from dispatch.services.devices.scope import seen, where_it_is
from dispatch.services.intake import ON_TEST
from dispatch.services.rows import stamp
from dispatch.services.whereabouts import without_place

LAST = 100
TREND = 500
FALSE_ALARMS = 5
BREATH = timedelta(days=14)


def page(centre: Centre, actor: Actor, device_id: int, now: datetime) -> dict[str, Any]:
    """Everything on one device in one answer. Raises ``NotFound``."""
    found = register.device(centre, actor, device_id, now)
    with centre.database.reads() as session:
        latest = session.execute(
            select(Signal.id, Signal.kind, Signal.received_at, Signal.data, Signal.case_id, Signal.reason)
            .where(Signal.device_id == device_id, Signal.received_at > now - BREATH)
            .order_by(Signal.received_at.desc())
            .limit(TREND)
        ).all()
        older = [] if latest else _older(session, device_id)
        days = _days(session, centre, device_id, now)
        tasks = session.scalars(
            select(DeviceTask).where(DeviceTask.device_id == device_id).order_by(DeviceTask.id.desc()).limit(20)
        ).all()
        false_alarms = session.execute(
            select(Case.id, Case.closed_at, Case.cause, CaseEvent.text)
            .join(CaseEvent, (CaseEvent.case_id == Case.id) & (CaseEvent.kind == "closed"))
            .outerjoin(RestrictedCase, RestrictedCase.case_id == Case.id)
            .where(
                Case.origin_device == found["number"],
                Case.outcome == "false_alarm",
                RestrictedCase.case_id.is_(None),
            )
            .order_by(Case.id.desc(), CaseEvent.id.desc())
            .limit(FALSE_ALARMS)
        ).all()
    signals = latest or older
    return {
        "device": found,
        "signals": [
            {
                "id": str(s.id),
                "kind": s.kind,
                "received_at": stamp(s.received_at),
                "data": without_place({"data": s.data})["data"],
                "case_id": s.case_id and str(s.case_id),
                "test": s.reason == ON_TEST or s.kind == "test",
            }
            for s in signals[:LAST]
        ],
        "beats": [stamp(s.received_at) for s in reversed(latest)],
        "days": [
            {
                "day": day.day.isoformat(),
                "beats": day.beats,
                "first_at": stamp(day.first_at),
                "last_at": stamp(day.last_at),
                "battery_least": day.battery_least,
            }
            for day in days
        ],
        "last_beat": _last_beat(days[-1]) if days else None,
        "battery": _battery(signals, days),
        "tasks": [
            {
                "id": str(task.id),
                "kind": task.kind,
                "since": stamp(task.since),
                "closed_at": stamp(task.closed_at),
                "closed_by": task.closed_by,
                "note": task.note,
            }
            for task in tasks
        ],
        "false_alarms": [
            {"case_id": str(case_id), "closed_at": stamp(closed_at), "cause": cause, "text": text}
            for case_id, closed_at, cause, text in false_alarms
        ],
    }


def _days(session: Session, centre: Centre, device_id: int, now: datetime) -> list[DeviceBeat]:
    """The folded heartbeats. By its days, since the key begins with the day: thousands of devices write today's."""
    today = now.astimezone(centre.zone).date()
    days = [today - timedelta(days=back) for back in range(KEPT.days)]
    statement = select(DeviceBeat).where(DeviceBeat.day.in_(days), DeviceBeat.device_id == device_id)
    return list(session.scalars(statement.order_by(DeviceBeat.day)))


def _last_beat(day: DeviceBeat) -> dict[str, Any]:
    return {
        "at": stamp(day.last_at),
        "source": day.source,
        "data": day.data,
        "raw_text": _text(day.raw),
    }


def _battery(signals: Sequence[Any], days: Sequence[DeviceBeat]) -> list[dict[str, Any]]:
    """Of a day's heartbeats the last one."""
    told = [
        (s.received_at, s.data["battery"])
        for s in signals
        if isinstance(s.data, dict) and type(s.data.get("battery")) is int
    ]
    told += [(day.last_at, day.battery) for day in days if day.battery is not None]
    return [{"at": stamp(at), "percent": percent} for at, percent in sorted(told, key=lambda point: point[0])]


def _text(raw: bytes) -> str:
    return raw[:4000].decode("utf-8", "replace").replace("\0", "\ufffd")


def _older(session: Any, device_id: int) -> list[Any]:
    return list(
        session.execute(
            select(Signal.id, Signal.kind, Signal.received_at, Signal.data, Signal.case_id, Signal.reason)
            .where(Signal.device_id == device_id)
            .order_by(Signal.received_at.desc())
            .limit(LAST)
        ).all()
    )


def raw(centre: Centre, actor: Actor, device_id: int, signal_id: str) -> dict[str, Any]:
    """The bytes of one signal as they came. Raises ``NotFound``."""
    try:
        wanted = UUID(signal_id)
    except ValueError:
        raise NotFound("there is no such signal of this device") from None
    statement: Any = select(Signal).join(Device, Device.id == Signal.device_id)
    with centre.database.reads() as session:
        signal = session.scalar(where_it_is(statement).where(Signal.id == wanted, Device.id == device_id, seen(actor)))
    if signal is None:
        raise NotFound("there is no such signal of this device")
    return {"id": str(signal.id), "source": signal.source, "size": signal.raw_size, "raw_text": _text(signal.raw)}
