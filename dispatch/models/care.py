"""What is assessed, agreed and decided about an elder; the past of each is kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


class Assessment(Base):
    """One result under one standard. It is never changed; a wrong one is voided, with who and why."""

    __tablename__ = "assessments"
    __table_args__ = (Index("ix_assessments_elder", "elder_id", "standard", "assessed_on", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    standard: Mapped[str] = mapped_column(String(40))
    standard_version: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(20))
    assessed_on: Mapped[date]
    next_due_on: Mapped[date]
    """The first day on which it is valid no longer."""
    assessors: Mapped[list[str]]
    scores: Mapped[dict[str, Any]]
    """By item; empty for a result that came without its items."""
    answers: Mapped[dict[str, Any]]
    """Coma, diagnoses, risk events, who gave the information."""
    total: Mapped[int | None]
    by_group: Mapped[dict[str, Any]]
    preliminary_level: Mapped[int | None]
    changes: Mapped[list[str]]
    final_level: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(40))
    """``form`` or ``import``."""
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None] = mapped_column(String(100))
    void_reason: Mapped[str | None] = mapped_column(String(200))


class AssessmentState(Base):
    """The newest result of each elder under the standard that sets the level: who has none, and whose is due."""

    __tablename__ = "assessment_states"

    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), primary_key=True)
    assessment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assessments.id"))
    next_due_on: Mapped[date] = mapped_column(index=True)


class ElderTag(Base):
    """An elder belongs to a target group for some days."""

    __tablename__ = "elder_tags"
    __table_args__ = (
        Index("ix_elder_tags_elder", "elder_id", "id"),
        # In the order in which they are counted.
        Index(
            "ix_elder_tags_held",
            "code",
            "elder_id",
            "valid_from",
            "valid_to",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_elder_tags_open",
            "elder_id",
            "code",
            unique=True,
            postgresql_where=text("valid_to IS NULL AND ended_at IS NULL"),
            sqlite_where=text("valid_to IS NULL AND ended_at IS NULL"),
        ),
        Index(
            "ix_elder_tags_due_at",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    code: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(100))
    evidence: Mapped[str | None] = mapped_column(String(300))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """The last day."""
    version: Mapped[int] = mapped_column(default=1)
    due_at: Mapped[datetime | None]
    """When it begins or ends next: the elder's flags follow at that moment."""
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))
    ended_at: Mapped[datetime | None]
    """A person ended it, whatever its last day was."""
    ended_by: Mapped[str | None] = mapped_column(String(100))
    end_reason: Mapped[str | None] = mapped_column(String(200))


class CareForm(Base):
    """A decision on the form of care; the newest counts."""

    __tablename__ = "care_forms"
    __table_args__ = (Index("ix_care_forms_elder", "elder_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    form: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    assessment_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("assessments.id"))
    """What it rests on."""
    decided_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(100))


class Consent(Base):
    """Given or withdrawn for one purpose; the newest of each purpose counts. Only added to."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_elder", "elder_id", "purpose", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    given: Mapped[bool]
    how: Mapped[str] = mapped_column(String(20))
    """``paper``, ``telephone``, ``counter``, ``visit`` or ``app``."""
    by: Mapped[str] = mapped_column(String(100))
    """The elder, or who acts for them."""
    read_by: Mapped[str | None] = mapped_column(String(100))
    notice: Mapped[str] = mapped_column(String(40))
    """Version of the text that was read."""
    document: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100))


class AnsweredAct(Base):
    """A change outside of cases that was done under an idempotency key, with what was answered."""

    __tablename__ = "answered_acts"

    actor: Mapped[str] = mapped_column(String(60), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(String(80))
    answer: Mapped[dict[str, Any]]
    """Ids and codes; what else was said is looked up again."""
