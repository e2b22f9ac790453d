"""A complaint is a case of its own kind with two promises: a first answer, and a solution that is told.

Inside of a transaction that holds the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Channel, Flag, Kind
from dispatch.models.cases import Case
from dispatch.models.followup import Complaint
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import put, record
from dispatch.services.opening import Scene, new_case

PRIORITY = 2
MONTH = 30 * 86_400
"""Seconds after which the owner is asked about it, as of other cases after minutes."""


@dataclass(frozen=True)
class Subject:
    """What it is about."""

    case: Case
    worker_id: int | None
    text: str | None


def begin(session: Session, centre: Centre, case: Case, now: datetime, about: Subject | None = None) -> Complaint:
    """The promises of a case of this kind. Its owner has days for it: the deadlines watch, and it does not fall back
    into the queue at night.
    """
    rules = centre.followup.complaint
    row = Complaint(
        case_id=case.id,
        about_case_id=about.case.id if about is not None else None,
        worker_id=about.worker_id if about is not None else None,
        opened_at=now,
        answer_due_at=now + rules.first_answer,
        solve_due_at=rules.solve_by(now, centre.zone),
        reminders=0,
        version=1,
    )
    row.next_due_at = min(row.answer_due_at, row.solve_due_at)
    put(case, Flag.COMPLAINT)
    case.policy = {**case.policy, "ask_owner_after": MONTH}
    session.add(row)
    session.flush()
    return row


def about(session: Session, centre: Centre, subject: Subject, actor: Actor, now: datetime) -> Case:
    """A new case that complains of another one; both say so."""
    source = subject.case
    case = new_case(
        centre,
        kind=Kind.COMPLAINT,
        cause="request",
        channel=channel_of(source),
        priority=PRIORITY,
        at=now,
        scene=Scene(source.household_id, source.area_id, source.elder_id),
    )
    case.caller, case.text, case.help = source.caller, subject.text, source.help
    session.add(case)
    session.flush()
    begin(session, centre, case, now, subject)
    data = {"kind": Kind.COMPLAINT.value, "about": str(source.id)}
    record(session, case, "opened", actor, now, text=subject.text, data=data)
    put(source, Flag.COMPLAINT)
    session.flush()
    return case


def of_case(session: Session, case_id: int) -> Complaint | None:
    return session.scalar(select(Complaint).where(Complaint.case_id == case_id).with_for_update())


def unsolved(session: Session, case_id: int) -> bool:
    waits = select(Complaint.id).where(Complaint.case_id == case_id, Complaint.solved_at.is_(None))
    return session.scalar(waits) is not None


def channel_of(case: Case) -> Channel:
    """A device complains of nothing: it was said by telephone."""
    return Channel.HOTLINE if case.channel == Channel.DEVICE else Channel(case.channel)
