"""What comes due after a case: the question by short message, what is overdue, and what nobody was asked about.

Each row in a transaction of its own, however many clocks look.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import CLOSED, Flag, State
from dispatch.domain.followup import FollowUpDue, FollowUpState
from dispatch.models.cases import Case
from dispatch.models.followup import Complaint, FollowUp
from dispatch.services.centre import Centre
from dispatch.services.due import carry_out_each
from dispatch.services.followup import asking
from dispatch.services.followup.ending import nobody_asks
from dispatch.services.followup.opening import rest
from dispatch.services.lifecycle import put, record
from dispatch.services.rows import stamp


def tick(centre: Centre, now: datetime) -> int:
    """Safe to run twice at once."""
    return carry_out_each(centre, FollowUp.next_due_at, now, _follow_up) + carry_out_each(
        centre, Complaint.next_due_at, now, _complaint
    )


def _locked(session: Session, case_id: int) -> Case | None:
    """The case first, as everywhere. None: somebody works on it at this very moment, and the next tick looks again."""
    return session.scalar(select(Case).where(Case.id == case_id).with_for_update(skip_locked=True))


def _follow_up(session: Session, centre: Centre, row_id: int, now: datetime) -> bool:
    case = _locked(session, session.scalars(select(FollowUp.case_id).where(FollowUp.id == row_id)).one())
    if case is None:
        return False
    row = session.get_one(FollowUp, row_id, with_for_update=True, populate_existing=True)
    if row.next_due_at is None or row.next_due_at > now:
        return False
    if row.state != FollowUpState.OPEN:
        rest(row)
        return False
    match row.due:
        case FollowUpDue.ASK:
            asking.ask(session, centre, case, row, now)
        case FollowUpDue.CLOSE:
            nobody_asks(session, case, row, now)
        case _:
            _late(session, centre, case, row, now)
    return True


def _late(session: Session, centre: Centre, case: Case, row: FollowUp, now: datetime) -> None:
    """Overdue: seen on the case and by the supervisor, said again, and counted."""
    row.late_at = row.late_at or now
    row.reminders += 1
    row.next_due_at = now + centre.followup.again
    row.version += 1
    put(case, Flag.FOLLOW_UP_LATE)
    data = {"n": row.reminders, "due_at": stamp(row.due_at), "why": row.why}
    record(session, case, "follow_up_due" if row.reminders == 1 else "follow_up_late", SYSTEM, now, data=data)


def _complaint(session: Session, centre: Centre, row_id: int, now: datetime) -> bool:
    case = _locked(session, session.scalars(select(Complaint.case_id).where(Complaint.id == row_id)).one())
    if case is None:
        return False
    row = session.get_one(Complaint, row_id, with_for_update=True, populate_existing=True)
    if row.next_due_at is None or row.next_due_at > now:
        return False
    if row.solved_at is not None or State(case.state) in CLOSED:
        row.next_due_at = None
        return False
    what = "answer" if row.answered_at is None else "solve"
    row.late_at = row.late_at or now
    row.reminders += 1
    row.next_due_at = now + centre.followup.complaint.again
    row.version += 1
    put(case, Flag.COMPLAINT_LATE)
    due_at = row.answer_due_at if what == "answer" else row.solve_due_at
    data = {"what": what, "n": row.reminders, "due_at": stamp(due_at)}
    record(session, case, "complaint_late", SYSTEM, now, data=data)
    return True
