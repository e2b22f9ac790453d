"""The question that goes out by itself, and at which telephone an answer to it is awaited.

A digit is short and many questions are answered by one. So nobody is asked how it was while something else is asked at
the same telephone; and where both happen, a bare digit answers neither (``services/sms/whose.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.cascade import PENDING
from dispatch.domain.case import ACTIVE, ASKABLE
from dispatch.domain.followup import FollowUpDue, FollowUpState
from dispatch.domain.sms import national
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp, FollowUpTry
from dispatch.models.helps import Offer
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Elder
from dispatch.models.response import CascadeCall
from dispatch.models.sealed import has_phone, phone_index
from dispatch.models.sms import Sending
from dispatch.services.centre import Centre
from dispatch.services.helps.orders import wanted_of
from dispatch.services.response.words import fitted

PURPOSE = "follow_up"
REMINDER = "order_reminder"
BUSY_FOR = timedelta(minutes=15)
REMINDED_FOR = timedelta(hours=1)
"""Who was reminded of something so shortly ago, and may still answer, is not asked how something else was."""
MOBILE = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True)
class Words:
    """One text: what for, to whom, and what is put into it."""

    purpose: str
    phone: str
    label: str
    now: datetime
    given: dict[str, str] = field(default_factory=dict)
    channel: str = "sms"
    key: str = ""
    """Tells two texts apart that say the same about one case."""


def ask(session: Session, centre: Centre, case: Case, row: FollowUp, now: datetime) -> None:
    """Ask by short message, or by a call where the telephone can read none; then the desk has the next word.

    A telephone at which something else is asked waits; without a telephone the desk finds another way.
    """
    elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
    row.due, row.next_due_at = FollowUpDue.LATE, row.due_at
    if elder is None or not elder.phone:
        return
    later = centre.followup.by_sms.not_at_night(now + BUSY_FOR, centre.zone)
    if later < row.due_at and _is_busy(session, elder.phone, now):
        row.due, row.next_due_at = FollowUpDue.ASK, later
        return
    number = national(elder.phone)
    channel = "sms" if MOBILE.fullmatch(number) else "voice"
    row.asked_at, row.asked_by = now, channel
    row.number_index, row.open_until = phone_index(number), now + centre.followup.by_sms.open_for
    row.version += 1
    given = _words(session, centre, case, row, now)
    send(session, centre, case, Words(PURPOSE, elder.phone, elder.name, now, given, channel))
    session.add(FollowUpTry(follow_up_id=row.id, at=now, way=channel, outcome="asked", by=""))
    session.flush()


def _words(session: Session, centre: Centre, case: Case, row: FollowUp, now: datetime) -> dict[str, str]:
    ended = row.began_at.astimezone(centre.zone)
    days = (now.astimezone(centre.zone).date() - ended.date()).days
    when = {0: "今天", 1: "昨天"}.get(days, f"{ended.month}月{ended.day}日")
    return {"when": when, "service": wanted_of(session, centre, case).item.words.zh}


def send(session: Session, centre: Centre, case: Case, words: Words) -> None:
    """One row of the outbox; said again it is not said twice."""
    reference = f"{words.purpose}:{case.id}:{case.round}:{words.channel}{words.key and ':' + words.key}"[:120]
    if session.scalar(select(Message.id).where(Message.reference == reference)) is not None:
        return
    given = {"signature": centre.messages["signature"], **words.given}
    text = fitted(centre.messages[words.purpose][words.channel], words.channel, given, ("service",))
    session.add(
        Message(
            reference=reference,
            channel=words.channel,
            purpose=words.purpose,
            phone=words.phone,
            label=words.label,
            body=text.named(words.purpose),
            case_id=case.id,
            case_round=case.round,
            state=MessageState.PENDING,
            created_at=words.now,
            next_try_at=words.now,
            receipt={},
        )
    )


def still_wanted(session: Session, message: Message) -> bool:
    """Nobody is asked what they have said already."""
    row = session.scalar(select(FollowUp).where(FollowUp.case_id == message.case_id))
    return row is not None and row.state == FollowUpState.OPEN and row.number_index is not None


def open_at(session: Session, phone: str, now: datetime) -> FollowUp | None:
    """The newest question of how it was that this telephone may still answer."""
    asked = select(FollowUp).where(
        has_phone(FollowUp.number_index, national(phone)),
        FollowUp.state == FollowUpState.OPEN,
        FollowUp.open_until > now,
    )
    return session.scalar(asked.order_by(FollowUp.asked_at.desc(), FollowUp.id.desc()).limit(1))


def _is_busy(session: Session, phone: str, now: datetime) -> bool:
    reminder = reminded_at(session, phone, now)
    waits = reminder is not None and waits_for_answer(reminder) and now - reminder.created_at < REMINDED_FOR
    return waits or asked_else(session, phone) is not None


def reminded_at(session: Session, phone: str, now: datetime) -> Message | None:
    """The newest reminder at that telephone of a service that is still to come."""
    sent = (
        select(Message)
        .join(Sending, Sending.message_id == Message.id)
        .join(Case, Case.id == Message.case_id)
        .where(has_phone(Sending.phone_index, national(phone)), Message.purpose == REMINDER, Message.channel == "sms")
        .where(Case.state.in_(ASKABLE), Case.wanted_at > now)
    )
    return session.scalar(sent.order_by(Message.id.desc()).limit(1))


def waits_for_answer(reminder: Message) -> bool:
    return reminder.state in (MessageState.SENT, MessageState.DELIVERED)


@dataclass(frozen=True)
class Other:
    """What else waits for a word from a telephone, or goes on there: ``offer``, or ``cascade`` with its message."""

    kind: str
    message_id: int | None = None


def asked_else(session: Session, phone: str) -> Other | None:
    offers = select(Offer.id).where(Offer.number.in_({phone, national(phone)}), Offer.open)
    if session.scalar(offers.limit(1)) is not None:
        return Other("offer")
    calls = (
        select(Message.id)
        .join(Sending, Sending.message_id == Message.id)
        .join(CascadeCall, CascadeCall.id == Message.cascade_call_id)
        .join(Case, Case.id == Message.case_id)
        .where(has_phone(Sending.phone_index, national(phone)), Message.purpose == "cascade")
        .where(CascadeCall.state.in_(PENDING), Case.state.in_(ACTIVE))  # a late "1" counts as long as nobody goes
    )
    called = session.scalar(calls.order_by(Message.channel == "sms", Message.id.desc()).limit(1))
    return None if called is None else Other("cascade", called)
