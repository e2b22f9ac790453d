"""One device closely: what has been done about it, and what its false alarms were."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from dispatch.domain.actor import Actor
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import DeviceTask
from dispatch.models.privacy import RestrictedCase
from dispatch.services.centre import Centre
from dispatch.services.devices import register
from dispatch.services.devices.breath import heard_today
from dispatch.services.rows import stamp

FALSE_ALARMS = 5


def page(centre: Centre, actor: Actor, device_id: int, now: datetime) -> dict[str, Any]:
    """Everything on one device in one answer. Raises ``NotFound``."""
    found = register.device(centre, actor, device_id, now)
    with centre.database.reads() as session:
        tasks = session.scalars(
            select(DeviceTask).where(DeviceTask.device_id == device_id).order_by(DeviceTask.id.desc()).limit(20)
        ).all()
        today = heard_today(session, centre, device_id, now)
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
    return {
        "device": found,
        "messages_today": today,
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
