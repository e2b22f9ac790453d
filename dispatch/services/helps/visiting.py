"""What a helper does with a visit, by the own page; or an operator for whoever telephones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.helps.assignments import LIVE, AssignmentState, Deed
from dispatch.models.helps import Assignment, WorkRecord
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import crying, view, working
from dispatch.services.helps.answering import as_worker
from dispatch.services.helps.ending import Ends, lose
from dispatch.services.helps.offering import for_worker
from dispatch.services.helps.working import OnTheJob, Report
from dispatch.services.transact import transact
from dispatch.services.work import Act

DO: dict[str, Callable[[Session, Centre, OnTheJob, Report], bool]] = {
    "depart": working.depart,
    "arrive": working.arrive,
    "complete": working.complete,
}


def report(centre: Centre, job_id: int, act: Act, deed: str, said: Report) -> dict[str, Any]:
    """Under way, there, or done. Sent again with the same ``client_uuid`` it changes nothing and is answered alike.

    ``applied`` is False where the job was not the helper's any more: what was sent is kept all the same.
    """

    def work(session: Session, on: OnTheJob) -> dict[str, Any]:
        before = working.known(session, on.job.id, said)
        if before is None:
            DO[deed](session, centre, on, said if on.by_helper else _by_desk(centre, on, said))
            before = working.known(session, on.job.id, said)
        return _answer(session, on, before)

    return on_the_job(centre, job_id, act, work)


def _by_desk(centre: Centre, on: OnTheJob, said: Report) -> Report:
    """Heard by telephone just now. Raises ``Invalid`` for what was long ago, which needs a second person."""
    if on.now - said.at > centre.matching.evidence.late:
        raise Invalid("at", "late-entry", "write down what was long ago as a late entry, which somebody else confirms")
    return replace(said, channel="operator")


def _answer(session: Session, on: OnTheJob, row: WorkRecord | None) -> dict[str, Any]:
    flags = row.flags if row is not None else []
    return {
        "assignment": view.assignment_json(session, on.job),
        "applied": "after_end" not in flags,
        "flags": flags,
        "case_id": str(row.opened_case_id) if row is not None and row.opened_case_id is not None else None,
    }


def cry(centre: Centre, job_id: int, act: Act, said: Report) -> dict[str, Any]:
    """The helper needs help: an urgent case of its own, at once. Whatever became of the job."""

    def work(session: Session, on: OnTheJob) -> dict[str, Any]:
        row = working.known(session, on.job.id, said) or crying.cry(session, centre, on, said)
        return _answer(session, on, row)

    return on_the_job(centre, job_id, act, work)


def take_back(centre: Centre, job_id: int, act: Act, *, reason: str, no_show: bool) -> dict[str, Any]:
    """An operator learns that whoever accepted does not come; somebody else can be asked."""

    def work(session: Session, on: OnTheJob) -> dict[str, Any]:
        if AssignmentState(on.job.state) not in LIVE:
            raise Conflict(f"this visit is {on.job.state} already", state=on.job.state)
        ends = Ends(centre, on.case, on.actor, on.now, reason, "console")
        lose(session, ends, on.job, Deed.NO_SHOW if no_show else Deed.CANCEL)
        return {"assignment": view.assignment_json(session, on.job)}

    return on_the_job(centre, job_id, act, work)


def on_the_job(
    centre: Centre, job_id: int, act: Act, work: Callable[[Session, OnTheJob], dict[str, Any]]
) -> dict[str, Any]:
    def once(session: Session) -> dict[str, Any]:
        job = session.get(Assignment, job_id)
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        worker = session.get_one(Worker, job.worker_id)
        case, mine = for_worker(session, job.case_id, worker, act)
        session.refresh(job, with_for_update=True)
        if job.case_id != case.id:
            raise Conflict("the case was merged in the meantime: send it again")
        doer = as_worker(worker) if mine else act.actor
        answer = work(session, OnTheJob(case, job, worker, doer, act.now, by_helper=mine))
        session.flush()
        return answer

    return transact(centre, once)
