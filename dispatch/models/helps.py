"""From what was ordered to the visit: who is asked, who goes, and what was sent from there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.domain.helps.assignments import LIVE
from dispatch.models.base import Base, BigId, Json


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


LIVE_SQL = "state IN (" + ", ".join(f"'{state.value}'" for state in sorted(LIVE)) + ")"


class Order(Base):
    """What a case asks for. The price is the one of the day of the order, whatever the catalogue says later."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("uq_orders_standing_day", "standing_id", "day", unique=True, **_where("standing_id IS NOT NULL")),
        Index("ix_orders_remind_at", "remind_at", **_where("remind_at IS NOT NULL")),
        Index("ix_orders_worker_id", "worker_id", **_where("worker_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), unique=True)
    item: Mapped[str] = mapped_column(String(30))
    minutes: Mapped[int]
    price_fen: Mapped[int]
    sex: Mapped[str | None] = mapped_column(String(1))
    """The elder wants to be helped by a woman (``F``) or by a man (``M``)."""
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    """Whom the elder would like to come."""
    wanted_until: Mapped[datetime | None]
    """It may begin until then, and from ``cases.wanted_at`` on; None: at that time."""
    standing_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("standing_orders.id"))
    day: Mapped[date | None]
    """The day of the standing order that it stands for: one order each, whatever became of it."""
    by_hand: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Somebody changed or moved this one: what happens to its standing order leaves it alone."""
    off: Mapped[str | None] = mapped_column(String(20))
    """Why it was cancelled."""
    remind_at: Mapped[datetime | None]
    remind: Mapped[str | None] = mapped_column(String(20))
    """Which reminder comes then."""
    evening_sent: Mapped[bool] = mapped_column(default=False, server_default=false())
    ordered_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class OfferPlan(Base):
    """Some helpers are asked for one case, together or one after the other, until one goes."""

    __tablename__ = "offer_plans"
    __table_args__ = (
        Index("uq_offer_plans_running", "case_id", unique=True, **_where("state = 'running'")),
        Index("ix_offer_plans_case_id", "case_id", "id"),
        Index("ix_offer_plans_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    state: Mapped[str] = mapped_column(String(20))
    mode: Mapped[str] = mapped_column(String(20))
    size: Mapped[int]
    seconds: Mapped[int]
    voice_seconds: Mapped[int | None]
    """How it is asked, as it stood when it began."""
    queue: Mapped[list[int]]
    """Who is still to be asked, in order."""
    alone: Mapped[int]
    """So many more rounds the machine may make up by itself when the queue is empty."""
    round: Mapped[int] = mapped_column(default=0)
    due: Mapped[str | None] = mapped_column(String(20))
    next_due_at: Mapped[datetime | None]
    handed_at: Mapped[datetime | None]
    """When the clock last told somebody that it is due; before ``next_due_at``: not of this deadline."""
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(100))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))


class Offer(Base):
    """One helper is asked once."""

    __tablename__ = "offers"
    __table_args__ = (
        Index("uq_offers_accepted", "case_id", unique=True, **_where("state = 'accepted'")),
        Index("uq_offers_asked", "case_id", "worker_id", unique=True, **_where("state = 'offered'")),
        Index("uq_offers_code", "number", "code", unique=True, **_where("open")),
        Index("ix_offers_case_id", "case_id", "id"),
        Index("ix_offers_worker_id", "worker_id", "offered_at", "state"),
        Index("ix_offers_hang_up_at", "hang_up_at", **_where("hang_up_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    plan_id: Mapped[int] = mapped_column(BigId, ForeignKey("offer_plans.id"))
    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"))
    state: Mapped[str] = mapped_column(String(20))
    mode: Mapped[str] = mapped_column(String(20))
    round: Mapped[int]
    number: Mapped[str] = mapped_column(String(32))
    """The telephone that was asked."""
    code: Mapped[str] = mapped_column(String(3))
    """By which a reply names it."""
    open: Mapped[bool]
    """It can be answered, or its visit goes on: no other offer to this telephone has its code."""
    eta_minutes: Mapped[int | None]
    distance_m: Mapped[int | None]
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    channel: Mapped[str | None] = mapped_column(String(20))
    """By which it was answered: ``app``, ``sms``, ``voice``, ``operator``."""
    reason: Mapped[str | None] = mapped_column(String(40))
    hang_up_at: Mapped[datetime | None]
    """Its telephone may still ring for something that is settled."""
    version: Mapped[int] = mapped_column(default=1)


class MatchRecord(Base):
    """Who could have gone when helpers were asked, for a replay under other weights. Kept for some months."""

    __tablename__ = "match_records"
    __table_args__ = (
        Index("ix_match_records_at", "at"),
        Index("ix_match_records_case_id", "case_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    at: Mapped[datetime]
    asked: Mapped[list[int]]
    """Whom the operator, or the machine, then asked."""
    candidates: Mapped[list[Any]] = mapped_column(Json)
    """The best of them, each as ``domain/helps/replay.py`` says."""


class Assignment(Base):
    """Somebody goes."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index("uq_assignments_live_case", "case_id", unique=True, **_where(LIVE_SQL)),
        Index("uq_assignments_live_emergency", "worker_id", unique=True, **_where(f"emergency AND {LIVE_SQL}")),
        Index("ix_assignments_case_id", "case_id"),
        Index("ix_assignments_worker_id", "worker_id", "starts_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    offer_id: Mapped[int] = mapped_column(BigId, ForeignKey("offers.id"), unique=True)
    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"))
    state: Mapped[str] = mapped_column(String(20))
    emergency: Mapped[bool]
    channel: Mapped[str] = mapped_column(String(20))
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When they should be there."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """The time that it takes out of the helper's day, as planned."""
    arrival_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("arrivals.id"))
    """The promise to be there, by which the centre is alarmed when it is not kept."""
    departed_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))
    flags: Mapped[list[str]]
    """What is odd about the proof, for whoever checks."""
    version: Mapped[int] = mapped_column(default=1)


class WorkRecord(Base):
    """What a helper's telephone said of one job: once, however often it was sent."""

    __tablename__ = "work_records"
    __table_args__ = (Index("ix_work_records_assignment_id", "assignment_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignments.id"))
    client_uuid: Mapped[str] = mapped_column(String(50), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    device_at: Mapped[datetime]
    """When it happened, by the telephone's clock put right."""
    clock_at: Mapped[datetime | None]
    """What the telephone's clock itself said."""
    received_at: Mapped[datetime]
    card: Mapped[str | None] = mapped_column(String(10))
    """The code of the elder's card was ``right`` or ``wrong``; ``unknown``: there is none. None: nothing was typed."""
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    distance_m: Mapped[float | None]
    """From the home."""
    done: Mapped[list[str]]
    """Codes of what was done."""
    ok: Mapped[bool | None]
    """The elder was well when the helper left."""
    note: Mapped[str | None] = mapped_column(Text)
    opened_case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    """The case that a cry for help from there has opened."""
    flags: Mapped[list[str]]


class WorkPhoto(Base):
    """A picture from a visit, drawn anew on the telephone: small, and with nothing in it of what the camera knows."""

    __tablename__ = "work_photos"
    __table_args__ = (
        Index("ix_work_photos_assignment_id", "assignment_id"),
        Index("ix_work_photos_sha256", "sha256"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignments.id"))
    client_uuid: Mapped[str] = mapped_column(String(50), unique=True)
    device_at: Mapped[datetime]
    received_at: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    flags: Mapped[list[str]]


class OfferLink(Base):
    """A link by which one offer is answered once, without a sign-in. The token itself is written nowhere."""

    __tablename__ = "offer_links"
    __table_args__ = (Index("ix_offer_links_offer_id", "offer_id"),)

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    offer_id: Mapped[int] = mapped_column(BigId, ForeignKey("offers.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
