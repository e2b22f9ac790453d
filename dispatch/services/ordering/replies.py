"""What elders answer to a message about an order. A person reads it; nothing is moved or cancelled by it alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import ACTIVE, ASKABLE, IN_HAND, Flag, State
from dispatch.domain.helps.wishes import Answer, read
from dispatch.models.cases import Case
from dispatch.models.outbox import Message
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import put, record
from dispatch.services.opening import bring_up
from dispatch.services.ordering.telling import News, tell_elder
from dispatch.services.response.alarm import ask_owner

ABOUT = ("order_reminder", "order_moved", "order_cancelled", "order_heard")
"""Purposes of the messages that an elder may answer."""


def hear(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    """A receipt or a reply. The message is locked."""
    if reply is None:
        return
    case = session.get_one(Case, message.case_id, with_for_update=True, populate_existing=True)
    answer = read(reply)
    actor = Actor("phone", str(message.id), message.label)
    data = {"reply": reply[:200], "wish": answer.value}
    if answer is Answer.CONFIRM:
        record(session, case, "order_confirmed", actor, at, channel=message.channel, data=data)
        return
    _for_a_person(case, at)
    record(session, case, "change_asked", actor, at, channel=message.channel, data=data)
    if message.channel == "sms" and State(case.state) in ASKABLE:
        tell_elder(session, centre, case, News("order_heard", str(case.version), at, urgent=True))


def _for_a_person(case: Case, now: datetime) -> None:
    """It comes to the desk, or whoever has it is asked at once. What is over stays so: its timeline tells."""
    put(case, Flag.CHANGE_ASKED)
    if case.state == State.PLANNED:
        bring_up(case, now)
    elif State(case.state) in IN_HAND & ACTIVE:
        ask_owner(case, now)
