"""Messages to helpers, each a row in the transaction that wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import Kind
from dispatch.models.cases import Case
from dispatch.models.helps import Offer
from dispatch.models.outbox import Message, MessageState
from dispatch.models.workforce import Worker

QUESTIONS = ("offer", "offer_urgent")


def question(case: Case) -> str:
    """The purpose of an offer: the urgent one goes by the quick queue."""
    return "offer_urgent" if case.kind == Kind.EMERGENCY else "offer"


@dataclass(frozen=True)
class Words:
    purpose: str
    text: str
    now: datetime
    channel: str = "sms"
    key: str = ""
    """Tells two messages apart that say the same of one offer."""


def send(session: Session, case: Case, offer: Offer, words: Words) -> None:
    """To the telephone of the offer: once for each purpose, channel and key; said again it is not said twice."""
    reference = f"{words.purpose}:{offer.id}:{words.channel}{words.key and ':' + words.key}"
    if session.scalar(select(Message.id).where(Message.reference == reference)) is not None:
        return
    session.add(
        Message(
            reference=reference,
            channel=words.channel,
            purpose=words.purpose,
            phone=offer.number,
            label=session.get_one(Worker, offer.worker_id).name,
            body=words.text,
            case_id=case.id,
            case_round=case.round,
            offer_id=offer.id,
            state=MessageState.PENDING,
            created_at=words.now,
            next_try_at=words.now,
            receipt={},
        )
    )
