"""Cascades and promises of the invented centre: one that runs while the visitor looks, and those that were kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.cascade import CallState, CascadeState, CascadeStep, Plan, Who
from dispatch.domain.case import Kind
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact, User
from dispatch.models.response import Arrival, Cascade, CascadeCall
from dispatch.models.simnet import SimPhone
from dispatch.services.demo.tape import Called, Tape, desk
from dispatch.services.response.words import body
from dispatch.services.rows import stamp

NEAR = 3
"""Minutes; who is farther away would keep the invented operator idle for too long."""


def nearest(tape: Tape) -> Contact | None:
    """Somebody who can be there in a moment, where somebody must be."""
    if tape.case.kind != Kind.EMERGENCY:
        return None
    near = [one for one in tape.home.contacts if one.minutes_away is not None and one.minutes_away <= NEAR]
    return near[0] if near else None


def went(tape: Tape, user: User, helper: Contact) -> None:
    """The elder does not answer, the helper presses 1 and is there in time."""
    called, cascade, plan = _begin(tape, user)
    elder = _elder(tape, plan.steps[0], CallState.NO_ANSWER, rings=25)
    called.calls.append(elder)
    _say_called(tape, plan.steps[0], [elder])
    tape.wait(plan.steps[0].seconds)
    number, step = _step(plan, _who(tape, helper))
    call = _call(tape, helper, number, step)
    called.calls.append(call)
    cascade.step = number
    _say_called(tape, step, [call])
    tape.wait(11)
    call.state, call.ended_at = CallState.ACCEPTED, tape.now
    cascade.state, cascade.ended_at = CascadeState.ACCEPTED, tape.now
    due_at = tape.now + timedelta(minutes=helper.minutes_away or NEAR)
    said = Actor("phone", call.person, call.label)
    data = {"who": call.label, "minutes": helper.minutes_away, "due_at": stamp(due_at)}
    tape.note("cascade_accepted", said, channel="voice", data=data)
    called.arrival = _arrival(tape, call.label, due_at, call.label)
    tape.wait(20).say(user, f"已告诉{call.label}怎么进门")
    tape.wait((due_at - tape.now).total_seconds() - 15)
    called.arrival.state = ArrivalState.ARRIVED
    called.arrival.next_due_at, called.arrival.settled_at, called.arrival.settled_by = None, tape.now, call.label
    tape.note("arrived", said, channel="sms", data={"who": call.label, "due_at": stamp(due_at)})
    tape.say(user, f"{call.label}已到场")


def goes_on(tape: Tape, user: User) -> None:
    """Begun just now: the elder has been spoken to, and those who are next are called while the visitor looks."""
    called, cascade, plan = _begin(tape, user)
    called.calls.append(_elder(tape, plan.steps[0], CallState.SKIPPED, rings=0))
    tape.note("cascade_skipped", desk(user), data={"to": called.calls[0].label})
    groups = ((number, step, _of(tape, step.who)) for number, step in enumerate(plan.steps))
    number, step, people = next((n, s, p) for n, s, p in groups if p)
    calls = [_call(tape, one, number, step) for one in people]
    called.calls += calls
    cascade.step, cascade.next_due_at = number, tape.now + step.wait
    _say_called(tape, step, calls)
    words = {
        "signature": tape.centre.messages["signature"],
        "cause": tape.centre.messages["causes"][tape.case.cause],
        "address": tape.home.household.address_short,
    }
    for call, contact in zip(calls, people, strict=True):
        for channel in step.channels:
            message = Message(
                channel=channel,
                purpose="cascade",
                phone=contact.phone,
                label=call.label,
                body=body(tape.centre, "cascade", channel, words),
                case_round=tape.case.round,
                contact_id=contact.id,
                state=MessageState.PENDING,
                created_at=tape.now,
                next_try_at=tape.now,
                receipt={},
            )
            called.messages.append((call, message))
        label = f"{contact.name}({tape.home.elders[0].name})"
        called.phones.append(SimPhone(number=contact.phone, label=label, kind="contact", robot=False))


def promised(tape: Tape, user: User, who: str, minutes: int) -> None:
    """The operator was told when somebody will be there."""
    due_at = tape.now + timedelta(minutes=minutes)
    tape.called.append(Called(arrival=_arrival(tape, who, due_at, user.name)))
    tape.note("arrival_promised", desk(user), data={"who": who, "due_at": stamp(due_at)})


def write(session: Session, tapes: Iterable[Tape]) -> None:
    """After the cases, which have their ids by then."""
    found = [(tape.case.id, called) for tape in tapes for called in tape.called]
    for case_id, called in found:
        if called.cascade is not None:
            called.cascade.case_id = case_id
            session.add(called.cascade)
        session.add_all(called.phones)
    session.flush()
    for _, called in found:
        for call in called.calls:
            assert called.cascade is not None, "a call is of a cascade"
            call.cascade_id = called.cascade.id
            session.add(call)
    session.flush()
    for case_id, called in found:
        for call, message in called.messages:
            message.case_id, message.cascade_call_id = case_id, call.id
            message.reference = f"{message.purpose}:{call.id}:{message.channel}"
            session.add(message)
        if called.arrival is not None:
            called.arrival.case_id = case_id
            called.arrival.call_id = next((c.id for c in called.calls if c.state == CallState.ACCEPTED), None)
            session.add(called.arrival)


def _begin(tape: Tape, user: User) -> tuple[Called, Cascade, Plan]:
    plan = tape.centre.cascade.plan(tape.case.cause)
    cascade = Cascade(
        state=CascadeState.RUNNING, plan=plan.dump(), round=1, step=0, started_at=tape.now, started_by=user.name
    )
    tape.acts()
    tape.note("cascade_started", desk(user))
    tape.called.append(Called(cascade=cascade))
    return tape.called[-1], cascade, plan


def _who(tape: Tape, contact: Contact) -> Who:
    return tape.centre.cascade.relations.get(contact.relation, Who.CONTACTS)


def _of(tape: Tape, who: Who) -> list[Contact]:
    return [one for one in tape.home.contacts if one.phone and _who(tape, one) is who]


def _step(plan: Plan, who: Who) -> tuple[int, CascadeStep]:
    return next((number, step) for number, step in enumerate(plan.steps) if step.who is who)


def _elder(tape: Tape, step: CascadeStep, state: CallState, *, rings: float) -> CascadeCall:
    elder = tape.home.elders[0]
    return CascadeCall(
        round=1, step=0, who=Who.ELDER, person=f"elder:{elder.id}", label=elder.name, state=state,
        called_at=tape.now, until=tape.now + step.wait, ended_at=tape.now + timedelta(seconds=rings),
    )  # fmt: skip


def _call(tape: Tape, contact: Contact, number: int, step: CascadeStep) -> CascadeCall:
    return CascadeCall(
        round=1, step=number, who=step.who, person=f"contact:{contact.id}", label=contact.name,
        minutes_away=contact.minutes_away, state=CallState.CALLING, called_at=tape.now, until=tape.now + step.wait,
    )  # fmt: skip


def _say_called(tape: Tape, step: CascadeStep, calls: list[CascadeCall]) -> None:
    to = "、".join(call.label for call in calls)
    data = {"round": 1, "step": calls[0].step, "who": step.who.value, "to": to, "until": stamp(calls[0].until)}
    tape.note("cascade_call", SYSTEM, data=data)


def _arrival(tape: Tape, who: str, due_at: datetime, by: str) -> Arrival:
    return Arrival(
        who=who, state=ArrivalState.OPEN, due_at=due_at, next_due_at=due_at, created_at=tape.now, created_by=by
    )
