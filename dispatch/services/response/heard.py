"""What comes back from those who were called: they go, they cannot, they are there, or nobody was at the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.cascade import OVER_AT_ONCE, PENDING, CallState, CascadeState, Who
from dispatch.domain.case import ACTIVE, OPEN, Flag, State
from dispatch.domain.replies import Meaning, Reply, read
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.response import Cascade, CascadeCall
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import drop, put, record
from dispatch.services.response import promises
from dispatch.services.response.alarm import ask_owner
from dispatch.services.response.calling import FLAGS, Wish, calls_of, end, send
from dispatch.services.response.promises import Ending, Promise
from dispatch.services.response.words import about, body
from dispatch.services.rows import stamp

BECOMES = {
    MessageState.ANSWERED: CallState.ANSWERED,
    MessageState.VOICEMAIL: CallState.VOICEMAIL,
    MessageState.NO_ANSWER: CallState.NO_ANSWER,
    MessageState.DEAD: CallState.FAILED,
}


def still_asked(session: Session, message: Message) -> bool:
    """Nobody is called who was skipped or withdrawn, or for a case that has come to its end or was put aside."""
    call = session.get_one(CascadeCall, message.cascade_call_id)
    cascade = session.get_one(Cascade, call.cascade_id)
    case = session.get_one(Case, message.case_id)
    wanted = cascade.state == CascadeState.RUNNING and call.state in PENDING
    return wanted and State(case.state) in ACTIVE and case.held_until is None


def still_open(session: Session, message: Message) -> bool:
    return State(session.get_one(Case, message.case_id).state) in OPEN


def hear(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    """A receipt or a reply to a message of the cascade. The message is locked, and the case by whoever recorded it."""
    case = session.get_one(Case, message.case_id, with_for_update=True)
    call = session.get_one(CascadeCall, message.cascade_call_id)
    cascade = session.get_one(Cascade, call.cascade_id, with_for_update=True, populate_existing=True)
    session.refresh(call)
    said = Said(case, cascade, call, message, at)
    if call.who == Who.ELDER:
        _hear_elder(session, centre, said)
        return
    if reply is None:
        if message.purpose == "cascade":
            _note_state(session, cascade, call, message, at)
        return
    meant = read(reply)
    if meant.meaning is Meaning.UNCLEAR:
        return  # the timeline shows what was said; nothing follows from it
    if meant.meaning is Meaning.DECLINE:
        _decline(session, said)
        return
    _accept(session, centre, said, meant)
    if meant.meaning is Meaning.ARRIVED:
        _arrive(session, said)


@dataclass(frozen=True)
class Said:
    """Who said it, to which message, when."""

    case: Case
    cascade: Cascade
    call: CascadeCall
    message: Message
    at: datetime

    @property
    def actor(self) -> Actor:
        return Actor("phone", self.call.person, self.call.label)

    def note(self, session: Session, kind: str, data: dict[str, Any]) -> None:
        record(session, self.case, kind, self.actor, self.at, channel=self.message.channel, data=data)


def _hear_elder(session: Session, centre: Centre, said: Said) -> None:
    """Who picks up, or presses a key, may lie on the floor all the same. A person decides, and has a while for it;
    with no word from anybody the cascade goes on.
    """
    case, cascade, call, at = said.case, said.cascade, said.call, said.at
    before = call.state
    _note_state(session, cascade, call, said.message, at)
    if call.state != CallState.ANSWERED or before == CallState.ANSWERED or State(case.state) not in ACTIVE:
        return
    data: dict[str, Any] = {"cascade": str(cascade.id), "who": call.label}
    if cascade.state == CascadeState.RUNNING:
        call.until = at + centre.cascade.elder_answered
        cascade.next_due_at = max(cascade.next_due_at or call.until, call.until)
        data["until"] = stamp(cascade.next_due_at)
    put(case, Flag.ELDER_ANSWERED)
    ask_owner(case, at)
    said.note(session, "elder_answered", data)


def _note_state(session: Session, cascade: Cascade, call: CascadeCall, message: Message, at: datetime) -> None:
    becomes = BECOMES.get(MessageState(message.state))
    if becomes is None or call.state not in PENDING or call.state == CallState.ANSWERED:
        return
    if becomes is CallState.FAILED:
        session.flush()
        others = select(Message.id).where(
            Message.cascade_call_id == call.id, Message.purpose == message.purpose, Message.state != MessageState.DEAD
        )
        if session.scalar(others.limit(1)) is not None:
            return
    if message.channel == "voice" or becomes is CallState.FAILED:
        call.state = becomes
        call.ended_at = None if becomes is CallState.ANSWERED else at
        cascade.version += 1
    if becomes is CallState.FAILED:
        _go_on(session, cascade, at)


def _go_on(session: Session, cascade: Cascade, at: datetime) -> None:
    """Nobody waits for those who have said no."""
    session.flush()
    called = calls_of(session, cascade.id, round=cascade.round)  # the elder may be waited for beside the present step
    waited_for = [c for c in called if c.state in PENDING and c.until > at]
    over = any(c.state in OVER_AT_ONCE for c in called if c.step == cascade.step)
    if cascade.state == CascadeState.RUNNING and over and not waited_for:
        cascade.next_due_at = at


def _decline(session: Session, said: Said) -> None:
    call = said.call
    if call.state == CallState.ACCEPTED:
        _give_back(session, said)
    elif call.state in PENDING:
        call.state = CallState.DECLINED
        call.ended_at = said.at
        said.cascade.version += 1
        said.note(session, "cascade_declined", {"who": call.label})
        _go_on(session, said.cascade, said.at)


def _give_back(session: Session, said: Said) -> None:
    """Who accepted cannot come after all: the promise is late at once, so that the centre hears of it."""
    arrival = promises.of_call(session, said.call.id)
    if arrival is not None and arrival.case_id == said.case.id:
        arrival.next_due_at = said.at
        arrival.due_at = min(arrival.due_at, said.at)
        said.note(session, "cascade_gave_back", {"who": said.call.label})


def _accept(session: Session, centre: Centre, said: Said, meant: Reply) -> None:
    case, cascade, call = said.case, said.cascade, said.call
    if call.state == CallState.ACCEPTED:
        _say_when(session, said, meant)
        return
    if call.state == CallState.ALSO:
        return
    if State(case.state) not in ACTIVE:
        call.state = CallState.ALSO
        _answer(session, centre, said, "cascade_over", {})
        data = {"who": call.label}
        said.note(session, "cascade_too_late", data)
        return
    if cascade.state == CascadeState.ACCEPTED:
        call.state = CallState.ALSO
        first = next(c for c in calls_of(session, cascade.id) if c.state == CallState.ACCEPTED)
        _answer(session, centre, said, "cascade_also", {"who": first.label})
        data = {"who": call.label, "first": first.label}
        said.note(session, "cascade_also", data)
        return
    _go(session, centre, said, meant)


def _go(session: Session, centre: Centre, said: Said, meant: Reply) -> None:
    """The first to say so is responsible; the others are told who it is, and what still rings is ended."""
    case, cascade, call, at = said.case, said.cascade, said.call, said.at
    call.state = CallState.ACCEPTED
    call.ended_at = at
    session.flush()
    end(session, cascade, CascadeState.ACCEPTED, at)
    drop(case, *FLAGS)
    minutes = meant.minutes or call.minutes_away or centre.cascade.default_minutes
    due_at = at + timedelta(minutes=minutes)
    arrival = promises.make(session, case, Promise(call.label, due_at, call.id), said.actor, at)
    data = {
        "cascade": str(cascade.id),
        "who": call.label,
        "minutes": minutes,
        "due_at": stamp(due_at),
        "arrival": str(arrival.id),
    }
    said.note(session, "cascade_accepted", data)
    if meant.meaning is not Meaning.ARRIVED:
        _answer(session, centre, said, "cascade_accepted", {"minutes": minutes})
    _tell_the_others(session, centre, said, minutes)


def _tell_the_others(session: Session, centre: Centre, said: Said, minutes: int) -> None:
    words = {**about(session, centre, said.case), "who": said.call.label, "minutes": minutes}
    text = body(centre, "cascade_named", "sms", words)
    told = {said.call.person, said.message.phone}
    for call in calls_of(session, said.cascade.id):
        phone = session.scalar(select(Message.phone).where(Message.cascade_call_id == call.id).limit(1))
        if call.who == Who.ELDER or phone is None or call.person in told or phone in told:
            continue
        told |= {call.person, phone}
        send(session, said.case, call, Wish("cascade_named", "sms", phone, text), said.at)


def _answer(session: Session, centre: Centre, said: Said, purpose: str, words: dict[str, object]) -> None:
    """A short message back to the one who said something, once."""
    text = body(centre, purpose, "sms", {**about(session, centre, said.case), **words})
    send(session, said.case, said.call, Wish(purpose, "sms", said.message.phone, text), said.at)


def _say_when(session: Session, said: Said, meant: Reply) -> None:
    """ "1" first and "15分钟" afterwards: the time that was promised is the one that was said."""
    if meant.minutes is None:
        return
    arrival = promises.of_call(session, said.call.id)
    if arrival is None or arrival.case_id != said.case.id:
        return
    due_at = said.at + timedelta(minutes=meant.minutes)
    promises.move(session, said.case, arrival, due_at)
    data = {"who": arrival.who, "due_at": stamp(due_at), "minutes": meant.minutes}
    said.note(session, "arrival_moved", data)


def _arrive(session: Session, said: Said) -> None:
    case = said.case
    arrival = promises.of_call(session, said.call.id)
    if arrival is None:
        if said.call.state == CallState.ALSO:
            said.note(session, "arrived", {"who": said.call.label})
        return
    if arrival.case_id != case.id:  # merged in the meantime: it belongs to the other case
        case = session.get_one(Case, arrival.case_id, with_for_update=True)
    ending = Ending(ArrivalState.ARRIVED, said.actor, said.at, channel=said.message.channel)
    promises.end(session, case, arrival, ending)
