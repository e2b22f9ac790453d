"""Those who go to the homes, the organisations and stations that they belong to, and when and where each works."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.models.base import Base, BigId, Json
from dispatch.models.places import Area


class Organisation(Base):
    """A provider: an institution, a company, a social organisation."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    ownership: Mapped[str] = mapped_column(String(30))
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    licence: Mapped[str | None] = mapped_column(String(50))
    licence_until: Mapped[date | None]
    contract: Mapped[str | None] = mapped_column(String(50))
    contract_from: Mapped[date | None]
    contract_until: Mapped[date | None]
    prices: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """Its own, by item: ``[{from, fen}]``, oldest first; the catalogue's where it has none."""
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    area: Mapped[Area] = relationship(lazy="raise")


class Station(Base):
    """One centre, many stations: a tree from the city's centre to the point in the community."""

    __tablename__ = "stations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisations.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("stations.id"), index=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    address: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(32))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    functions: Mapped[list[str]] = mapped_column(Json, default=list)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    area: Mapped[Area] = relationship(lazy="raise")


class StationSeat(Base):
    """Who sits at the desk of a station: sees its people and those of the stations below, and nobody else's."""

    __tablename__ = "station_seats"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True)
    station_id: Mapped[int] = mapped_column(BigId, ForeignKey("stations.id"), primary_key=True, index=True)


class Worker(Base):
    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_name", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    pinyin: Mapped[str] = mapped_column(String(200), default="", server_default="")
    initials: Mapped[str] = mapped_column(String(40), default="", server_default="")
    phone: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="worker", server_default="worker")
    sex: Mapped[str | None] = mapped_column(String(1))
    languages: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    """Where this person belongs: who sees the area sees the person."""
    station_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("stations.id"), index=True)
    capacity: Mapped[int] = mapped_column(default=6, server_default="6")
    """Visits in one day."""
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), unique=True)
    """With which this person signs in, if at all."""
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    area: Mapped[Area] = relationship(lazy="raise")
    station: Mapped[Station | None] = relationship(lazy="raise")
    skills: Mapped[list[WorkerSkill]] = relationship(lazy="raise", order_by="WorkerSkill.skill")


class WorkerSkill(Base):
    """What somebody can do, and the paper that says so."""

    __tablename__ = "worker_skills"
    __table_args__ = (
        Index("ix_worker_skills_skill", "skill", "worker_id"),
        Index("ix_worker_skills_valid_until", "valid_until"),
    )

    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(String(20), primary_key=True)
    level: Mapped[int] = mapped_column(default=1)
    """1 to 3."""
    certificate: Mapped[str | None] = mapped_column(String(50))
    """Its number."""
    valid_until: Mapped[date | None]
    """The last day; None: without an end."""


class WorkerArea(Base):
    """Where somebody goes: the area and all that lies in it."""

    __tablename__ = "worker_areas"
    __table_args__ = (Index("ix_worker_areas_area_id", "area_id", "worker_id"),)

    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), primary_key=True)


class WorkerShift(Base):
    """The same hours in every week, in the zone of the centre."""

    __tablename__ = "worker_shifts"
    __table_args__ = (Index("ix_worker_shifts_worker_id", "worker_id", "weekday", "starts", "ends"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"))
    weekday: Mapped[int]
    """0 Monday .. 6 Sunday, by the day on which it begins."""
    starts: Mapped[str] = mapped_column(String(5))
    ends: Mapped[str] = mapped_column(String(5))
    """``18:00``; one that is not later than ``starts`` lies on the next day."""


class WorkerDay(Base):
    """A day that is not as in every week: absent, or at work at other hours."""

    __tablename__ = "worker_days"

    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    starts: Mapped[str | None] = mapped_column(String(5))
    """None: absent."""
    ends: Mapped[str | None] = mapped_column(String(5))
    reason: Mapped[str | None] = mapped_column(String(50))


class WorkerPosition(Base):
    """Where somebody was last, while on duty. No trail is kept."""

    __tablename__ = "worker_positions"
    __table_args__ = (Index("ix_worker_positions_place", "lat", "lon", "at", "worker_id"),)

    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"), primary_key=True)
    lat: Mapped[float]
    lon: Mapped[float]
    accuracy_m: Mapped[float | None]
    at: Mapped[datetime]


class Wish(Base):
    """An elder wants a helper, or does not want them again."""

    __tablename__ = "wishes"

    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"), primary_key=True)
    wanted: Mapped[bool]
    at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))


class ExpiryNotice(Base):
    """Somebody was reminded that a certificate, a licence or a contract ends: once at each threshold."""

    __tablename__ = "expiry_notices"
    __table_args__ = (UniqueConstraint("subject", "until", "days"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(String(60))
    """``certificate:<worker>:<skill>``, ``licence:<organisation>`` or ``contract:<organisation>``."""
    until: Mapped[date]
    """The last day, so that a renewed paper begins anew."""
    days: Mapped[int]
    """60, 30, 7; 0: it is over."""
    at: Mapped[datetime]
