"""A visit that is written down afterwards, by the desk or the station: with a reason, and a second person who confirms.

Until then it is no visit. What the helper's own telephone kept back comes by itself, and is no late entry of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import Flag, Trigger
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound
from dispatch.domain.helps.assignments import LIVE, AssignmentState
from dispatch.models.cases import Case
from dispatch.models.followup import LateEntry
from dispatch.models.helps import Assignment
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import working
from dispatch.services.helps.checks import late_json
from dispatch.services.helps.working import OnTheJob, Report
from dispatch.services.lifecycle import move, put, record
from dispatch.services.rows import stamp
from dispatch.services.work import Act, perform

CHANNEL = "late_entry"


@dataclass(frozen=True)
class Entry:
    arrived_at: datetime
    completed_at: datetime
    reason: str
    done: tuple[str, ...] = ()
    ok: bool | None = None
    note: str | None = None


def enter(centre: Centre, job_id: int, act: Act, entry: Entry) -> dict[str, Any]:
    """Raises ``Invalid`` for times that cannot be, ``Conflict`` while one waits or the visit is over."""
    if not entry.arrived_at < entry.completed_at <= act.now:
        raise Invalid("completed_at", "out-of-range", "the visit began, then ended, and both is past")

    def change(session: Session, case: Case, job: Assignment) -> LateEntry:
        if AssignmentState(job.state) not in LIVE:
            raise Conflict(f"this visit is {job.state} already", state=job.state)
        if _waiting(session, job.id) is not None:
            raise Conflict("somebody has entered it already: it waits for a second person")
        row = LateEntry(
            assignment_id=job.id,
            arrived_at=entry.arrived_at,
            completed_at=entry.completed_at,
            done=list(entry.done),
            ok=entry.ok,
            note=entry.note,
            reason=entry.reason,
            state="waiting",
            entered_at=act.now,
            entered_by=act.actor.key,
            entered_name=act.actor.name,
        )
        session.add(row)
        move(case, Trigger.NOTE)
        worker = session.get_one(Worker, job.worker_id)
        data = {"who": worker.name, "from": stamp(entry.arrived_at), "until": stamp(entry.completed_at)}
        record(session, case, "late_entered", act.actor, act.now, text=entry.reason, data=data)
        session.flush()
        return row

    return _on(centre, job_id, act, change)


def decide(centre: Centre, job_id: int, act: Act, *, confirmed: bool, reason: str | None) -> dict[str, Any]:
    """A second person says that it was so, or not. Raises ``Forbidden`` for whoever entered it."""
    if not confirmed and not reason:
        raise Invalid("reason", "required", "say why it does not count")

    def change(session: Session, case: Case, job: Assignment) -> LateEntry:
        row = _waiting(session, job.id)
        if row is None:
            raise NotFound("nothing waits to be confirmed for this visit")
        if row.entered_by == act.actor.key:
            raise Forbidden("another person must confirm what you have entered")
        row.state = "confirmed" if confirmed else "refused"
        row.decided_at, row.decided_by, row.decided_reason = act.now, act.actor.name, reason
        worker = session.get_one(Worker, job.worker_id)
        data = {"who": worker.name, "by": row.entered_name, "confirmed": confirmed}
        record(session, case, "late_decided", act.actor, act.now, text=reason, data=data)
        if confirmed:
            _carry_out(session, centre, OnTheJob(case, job, worker, act.actor, act.now), row)
        session.flush()
        return row

    return _on(centre, job_id, act, change)


def _carry_out(session: Session, centre: Centre, on: OnTheJob, row: LateEntry) -> None:
    put(on.case, Flag.LATE_ENTRY)
    if on.job.arrived_at is None:
        working.arrive(session, centre, on, Report(f"late:{row.id}:arrive", row.arrived_at, channel=CHANNEL))
    later = OnTheJob(on.case, on.job, on.worker, on.actor, on.now)
    said = Report(
        f"late:{row.id}:complete",
        row.completed_at,
        done=tuple(row.done),
        ok=row.ok,
        note=row.note,
        channel=CHANNEL,
    )
    working.complete(session, centre, later, said)


def _waiting(session: Session, job_id: int) -> LateEntry | None:
    waits = select(LateEntry).where(LateEntry.assignment_id == job_id, LateEntry.state == "waiting")
    return session.scalar(waits.with_for_update())


def _on(centre: Centre, job_id: int, act: Act, change: Any) -> dict[str, Any]:
    with centre.database.reads() as session:
        found = session.get(Assignment, job_id)
    if found is None:
        raise NotFound(f"there is no job {job_id}")

    def whole(session: Session, case: Case) -> None:
        job = session.get_one(Assignment, job_id, with_for_update=True, populate_existing=True)
        if job.case_id != case.id:
            raise Conflict("the case was merged in the meantime: look at the other one")
        change(session, case, job)

    perform(centre, found.case_id, act, whole, any_version=True)
    with centre.database.reads() as session:
        newest = select(LateEntry).where(LateEntry.assignment_id == job_id).order_by(LateEntry.id.desc())
        return late_json(session.scalars(newest.limit(1)).one())
