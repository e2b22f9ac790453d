"""How far each home is from the nearest station and helper of each kind, and the runs that find out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


class HomeCircle(Base):
    """One home with a place. Minutes are rounded up; none: there is nobody of that kind anywhere."""

    __tablename__ = "home_circles"
    __table_args__ = (Index("ix_home_circles_station_minutes", "station_minutes", "household_id"),)

    household_id: Mapped[int] = mapped_column(BigId, ForeignKey("households.id"), primary_key=True)
    station_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("stations.id"))
    station_minutes: Mapped[int | None]
    """On foot."""
    worker: Mapped[int | None]
    nurse: Mapped[int | None]
    volunteer: Mapped[int | None]
    grid_worker: Mapped[int | None]
    social_worker: Mapped[int | None]
    rescue: Mapped[int | None]
    """Minutes until somebody of this kind is there, from where they are based."""


class CircleRun(Base):
    """The way of all homes is found anew: at night, or because somebody asked for it. One at a time."""

    __tablename__ = "circle_runs"
    __table_args__ = (
        Index(
            "uq_circle_runs_open",
            "state",
            unique=True,
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index(
            "ix_circle_runs_next_try_at",
            "next_try_at",
            postgresql_where=text("next_try_at IS NOT NULL"),
            sqlite_where=text("next_try_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    """``open``, ``done``."""
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    """None: the calendar."""
    homes: Mapped[int]
    done: Mapped[int]
    reached: Mapped[int] = mapped_column(BigId)
    """The last home that is done: whoever takes the run over goes on behind it."""
    next_try_at: Mapped[datetime | None]
    handed_over: Mapped[int]
    claim: Mapped[str | None] = mapped_column(String(16))
    """Whose it is; an older claim commits nothing more."""
    finished_at: Mapped[datetime | None]
