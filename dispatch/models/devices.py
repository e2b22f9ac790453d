"""Devices in the homes, and every message that ever came from one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.models.base import Base, BigId, Json
from dispatch.models.people import Elder, User
from dispatch.models.places import Area, Household


class Device(Base):
    __tablename__ = "devices"
    __table_args__ = (
        Index(
            "ix_devices_away",
            "away_since",
            postgresql_where=text("away_since IS NOT NULL"),
            sqlite_where=text("away_since IS NOT NULL"),
        ),
    )

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
    away_since: Mapped[datetime | None]
    """When somebody said of it that it cannot be reached: a last will, a gateway. Over as soon as it speaks itself."""
    last_test_at: Mapped[datetime | None]
    last_alarm_at: Mapped[datetime | None]
    """A real alarm proves a button as well as a test does."""
    gateway_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("devices.id"), index=True)
    """Through which device it speaks, if it cannot by itself."""
    area_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("areas.id"))
    """Where it stands while it belongs to no home: a gateway, or one that waits in a cupboard."""
    registered_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    """Supervised no longer. Its alarms are alarms all the same."""
    on_test_since: Mapped[datetime | None]
    on_test_until: Mapped[datetime | None]
    """Until then what it sends is stored, shown as a test and pages nobody; afterwards it counts by itself."""
    on_test_reason: Mapped[str | None] = mapped_column(String(200))
    on_test_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    version: Mapped[int] = mapped_column(default=1)

    household: Mapped[Household | None] = relationship(lazy="raise")
    elder: Mapped[Elder | None] = relationship(lazy="raise")
    area: Mapped[Area | None] = relationship(lazy="raise")

    @property
    def is_away(self) -> bool:
        return self.away_since is not None and (self.last_seen_at is None or self.last_seen_at <= self.away_since)


class DeviceTask(Base):
    """Something to do about a device. The round opens and closes it by itself; it never rings at the desk."""

    __tablename__ = "device_tasks"
    __table_args__ = (
        Index(
            "uq_device_tasks_open",
            "device_id",
            "kind",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_device_tasks_open",
            "kind",
            "since",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    device_id: Mapped[int] = mapped_column(BigId, ForeignKey("devices.id"))
    kind: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]
    """Since when it is so, as far as the device lets us know."""
    opened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    """``open``, ``doing`` or ``closed``."""
    tried: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    assignee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    """The one case of a gateway that fell silent."""
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)

    device: Mapped[Device] = relationship(lazy="raise")
    assignee: Mapped[User | None] = relationship(lazy="raise")


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
        Index(
            "ix_signals_notable",
            "received_at",
            "device_id",
            postgresql_where=text("kind <> 'heartbeat'"),
            sqlite_where=text("kind <> 'heartbeat'"),
        ),
        Index("ix_signals_of_device", "device_id", "received_at"),
        Index(
            "ix_signals_strange",
            "device_number",
            "received_at",
            postgresql_where=text("device_id IS NULL AND device_number IS NOT NULL"),
            sqlite_where=text("device_id IS NULL AND device_number IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    device_number: Mapped[str | None] = mapped_column(String(100))
    device_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("devices.id"))
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
    """Why it could not be understood; ``on_test``: why an alarm opened no case."""
    spooled: Mapped[bool] = mapped_column(default=False)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
