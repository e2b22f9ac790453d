"""A case has come to its end: is somebody asked how it was, why, and by when. Inside of a transaction that holds it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.case import Flag, Kind
from dispatch.domain.followup import FollowUpDue, FollowUpState, Why, drawn
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp, FollowUpLot
from dispatch.models.helps import Assignment
from dispatch.models.workforce import Organisation, Station, Worker
from dispatch.services.centre import Centre
from dispatch.services.helps.orders import wanted_of
from dispatch.services.lifecycle import drop, put

ANSWERABLE = (Flag.FOLLOW_UP, Flag.FOLLOW_UP_LATE, Flag.UNHAPPY)


def after_service(session: Session, centre: Centre, case: Case, worker_id: int, now: datetime) -> FollowUp:
    """A helper is done. Every such case has a row, also one about which nobody asks: so the lot can be drawn again."""
    rules = centre.followup
    row = _row(session, case, now)
    row.worker_id = worker_id
    row.why, row.month, row.share = _why(session, centre, case, worker_id, now)
    wait = rules.undrawn if row.why == Why.NOT_DRAWN else rules.service
    row.due_at = now + wait
    if row.why == Why.NOT_DRAWN:
        row.due, row.next_due_at = FollowUpDue.CLOSE, row.due_at
    else:
        row.due, row.next_due_at = FollowUpDue.ASK, min(rules.by_sms.at(now, centre.zone), row.due_at)
    _keep(session, case, row)
    return row


def after_closing(session: Session, centre: Centre, case: Case, wanted_at: datetime | None, now: datetime) -> None:
    """A person has ended the case. Emergencies are always asked about, services by lot if a helper was there, and
    others where that person wants it.
    """
    rules = centre.followup
    helper = _last_helper(session, case.id)
    if wanted_at is None and case.kind == Kind.SERVICE and helper is not None:
        after_service(session, centre, case, helper, now)
        return
    urgent = case.kind == Kind.EMERGENCY and case.outcome not in rules.emergency_except
    somebody = case.elder_id is not None or case.caller is not None
    if wanted_at is None and not (urgent and somebody):
        return
    row = _row(session, case, now)
    row.why = Why.ASKED if wanted_at is not None else Why.EMERGENCY
    row.worker_id = helper
    row.due_at = wanted_at or now + rules.emergency
    row.due, row.next_due_at = FollowUpDue.LATE, row.due_at
    _keep(session, case, row)


def off(session: Session, case: Case) -> None:
    """The case is taken up again: there is no end yet to ask about."""
    row = of_case(session, case.id)
    if row is not None and row.state == FollowUpState.OPEN:
        row.state = FollowUpState.OFF
        rest(row)
    drop(case, *ANSWERABLE)


def rest(row: FollowUp) -> None:
    """Nothing comes due any more, and no digit is an answer."""
    row.due = row.next_due_at = row.number_index = row.open_until = None
    row.version += 1


def of_case(session: Session, case_id: int) -> FollowUp | None:
    return session.scalar(select(FollowUp).where(FollowUp.case_id == case_id).with_for_update())


def _row(session: Session, case: Case, now: datetime) -> FollowUp:
    """A new one, or the one of an end that was taken back."""
    row = of_case(session, case.id) or FollowUp(case_id=case.id, version=0, reminders=0)
    row.state, row.began_at, row.answers, row.tries = FollowUpState.OPEN, now, {}, 0
    row.late_at = row.asked_at = row.asked_by = row.unhappy_at = row.result = row.text = row.channel = None
    row.ended_at = row.ended_by = None
    rest(row)
    return row


def _keep(session: Session, case: Case, row: FollowUp) -> None:
    session.add(row)
    session.flush()
    case.follow_up_at = row.due_at
    if row.why != Why.EMERGENCY:  # that case is closed, and shows what it is waiting for only when it is late
        put(case, Flag.FOLLOW_UP)


def _why(
    session: Session, centre: Centre, case: Case, worker_id: int, now: datetime
) -> tuple[Why, str | None, int | None]:
    """The reason, and where a lot was drawn its month and share."""
    rules = centre.followup
    item = wanted_of(session, centre, case).item
    if session.scalar(select(FollowUp.id).where(FollowUp.again_case_id == case.id)) is not None:
        return Why.AGAIN, None, None
    if item.code in rules.always:
        return Why.ALWAYS, None, None
    if _visits(session, worker_id) <= rules.first_visits:
        return Why.FIRST_VISIT, None, None
    share = rules.share_of(item.code, item.help.value, _organisation(session, worker_id))
    lot = lot_of(session, now.astimezone(centre.zone).strftime("%Y-%m"), now)
    return (Why.DRAWN if drawn(lot.seed, case.id, share) else Why.NOT_DRAWN), lot.month, share


def lot_of(session: Session, month: str, now: datetime) -> FollowUpLot:
    """The seed with which everything of this month is drawn."""
    lot = session.get(FollowUpLot, month)
    if lot is None:
        lot = FollowUpLot(month=month, seed=secrets.token_hex(16), made_at=now)
        session.add(lot)
        session.flush()
    return lot


def _visits(session: Session, worker_id: int) -> int:
    """That came to their end, this one among them."""
    counted = select(func.count()).select_from(Assignment)
    done = (Assignment.worker_id == worker_id, Assignment.state == AssignmentState.COMPLETED)
    return session.scalar(counted.where(*done)) or 0


def _organisation(session: Session, worker_id: int) -> str | None:
    named = (
        select(Organisation.name)
        .join(Station, Station.organisation_id == Organisation.id)
        .join(Worker, Worker.station_id == Station.id)
        .where(Worker.id == worker_id)
    )
    return session.scalar(named)


def _last_helper(session: Session, case_id: int) -> int | None:
    went = select(Assignment.worker_id).where(
        Assignment.case_id == case_id, Assignment.state == AssignmentState.COMPLETED
    )
    return session.scalar(went.order_by(Assignment.id.desc()).limit(1))


def overdue(row: FollowUp, now: datetime) -> timedelta | None:
    return now - row.due_at if row.state == FollowUpState.OPEN and now > row.due_at else None
