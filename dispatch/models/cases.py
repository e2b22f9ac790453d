"""What operators work on, and the history that nobody can rewrite."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from dispatch.domain.case import ACTIVE, OPEN, State
from dispatch.domain.privacy import mask_phone
from dispatch.models.base import Base, BigId, Json
from dispatch.models.people import Elder, User
from dispatch.models.places import Area, Household
from dispatch.models.sealed import INDEX_LENGTH, Sealed, phone_index


def _in(states: frozenset[State]) -> str:
    return "state IN (" + ", ".join(f"'{s.value}'" for s in sorted(states)) + ")"


ACTIVE_SQL = f"kind = 'emergency' AND {_in(ACTIVE)}"
OPEN_SQL = _in(OPEN)


def _own_priority(context: Any) -> Any:
    return context.get_current_parameters()["priority"]


class Case(Base):
    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "uq_cases_open_emergency_household",
            "household_id",
            unique=True,
            postgresql_where=text(f"household_id IS NOT NULL AND {ACTIVE_SQL}"),
            sqlite_where=text(f"household_id IS NOT NULL AND {ACTIVE_SQL}"),
        ),
        Index(
            "uq_cases_open_emergency_device",
            "origin_device",
            unique=True,
            postgresql_where=text(f"household_id IS NULL AND origin_device IS NOT NULL AND {ACTIVE_SQL}"),
            sqlite_where=text(f"household_id IS NULL AND origin_device IS NOT NULL AND {ACTIVE_SQL}"),
        ),
        Index(
            "ix_cases_next_due_at",
            "next_due_at",
            postgresql_where=text("next_due_at IS NOT NULL"),
            sqlite_where=text("next_due_at IS NOT NULL"),
        ),
        Index("ix_cases_open", "opened_at", postgresql_where=text(OPEN_SQL), sqlite_where=text(OPEN_SQL)),
        Index(
            "ix_cases_wanted_at",
            "wanted_at",
            postgresql_where=text("wanted_at IS NOT NULL"),
            sqlite_where=text("wanted_at IS NOT NULL"),
        ),
        Index(
            "ix_cases_area_event_id",
            "area_event_id",
            postgresql_where=text("area_event_id IS NOT NULL"),
            sqlite_where=text("area_event_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    """Also the number that people say to each other; never used again."""
    kind: Mapped[str] = mapped_column(String(20))
    help: Mapped[str | None] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    priority: Mapped[int]
    top_priority: Mapped[int] = mapped_column(default=_own_priority, server_default="1")
    """The most urgent that it has ever been: what was P1 once is closed by the rules of P1."""
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)

    area_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    household_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("households.id"), index=True)
    elder_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    origin_device: Mapped[str | None] = mapped_column(String(100))
    caller: Mapped[str | None] = mapped_column(Sealed("cases.caller"))
    caller_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH), index=True)
    caller_masked: Mapped[str | None] = mapped_column(String(32))
    """What lists show: they open no seal."""
    text: Mapped[str | None] = mapped_column(Text)
    wanted_at: Mapped[datetime | None]

    opened_at: Mapped[datetime] = mapped_column(index=True)
    waiting_since: Mapped[datetime]
    answer_due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    owned_since: Mapped[datetime | None]
    last_act_at: Mapped[datetime | None]
    changed_by: Mapped[str] = mapped_column(String(100), default="")
    changed_at: Mapped[datetime]

    policy: Mapped[dict[str, Any]]
    """The escalation policy as it stood when the case opened or its priority changed."""
    due: Mapped[str | None] = mapped_column(String(20))
    next_due_at: Mapped[datetime | None]
    step: Mapped[int] = mapped_column(default=0)
    """Number of the next escalation step of this wait."""
    round: Mapped[int] = mapped_column(default=0)
    """How often the case has begun to wait: a firing is named by round and step, and the database allows it once."""
    expected_at: Mapped[datetime | None]
    """Until then those who were asked to go, or sent, have the next word; the owner is not asked before."""
    held_until: Mapped[datetime | None]
    hold_reason: Mapped[str | None] = mapped_column(String(200))

    signals: Mapped[int] = mapped_column(default=0)
    last_signal_at: Mapped[datetime | None]
    flags: Mapped[list[str]]
    rings_for: Mapped[list[str] | None] = mapped_column(Json)
    """Whom its call rings at this moment. None: it does not ring, or the exchange does not say at whose desk."""
    outcome: Mapped[str | None] = mapped_column(String(40))
    follow_up_at: Mapped[datetime | None]
    merged_into: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    area_event_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("area_events.id"))
    last_event_kind: Mapped[str] = mapped_column(String(30), default="")
    last_event_at: Mapped[datetime | None]

    owner: Mapped[User | None] = relationship(lazy="raise")
    elder: Mapped[Elder | None] = relationship(lazy="raise")
    household: Mapped[Household | None] = relationship(lazy="raise")
    area: Mapped[Area | None] = relationship(lazy="raise")

    @validates("caller")
    def _index(self, _field: str, value: str | None) -> str | None:
        self.caller_index, self.caller_masked = phone_index(value), mask_phone(value)
        return value


class CaseEvent(Base):
    """One row of the timeline. Triggers forbid to change or delete it."""

    __tablename__ = "case_events"
    __table_args__ = (
        UniqueConstraint("case_id", "once_key"),
        Index("ix_case_events_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(30))
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str | None] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100), default="")
    channel: Mapped[str] = mapped_column(String(20), default="")
    text: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]]
    once_key: Mapped[str | None] = mapped_column(String(80))
    """What must happen once only, by its name, as ``escalate:2:3``."""


class EventSeal(Base):
    """The chain of hashes over the timeline, one link for each event in the order of sealing."""

    __tablename__ = "event_seals"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_events.id"), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime | None]


class Draft(Base):
    """A note that somebody is still writing, in one of their windows: two windows must not overwrite each other."""

    __tablename__ = "drafts"

    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True)
    tab: Mapped[str] = mapped_column(String(32), primary_key=True, default="")
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]


class Command(Base):
    """An act of a person that has been done, by its idempotency key."""

    __tablename__ = "commands"

    actor: Mapped[str] = mapped_column(String(60), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    at: Mapped[datetime] = mapped_column(index=True)


class Call(Base):
    """A telephone call as the exchange reports it."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(
            "ix_calls_to_end",
            "end_asked_at",
            postgresql_where=text("end_asked_at IS NOT NULL AND ended_at IS NULL"),
            sqlite_where=text("end_asked_at IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[str] = mapped_column(String(200), unique=True)
    caller: Mapped[str | None] = mapped_column(Sealed("calls.caller"))
    called: Mapped[str | None] = mapped_column(String(32))
    agent: Mapped[str | None] = mapped_column(String(64))
    outward: Mapped[bool] = mapped_column(default=False)
    """This centre has rung somebody."""
    first_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_asked_at: Mapped[datetime | None]
    """When the operator who talks has asked the exchange to end it."""
    waited: Mapped[int | None]
    """Seconds in the queue until the answer, or until the caller gave up; None: neither has come yet."""
    missed: Mapped[bool] = mapped_column(default=False)
    recording_url: Mapped[str | None] = mapped_column(String(500))
    events: Mapped[dict[str, Any]]
    """Each event by its name, as it came."""
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
