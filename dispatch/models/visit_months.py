"""What a closed month of check-in visits was, what was found to be wrong in it later, and numbers that never change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId, Json


class CheckinMonthLine(Base):
    """The line of an elder on the board as it stood at the close. With ``checkin_month_elders``, what was signed."""

    __tablename__ = "checkin_month_lines"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), primary_key=True)
    need: Mapped[int]
    done: Mapped[int]
    states: Mapped[list[str]]
    """Of the elder's regular visits, each once."""
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    days: Mapped[dict[str, Any]] = mapped_column(Json)
    """Marks by day: ``{"24": ["done"]}``."""
    away: Mapped[list[int]]
    evidence: Mapped[list[str]]


class CheckinCorrection(Base):
    """Something in a closed month was wrong. It is reported in the month in which it was found, and changes nothing."""

    __tablename__ = "checkin_corrections"
    __table_args__ = (
        UniqueConstraint("month", "elder_id", "kind"),
        Index("ix_checkin_corrections_said_in", "said_in"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    said_in: Mapped[str] = mapped_column(String(7))
    """The month in whose report it stands."""
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    kind: Mapped[str] = mapped_column(String(20))
    day: Mapped[date | None]
    """On which the elder was visited after all, or was not."""
    reason: Mapped[str] = mapped_column(String(300))
    """Taken away when the person is erased, and never changed."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(100))


class CheckinSnapshot(Base):
    """The numbers of closed months under a name: for the mid-term and the final evaluation."""

    __tablename__ = "checkin_snapshots"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    purpose: Mapped[str] = mapped_column(String(20))
    first: Mapped[str] = mapped_column(String(7))
    last: Mapped[str] = mapped_column(String(7))
    """Months."""
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[str] = mapped_column(String(64))
    """Of ``content``."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(100))
