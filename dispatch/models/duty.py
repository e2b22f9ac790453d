"""Who is on duty when and where, where nobody is, and when each round of the house comes due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.models.base import Base, BigId
from dispatch.models.people import DutyPhone, User
from dispatch.models.places import Area

ONE_WHO = "(user_id IS NULL) <> (phone_id IS NULL)"


class ShiftPattern(Base):
    """The same shift on certain days of every week; shifts are generated from it some weeks ahead."""

    __tablename__ = "shift_patterns"
    __table_args__ = (CheckConstraint(ONE_WHO, name="one_who"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    phone_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("duty_phones.id"))
    weekdays: Mapped[list[int]]
    """0 Monday .. 6 Sunday, by the day on which the shift begins."""
    starts: Mapped[str] = mapped_column(String(5))
    """``08:00`` in the zone of the centre; an end that is not later lies on the next day."""
    ends: Mapped[str] = mapped_column(String(5))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    exceptions: Mapped[dict[str, Any]]
    """By day: null, no shift on this day; ``{starts, ends}``, other times."""
    generated_to: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Shift(Base):
    """A person, or the telephone of a team, is on duty for an area and all that lies in it."""

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint(ONE_WHO, name="one_who"),
        CheckConstraint("ends_at > starts_at", name="forward"),
        UniqueConstraint("pattern_id", "day"),
        Index("ix_shifts_area", "area_id", "ends_at"),
        Index("ix_shifts_user", "user_id", "ends_at"),
        Index("ix_shifts_ends_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"))
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    phone_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("duty_phones.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    pattern_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("shift_patterns.id"))
    day: Mapped[date | None]
    """The day of the pattern that it was generated for: once, even when it was cancelled afterwards."""
    changed: Mapped[bool] = mapped_column(default=False)
    """By hand: a change of its pattern leaves it alone."""
    cancelled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    user: Mapped[User | None] = relationship(lazy="raise")
    phone: Mapped[DutyPhone | None] = relationship(lazy="raise")
    area: Mapped[Area] = relationship(lazy="raise")


class DutyGap(Base):
    """Nobody of a required role is on duty for an area."""

    __tablename__ = "duty_gaps"
    __table_args__ = (
        Index(
            "uq_duty_gaps_open",
            "area_id",
            "role",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"))
    role: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    pages: Mapped[int] = mapped_column(default=0)
    next_page_at: Mapped[datetime | None]

    area: Mapped[Area] = relationship(lazy="raise")


class Routine(Base):
    """A round that the clock makes: when it comes due next. A clock that was away makes each round once."""

    __tablename__ = "routines"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    next_due_at: Mapped[datetime]


class SelftestPath(Base):
    """A way in that a synthetic alarm goes down every minute, and how long the last one took to come out again."""

    __tablename__ = "selftest_paths"

    path: Mapped[str] = mapped_column(String(120), primary_key=True)
    expected_seconds: Mapped[float]
    since: Mapped[datetime]
    """When this way was first watched."""
    tried_at: Mapped[datetime | None]
    passed_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(String(200))
    passes: Mapped[int] = mapped_column(BigId, default=0)
    failures: Mapped[int] = mapped_column(BigId, default=0)
