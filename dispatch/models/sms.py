"""Which gateway took which message, and what gateways say by themselves."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId
from dispatch.models.sealed import Sealed


class Passage(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class Sending(Base):
    """One message at one gateway: what a receipt is matched with, and what a gateway is judged by."""

    __tablename__ = "sendings"
    __table_args__ = (
        Index("ix_sendings_provider_id", "gateway", "provider_id"),
        Index("ix_sendings_phone", "phone_index", "sent_at"),
        Index(
            "ix_sendings_waiting",
            "sent_at",
            postgresql_where=text("finished_at IS NULL"),
            sqlite_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    gateway: Mapped[str] = mapped_column(String(30))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(20))
    phone_index: Mapped[str | None] = mapped_column(String(22))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(50))
    sent_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]


class SmsReport(Base):
    """As it came, before anybody has thought about it: the gateway waits less than a second for its answer."""

    __tablename__ = "sms_reports"
    __table_args__ = (
        UniqueConstraint("gateway", "sequence"),
        Index(
            "ix_sms_reports_next_try_at",
            "next_try_at",
            postgresql_where=text("next_try_at IS NOT NULL"),
            sqlite_where=text("next_try_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(30))
    sequence: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    provider_id: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[str | None] = mapped_column(String(20))
    phone: Mapped[str | None] = mapped_column(Sealed("sms_reports.phone"))
    text: Mapped[str | None] = mapped_column(Text)
    next_try_at: Mapped[datetime | None]
    """None: it was read, or given up."""
