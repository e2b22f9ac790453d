"""Plans of check-in visits: what was asked, the rounds that came of it, and what is in none and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId, Json


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class CheckinPlan(Base):
    __tablename__ = "checkin_plans"
    __table_args__ = (
        # Two plans of one area at once would give the same visits to two people.
        Index("uq_checkin_plans_at_work", "area_id", unique=True, **_where("state IN ('open', 'publishing')")),
        Index("ix_checkin_plans_next_try_at", "next_try_at", **_where("next_try_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    first: Mapped[date]
    last: Mapped[date]
    """The days that are planned."""
    anew: Mapped[bool]
    """What is booked on later days than today may get another day and visitor."""
    visit_ids: Mapped[list[int]] = mapped_column(Json, default=list)
    """Only these are to be placed; empty: all that have no visitor."""
    state: Mapped[str] = mapped_column(String(12))
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(100))
    seconds: Mapped[float]
    """How long the solver may take."""
    share: Mapped[float] = mapped_column(default=0.0)
    """How far it has come, 0 to 1; of what it does at the moment."""
    visits: Mapped[int] = mapped_column(default=0)
    placed: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    """Booked before, and left as they were."""
    unplaced: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    """By reason."""
    travel: Mapped[int] = mapped_column(default=0)
    """Seconds."""
    failure: Mapped[str | None] = mapped_column(String(20))
    next_try_at: Mapped[datetime | None]
    handed_over: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[datetime | None]
    """Since when it is to be made, or to be published: a worker that dies of it each time says nothing."""
    claim: Mapped[str | None] = mapped_column(String(16))
    """Whose it is; an older claim commits nothing more."""
    ready_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None] = mapped_column(String(100))
    reached: Mapped[int] = mapped_column(BigId, default=0)
    """The last round that is published."""
    booked: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    """Visits that were left alone by the publishing, since they had changed meanwhile."""
    version: Mapped[int] = mapped_column(default=1)


class CheckinRound(Base):
    """What one visitor does on one day."""

    __tablename__ = "checkin_rounds"
    __table_args__ = (UniqueConstraint("plan_id", "worker_id", "day"), Index("ix_checkin_rounds_day", "plan_id", "day"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_plans.id"))
    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"), index=True)
    day: Mapped[date]
    leaves_at: Mapped[datetime]
    returns_at: Mapped[datetime]
    rest_from: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]
    travel: Mapped[int]
    """Seconds."""
    visits: Mapped[int]


class CheckinStop(Base):
    """A visit in a plan: in a round, or in none and why. One that two people make stands twice."""

    __tablename__ = "checkin_stops"
    __table_args__ = (
        Index("uq_checkin_stops_visit", "plan_id", "visit_id", "second", unique=True),
        Index("ix_checkin_stops_round_id", "round_id", "position"),
        Index("ix_checkin_stops_visit_id", "visit_id"),
        Index("ix_checkin_stops_reason", "plan_id", "reason", "id", **_where("reason IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_plans.id"))
    visit_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_visits.id"))
    second: Mapped[bool] = mapped_column(default=False)
    """The second of two people."""
    round_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("checkin_rounds.id"))
    position: Mapped[int | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    kept: Mapped[bool] = mapped_column(default=False)
    """It was booked like that before."""
    reason: Mapped[str | None] = mapped_column(String(20))
    """Why it is in no round; of a published plan also ``changed``."""
    visit_version: Mapped[int]
    """As it was planned: what has changed since is not booked."""
