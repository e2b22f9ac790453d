"""Does the machinery keep its promises? Expected against done, and when each background job last ran."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import IN_HAND, State
from dispatch.domain.escalation import in_hand, waiting
from dispatch.models.cases import Case, CaseEvent, EventSeal
from dispatch.models.database import SEAL_LOCK
from dispatch.models.duty import DutyGap
from dispatch.models.engine import JobRun, LiveOp
from dispatch.models.outbox import UNSENT, Message, MessageState
from dispatch.models.people import DutyPhone
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import policy_of, record, set_deadline
from dispatch.services.rows import stamp
from dispatch.services.spool import rejected
from dispatch.services.spool import waiting as spool_waiting

log = structlog.get_logger()
GRACE = timedelta(seconds=3)
STUCK = timedelta(seconds=45)
SHOWN = timedelta(hours=1)
"""How long a message that failed stays on the consoles; on its case it stays for ever."""
SEAL_BATCH = 2000
SEAL_LOOK_BACK = 20_000
"""Events below the newest sealed one that are looked at again: a slow transaction commits lower ids late."""


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
    watched = (State.NEW, *IN_HAND)
    lost_ones = select(Case).where(Case.state.in_(watched), Case.next_due_at.is_(None))
    with centre.database.reads() as session:
        ids = [
            case.id
            for case in session.scalars(lost_ones.limit(500))
            if State(case.state) in IN_HAND or waiting(policy_of(case), case.waiting_since, case.step)
        ]
    for case_id in ids:
        with centre.database.sessions.begin() as session:
            case = session.scalar(lost_ones.where(Case.id == case_id).with_for_update(skip_locked=True))
            if case is None:
                continue
            policy = policy_of(case)
            deadline = (
                waiting(policy, case.waiting_since, case.step) if case.state == State.NEW else in_hand(policy, now)
            )
            set_deadline(case, deadline)
            record(session, case, "repaired", SYSTEM, now, data={"code": "deadline_missing"})
            log.error("audit_deadline_missing", case_id=case_id)


def _examine(session: Session, centre: Centre, now: datetime) -> list[Finding]:
    def count(code: str, column: Any, at: Any, *where: Any) -> Finding:
        number, since = session.execute(select(func.count(column), func.min(at)).where(*where)).one()
        return Finding(code, number, since)

    return [
        count("case_late", Case.id, Case.next_due_at, Case.next_due_at < now - GRACE),
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


def mark(centre: Centre, ran: Ran, now: datetime) -> None:
    """Write into the registry that a job did its work, or why it could not: then its last time stands still."""
    dialect = postgresql if centre.database.is_postgresql else sqlite
    values: dict[str, Any] = {
        "expected_seconds": ran.expected_seconds,
        "holder": ran.holder,
        "error": ran.error,
    }
    if ran.error is None:
        values |= {"last_run_at": now, "detail": ran.detail or {}}
    turn = int(ran.error is None)
    statement = dialect.insert(JobRun).values({"detail": {}, **values, "name": ran.name, "cycle": turn})
    with centre.database.sessions.begin() as session:
        session.execute(
            statement.on_conflict_do_update(index_elements=[JobRun.name], set_={**values, "cycle": JobRun.cycle + turn})
        )


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
    findings = list(found.detail.get("findings", [])) if found else []
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
    }


def _count(findings: list[dict[str, Any]], code: str) -> int:
    return next((int(f["count"]) for f in findings if f["code"] == code), 0)


def _allowed(job: JobRun) -> timedelta:
    """A job is late after three of its intervals, and not before five seconds: the standby needs a moment."""
    return timedelta(seconds=max(3 * job.expected_seconds, 5.0))


def seal(centre: Centre) -> int:
    """Chain the events that are not in the chain yet; returns how many.

    Each link is the SHA-256 of the link before and the event, in the order of sealing; so an event that is changed,
    removed or slipped in later breaks the chain from there on.
    """
    sealed_up_to = select(func.coalesce(func.max(EventSeal.event_id), 0)).scalar_subquery()
    unsealed = (
        select(CaseEvent)
        .outerjoin(EventSeal, EventSeal.event_id == CaseEvent.id)
        .where(EventSeal.id.is_(None), CaseEvent.id > sealed_up_to - SEAL_LOOK_BACK)
        .order_by(CaseEvent.id)
        .limit(SEAL_BATCH)
    )
    with centre.database.reads() as session:
        if session.scalar(unsealed.with_only_columns(CaseEvent.id).limit(1)) is None:
            return 0
    with centre.database.sessions.begin() as session:
        if centre.database.is_postgresql:
            # Two clocks may both believe to be the active one for a moment: the chain must not fork.
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEAL_LOCK})
        last = session.scalar(select(EventSeal.digest).order_by(EventSeal.id.desc()).limit(1)) or ""
        events = session.scalars(unsealed).all()
        for event in events:
            last = link(last, event)
            session.add(EventSeal(event_id=event.id, digest=last))
        return len(events)


def link(previous: str, event: CaseEvent) -> str:
    body = [
        event.id,
        event.case_id,
        stamp(event.at),
        event.kind,
        event.actor_kind,
        event.actor_id,
        event.actor_name,
        event.channel,
        event.text,
        event.data,
    ]
    text = json.dumps([previous, *body], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_chain(centre: Centre) -> tuple[int, int | None]:
    """Walk the whole chain: how many links hold, and the id of the first event that does not, if any."""
    last, held = "", 0
    with centre.database.reads() as session:
        statement = (
            select(EventSeal, CaseEvent)
            .outerjoin(CaseEvent, CaseEvent.id == EventSeal.event_id)
            .order_by(EventSeal.id)
            .execution_options(yield_per=1000)
        )
        with session.execute(statement) as rows:
            for sealed, event in rows:
                if event is None or link(last, event) != sealed.digest:
                    return held, sealed.event_id
                last = sealed.digest
                held += 1
    return held, None
