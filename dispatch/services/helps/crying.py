"""A helper in danger: an urgent case about the helper, beside the one that they went for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Channel, Flag, Kind
from dispatch.models.cases import Case
from dispatch.models.helps import WorkRecord
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps.working import OnTheJob, Report, keep_record
from dispatch.services.lifecycle import put, record
from dispatch.services.opening import Scene, new_case

CAUSE = "staff_safety"


def cry(session: Session, centre: Centre, on: OnTheJob, report: Report) -> WorkRecord:
    row = keep_record(session, centre, on, "help", report)
    data = {"from": str(on.case.id)}
    case = in_danger(session, centre, Cry(on.worker, on.actor, on.case.area_id, on.now, report.channel, data))
    row.opened_case_id = case.id
    on.note(session, "helper_help", report, case=str(case.id))
    return row


@dataclass(frozen=True)
class Cry:
    worker: Worker
    actor: Actor
    area_id: int | None
    now: datetime
    channel: str = "app"
    data: dict[str, Any] = field(default_factory=dict)
    """Where they went for it."""


def in_danger(session: Session, centre: Centre, cry: Cry) -> Case:
    """It has no home of its own: the elder's may be in an emergency already, and this is another one."""
    case = new_case(
        centre,
        kind=Kind.EMERGENCY,
        cause=CAUSE,
        channel=Channel.APP,
        priority=1,
        at=cry.now,
        scene=Scene(area_id=cry.area_id),
    )
    case.caller = cry.worker.phone
    put(case, Flag.STAFF_SAFETY)
    session.add(case)
    session.flush()
    data = {"kind": CAUSE, "of": cry.worker.name, **cry.data}
    record(session, case, "opened", cry.actor, cry.now, channel=cry.channel, data=data)
    session.flush()
    return case
