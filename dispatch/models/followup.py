"""What comes after a case: how it was for the elder, what was complained of, and what somebody looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId
from dispatch.models.sealed import INDEX_LENGTH, Sealed


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class FollowUpLot(Base):
    """The lot of one month. Whoever doubts a draw takes the seed and draws again."""

    __tablename__ = "follow_up_lots"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    seed: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime]


class FollowUp(Base):
    """One case, and what is asked about it afterwards."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        Index("ix_follow_ups_open", "due_at", **_where("state = 'open'")),
        Index("ix_follow_ups_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        Index("ix_follow_ups_number_index", "number_index", **_where("number_index IS NOT NULL")),
        Index("ix_follow_ups_worker_id", "worker_id", "ended_at"),
        Index("ix_follow_ups_ended_at", "ended_at"),
        Index("uq_follow_ups_again_case_id", "again_case_id", unique=True, **_where("again_case_id IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), unique=True)
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    """Who was there last."""
    why: Mapped[str] = mapped_column(String(20))
    share: Mapped[int | None]
    """Per cent, as it stood when the lot was drawn; None: nothing was drawn."""
    month: Mapped[str | None] = mapped_column(String(7))
    """Of the lot."""
    state: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[datetime]
    due_at: Mapped[datetime]
    due: Mapped[str | None] = mapped_column(String(20))
    next_due_at: Mapped[datetime | None]
    late_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    """How often it was said that it is overdue."""
    tries: Mapped[int] = mapped_column(default=0)
    """Calls that reached nobody."""
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str | None] = mapped_column(String(20))
    """``sms`` or ``voice``: the question that went out by itself."""
    open_until: Mapped[datetime | None]
    """Until then a digit from that telephone may be an answer."""
    number_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH))
    """Of the telephone that was asked, while its answer counts."""
    unhappy_at: Mapped[datetime | None]
    """When the elder said so without a person having listened yet."""
    result: Mapped[str | None] = mapped_column(String(20))
    channel: Mapped[str | None] = mapped_column(String(20))
    text: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[dict[str, Any]]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(100))
    again_case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    """It is done again there, by somebody else."""
    complaint_case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    version: Mapped[int] = mapped_column(default=1)


class FollowUpTry(Base):
    """One time that somebody rang, or that the centre asked by itself."""

    __tablename__ = "follow_up_tries"
    __table_args__ = (Index("ix_follow_up_tries_follow_up_id", "follow_up_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    follow_up_id: Mapped[int] = mapped_column(BigId, ForeignKey("follow_ups.id"))
    at: Mapped[datetime]
    way: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(100))


class Complaint(Base):
    """What stands behind a case of this kind: what it is about, and by when it must be answered and solved."""

    __tablename__ = "complaints"
    __table_args__ = (
        Index("ix_complaints_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        Index("ix_complaints_about_case_id", "about_case_id"),
        Index("ix_complaints_worker_id", "worker_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), unique=True)
    about_case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    opened_at: Mapped[datetime]
    answer_due_at: Mapped[datetime]
    solve_due_at: Mapped[datetime]
    next_due_at: Mapped[datetime | None]
    late_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(100))
    solved_at: Mapped[datetime | None]
    solved_by: Mapped[str | None] = mapped_column(String(100))
    result: Mapped[str | None] = mapped_column(String(20))
    text: Mapped[str | None] = mapped_column(Text)
    told: Mapped[str | None] = mapped_column(String(20))
    """How the complainant heard of it."""
    version: Mapped[int] = mapped_column(default=1)


class VisitCheck(Base):
    """A visit whose proof is odd, for a person to look at. One for each visit; something new opens it again."""

    __tablename__ = "visit_checks"
    __table_args__ = (
        Index("ix_visit_checks_state", "state", "id"),
        Index("ix_visit_checks_worker_id", "worker_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignments.id"), unique=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    worker_id: Mapped[int] = mapped_column(BigId, ForeignKey("workers.id"))
    state: Mapped[str] = mapped_column(String(20))
    """``open``, ``accepted``, ``complaint`` or ``talk``."""
    flags: Mapped[list[str]]
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    complaint_case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    version: Mapped[int] = mapped_column(default=1)


class LateEntry(Base):
    """A visit that somebody writes down afterwards, in place of the helper. It counts when a second person says so."""

    __tablename__ = "late_entries"
    __table_args__ = (
        Index("uq_late_entries_waiting", "assignment_id", unique=True, **_where("state = 'waiting'")),
        Index("ix_late_entries_assignment_id", "assignment_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignments.id"))
    arrived_at: Mapped[datetime]
    completed_at: Mapped[datetime]
    done: Mapped[list[str]]
    ok: Mapped[bool | None]
    note: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    """``waiting``, ``confirmed`` or ``refused``."""
    entered_at: Mapped[datetime]
    entered_by: Mapped[str] = mapped_column(String(60))
    """The key of the actor, who must not be the one that confirms."""
    entered_name: Mapped[str] = mapped_column(String(100))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_reason: Mapped[str | None] = mapped_column(Text)


class CardCode(Base):
    """Six digits on a sheet at the elder's home: who types them was there."""

    __tablename__ = "card_codes"
    __table_args__ = (
        Index("uq_card_codes_live", "elder_id", unique=True, **_where("revoked_at IS NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    code: Mapped[str] = mapped_column(Sealed("card_codes.code"))
    """Sealed and no digest: six digits are soon guessed, and a seal survives the change of the data key."""
    issued_at: Mapped[datetime]
    issued_by: Mapped[str] = mapped_column(String(100))
    revoked_at: Mapped[datetime | None]
