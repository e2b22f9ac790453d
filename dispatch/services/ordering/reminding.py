"""Reminders of what was ordered: the evening before to the elder, some hours before to whoever goes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import ASKABLE, State
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.ordering import Reminder
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Order
from dispatch.models.people import Elder
from dispatch.models.standing import StandingOrder
from dispatch.services.centre import Centre
from dispatch.services.due import carry_out_each
from dispatch.services.helps.ending import live_of
from dispatch.services.helps.orders import remind_next
from dispatch.services.lifecycle import record
from dispatch.services.ordering.telling import News, tell_elder, tell_helper, who_goes
from dispatch.services.rows import stamp

TOO_LATE = timedelta(hours=3)
"""A reminder that a clock which was away has missed by so much is not sent any more."""


def tick(centre: Centre, now: datetime) -> int:
    """Safe to run twice at once."""
    return carry_out_each(centre, Order.remind_at, now, _remind)


def _remind(session: Session, centre: Centre, order_id: int, now: datetime) -> bool:
    # The case first, as everywhere.
    case_id = session.scalars(select(Order.case_id).where(Order.id == order_id)).one()
    case = session.scalar(select(Case).where(Case.id == case_id).with_for_update(skip_locked=True))
    if case is None:
        return False
    order = session.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    if order.remind_at is None or order.remind_at > now or order.remind is None:
        return False
    which, was_due = Reminder(order.remind), order.remind_at
    # What came due while no clock ran is next, and sent or left out by its own age.
    remind_next(centre, order, case, was_due)
    if State(case.state) not in ASKABLE or now - was_due > TOO_LATE or _is_away(session, case):
        return True
    job = live_of(session, case.id)
    if job is not None and job.state == AssignmentState.ARRIVED:
        return True
    to = _tell(session, centre, (case, order, job), which, now)
    if to:
        data = {"to": to, "which": which.value, "wanted_at": stamp(case.wanted_at)}
        key = f"reminder:{which.value}:{stamp(case.wanted_at)}"
        record(session, case, "order_reminded", SYSTEM, now, once_key=key, data=data)
    return True


def _tell(
    session: Session, centre: Centre, of: tuple[Case, Order, Assignment | None], which: Reminder, now: datetime
) -> list[str]:
    """``elder``, ``helper``: who is reminded now."""
    case, order, job = of
    news = f"{which.value}:{case.wanted_at:%Y%m%d%H%M}"
    told = []
    if _elder_wants_it(session, order) and (which is Reminder.EVENING or not order.evening_sent):
        by = f"，由{who_goes(session, job)}前来" if job is not None else ""
        if tell_elder(session, centre, case, News("order_reminder", news, now), by=by) is not None:
            told.append("elder")
        order.evening_sent = True
    if which is Reminder.BEFORE and job is not None:
        tell_helper(session, centre, case, job, News("helper_reminder", news, now))
        told.append("helper")
    return told


def _elder_wants_it(session: Session, order: Order) -> bool:
    """Whoever gets a meal every day need not be told so every evening."""
    standing = session.get(StandingOrder, order.standing_id) if order.standing_id is not None else None
    return standing is None or standing.remind


def _is_away(session: Session, case: Case) -> bool:
    elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
    return elder is not None and elder.absence(case.wanted_at or case.opened_at) is not None
