"""The telephone as a door: a ringing call is a request already, so that nobody who hangs up is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import phonenumbers
from sqlalchemy import false, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, Channel, Flag, Kind, State, Trigger
from dispatch.models.cases import Call, Case
from dispatch.models.people import Contact, Elder, User
from dispatch.models.sealed import has_phone
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import begin_work, change_priority, drop, move, put, record
from dispatch.services.opening import Scene, active_case, new_case
from dispatch.services.rows import mask, stamp
from dispatch.services.transact import transact


class CallEvent(StrEnum):
    RINGING = "ringing"
    ANSWERED = "answered"
    HANGUP = "hangup"
    MISSED = "missed"
    RECORDING = "recording"


@dataclass(frozen=True)
class CallReport:
    call_id: str
    event: CallEvent
    caller: str | None = None
    called: str | None = None
    agent: str | None = None
    at: datetime | None = None
    recording_url: str | None = None


@dataclass(frozen=True)
class CallReceipt:
    call_id: str
    case_id: int | None
    elders: list[dict[str, Any]]


def normal_number(number: str | None) -> str | None:
    """``+8613812345678`` and ``138 1234 5678`` are one number: national digits, as the register has them."""
    if not number:
        return None
    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        return number[:32]
    if parsed.country_code != 86:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[:32]
    national = str(parsed.national_number)
    mobile = len(national) == 11 and national.startswith("1")
    return national if mobile or len(national) <= 8 else f"0{national}"


def receive_call(centre: Centre, report: CallReport, now: datetime) -> CallReceipt:
    """Note one event of a call, whatever order the events come in; the same event again changes nothing."""

    def once(session: Session) -> CallReceipt:
        call = _call(session, centre, report, now)
        if report.event.value not in call.events:
            _note(call, report, now)
            _follow(session, centre, call, report.event, now)
        today = now.astimezone(centre.zone).date()
        elders = _elders(session, call.caller)
        found = [{"id": str(e.id), "name": e.name, "age": e.age(today)} for e in elders]
        return CallReceipt(report.call_id, call.case_id, found)

    return transact(centre, once)


def _call(session: Session, centre: Centre, report: CallReport, now: datetime) -> Call:
    dialect = postgresql if centre.database.is_postgresql else sqlite
    session.execute(
        dialect.insert(Call)
        .values(
            call_id=report.call_id,
            caller=normal_number(report.caller),
            called=normal_number(report.called),
            first_at=now,
            missed=False,
            events={},
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(select(Call).where(Call.call_id == report.call_id).with_for_update()).one()


def _note(call: Call, report: CallReport, now: datetime) -> None:
    call.events = {**call.events, report.event.value: stamp(report.at or now)}
    call.caller = call.caller or normal_number(report.caller)
    call.called = call.called or normal_number(report.called)
    call.agent = report.agent or call.agent
    match report.event:
        case CallEvent.ANSWERED:
            call.answered_at = now
        case CallEvent.HANGUP:
            call.ended_at = now
        case CallEvent.MISSED:
            call.ended_at = now
            call.missed = True
        case CallEvent.RECORDING:
            call.recording_url = report.recording_url
        case CallEvent.RINGING:
            pass


def _elders(session: Session, caller: str | None) -> list[Elder]:
    """Everybody whom this number may mean: the elder's own telephone first, then those whose contact it is."""
    if caller is None:
        return []
    own = has_phone(Elder.phone_index, caller)
    statement = (
        select(Elder)
        .where(
            Elder.archived_at.is_(None),
            or_(own, Elder.id.in_(select(Contact.elder_id).where(has_phone(Contact.phone_index, caller)))),
        )
        .options(joinedload(Elder.household))
        .order_by(func.coalesce(own, false()).desc(), Elder.id)
        .limit(10)
    )
    return list(session.scalars(statement))


def _follow(session: Session, centre: Centre, call: Call, event: CallEvent, now: datetime) -> None:
    actor = Actor("caller", call.call_id[:100], mask(call.caller) or "")
    case = session.get(Case, call.case_id, with_for_update=True) if call.case_id else None
    if case is None:
        case = _case_for(session, centre, call, _elders(session, call.caller), now)
        call.case_id = case.id
    agent = session.scalar(select(User).where(User.username == call.agent)) if call.agent else None
    if event is CallEvent.ANSWERED and agent is not None and case.state == State.NEW:
        move(case, Trigger.TAKE)
        begin_work(case, agent.id, now)
    if event is CallEvent.ANSWERED and call.missed:  # the end of the call was told before its beginning
        call.missed = False
        drop(case, Flag.MISSED_CALL)
    unanswered = call.answered_at is None and event in (CallEvent.MISSED, CallEvent.HANGUP)
    if unanswered and case.state == State.NEW:
        call.missed = True
        put(case, Flag.MISSED_CALL)
        if case.priority > 2:
            change_priority(case, 2, centre.policies, now)
    data = {"event": event.value, "call_id": call.call_id, "agent": call.agent}
    record(session, case, "call_in", actor, now, channel=Channel.HOTLINE, data=data)


def _case_for(session: Session, centre: Centre, call: Call, elders: list[Elder], now: datetime) -> Case:
    """The open case that this caller belongs to, or a new one: the home's emergency first, then an earlier call."""
    elder = elders[0] if len(elders) == 1 else None
    case = active_case(session, elder.household_id, None) if elder else None
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
        scene=Scene.of(elder, elder.household if elder else None, now),
    )
    case.caller = call.caller
    case.signals = 1
    case.last_signal_at = now
    session.add(case)
    session.flush()
    return case
