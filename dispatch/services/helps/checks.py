"""Visits whose proof is odd: the list for whoever checks, and what they decide."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Trigger
from dispatch.domain.errors import Conflict, NotFound
from dispatch.models.cases import Case
from dispatch.models.followup import LateEntry, VisitCheck
from dispatch.models.helps import Assignment, WorkPhoto, WorkRecord
from dispatch.models.people import Elder
from dispatch.models.places import Area
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.followup import complaints
from dispatch.services.followup.complaints import Subject
from dispatch.services.lifecycle import move, record
from dispatch.services.rows import Row, must_see, stamp, visible
from dispatch.services.work import Act, perform


class Decision(StrEnum):
    ACCEPTED = "accepted"
    COMPLAINT = "complaint"
    """To be looked into, with deadlines."""
    TALK = "talk"
    """To be spoken of with the helper."""


def checks(centre: Centre, actor: Actor, state: str, page: PageOf) -> dict[str, Any]:
    """Those that are ``open``, oldest first; or decided, newest first. The cursor is an offset."""
    start, limit = page.before or 0, page.limit
    is_open = VisitCheck.state == "open"
    order = VisitCheck.opened_at if state == "open" else VisitCheck.decided_at.desc()
    base = (
        select(VisitCheck, Case.kind, Case.help, Worker.name.label("w"), Elder.name.label("e"), Area.name.label("a"))
        .join(Case, Case.id == VisitCheck.case_id)
        .join(Worker, Worker.id == VisitCheck.worker_id)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Area, Area.id == Case.area_id)
    )
    counted = select(func.count()).select_from(VisitCheck).join(Case, Case.id == VisitCheck.case_id)
    counted = counted.outerjoin(Area, Area.id == Case.area_id)
    shown = visible(base.where(is_open if state == "open" else ~is_open), actor)
    with centre.database.reads() as session:
        found = session.execute(shown.order_by(order, VisitCheck.id).offset(start).limit(limit + 1)).all()
        total = session.scalar(visible(counted.where(is_open), actor))
    items = [_json(row.VisitCheck, row, row.w, row.e, row.a) for row in found[:limit]]
    return {"items": items, "next_cursor": str(start + limit) if len(found) > limit else None, "total": total}


def _json(row: VisitCheck, case: Any, worker: str, elder: str | None, area: str | None) -> Row:
    """``case``: whatever has its ``kind`` and ``help``."""
    return {
        "id": str(row.id),
        "assignment_id": str(row.assignment_id),
        "case_id": str(row.case_id),
        "kind": case.kind,
        "help": case.help,
        "worker": {"id": str(row.worker_id), "name": worker},
        "elder": elder,
        "area": area,
        "state": row.state,
        "flags": row.flags,
        "opened_at": stamp(row.opened_at),
        "decided_at": stamp(row.decided_at),
        "decided_by": row.decided_by,
        "reason": row.reason,
        "complaint_case_id": row.complaint_case_id and str(row.complaint_case_id),
        "version": row.version,
    }


def decide(centre: Centre, check_id: int, act: Act, decision: Decision, reason: str) -> dict[str, Any]:
    """Accepted, or to be looked into. Raises ``Conflict`` when somebody has decided since."""
    case_id = _case_of(centre, check_id)

    def change(session: Session, case: Case) -> None:
        row = session.get_one(VisitCheck, check_id, with_for_update=True, populate_existing=True)
        if row.state != "open" or (act.version is not None and act.version != row.version):
            raise Conflict(f"{row.decided_by or 'somebody'} was first", state=row.state, version=row.version)
        row.state, row.reason = decision, reason
        row.decided_at, row.decided_by = act.now, act.actor.name
        row.version += 1
        data = {"decision": decision.value, "flags": row.flags, "who": session.get_one(Worker, row.worker_id).name}
        if decision is Decision.COMPLAINT:
            subject = Subject(case, row.worker_id, reason)
            row.complaint_case_id = complaints.about(session, centre, subject, act.actor, act.now).id
            data["case"] = str(row.complaint_case_id)
        move(case, Trigger.NOTE)
        record(session, case, "visit_checked", act.actor, act.now, text=reason, data=data)

    # The version is the check's and not the case's.
    perform(centre, case_id, act, change, any_version=True)
    return one(centre, check_id, act.actor)


def _case_of(centre: Centre, check_id: int) -> int:
    with centre.database.reads() as session:
        row = session.get(VisitCheck, check_id)
        if row is None:
            raise NotFound(f"there is no visit {check_id} to check")
        return row.case_id


def one(centre: Centre, check_id: int, actor: Actor) -> Row:
    with centre.database.reads() as session:
        row = session.get(VisitCheck, check_id)
        if row is None:
            raise NotFound(f"there is no visit {check_id} to check")
        must_see(session, row.case_id, actor)
        case = session.get_one(Case, row.case_id)
        elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
        area = session.get(Area, case.area_id) if case.area_id is not None else None
        worker = session.get_one(Worker, row.worker_id)
        names = (elder.name if elder is not None else None, area.name if area is not None else None)
        return _json(row, case, worker.name, *names)


def evidence(centre: Centre, case_id: int, actor: Actor) -> dict[str, Any]:
    """Every visit of a case with what proves it: times by three clocks, distance, card, pictures, late entries."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        jobs = session.scalars(select(Assignment).where(Assignment.case_id == case_id).order_by(Assignment.id)).all()
        return {
            "items": [_visit(session, job) for job in jobs],
            "radius_m": centre.matching.evidence.radius_m,
            "accuracy_m": centre.matching.evidence.accuracy_m,
        }


def _visit(session: Session, job: Assignment) -> Row:
    worker = session.get_one(Worker, job.worker_id)
    records = session.scalars(select(WorkRecord).where(WorkRecord.assignment_id == job.id).order_by(WorkRecord.id))
    photos = session.scalars(select(WorkPhoto).where(WorkPhoto.assignment_id == job.id).order_by(WorkPhoto.id))
    late = session.scalars(select(LateEntry).where(LateEntry.assignment_id == job.id).order_by(LateEntry.id))
    check = session.scalar(select(VisitCheck).where(VisitCheck.assignment_id == job.id))
    return {
        "assignment_id": str(job.id),
        "worker": {"id": str(worker.id), "name": worker.name},
        "state": job.state,
        "arrived_at": stamp(job.arrived_at),
        "completed_at": stamp(job.completed_at),
        "flags": job.flags,
        "records": [_record(row) for row in records],
        "photos": [{"id": str(p.id), "at": stamp(p.device_at), "flags": p.flags} for p in photos],
        "late_entries": [late_json(row) for row in late],
        "check": check and {"id": str(check.id), "state": check.state, "by": check.decided_by, "reason": check.reason},
    }


def _record(row: WorkRecord) -> Row:
    return {
        "kind": row.kind,
        "channel": row.channel,
        "at": stamp(row.device_at),
        "clock_at": stamp(row.clock_at),
        "received_at": stamp(row.received_at),
        "distance_m": None if row.distance_m is None else round(row.distance_m),
        "accuracy_m": None if row.accuracy_m is None else round(row.accuracy_m),
        "card": row.card,
        "done": row.done,
        "ok": row.ok,
        "note": row.note,
        "flags": row.flags,
    }


def late_json(row: LateEntry) -> Row:
    return {
        "id": str(row.id),
        "assignment_id": str(row.assignment_id),
        "arrived_at": stamp(row.arrived_at),
        "completed_at": stamp(row.completed_at),
        "reason": row.reason,
        "state": row.state,
        "entered_at": stamp(row.entered_at),
        "entered_by": row.entered_name,
        "decided_at": stamp(row.decided_at),
        "decided_by": row.decided_by,
        "decided_reason": row.decided_reason,
    }
