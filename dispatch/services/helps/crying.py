"""A helper in danger: an urgent case about the helper, beside the one that they went for."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dispatch.domain.case import Channel, Flag, Kind
from dispatch.models.cases import Case
from dispatch.models.helps import WorkRecord
from dispatch.services.centre import Centre
from dispatch.services.helps.working import OnTheJob, Report, keep_record
from dispatch.services.lifecycle import put, record
from dispatch.services.opening import Scene, new_case

CAUSE = "staff_safety"


def cry(session: Session, centre: Centre, on: OnTheJob, report: Report) -> WorkRecord:
    row = keep_record(session, centre, on, "help", report)
    case = _open(session, centre, on, report)
    row.opened_case_id = case.id
    on.note(session, "helper_help", report, case=str(case.id))
    return row


def _open(session: Session, centre: Centre, on: OnTheJob, report: Report) -> Case:
    """It has no home of its own: the elder's may be in an emergency already, and this is another one."""
    case = new_case(
        centre,
        kind=Kind.EMERGENCY,
        cause=CAUSE,
        channel=Channel.APP,
        priority=1,
        at=on.now,
        scene=Scene(area_id=on.case.area_id),
    )
    case.caller = on.worker.phone
    put(case, Flag.STAFF_SAFETY)
    session.add(case)
    session.flush()
    data = {"kind": CAUSE, "of": on.worker.name, "from": str(on.case.id)}
    record(session, case, "opened", on.actor, on.now, channel=report.channel, data=data)
    session.flush()
    return case
