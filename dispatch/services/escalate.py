"""The tick: whatever has come due is carried out, once, however many clocks run and whenever they died."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import Flag, State, Trigger
from dispatch.domain.escalation import Do, Due, Fired, asked, escalate, waiting
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.places import Household
from dispatch.services.centre import Centre
from dispatch.services.duty.coverage import open_page_gap
from dispatch.services.duty.on_duty import reach
from dispatch.services.lifecycle import begin_wait, move, policy_of, put, record, set_deadline
from dispatch.services.opening import unhold
from dispatch.services.response.calling import begin_unowned
from dispatch.services.response.words import body
from dispatch.services.rows import stamp

log = structlog.get_logger()
BATCH = 100
BATCHES = 4
MINE = Case.due != Due.COME_UP
"""Planned services have a round of their own (``ordering/coming.py``): two thousand lunches come up in one second."""
POISONED_WAIT = 30
"""Seconds that a case which cannot be advanced is left alone before the next try."""


def tick(centre: Centre, now: datetime) -> int:
    """Advance the cases whose deadline has passed, oldest first; returns how many. Safe to run twice at once.

    After a long time without a clock the rest waits for the next tick, so that messages go out in between.
    """
    advanced = 0
    for _ in range(BATCHES):
        claimed = _batch(centre, now)
        advanced += claimed
        if claimed < BATCH:
            break
    return advanced


def _batch(centre: Centre, now: datetime) -> int:
    with centre.database.reads() as session:  # an idle tick must not take the write lock of SQLite
        due = list(session.scalars(_due(now)))
    if not due:
        return 0
    try:
        with centre.database.sessions.begin() as session:
            cases = session.scalars(_claim(now, due)).all()
            for case in cases:
                advance(session, centre, case, now)
            return len(cases)
    except Exception:
        log.exception("tick_batch_failed", cases=len(due))
        return _one_by_one(centre, due, now)


def _due(now: datetime) -> Any:
    return select(Case.id).where(Case.next_due_at <= now, MINE).order_by(Case.next_due_at).limit(BATCH)


def _claim(now: datetime, ids: list[int]) -> Any:
    return (
        select(Case)
        .where(Case.id.in_(ids), Case.next_due_at <= now, MINE)
        .order_by(Case.next_due_at)
        .with_for_update(skip_locked=True)
    )


def _one_by_one(centre: Centre, ids: list[int], now: datetime) -> int:
    """One poisoned case must not keep the others waiting: it is put aside for a while, and says so."""
    advanced = 0
    for case_id in ids:
        try:
            with centre.database.sessions.begin() as session:
                for case in session.scalars(_claim(now, [case_id])):
                    advance(session, centre, case, now)
                    advanced += 1
        except Exception as error:
            log.exception("tick_case_failed", case_id=case_id)
            _put_aside(centre, case_id, now, type(error).__name__)
    return advanced


def _put_aside(centre: Centre, case_id: int, now: datetime, reason: str) -> None:
    from_now = now.timestamp() + POISONED_WAIT
    with centre.database.sessions.begin() as session:
        case = session.get_one(Case, case_id, with_for_update=True)
        case.next_due_at = datetime.fromtimestamp(from_now, now.tzinfo)
        record(session, case, "fault", SYSTEM, now, data={"code": "escalation_failed", "reason": reason})


def advance(session: Session, centre: Centre, case: Case, now: datetime) -> None:
    """Do what ``case`` is due for at ``now`` and set its next deadline."""
    match case.due:
        case Due.ESCALATE:
            _escalate(session, centre, case, now)
        case Due.ASK_OWNER:
            put(case, Flag.ASK_OWNER)
            set_deadline(case, asked(policy_of(case), now))
            record(session, case, "asked_owner", SYSTEM, now, data={"return_at": stamp(case.next_due_at)})
        case Due.RETURN:
            move(case, Trigger.RETURN)
            case.flags = [f for f in case.flags if f != Flag.ASK_OWNER]
            put(case, Flag.RETURNED)
            begin_wait(case, now)
            record(session, case, "returned", SYSTEM, now, data={"reason": "owner_silent"})
        case Due.UNHOLD:
            unhold(case, now)
            record(session, case, "unheld", SYSTEM, now)
        case Due.FOLLOW_UP:
            set_deadline(case, None)
            record(session, case, "follow_up_due", SYSTEM, now)
        case _:
            raise ValueError(f"case {case.id} is due for nothing known: {case.due!r}")


def _escalate(session: Session, centre: Centre, case: Case, now: datetime) -> None:
    policy = policy_of(case)
    if case.state != State.NEW:
        raise ValueError(f"case {case.id} escalates while it is {case.state}")
    fired, case.step = escalate(policy, case.waiting_since, case.step, now)
    set_deadline(case, waiting(policy, case.waiting_since, case.step))
    for item in fired:
        data = _fired_data(item)
        if item.step.do is Do.PAGE_DUTY:
            data |= _page_duty(session, centre, case, item, now)
        once_key = f"escalate:{case.round}:{item.number}"
        record(session, case, item.step.do.value, SYSTEM, now, once_key=once_key, data=data)
    if fired:
        begin_unowned(session, centre, case, now)


def _fired_data(item: Fired) -> dict[str, Any]:
    data: dict[str, Any] = {"step": item.number, "after": item.step.after, "due_at": stamp(item.due_at)}
    if item.skipped:
        data["skipped"] = item.skipped
    return data


def _page_duty(session: Session, centre: Centre, case: Case, item: Fired, now: datetime) -> dict[str, Any]:
    """Whom it rings, for the timeline. Nobody on duty is a gap in the roster, opened here and now."""
    found = reach(session, centre, case.area_id, now)
    if found.last_resort:
        open_page_gap(session, centre, case.area_id, now)
    phones = found.phones
    household = session.get(Household, case.household_id) if case.household_id else None
    words = {
        "signature": centre.messages["signature"],
        "number": case.id,
        "cause": centre.messages["causes"].get(case.cause, case.cause),
        "address": household.address_short if household else (case.origin_device or "?"),
        "seconds": int((now - case.waiting_since).total_seconds()),
    }
    for phone in phones:
        for channel in item.step.channels:
            session.add(
                Message(
                    reference=f"duty:{case.id}:{case.round}:{item.number}:{channel}:{phone.id}",
                    channel=channel,
                    purpose="page_duty",
                    phone=phone.phone,
                    label=phone.label,
                    body=body(centre, "page_duty", channel, words),
                    case_id=case.id,
                    case_round=case.round,
                    state=MessageState.PENDING,
                    created_at=now,
                    next_try_at=now,
                    receipt={},
                )
            )
    return {"phones": len(phones)} | ({"last_resort": True} if found.last_resort else {})
