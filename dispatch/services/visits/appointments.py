"""The time of a booked visit: the elder or the family is told of it the evening before, and says whether it is well.

A "1" confirms. Everything else comes to the desk, where a person rings and moves it: nothing is moved by a digit alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, Channel, Kind
from dispatch.domain.helps.wishes import Answer, read
from dispatch.domain.sms import national
from dispatch.domain.visits.periods import DAY
from dispatch.domain.visits.visit import VisitState
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact, Elder
from dispatch.models.sealed import has_phone
from dispatch.models.sms import Sending
from dispatch.models.visit_records import CheckinCase
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.care.reach import begins, today
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words
from dispatch.services.lifecycle import record
from dispatch.services.ordering.telling import day_and_time, is_mobile
from dispatch.services.requests import Request, begin
from dispatch.services.response.words import fitted
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

REMINDER, HEARD, WHICH = "visit_reminder", "visit_heard", "visit_which"
ABOUT = (REMINDER, HEARD, WHICH)
"""Purposes of the messages that an elder, or the family, may answer."""
SAYS_WELL = ("确认", "同意", "confirm")
ANSWERED_WITHIN = timedelta(days=2)
CAUSE = "visit_change"
CHANGE = "change"
BATCH = 200


# -- what the elder, or the family, is told


def tick(centre: Centre, now: datetime) -> int:
    """In the evening, of what is booked for tomorrow, and again of what was moved since. Safe to run twice at once."""
    if not centre.visits.remind or not _is_evening(centre, now):
        return 0
    until = begins(centre, today(centre, now) + 2 * DAY)
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        ids = session.scalars(select(CheckinVisit.id).where(_untold(now, until)).limit(BATCH)).all()
    return sum(_remind_one(centre, visit_id, (now, until)) for visit_id in ids)


def _is_evening(centre: Centre, now: datetime) -> bool:
    return centre.orders.evening <= now.astimezone(centre.zone).time() < centre.orders.quiet.begins


def _untold(now: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(
        CheckinVisit.state == VisitState.BOOKED,
        CheckinVisit.planned_at > now,
        CheckinVisit.planned_at < until,
        or_(CheckinVisit.reminded_for.is_(None), CheckinVisit.reminded_for != CheckinVisit.planned_at),
    )


def _remind_one(centre: Centre, visit_id: int, span: tuple[datetime, datetime]) -> bool:
    now, until = span
    with centre.database.sessions.begin() as session:
        due = select(CheckinVisit).where(CheckinVisit.id == visit_id, _untold(now, until))
        visit = session.scalar(due.with_for_update(skip_locked=True))
        if visit is None:
            return False
        visit.reminded_for = visit.planned_at
        _tell_home(session, centre, visit, REMINDER, now)
        return True


def _tell_home(session: Session, centre: Centre, visit: CheckinVisit, purpose: str, now: datetime) -> None:
    """The elder; where only the family has a mobile, the first of them. A telephone on a wall is rung."""
    elder = session.get_one(Elder, visit.elder_id)
    worker = None if visit.worker_id is None else session.get(Worker, visit.worker_id)
    words = {
        "signature": centre.messages["signature"],
        "who": offer_words.called(elder),
        "when": "" if visit.planned_at is None else day_and_time(centre, visit.planned_at, now),
        "by": "" if worker is None else f"，{worker.name[:1]}师傅",
    }
    phone, label = _reach(session, elder)
    if phone is not None:
        send(session, centre, To(phone, label, purpose, visit.id, now), words)


def _reach(session: Session, elder: Elder) -> tuple[str | None, str]:
    if elder.phone and is_mobile(elder.phone):
        return elder.phone, elder.name
    contacts = session.scalars(select(Contact).where(Contact.elder_id == elder.id).order_by(Contact.position))
    mobile = next((one for one in contacts if is_mobile(one.phone)), None)
    if mobile is not None:
        return mobile.phone, mobile.name
    return elder.phone, elder.name


@dataclass(frozen=True)
class To:
    phone: str
    label: str
    purpose: str
    visit_id: int
    now: datetime


def send(session: Session, centre: Centre, to: To, words: dict[str, Any]) -> None:
    """The reference names the visit, for the answer."""
    texts = centre.messages[to.purpose]
    channel = "sms" if is_mobile(to.phone) or "voice" not in texts else "voice"
    reference = f"{to.purpose}:{to.visit_id}:{to.now:%Y%m%d%H%M%S%f}"
    session.add(
        Message(
            reference=reference,
            channel=channel,
            purpose=to.purpose,
            phone=to.phone,
            label=to.label,
            body=fitted(texts[channel], channel, words, ("by", "who", "address")).named(to.purpose),
            case_id=None,
            case_round=0,
            state=MessageState.PENDING,
            created_at=to.now,
            next_try_at=centre.orders.quiet.later(to.now, centre.zone),
            receipt={},
        )
    )


def _visit_id(message: Message) -> int:
    return int(message.reference.split(":")[1])


def still_booked(session: Session, message: Message, now: datetime) -> bool:
    """Nobody is reminded of what was called off, moved, or has begun."""
    visit = session.get(CheckinVisit, _visit_id(message))
    at = None if visit is None else visit.planned_at
    return visit is not None and at is not None and at > now and visit.reminded_for == at


# -- what they answer


def open_at(session: Session, phone: str, now: datetime) -> Message | None:
    """What this telephone was asked last about a visit, if nothing was said to it yet."""
    asked = (
        select(Message)
        .join(Sending, Sending.message_id == Message.id)
        .where(has_phone(Sending.phone_index, national(phone)), Message.purpose.in_((REMINDER, WHICH)))
        .where(Sending.sent_at > now - ANSWERED_WITHIN)
    )
    message = session.scalar(asked.order_by(Message.id.desc()).limit(1))
    visit = None if message is None else session.get(CheckinVisit, _visit_id(message))
    waits = visit is not None and visit.state == VisitState.BOOKED and visit.confirmed_at is None
    return message if waits and visit is not None and visit.planned_at is not None and visit.planned_at > now else None


def says_well(reply: str) -> bool:
    """In words that no other question could mean."""
    return reply.strip() in SAYS_WELL


def hear(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    """A receipt or a reply. The message is locked."""
    if reply is None:
        return
    visit = session.get(CheckinVisit, _visit_id(message), with_for_update=True, populate_existing=True)
    answer = read(reply)
    if visit is None:
        return
    actor = Actor("phone", str(message.id), message.label)
    if answer is Answer.CONFIRM:
        # Of what is over, or was moved since, there is nothing to say yes to.
        if visit.state == VisitState.BOOKED and visit.reminded_for == visit.planned_at:
            confirmed(session, visit, Act(actor, at), actor.name)
        return
    _for_a_person(session, centre, visit, Act(actor, at), reply)
    if message.channel == "sms":
        signature = {"signature": centre.messages["signature"]}
        send(session, centre, To(message.phone, message.label, HEARD, visit.id, at), signature)


def ask_which(session: Session, centre: Centre, about: Message, at: datetime) -> None:
    """A bare digit, and more than one question: nothing is guessed."""
    signature = {"signature": centre.messages["signature"]}
    send(session, centre, To(about.phone, about.label, WHICH, _visit_id(about), at), signature)


def _for_a_person(session: Session, centre: Centre, visit: CheckinVisit, act: Act, reply: str) -> None:
    """An enquiry at the desk; one that is open already hears it too."""
    told = reply[:200]
    link = session.scalar(
        select(CheckinCase)
        .join(Case, Case.id == CheckinCase.case_id)
        .where(CheckinCase.visit_id == visit.id, CheckinCase.kind == CHANGE, Case.state.in_(OPEN))
    )
    if link is not None:
        case = session.get_one(Case, link.case_id, with_for_update=True)
        record(session, case, "note", act.actor, act.now, text=told, channel="sms")
        return
    elder = session.get_one(Elder, visit.elder_id, options=[joinedload(Elder.household)])
    request = Request(Kind.ENQUIRY, Channel.HOTLINE, text=told, cause=CAUSE, visit_id=visit.id)
    case, _ = begin(session, centre, act, request, elder)
    key = f"{CHANGE}:{case.id}"
    session.add(CheckinCase(visit_id=visit.id, case_id=case.id, kind=CHANGE, key=key, at=act.now))


def confirmed(session: Session, visit: CheckinVisit, act: Act, by: str) -> None:
    """Said twice it is said once. ``by``: the elder, or somebody of the family."""
    if visit.confirmed_at is not None:
        return
    visit.confirmed_at, visit.confirmed_by = act.now, by
    visit.changed_at = act.now
    visit.version += 1
    trail.write(session, act.actor, Deed("visit_confirmed", Subject("visit", visit.id)), act.now)
