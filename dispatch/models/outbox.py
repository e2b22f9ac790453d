"""What is to leave the building: one row per wanted message, from the wish to the receipt."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from dispatch.domain.messages import Text as MadeText
from dispatch.models.base import Base, BigId
from dispatch.models.sealed import Sealed


class MessageState(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    """A machine has answered, and that is no answer."""
    WITHDRAWING = "withdrawing"
    """It may still ring: the network is to end it."""
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


UNSENT = (MessageState.PENDING, MessageState.QUEUED, MessageState.SENDING)


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (
        Index(
            "ix_messages_next_try_at",
            "next_try_at",
            postgresql_where=text("next_try_at IS NOT NULL"),
            sqlite_where=text("next_try_at IS NOT NULL"),
        ),
        Index(
            "ix_messages_cascade_call_id",
            "cascade_call_id",
            postgresql_where=text("cascade_call_id IS NOT NULL"),
            sqlite_where=text("cascade_call_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_offer_id",
            "offer_id",
            postgresql_where=text("offer_id IS NOT NULL"),
            sqlite_where=text("offer_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    """Names the wish, so that it cannot be wished twice, and the message, so that a gateway can drop a double."""
    channel: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(String(30))
    """What it is for; ``services/deliver.py`` says of each until when it is wanted."""
    phone: Mapped[str] = mapped_column(Sealed("messages.phone"))
    label: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    template: Mapped[str | None] = mapped_column(String(30))
    """Of ``config/messages.yaml``, and what it was filled with: for networks that want to know."""
    parameters: Mapped[dict[str, Any] | None]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    """None: it is about the house and not about a case, as a gap in the roster is."""
    case_round: Mapped[int]
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contacts.id"))
    cascade_call_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cascade_calls.id"))
    """Who is asked to go by it, or told about it."""
    offer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("offers.id"))
    """The offer that it makes, or that it answers."""
    conversation: Mapped[dict[str, Any] | None]
    """A call between people: ``desk``, the extension that rings first, and ``joins``, the call that it is added to."""
    state: Mapped[str] = mapped_column(String(20), default=MessageState.PENDING)
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    handed_over: Mapped[int] = mapped_column(default=0)
    """How often the broker was given it without any worker taking it since."""
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(120), index=True)
    reason: Mapped[str | None] = mapped_column(String(300))
    receipt: Mapped[dict[str, Any]]

    @validates("body")
    def _know_what_it_was_made_of(self, _key: str, body: str) -> str:
        if isinstance(body, MadeText):
            self.template, self.parameters = body.template or None, dict(body.values)
        return str(body)
