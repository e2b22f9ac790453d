"""How the listeners for devices are, and the heartbeats of each device by the day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId, Json


class Listening(Base):
    """One listener of one gateway process as it said of itself last; with an empty name the process itself."""

    __tablename__ = "listening"

    place: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    protocol: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12))
    """``domain.listening.Work``."""
    address: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    """Of the state."""
    beat_at: Mapped[datetime]
    """When the process last said anything."""
    messages: Mapped[int] = mapped_column(BigId)
    """Since the process was started."""
    connected: Mapped[int | None]
    """Peers that hold a connection now; None: it has none of its own, as a client of a broker."""
    last_message_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(300))
    """The last one, also when it is over."""
    error_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    """When the clock first found it silent; the next round decides."""
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    """The one case of this silence."""


class ListenerHour(Base):
    """What one listener has heard within one hour, added up at each of its reports."""

    __tablename__ = "listener_hours"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    """When it began."""
    place: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    messages: Mapped[int] = mapped_column(BigId)
    alarms: Mapped[int] = mapped_column(BigId)


class DeviceBeat(Base):
    """The heartbeats of one device on one day of the centre, by listeners; the last of them whole."""

    __tablename__ = "device_beats"

    day: Mapped[date] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(BigId, ForeignKey("devices.id"), primary_key=True)
    beats: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    battery: Mapped[int | None]
    """As it said last that day, in percent."""
    battery_least: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(100))
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
