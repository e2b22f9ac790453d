"""What the Personal Information Protection Law asks the centre to keep a record of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId

OPEN_REQUEST = "state IN ('open', 'checked')"


class RightsRequest(Base):
    """A person asks about their data, or a close relative of a dead one does."""

    __tablename__ = "rights_requests"
    __table_args__ = (
        Index(
            "ix_rights_requests_due_at",
            "due_at",
            postgresql_where=text(OPEN_REQUEST),
            sqlite_where=text(OPEN_REQUEST),
        ),
        Index("ix_rights_requests_elder", "elder_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    kind: Mapped[str] = mapped_column(String(20))
    asker: Mapped[str] = mapped_column(String(20))
    asker_name: Mapped[str | None] = mapped_column(String(100))
    channel: Mapped[str] = mapped_column(String(20))
    text: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    """``open``, ``checked`` (the asker is who they say), ``granted``, ``refused`` or ``withdrawn``."""
    identity_check: Mapped[str | None] = mapped_column(String(200))
    checked_by: Mapped[str | None] = mapped_column(String(100))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    answer: Mapped[str | None] = mapped_column(Text)
    """What was done, or why not."""
    outcome: Mapped[dict[str, Any]]
    """Ids and codes of what the decision changed."""
    version: Mapped[int] = mapped_column(default=1)
    recorded_by: Mapped[str] = mapped_column(String(100))


class Sharing(Base):
    """Somebody outside was given something about an elder."""

    __tablename__ = "sharings"
    __table_args__ = (Index("ix_sharings_elder", "elder_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    elder_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("elders.id"))
    """None: a list of many, whose number ``persons`` says."""
    persons: Mapped[int] = mapped_column(default=1)
    receiver: Mapped[str] = mapped_column(String(100))
    receiver_kind: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(String(40))
    kinds: Mapped[list[str]]
    basis: Mapped[str] = mapped_column(String(20))
    consent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("consents.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    note: Mapped[str | None] = mapped_column(String(300))
    recorded_by: Mapped[str] = mapped_column(String(100))


class TellDuty(Base):
    """An elder's data was used in an emergency without their consent: they are told afterwards (article 18)."""

    __tablename__ = "tell_duties"
    __table_args__ = (
        Index("uq_tell_duties_once", "elder_id", "case_id", "purpose", unique=True),
        Index(
            "ix_tell_duties_due_at",
            "due_at",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    arose_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(100))
    how: Mapped[str | None] = mapped_column(String(200))


class Incident(Base):
    """Personal information leaked, was changed or lost: what article 57 wants to be told."""

    __tablename__ = "privacy_incidents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    occurred_at: Mapped[datetime | None]
    discovered_at: Mapped[datetime] = mapped_column(index=True)
    kinds: Mapped[list[str]]
    persons: Mapped[int | None]
    cause: Mapped[str] = mapped_column(Text)
    harm: Mapped[str] = mapped_column(Text)
    measures: Mapped[str] = mapped_column(Text)
    """Taken by the centre."""
    advice: Mapped[str] = mapped_column(Text)
    """What the persons can do against harm."""
    contact: Mapped[str] = mapped_column(String(200))
    authority_told_at: Mapped[datetime | None]
    persons_told_at: Mapped[datetime | None]
    not_told_reason: Mapped[str | None] = mapped_column(Text)
    """Why the persons need not be told (article 57, second paragraph)."""
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(Text)
    """The paths of the areas of who reported it, each after a bar."""


class ImpactAssessment(Base):
    """A report of article 56, or where it lies; kept three years."""

    __tablename__ = "impact_assessments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    trigger: Mapped[str] = mapped_column(String(20))
    """What of article 55 asked for it."""
    lawful: Mapped[str] = mapped_column(Text)
    impact: Mapped[str] = mapped_column(Text)
    measures: Mapped[str] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(300))
    assessed_on: Mapped[date] = mapped_column(index=True)
    assessed_by: Mapped[str] = mapped_column(String(100))
    keep_until: Mapped[date]
    review_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))


class RestrictedCase(Base):
    """A case whose time is over: its timeline stays as it was written, and nobody is shown its words any more."""

    __tablename__ = "restricted_cases"

    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), primary_key=True)
    at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(20))
    """``retention`` or ``request``."""


class ErasedPerson(Base):
    """An elder who was made anonymous: the row stays for the cases that point to it and says nothing of a person."""

    __tablename__ = "erased_persons"

    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), primary_key=True)
    at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(20))
    request_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("rights_requests.id"))


class RetentionRun(Base):
    """One night's work of the retention job."""

    __tablename__ = "retention_runs"

    day: Mapped[date] = mapped_column(primary_key=True)
    """Local; so it is done once a day."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]]
