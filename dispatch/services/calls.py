"""The telephone as a door: a ringing call is a request already, so that nobody who hangs up is forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import false, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.calls import CallEvent, CallReport
from dispatch.domain.case import OPEN, Channel, Flag, Kind, State, Trigger
from dispatch.models.cases import Call, Case
from dispatch.models.outbox import Message
from dispatch.models.people import Contact, Elder, User
from dispatch.models.sealed import has_phone
from dispatch.services.centre import Centre
from dispatch.services.hotline.seats import sitter
from dispatch.services.lifecycle import announce, begin_work, change_priority, drop, move, put, record
from dispatch.services.opening import Scene, active_case, new_case
from dispatch.services.phone_numbers import alike, normal_number
from dispatch.services.response.alarm import ask_owner
from dispatch.services.rows import mask, stamp
from dispatch.services.transact import transact

RINGS = frozenset({CallEvent.OFFERED, CallEvent.PASSED})
"""They say where a call rings at this moment, come again and again, and are no history."""


@dataclass(frozen=True)
class CallReceipt:
    call_id: str
    case_id: int | None
    elders: list[dict[str, Any]]


def receive_call(centre: Centre, report: CallReport, now: datetime) -> CallReceipt:
    """Note one event of a call, whatever order the events come in; the same event again changes nothing."""

    def once(session: Session) -> CallReceipt:
        call = _call(session, centre, report, now)
        if report.event in RINGS:
            if call.case_id is None:  # that it rings at a desk is the first that is told of it
                begins = replace(report, event=CallEvent.RINGING, agent=None, offers=True)
                _note(call, begins, None, now)
                _follow(session, centre, Told(call, begins, None, now))
            _ring(session, centre, call, report, now)
        elif _name(report) not in call.events:
            agent = sitter(session, centre, report.agent, now)
            _note(call, report, agent, now)
            _follow(session, centre, Told(call, report, agent, now))
        today = now.astimezone(centre.zone).date()
        elders = callers(session, centre, call.caller)
        found = [{"id": str(e.id), "name": e.name, "age": e.age(today)} for e in elders]
        return CallReceipt(report.call_id, call.case_id, found)

    return transact(centre, once)


def _name(report: CallReport) -> str:
    """Under which an event is known: a call may be handed on more than once."""
    many = report.event is CallEvent.TRANSFERRED
    return f"{report.event.value}:{report.agent}" if many else report.event.value


def _call(session: Session, centre: Centre, report: CallReport, now: datetime) -> Call:
    dialect = postgresql if centre.database.is_postgresql else sqlite
    session.execute(
        dialect.insert(Call)
        .values(
            call_id=report.call_id,
            caller=normal_number(report.caller),
            called=normal_number(report.called),
            first_at=_when(report, now),
            missed=False,
            outward=False,
            events={},
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(select(Call).where(Call.call_id == report.call_id).with_for_update()).one()


def _when(report: CallReport, now: datetime) -> datetime:
    """What waited here for the database is told late; of the clock of a stranger nothing is known."""
    return min(report.at, now) if report.offers and report.at is not None else now


def _note(call: Call, report: CallReport, agent: User | None, now: datetime) -> None:
    at = _when(report, now)
    call.events = {**call.events, _name(report): stamp(report.at or now)}
    call.caller = call.caller or normal_number(report.caller)
    call.called = call.called or normal_number(report.called)
    call.agent = (agent.username if agent else report.agent) or call.agent
    match report.event:
        case CallEvent.ANSWERED:
            call.answered_at = at
            call.waited = _waited(call, report, at)
        case CallEvent.HANGUP:
            call.ended_at = at
        case CallEvent.MISSED:
            call.ended_at = at
            call.missed = True
            call.waited = _waited(call, report, at)
        case CallEvent.RECORDING:
            call.recording_url = report.recording_url or call.recording_url
        case _:
            pass


def _waited(call: Call, report: CallReport, at: datetime) -> int:
    """Seconds in the queue, as the exchange counts them; else from the first word of this call to this one."""
    return report.waited if report.waited is not None else max(0, round((at - call.first_at).total_seconds()))


def _ring(session: Session, centre: Centre, call: Call, report: CallReport, now: datetime) -> None:
    """It pops at the desk where it rings, and only there. After the answer this is old news."""
    agent = sitter(session, centre, report.agent, now)
    if agent is None or call.answered_at or call.ended_at:
        return
    case = session.get(Case, call.case_id, with_for_update=True) if call.case_id else None
    if case is None:
        return
    desks = [desk for desk in case.rings_for or [] if desk != str(agent.id)]
    case.rings_for = [*desks, str(agent.id)] if report.event is CallEvent.OFFERED else desks
    announce(session, [case.id], now)


def callers(session: Session, centre: Centre, caller: str | None) -> list[Elder]:
    """Everybody whom this number may mean: the elder's own telephone first, then those whose contact it is."""
    if caller is None:
        return []
    forms = alike(caller, centre.hotline.area_code)
    own = or_(*(has_phone(Elder.phone_index, form) for form in forms))
    contacts = or_(*(has_phone(Contact.phone_index, form) for form in forms))
    statement = (
        select(Elder)
        .where(
            Elder.archived_at.is_(None),
            or_(own, Elder.id.in_(select(Contact.elder_id).where(contacts))),
        )
        .options(joinedload(Elder.household))
        .order_by(func.coalesce(own, false()).desc(), Elder.id)
        .limit(10)
    )
    return list(session.scalars(statement))


@dataclass(frozen=True)
class Told:
    """One event of a call, noted."""

    call: Call
    report: CallReport
    agent: User | None
    now: datetime


def _follow(session: Session, centre: Centre, told: Told) -> None:
    call, event, now = told.call, told.report.event, told.now
    actor = Actor("caller", call.call_id[:100], mask(call.caller) or "")
    case = session.get(Case, call.case_id, with_for_update=True) if call.case_id else None
    if case is None:
        case = _asked_for(session, centre, told) or _case_for(session, centre, call, now)
        call.case_id = case.id
    if event is CallEvent.ANSWERED:
        _answered(case, told)
    unanswered = call.answered_at is None and event in (CallEvent.MISSED, CallEvent.HANGUP)
    if call.outward and event is not CallEvent.RECORDING:
        announce(session, [case.id], now)  # its message tells the history
        return
    if unanswered:
        _missed(centre, case, told)
    case.rings_for = _rings_for(case, told)
    data = {"event": event.value, "call_id": call.call_id, "agent": call.agent}
    if event is CallEvent.TRANSFERRED:
        data["to"] = told.agent.name if told.agent else told.report.agent
    record(session, case, "call_in", actor, now, channel=Channel.HOTLINE, data=data)


def _answered(case: Case, told: Told) -> None:
    if told.agent is not None and case.state == State.NEW and not told.call.outward:
        move(case, Trigger.TAKE)
        begin_work(case, told.agent.id, told.now)
    told.call.missed = False  # the end of the call may have been told before its beginning
    drop(case, Flag.MISSED_CALL)


def _missed(centre: Centre, case: Case, told: Told) -> None:
    """Whoever has given up is owed a call: by everybody, or by the one who has the case already."""
    told.call.missed = True
    if told.call.waited is None:
        told.call.waited = _waited(told.call, told.report, _when(told.report, told.now))
    if State(case.state) not in OPEN:
        return
    put(case, Flag.MISSED_CALL)
    if case.state != State.NEW:
        ask_owner(case, told.now)
    elif case.priority > 2:
        change_priority(case, 2, centre.policies, told.now)


def _rings_for(case: Case, told: Told) -> list[str] | None:
    """At whose desks it rings. None: at nobody's any more, or this exchange does not say."""
    match told.report.event:
        case CallEvent.RINGING if told.report.offers and not (told.call.answered_at or told.call.ended_at):
            return []
        case CallEvent.TRANSFERRED if told.agent is not None:
            return [str(told.agent.id)]
        case CallEvent.RECORDING:
            return case.rings_for
        case _:
            return None


def _asked_for(session: Session, centre: Centre, told: Told) -> Case | None:
    """The case of a call that this centre has made itself, and with it the one who rang."""
    call = told.call
    ours = select(Message).where(Message.provider_id == call.call_id, Message.case_id.is_not(None))
    message = session.scalar(ours.order_by(Message.id.desc()).limit(1))
    if message is None:
        return None
    desk = (message.conversation or {}).get("desk")
    agent = sitter(session, centre, desk, told.now)
    call.agent = agent.username if agent else desk
    call.outward, call.waited = True, None
    return session.get_one(Case, message.case_id, with_for_update=True)


def _case_for(session: Session, centre: Centre, call: Call, now: datetime) -> Case:
    """The open case that this caller belongs to, or a new one: the home's emergency first, then an earlier call."""
    elders = callers(session, centre, call.caller)
    elder = elders[0] if len(elders) == 1 else None
    home = elders[0].household if elders and len({one.household_id for one in elders}) == 1 else None
    case = active_case(session, home.id, None) if home else None
    if case is None and call.caller is not None:
        case = session.scalar(
            select(Case)
            .where(has_phone(Case.caller_index, call.caller), Case.state.in_(OPEN), Case.cause == "call")
            .order_by(Case.id.desc())
            .limit(1)
            .with_for_update()
        )
    if case is not None:
        case.signals += 1
        case.last_signal_at = now
        put(case, Flag.REPEAT)
        return case
    case = new_case(
        centre,
        kind=Kind.ENQUIRY,
        cause="call",
        channel=Channel.HOTLINE,
        priority=3,
        at=now,
        scene=Scene.of(elder, home, now),
    )
    case.caller = call.caller
    case.signals = 1
    case.last_signal_at = now
    session.add(case)
    session.flush()
    return case
