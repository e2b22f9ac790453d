"""Standing orders (周期服务): a meal on every working day, a cleaning every other Tuesday; and when they pause."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId

GOING_ON = "ended_at IS NULL"


class StandingOrder(Base):
    """What is ordered again and again. Each of its days becomes an order and a case of its own, some days ahead."""

    __tablename__ = "standing_orders"
    __table_args__ = (
        Index("ix_standing_orders_elder_id", "elder_id"),
        Index(
            "ix_standing_orders_planned_to",
            "planned_to",
            postgresql_where=text(GOING_ON),
            sqlite_where=text(GOING_ON),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    item: Mapped[str] = mapped_column(String(30))
    minutes: Mapped[int]
    sex: Mapped[str | None] = mapped_column(String(1))
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    """Whom the elder would like to come; asked by itself on the day before."""
    agreed: Mapped[bool]
    """This helper has said yes to all of it, and is not asked each time."""
    remind: Mapped[bool]
    """The elder is reminded of each."""
    weekdays: Mapped[list[int]]
    every_weeks: Mapped[int]
    starts: Mapped[str] = mapped_column(String(5))
    """``11:30`` of the centre."""
    until: Mapped[str | None] = mapped_column(String(5))
    """It may begin until then."""
    first: Mapped[date]
    last: Mapped[date | None]
    skip_holidays: Mapped[bool]
    text: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(20))
    applicant: Mapped[dict[str, Any]]
    """Who asked in the elder's place: ``name``, ``relation``; empty: the elder."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(100))
    planned_to: Mapped[date | None]
    """Up to this day its orders exist; None: it has to be looked at again."""
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(default=1)


class StandingPause(Base):
    """Days on which it is not wanted. An absence of the elder pauses by itself and needs no row."""

    __tablename__ = "standing_pauses"
    __table_args__ = (Index("ix_standing_pauses_standing_id", "standing_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    standing_id: Mapped[int] = mapped_column(BigId, ForeignKey("standing_orders.id"))
    first: Mapped[date]
    last: Mapped[date | None]
    """Including this day; None: until somebody ends it."""
    reason: Mapped[str | None] = mapped_column(String(200))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(100))
