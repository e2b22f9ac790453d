"""Does the machinery keep its promises? Expected against done, and when each background job last ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Table, func, select
from sqlalchemy import case as sql_case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import IN_HAND, State
from dispatch.domain.escalation import Deadline, Due, waiting
from dispatch.domain.selftest import Watched
from dispatch.models.cases import Case
from dispatch.models.duty import DutyGap
from dispatch.models.engine import JobRun, LiveOp
from dispatch.models.followup import Complaint, FollowUp
from dispatch.models.helps import OfferPlan
from dispatch.models.outbox import UNSENT, Message, MessageState
from dispatch.models.people import DutyPhone
from dispatch.models.response import Arrival, Cascade
from dispatch.models.rounds import CheckinPlan
from dispatch.models.visits import CheckinRun, CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.devices import listening
from dispatch.services.duty.selftest import watched
from dispatch.services.lifecycle import policy_of, record, set_deadline, watch
from dispatch.services.rows import stamp
from dispatch.services.spool import rejected
from dispatch.services.spool import waiting as spool_waiting

log = structlog.get_logger()
JOBS: Table = JobRun.__table__  # type: ignore[assignment]
GRACE = timedelta(seconds=3)
STUCK = timedelta(seconds=45)
LONG_PLAN = timedelta(minutes=30)
"""A city's month takes twenty on a machine that has other things to do."""
BEHIND = timedelta(minutes=10)
"""Planned services come up by the thousand at one moment of the day; none of them is in such a hurry."""
SHOWN = timedelta(hours=1)
"""How long a message that failed stays on the consoles; on its case it stays for ever."""


@dataclass(frozen=True)
class Finding:
    code: str
    count: int
    since: datetime | None
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"since": stamp(self.since)}


def audit(centre: Centre, now: datetime) -> list[Finding]:
    """Mend what can be mended (a case without its deadline), and report what is late."""
    _restore_deadlines(centre, now)
    with centre.database.reads() as session:
        return [f for f in _examine(session, centre, now) if f.count]


def _restore_deadlines(centre: Centre, now: datetime) -> None:
    """An open case that nothing will ever advance is the silence we promise not to have: give it its deadline again."""
    watched = (State.PLANNED, State.NEW, *IN_HAND)
    lost_ones = select(Case).where(Case.state.in_(watched), Case.next_due_at.is_(None))
    with centre.database.reads() as session:
        ids = [
            case.id
            for case in session.scalars(lost_ones.limit(500))
            if case.state != State.NEW or waiting(policy_of(case), case.waiting_since, case.step)
        ]
    for case_id in ids:
        with centre.database.sessions.begin() as session:
            case = session.scalar(lost_ones.where(Case.id == case_id).with_for_update(skip_locked=True))
            if case is None:
                continue
            if case.state == State.NEW:
                set_deadline(case, waiting(policy_of(case), case.waiting_since, case.step))
            elif case.state == State.PLANNED:
                set_deadline(case, Deadline(now, Due.COME_UP))
            else:
                watch(case, now)
            record(session, case, "repaired", SYSTEM, now, data={"code": "deadline_missing"})
            log.error("audit_deadline_missing", case_id=case_id)


def _examine(session: Session, centre: Centre, now: datetime) -> list[Finding]:
    def count(code: str, column: Any, at: Any, *where: Any) -> Finding:
        number, since = session.execute(select(func.count(column), func.min(at)).where(*where)).one()
        return Finding(code, number, since)

    return [
        count("case_late", Case.id, Case.next_due_at, Case.next_due_at < now - GRACE, Case.due != Due.COME_UP),
        count("planned_late", Case.id, Case.next_due_at, Case.next_due_at < now - BEHIND, Case.due == Due.COME_UP),
        count("cascade_late", Cascade.id, Cascade.next_due_at, Cascade.next_due_at < now - GRACE),
        count("offers_late", OfferPlan.id, OfferPlan.next_due_at, OfferPlan.next_due_at < now - GRACE),
        count("arrival_late", Arrival.id, Arrival.next_due_at, Arrival.next_due_at < now - GRACE),
        count("follow_ups_late", FollowUp.id, FollowUp.next_due_at, FollowUp.next_due_at < now - GRACE),
        count("complaints_late", Complaint.id, Complaint.next_due_at, Complaint.next_due_at < now - GRACE),
        count("visits_late", CheckinVisit.id, CheckinVisit.next_due_at, CheckinVisit.next_due_at < now - STUCK),
        count(
            "visits_not_made",
            CheckinRun.id,
            CheckinRun.asked_at,
            CheckinRun.state == "open",
            CheckinRun.asked_at < now - BEHIND,
        ),
        count("plan_stuck", CheckinPlan.id, CheckinPlan.begun_at, CheckinPlan.begun_at < now - LONG_PLAN),
        count("live_late", LiveOp.id, LiveOp.at, LiveOp.seq.is_(None), LiveOp.at < now - GRACE),
        count(
            "message_stuck",
            Message.id,
            Message.created_at,
            Message.state.in_(UNSENT),
            Message.created_at < now - STUCK,
        ),
        count(
            "message_dead",
            Message.id,
            Message.finished_at,
            Message.state == MessageState.DEAD,
            Message.finished_at > now - SHOWN,
        ),
        count(
            "no_receipt",
            Message.id,
            Message.sent_at,
            Message.state == MessageState.SENT,
            Message.sent_at.between(now - SHOWN, now - timedelta(minutes=3)),
        ),
        count("duty_gap", DutyGap.id, DutyGap.since, DutyGap.ended_at.is_(None)),
        Finding("listener_down", *listening.unheard(session, now)),
        Finding("spool_waiting", spool_waiting(centre.spool_dir), None),
        Finding("spool_rejected", rejected(centre.spool_dir), None),
        Finding(
            "no_duty_phone",
            int(session.scalar(select(DutyPhone.id).where(DutyPhone.active).limit(1)) is None),
            None,
        ),
    ]


@dataclass(frozen=True)
class Ran:
    name: str
    expected_seconds: float
    holder: str
    error: str | None = None
    detail: dict[str, Any] | None = None


def mark(centre: Centre, runs: Sequence[tuple[Ran, datetime]]) -> None:
    """Write into the registry which jobs did their work and when, or why they could not: then their last time stands
    still.
    """
    statement = (postgresql if centre.database.is_postgresql else sqlite).insert(JOBS)
    new = statement.excluded
    values = {
        "expected_seconds": new.expected_seconds,
        "holder": new.holder,
        "error": new.error,
        "cycle": JOBS.c.cycle + new.cycle,
        "last_run_at": func.coalesce(new.last_run_at, JOBS.c.last_run_at),
        "detail": sql_case((new.error.is_(None), new.detail), else_=JOBS.c.detail),
    }
    with centre.database.sessions.begin() as session:
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=[JOBS.c.name], set_=values),
            [_row(ran, at) for ran, at in runs],
        )


def _row(ran: Ran, at: datetime) -> dict[str, Any]:
    row = {"name": ran.name, "expected_seconds": ran.expected_seconds, "holder": ran.holder, "error": ran.error}
    done = ran.error is None
    return row | {"cycle": int(done), "last_run_at": at if done else None, "detail": (ran.detail or {}) if done else {}}


def ran_last(centre: Centre, name: str) -> datetime | None:
    """When the job wrote last that it ran."""
    with centre.database.reads() as session:
        return session.scalar(select(JobRun.last_run_at).where(JobRun.name == name))


def health(centre: Centre, now: datetime) -> dict[str, Any]:
    """What the console's header, ``/health/engine`` and ``/metrics`` say: late jobs, findings, what waits."""
    with centre.database.reads() as session:
        jobs = [
            {
                "name": job.name,
                "expected_seconds": job.expected_seconds,
                "last_run_at": stamp(job.last_run_at),
                "late": job.last_run_at is None or now - job.last_run_at > _allowed(job),
                "cycle": job.cycle,
                "holder": job.holder,
                "error": job.error,
            }
            for job in session.scalars(select(JobRun).order_by(JobRun.name))
        ]
        found = session.get(JobRun, "auditor")
        pending, late = session.execute(
            select(func.count(Message.id), func.count(Message.id).filter(Message.created_at < now - STUCK)).where(
                Message.state.in_(UNSENT)
            )
        ).one()
        selftests = watched(session)
        listeners = listening.shown(session, now)
    findings = list(found.detail.get("findings", [])) if found else []
    findings += [finding.as_json() for finding in _selftest_findings(selftests, now)]
    late_jobs = [job["name"] for job in jobs if job["late"]] or ([] if jobs else ["tick"])
    spooled = spool_waiting(centre.spool_dir)
    tick = next((job for job in jobs if job["name"] == "tick"), None)
    return {
        "ok": not late_jobs and not findings and not spooled,
        "cycle": tick["cycle"] if tick else 0,
        "jobs": jobs,
        "late": late_jobs,
        "findings": findings,
        "spool": {"waiting": spooled},
        "outbox": {"pending": pending, "late": late, "dead": _count(findings, "message_dead")},
        "clock": {"holder": tick["holder"] if tick else None},
        "listeners": listeners,
        "selftest": [
            {"path": w.path, "seconds": w.seconds, "passed_at": stamp(w.passed_at), "late": w.is_late(now)}
            for w in selftests
        ],
    }


def _selftest_findings(selftests: list[Watched], now: datetime) -> list[Finding]:
    """Seen by whoever looks and not by the auditor: with the clock dead there is neither auditor nor self-test."""
    late = [w for w in selftests if w.is_late(now)]
    slow = [w for w in selftests if w.is_slow and not w.is_late(now)]
    return [
        Finding(code, len(ways), min(w.passed_at or w.since for w in ways), ", ".join(w.path for w in ways))
        for code, ways in (("selftest_late", late), ("selftest_slow", slow))
        if ways
    ]


def _count(findings: list[dict[str, Any]], code: str) -> int:
    return next((int(f["count"]) for f in findings if f["code"] == code), 0)


def _allowed(job: JobRun) -> timedelta:
    """A job is late after three of its intervals, and not before five seconds: the standby needs a moment."""
    return timedelta(seconds=max(3 * job.expected_seconds, 5.0))
