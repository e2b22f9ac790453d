"""The cascade inside of other transactions: begun, advanced, ended. The caller holds the case, then the cascade.

No message is locked here, for whoever hears from the network has its message first and asks for the case then. Messages
that have not gone out fall by ``still_asked``; telephones that ring already are ended by ``hang_up``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.cascade import PENDING, CallState, CascadeState, CascadeStep, Mode, Plan, Who
from dispatch.domain.case import ACTIVE, Flag, State
from dispatch.domain.errors import IllegalTransition
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact
from dispatch.models.response import Cascade, CascadeCall
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import drop, record
from dispatch.services.response.alarm import alarm
from dispatch.services.response.reachable import Target, targets
from dispatch.services.response.words import about, body
from dispatch.services.rows import stamp

FLAGS = (Flag.CASCADE_EXHAUSTED, Flag.ELDER_ANSWERED)
"""What a case shows of its cascade until somebody goes, or a person has decided."""


@dataclass(frozen=True)
class Going:
    """A cascade that is advanced now."""

    centre: Centre
    case: Case
    cascade: Cascade
    now: datetime


def running(session: Session, case_id: int) -> Cascade | None:
    return session.scalar(
        select(Cascade).where(Cascade.case_id == case_id, Cascade.state == CascadeState.RUNNING).with_for_update()
    )


def latest(session: Session, case_id: int) -> Cascade | None:
    statement = select(Cascade).where(Cascade.case_id == case_id).order_by(Cascade.id.desc()).limit(1)
    return session.scalar(statement.with_for_update())


def begin(
    session: Session, centre: Centre, case: Case, actor: Actor, now: datetime, *, once_key: str | None = None
) -> Cascade | None:
    """Call the first at once. One that runs already goes on; None: ``once_key`` was used before.

    Raises ``IllegalTransition`` for a case that is over.
    """
    if State(case.state) not in ACTIVE:
        raise IllegalTransition("nobody is called for a case that is over", state=case.state)
    found = running(session, case.id)
    if found is not None:
        return found
    if once_key is not None and session.scalar(
        select(Cascade.id).where(Cascade.case_id == case.id, Cascade.once_key == once_key)
    ):
        return None
    cascade = Cascade(
        case_id=case.id,
        state=CascadeState.RUNNING,
        plan=centre.cascade.plan(case.cause).dump(),
        round=1,
        step=0,
        started_at=now,
        started_by=actor.name or actor.kind,
        once_key=once_key,
    )
    session.add(cascade)
    session.flush()
    drop(case, *FLAGS)
    record(session, case, "cascade_started", actor, now, data={"cascade": str(cascade.id)})
    advance(session, centre, case, cascade, now)
    return cascade


def begin_unowned(session: Session, centre: Centre, case: Case, now: datetime) -> None:
    """Nobody takes an urgent case: the clock calls those who stand by the elder itself, once a wait."""
    after = centre.cascade.unowned_after
    if after is None or case.priority != 1 or now - case.waiting_since < after:
        return
    if case.elder_id is None and case.household_id is None:
        return
    before = latest(session, case.id)
    if before is not None and before.state in (CascadeState.RUNNING, CascadeState.ACCEPTED):
        return
    begin(session, centre, case, SYSTEM, now, once_key=f"unowned:{case.round}")


def calls_of(session: Session, cascade_id: int, **where: Any) -> list[CascadeCall]:
    statement = select(CascadeCall).where(CascadeCall.cascade_id == cascade_id)
    return list(session.scalars(statement.filter_by(**where).order_by(CascadeCall.id)))


def advance(session: Session, centre: Centre, case: Case, cascade: Cascade, now: datetime) -> None:
    """Call the next one, or all of the next step; after the last round it goes back to the operator."""
    plan = Plan.load(cascade.plan)
    called = {call.person for call in calls_of(session, cascade.id, round=cascade.round)}
    while True:
        step = plan.steps[cascade.step]
        waiting = [t for t in targets(session, centre, case, step.who, now) if t.person not in called]
        if waiting:
            batch = waiting if step.mode is Mode.TOGETHER else waiting[:1]
            _call_all(session, Going(centre, case, cascade, now), step, batch)
            return
        following = plan.after(cascade.round, cascade.step)
        if following is None:
            _exhaust(session, centre, case, cascade, now)
            return
        if following[0] != cascade.round:
            called = set()
        cascade.round, cascade.step = following


def _call_all(session: Session, going: Going, step: CascadeStep, batch: list[Target]) -> None:
    cascade, now = going.cascade, going.now
    until = now + step.wait
    cascade.next_due_at = until
    cascade.version += 1
    for target in batch:
        call_one(session, going, step, target)
    data = {
        "cascade": str(cascade.id),
        "round": cascade.round,
        "step": cascade.step,
        "who": step.who.value,
        "to": "、".join(target.label for target in batch),
        "until": stamp(until),
    }
    once_key = f"cascade:{cascade.id}:{cascade.round}:{batch[0].person}"
    record(session, going.case, "cascade_call", SYSTEM, now, once_key=once_key, data=data)


def call_one(session: Session, going: Going, step: CascadeStep, target: Target) -> CascadeCall:
    """The row of the call and its messages. The unique index allows a person once a round."""
    centre, case, cascade, now = going.centre, going.case, going.cascade, going.now
    call = CascadeCall(
        cascade_id=cascade.id,
        round=cascade.round,
        step=cascade.step,
        who=target.who,
        person=target.person,
        label=target.label,
        minutes_away=target.minutes_away,
        state=CallState.CALLING,
        called_at=now,
        until=now + step.wait,
    )
    session.add(call)
    session.flush()
    if target.contact_id is not None:
        contact = session.get(Contact, target.contact_id, with_for_update=True)
        if contact is not None:
            contact.tried += 1
    purpose = "cascade_elder" if target.who is Who.ELDER else "cascade"
    words = about(session, centre, case)
    for channel in step.channels:
        if channel in centre.messages[purpose]:
            text = body(centre, purpose, channel, words)
            send(session, case, call, Wish(purpose, channel, target.phone, text, target.contact_id), now)
    return call


@dataclass(frozen=True)
class Wish:
    """A message about a call of the cascade."""

    purpose: str
    channel: str
    phone: str
    text: str
    contact_id: int | None = None


def send(session: Session, case: Case, call: CascadeCall, wish: Wish, now: datetime) -> None:
    session.add(
        Message(
            reference=f"{wish.purpose}:{call.id}:{wish.channel}",
            channel=wish.channel,
            purpose=wish.purpose,
            phone=wish.phone,
            label=call.label,
            body=wish.text,
            case_id=case.id,
            case_round=case.round,
            contact_id=wish.contact_id,
            cascade_call_id=call.id,
            state=MessageState.PENDING,
            created_at=now,
            next_try_at=now,
            receipt={},
        )
    )


def _exhaust(session: Session, centre: Centre, case: Case, cascade: Cascade, now: datetime) -> None:
    end(session, cascade, CascadeState.EXHAUSTED, now)
    raised = alarm(case, Flag.CASCADE_EXHAUSTED, centre.policies, now)
    data = {"cascade": str(cascade.id), "rounds": cascade.round, **raised}
    record(session, case, "cascade_exhausted", SYSTEM, now, once_key=f"cascade:{cascade.id}:exhausted", data=data)
    if case.state == State.NEW and not raised:
        key = f"cascade:{cascade.id}:supervisor"
        data = {"reason": "cascade_exhausted"}
        record(session, case, "alert_supervisor", SYSTEM, now, once_key=key, data=data)


def end(session: Session, cascade: Cascade, state: CascadeState, now: datetime, *, reason: str | None = None) -> None:
    """It calls nobody any more, and what rings is ended. The caller records it.

    After the last round telephones have rung out, and a late "1" must find its call as it was.
    """
    cascade.state = state
    cascade.next_due_at = None
    cascade.ended_at = now
    cascade.end_reason = reason
    cascade.version += 1
    if state is not CascadeState.EXHAUSTED:
        for call in calls_of(session, cascade.id):
            withdraw(call, CallState.WITHDRAWN, now)
    session.flush()


def withdraw(call: CascadeCall, state: CallState, now: datetime) -> None:
    if call.state in PENDING:
        call.state = state
        call.ended_at = now
        call.hang_up_at = now


def settle(session: Session, case: Case, now: datetime, *, reason: str) -> bool:
    """The case came to its end, or was put aside: nobody is called for it any more."""
    cascade = running(session, case.id)
    drop(case, *FLAGS)
    if cascade is None:
        return False
    end(session, cascade, CascadeState.SETTLED, now, reason=reason)
    record(session, case, "cascade_settled", SYSTEM, now, data={"cascade": str(cascade.id), "reason": reason})
    return True
