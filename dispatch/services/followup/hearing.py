"""What the elder writes back or presses: how it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.followup import FollowUpState, Result, read_rating
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp
from dispatch.models.outbox import Message
from dispatch.models.people import Elder
from dispatch.services.centre import Centre
from dispatch.services.followup.asking import Words, send
from dispatch.services.followup.ending import Answer, end, unhappy
from dispatch.services.lifecycle import record

PURPOSES = ("follow_up", "follow_up_thanks", "follow_up_sorry", "follow_up_unclear", "which_question")
"""Of messages to which an elder may write back."""


def hear(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    """A receipt or a reply to a question of how it was. The message is locked, and the case by whoever recorded it."""
    if reply is None:
        return
    row = session.scalar(select(FollowUp).where(FollowUp.case_id == message.case_id))
    if row is not None:
        take(session, centre, row, Heard(reply, message, at))


class Heard:
    """What came, from where, when."""

    def __init__(self, text: str, message: Message, at: datetime) -> None:
        self.text, self.message, self.at = text, message, at
        self.channel = message.channel


def take(session: Session, centre: Centre, row: FollowUp, heard: Heard) -> None:
    """A rating that is understood counts; a "not satisfied" makes a person ring; the rest is read by one."""
    case = session.get_one(Case, row.case_id, with_for_update=True, populate_existing=True)
    session.refresh(row, with_for_update=True)
    if row.state != FollowUpState.OPEN:
        return  # said before, or a person has asked meanwhile; the timeline shows what came
    actor = elder_of(session, case)
    result = read_rating(heard.text)
    if result is None:
        data = {"reply": heard.text[:200]}
        record(session, case, "follow_up_unclear", actor, heard.at, channel=heard.channel, data=data)
        _write(session, centre, case, heard, "follow_up_unclear")
        return
    rated(session, centre, case, row, Answer(result, actor, heard.at, heard.channel, _more(heard.text)))
    _write(session, centre, case, heard, "follow_up_sorry" if result is Result.DISSATISFIED else "follow_up_thanks")


def rated(session: Session, centre: Centre, case: Case, row: FollowUp, answer: Answer) -> None:
    """By the elder, without a person of the centre: a bad one ends nothing."""
    if answer.result is Result.DISSATISFIED:
        unhappy(session, centre, case, row, answer)
    else:
        end(session, centre, case, row, answer)


def elder_of(session: Session, case: Case) -> Actor:
    elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
    return Actor("elder", str(case.elder_id or ""), elder.name if elder is not None else "")


def _more(text: str) -> str | None:
    """What stands beside the digit."""
    return text.strip()[:400] if len(text.strip()) > 1 else None


def _write(session: Session, centre: Centre, case: Case, heard: Heard, purpose: str) -> None:
    if heard.channel == "sms":
        key = f"{heard.message.id}:{heard.text}"[:50]
        send(session, centre, case, Words(purpose, heard.message.phone, heard.message.label, heard.at, key=key))
