"""What the proof of a visit says beside that of the same helper's other visits, and what a person must look at."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import AssignmentState, Deed, Fix, Oddity
from dispatch.domain.helps.evidence import Seen, equally_long, overlap, too_fast
from dispatch.domain.helps.geography import Point
from dispatch.domain.visits.visit import Mode
from dispatch.models.cases import Case
from dispatch.models.followup import CardCode, VisitCheck
from dispatch.models.helps import Assignment, WorkRecord
from dispatch.models.visits import CheckinRecord
from dispatch.services.centre import Centre

WINDOW = timedelta(hours=12)
"""How far around a check-in the helper's other ones are looked at."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Reported:
    kind: str
    at: datetime
    fix: Fix | None


def beside_others(session: Session, centre: Centre, job: Assignment, said: Reported) -> list[Oddity]:
    """Too fast from the last check-in or to the next one; at two visits at once; always equally long."""
    odd: list[Oddity] = []
    kind, at, fix = said.kind, said.at, said.fix
    if fix is not None and kind in (Deed.ARRIVE, Deed.COMPLETE) and _too_fast(session, centre, job, at, fix):
        odd.append(Oddity.TRAVEL)
    if kind == Deed.COMPLETE and job.arrived_at is not None and job.arrived_at < at:
        if _overlaps(session, job, (job.arrived_at, at)):
            odd.append(Oddity.OVERLAP)
        if equally_long(_lengths(session, centre, job, at - job.arrived_at), centre.matching.evidence):
            odd.append(Oddity.EQUAL)
    return odd


def _too_fast(session: Session, centre: Centre, job: Assignment, at: datetime, fix: Fix) -> bool:
    """Both ways in time: what a telephone kept back comes in when it comes."""
    here = Seen(fix.point, at, fix.accuracy_m or 0)
    others = seen_elsewhere(session, job.worker_id, at, Own(job_id=job.id))
    return any(too_fast(here, other, centre.matching.evidence) for other in others)


def _overlaps(session: Session, job: Assignment, stay: Span) -> bool:
    return any(overlap(stay, other) for other in stays_elsewhere(session, job.worker_id, stay, Own(job_id=job.id)))


@dataclass(frozen=True)
class Own:
    """What is looked at itself, and so is none of the others."""

    job_id: int | None = None
    checkin_id: int | None = None
    """A check-in visit."""


def seen_elsewhere(session: Session, worker_id: int, at: datetime, own: Own) -> Iterator[Seen]:
    """Where else the telephone was around ``at``: at jobs, and at check-in visits."""
    at_jobs = (
        select(WorkRecord.lat, WorkRecord.lon, WorkRecord.device_at, WorkRecord.accuracy_m)
        .join(Assignment, Assignment.id == WorkRecord.assignment_id)
        .where(Assignment.worker_id == worker_id, WorkRecord.assignment_id != (own.job_id or 0))
        .where(WorkRecord.lat.is_not(None), WorkRecord.device_at.between(at - WINDOW, at + WINDOW))
    )
    at_visits = (
        select(CheckinRecord.lat, CheckinRecord.lon, CheckinRecord.started_at, CheckinRecord.accuracy_m)
        .where(CheckinRecord.worker_id == worker_id, CheckinRecord.visit_id != (own.checkin_id or 0))
        .where(CheckinRecord.lat.is_not(None), CheckinRecord.started_at.between(at - WINDOW, at + WINDOW))
    )
    for statement in (at_jobs, at_visits):
        for lat, lon, then, accuracy_m in session.execute(statement):
            if lat is not None and lon is not None:
                yield Seen(Point(lat, lon), then, accuracy_m or 0)


def stays_elsewhere(session: Session, worker_id: int, stay: Span, own: Own) -> Iterator[Span]:
    """When else they were in a home; where somebody still is, until the end of ``stay``."""
    jobs = select(Assignment.arrived_at, Assignment.completed_at).where(
        Assignment.worker_id == worker_id,
        Assignment.id != (own.job_id or 0),
        Assignment.arrived_at < stay[1],
        Assignment.arrived_at > stay[0] - WINDOW,
    )
    visits = select(CheckinRecord.started_at, CheckinRecord.ended_at).where(
        CheckinRecord.worker_id == worker_id,
        CheckinRecord.visit_id != (own.checkin_id or 0),
        CheckinRecord.mode == Mode.HOME,
        CheckinRecord.started_at < stay[1],
        CheckinRecord.started_at > stay[0] - WINDOW,
    )
    for statement in (jobs, visits):
        for began, ended in session.execute(statement):
            if began is not None and (ended or stay[1]) > began:
                yield began, ended or stay[1]


def _lengths(session: Session, centre: Centre, job: Assignment, this: timedelta) -> list[timedelta]:
    """Of the newest visits, this one first. Late entries are guesses, and prove nothing about lengths."""
    before = (
        select(Assignment)
        .where(Assignment.worker_id == job.worker_id, Assignment.id != job.id)
        .where(Assignment.state == AssignmentState.COMPLETED)
        .where(Assignment.arrived_at.is_not(None), Assignment.completed_at.is_not(None))
        .order_by(Assignment.completed_at.desc())
        .limit(centre.matching.evidence.equal_visits - 1)
    )
    found = [
        other.completed_at - other.arrived_at
        for other in session.scalars(before)
        if other.completed_at is not None and other.arrived_at is not None
    ]
    return [this, *found]


def card_of(session: Session, elder_id: int | None, code: str | None) -> str | None:
    """``right``, ``wrong``, ``unknown`` where the elder has no card; None: nothing was typed."""
    if not code:
        return None
    live = select(CardCode).where(CardCode.elder_id == elder_id, CardCode.revoked_at.is_(None))
    card = session.scalar(live) if elder_id is not None else None
    if card is None:
        return "unknown"
    return "right" if hmac.compare_digest(card.code.encode(), code.strip().encode()) else "wrong"


def to_check(session: Session, centre: Centre, case: Case, job: Assignment, now: datetime) -> None:
    """A person looks at what is odd enough; at what has come since somebody looked, once more."""
    flags = [flag for flag in job.flags if flag in centre.matching.evidence.checked]
    if not flags:
        return
    row = session.scalar(select(VisitCheck).where(VisitCheck.assignment_id == job.id).with_for_update())
    if row is None:
        ids = {"assignment_id": job.id, "case_id": case.id, "worker_id": job.worker_id}
        session.add(VisitCheck(**ids, state="open", flags=flags, opened_at=now, version=1))
    elif set(flags) - set(row.flags):
        row.flags, row.state, row.opened_at = flags, "open", now
        row.version += 1
    session.flush()
