"""The monthly check-in visits (月探访): what is due, what became of it, and the list that the binding rate is made of.

A helper's attendance at a case is called a visit elsewhere (``visit_checks``); these are ``checkin_visits``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId, Json

OPEN = "state IN ('planned', 'booked')"


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class CheckinVisit(Base):
    """A visit that is due to an elder in a period. One for each, whoever generates and however often."""

    __tablename__ = "checkin_visits"
    __table_args__ = (
        Index("uq_checkin_visits_period", "elder_id", "period", unique=True),
        Index("ix_checkin_visits_last", "last", "id"),
        Index("ix_checkin_visits_due_at", "due_at", **_where(OPEN)),
        Index("ix_checkin_visits_worker", "worker_id", "planned_at", **_where("worker_id IS NOT NULL")),
        Index("ix_checkin_visits_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        Index("ix_checkin_visits_planned_at", "planned_at", **_where("state = 'booked'")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    period: Mapped[str] = mapped_column(String(20))
    """``2026-11``, ``2026-11A``, ``2026-W48``, ``2026-Q4``; ``x12`` of the extra round 12."""
    first: Mapped[date]
    last: Mapped[date]
    """Local days within which it must be: those of the period on which the elder is in the list."""
    due_at: Mapped[datetime]
    """The end of the last day."""
    risk: Mapped[str] = mapped_column(String(30))
    """The risk class by which it is due."""
    extra_round_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("checkin_extra_rounds.id"))
    state: Mapped[str] = mapped_column(String(10))
    excuse: Mapped[str | None] = mapped_column(String(20))
    """Why it need not be."""
    reason: Mapped[str | None] = mapped_column(String(200))
    """What a person wrote to it."""
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    planned_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    """Who goes, when and for how long: set while it is booked."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often nobody was met."""
    next_due_at: Mapped[datetime | None]
    due: Mapped[str | None] = mapped_column(String(20))
    """What follows then, after nobody was met."""
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    """The emergency that was opened because nobody could be reached."""
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(100))
    """The elder, or the family, said that this time is well: a promise of ``planned_at``, gone when that moves."""
    reminded_for: Mapped[datetime | None]
    """The ``planned_at`` of which they were told."""
    cleared_at: Mapped[datetime | None]
    """Its time of keeping is over: what was seen and said is gone, that it was stays as a number."""
    version: Mapped[int] = mapped_column(default=1)


class CheckinTry(Base):
    """Somebody was there, or rang, and the elder was not met. Never a visit."""

    __tablename__ = "checkin_tries"
    __table_args__ = (Index("ix_checkin_tries_visit_id", "visit_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_visits.id"))
    mode: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    why: Mapped[str] = mapped_column(String(20))
    """Nobody answered, or somebody knows where the elder is."""
    reason: Mapped[str] = mapped_column(String(200))
    """In words."""
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))
    client_uuid: Mapped[str | None] = mapped_column(String(100), unique=True)


class CheckinRecord(Base):
    """The elder was met, or spoken to. Whether that counts is a matter of its mode and the rules of the month."""

    __tablename__ = "checkin_records"
    __table_args__ = (
        Index("ix_checkin_records_elder", "elder_id", "day"),
        Index("ix_checkin_records_worker", "worker_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_visits.id"), unique=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    day: Mapped[date]
    """The local day on which it began: the month in which it counts."""
    mode: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))
    late: Mapped[bool] = mapped_column(default=False)
    """Written down long afterwards."""
    client_uuid: Mapped[str | None] = mapped_column(String(100), unique=True)
    items: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """The 15 items, each ``good``, ``medium`` or ``poor``."""
    more: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """Economic state, the supporter's contact, needs found, policy explained, what was urgent, the next date."""
    note: Mapped[str | None] = mapped_column(Text)
    completed_at: Mapped[datetime | None]
    """When the sheet was filled in. None: it is known that the elder was met, and no more."""
    completed_by: Mapped[str | None] = mapped_column(String(100))
    channel: Mapped[str] = mapped_column(String(10), default="desk", server_default="desk")
    """``app``: from there, by the visitor's telephone; ``desk``; ``late_entry``: afterwards, by two persons."""
    late_reason: Mapped[str | None] = mapped_column(String(200))
    clock_at: Mapped[datetime | None]
    """What the telephone's clock itself said at ``ended_at``."""
    card: Mapped[str | None] = mapped_column(String(10))
    """The code of the elder's card was ``right`` or ``wrong``; ``unknown``: there is none. None: nothing was typed."""
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    distance_m: Mapped[float | None]
    """From the home."""
    flags: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    """What is odd about the proof; never a reason to refuse."""


class CheckinRefusal(Base):
    """An elder does not want to be visited: who said so and when. Reported apart, and never a visit."""

    __tablename__ = "checkin_refusals"
    __table_args__ = (Index("ix_checkin_refusals_elder", "elder_id", "refused_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    visit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("checkin_visits.id"))
    refused_on: Mapped[date]
    until: Mapped[date]
    """The last day for which it holds; ``refused_on`` itself: this visit alone."""
    said_by: Mapped[str] = mapped_column(String(100))
    """The name of who said it: the elder, or somebody of the family."""
    note: Mapped[str | None] = mapped_column(String(300))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(100))


class ExtraRound(Base):
    """Visits beyond the regular ones: a cold wave, heat, a festival, a flood, in an area and to some groups."""

    __tablename__ = "checkin_extra_rounds"
    __table_args__ = (Index("ix_checkin_extra_rounds_last", "last"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(20))
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"))
    groups: Mapped[list[str]]
    """Whom of the list; empty: everybody."""
    first: Mapped[date]
    last: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(100))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(100))
    end_reason: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(default=1)


class CheckinRun(Base):
    """The visits of a month are generated, or topped up: asked for by the calendar or a person; with its progress."""

    __tablename__ = "checkin_runs"
    __table_args__ = (
        Index("ix_checkin_runs_month", "month", "id"),
        # The calendar asks for one of each day. What a person asks for is not held up by it.
        Index("uq_checkin_runs_calendar", "month", "day", unique=True, **_where("asked_by IS NULL")),
        Index("ix_checkin_runs_next_try_at", "next_try_at", **_where("next_try_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    day: Mapped[date]
    """The local day on which it was asked for."""
    state: Mapped[str] = mapped_column(String(10))
    """``open``, ``done``."""
    asked_at: Mapped[datetime]
    asked_by: Mapped[str | None] = mapped_column(String(100))
    """None: the calendar."""
    elders: Mapped[int]
    """How many there are to look at."""
    done: Mapped[int] = mapped_column(default=0)
    reached: Mapped[int] = mapped_column(BigId, default=0)
    """The last elder that is done: whoever takes the run over goes on behind them."""
    created: Mapped[int] = mapped_column(default=0)
    existing: Mapped[int] = mapped_column(default=0)
    excluded: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """By reason."""
    next_try_at: Mapped[datetime | None]
    handed_over: Mapped[int] = mapped_column(default=0)
    claim: Mapped[str | None] = mapped_column(String(16))
    finished_at: Mapped[datetime | None]


class CheckinMonth(Base):
    """A month that was generated, and its close: from then on its list does not change."""

    __tablename__ = "checkin_months"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    generated_at: Mapped[datetime]
    """When its visits were generated or topped up last."""
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(100))
    closed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    signature: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)
    totals: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    rules: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """The rules by which it was counted, as they stood at the close."""
    digest: Mapped[str | None] = mapped_column(String(64))
    """Of the frozen list."""
    version: Mapped[int] = mapped_column(default=1)


class CheckinMonthElder(Base):
    """One elder of the list of a month, and what they are in its number. Follows the register until the close."""

    __tablename__ = "checkin_month_elders"
    __table_args__ = (
        Index("ix_checkin_month_elders_elder_id", "elder_id"),
        Index("ix_checkin_month_elders_area", "month", "area_id"),
    )

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"))
    """Where the elder lives; at the close, lived."""
    groups: Mapped[list[str]]
    risk: Mapped[str] = mapped_column(String(30))
    joined: Mapped[date]
    last: Mapped[date]
    """First and last day of the month in the list."""
    apart: Mapped[str | None] = mapped_column(String(20))
    """Why the elder is not in the number; None: counted."""
    visited_on: Mapped[date | None]
    """The first valid visit of the month."""
    mode: Mapped[str | None] = mapped_column(String(20))
    refused: Mapped[bool]


class CheckinStep(Base):
    """A reminder of a period, at a share of its time; and the forecast. Each once."""

    __tablename__ = "checkin_steps"
    __table_args__ = (
        UniqueConstraint("period", "step"),
        Index("ix_checkin_steps_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    period: Mapped[str] = mapped_column(String(20))
    step: Mapped[str] = mapped_column(String(20))
    """``70``, ``85``, ``95``, ``100`` per cent, or ``forecast``."""
    next_due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    open: Mapped[int | None]
    """How many visits were still open."""


class CheckinNotice(Base):
    """Who was told of open visits at a step, of how many, and by which message: once each."""

    __tablename__ = "checkin_notices"
    __table_args__ = (UniqueConstraint("step_id", "recipient"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    step_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_steps.id"))
    recipient: Mapped[str] = mapped_column(String(40))
    """``worker:7``, ``station:3``, ``user:5``."""
    area_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("areas.id"))
    """Of which area the visits are."""
    open: Mapped[int]
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("messages.id"))
    """None: they have no telephone, and see it in the console."""
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class ElderAbsence(Base):
    """In hospital or away, and until when: the past of what the elder's row says of today."""

    __tablename__ = "elder_absences"
    __table_args__ = (
        Index("ix_elder_absences_elder_id", "elder_id"),
        Index("uq_elder_absences_open", "elder_id", unique=True, **_where("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    kind: Mapped[str] = mapped_column(String(20))
    begins_at: Mapped[datetime]
    until: Mapped[datetime | None]
    """Expected then; it is over then unless somebody said otherwise."""
    ended_at: Mapped[datetime | None]
    """When somebody said that it is over, or that it is another one."""
    recorded_by: Mapped[str] = mapped_column(String(100))
