"""End what rings for something that is settled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dispatch.models.outbox import Message, MessageState


def silence(session: Session, about: ColumnElement[bool], now: datetime) -> bool:
    """Let the network end the calls of these messages. False: one is on its way there, or somebody hears from it now.

    The messages alone are locked: whoever hears from one has it first and wants the case then.
    """
    calls = (about, Message.channel == "voice", Message.state.in_((MessageState.SENDING, MessageState.SENT)))
    for message in session.scalars(select(Message).where(*calls).with_for_update(skip_locked=True)).all():
        if message.state == MessageState.SENT:
            message.state = MessageState.WITHDRAWING
            message.next_try_at = now
    session.flush()
    return session.scalar(select(Message.id).where(*calls).limit(1)) is None
