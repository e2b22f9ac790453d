"""The simulated telephone network: its phones and what travelled to and from them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


class SimPhone(Base):
    __tablename__ = "sim_phones"

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    label: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    robot: Mapped[bool] = mapped_column(default=False)
    """Answers by itself after a few seconds, as most people do."""
    voicemail: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A machine answers when nobody does."""


class SimTraffic(Base):
    """One short message or call in the network, in either direction."""

    __tablename__ = "sim_traffic"
    __table_args__ = (
        Index(
            "ix_sim_traffic_due_at",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str | None] = mapped_column(String(120), unique=True)
    direction: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(32), index=True)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    """``travelling``; at the phone ``delivered`` or ``ringing``; ended ``answered``, ``no_answer`` or ``lost``."""
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    copies: Mapped[int] = mapped_column(default=1)


class SimNetwork(Base):
    """How good the network is at the moment. One row."""

    __tablename__ = "sim_network"

    id: Mapped[int] = mapped_column(primary_key=True)
    delay_ms: Mapped[int] = mapped_column(default=400)
    loss: Mapped[float] = mapped_column(default=0.0)
    duplicate: Mapped[float] = mapped_column(default=0.0)
    down: Mapped[bool] = mapped_column(default=False)
