"""One device closely: its last signals, how it breathes, what its false alarms were."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device, DeviceTask, Signal
from dispatch.models.privacy import RestrictedCase
from dispatch.services.centre import Centre
from dispatch.services.devices import register
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
        "battery": [
            {"at": stamp(s.received_at), "percent": s.data["battery"]}
            for s in reversed(signals)
            if isinstance(s.data, dict) and type(s.data.get("battery")) is int
        ],
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
    text = signal.raw[:4000].decode("utf-8", "replace").replace("\0", "\ufffd")
    return {"id": str(signal.id), "source": signal.source, "size": signal.raw_size, "raw_text": text}
