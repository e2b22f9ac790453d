"""Devices in the homes, and every message that ever came from one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.models.base import Base, BigId, Json
from dispatch.models.people import Elder
from dispatch.models.places import Household


class Device(Base):
    __tablename__ = "devices"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(100), unique=True)
    """The identity that the device itself sends."""
    model: Mapped[str] = mapped_column(String(80))
    protocol: Mapped[str] = mapped_column(String(40), default="http")
    household_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("households.id"), index=True)
    elder_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    location: Mapped[str | None] = mapped_column(String(80))
    battery_percent: Mapped[int | None]
    low_battery_at: Mapped[datetime | None]
    fault_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    last_test_at: Mapped[datetime | None]

    household: Mapped[Household | None] = relationship(lazy="raise")
    elder: Mapped[Elder | None] = relationship(lazy="raise")


class Signal(Base):
    """One message, with its bytes as they came. Never changed but for the case it was put into, never deleted."""

    __tablename__ = "signals"
    __table_args__ = (
        Index(
            "uq_signals_device_event",
            "device_number",
            "event_id",
            unique=True,
            postgresql_where=text("event_id IS NOT NULL"),
            sqlite_where=text("event_id IS NOT NULL"),
        ),
        Index(
            "ix_signals_unreadable",
            "received_at",
            postgresql_where=text("NOT understood"),
            sqlite_where=text("NOT understood"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    device_number: Mapped[str | None] = mapped_column(String(100))
    device_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("devices.id"), index=True)
    kind: Mapped[str | None] = mapped_column(String(20))
    event_id: Mapped[str | None] = mapped_column(String(200))
    received_at: Mapped[datetime] = mapped_column(index=True)
    occurred_at: Mapped[datetime | None]
    clock_off: Mapped[bool] = mapped_column(default=False)
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    raw_size: Mapped[int]
    source: Mapped[str] = mapped_column(String(100))
    """Who handed it in: the name of the token, or of the listener."""
    understood: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(300))
    spooled: Mapped[bool] = mapped_column(default=False)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
