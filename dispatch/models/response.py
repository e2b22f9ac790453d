"""What goes on while somebody waits: the script that is followed, who is called, who comes, to whom it was handed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class ScriptRun(Base):
    """A case follows a script. It keeps the script as it was, so that an edit never disturbs a running case."""

    __tablename__ = "script_runs"
    __table_args__ = (
        Index("uq_script_runs_current", "case_id", unique=True, **_where("ended_at IS NULL")),
        Index("ix_script_runs_case_id", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    code: Mapped[str] = mapped_column(String(30))
    version: Mapped[int]
    """Of the script's file, as its author counts."""
    body: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]]
    """The last answer of each step: ``{answer, at, by}``. Every answer, the corrected ones too, is on the timeline."""
    done: Mapped[list[str]]
    """What was set off by itself, ``step:answer:doing``: once, however often an answer is given again."""
    started_at: Mapped[datetime]
    started_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
    """It went on with another script."""


class Handoff(Base):
    """An operator has read the case to 120, 119 or 110."""

    __tablename__ = "handoffs"
    __table_args__ = (Index("ix_handoffs_case_id", "case_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    service: Mapped[str] = mapped_column(String(3))
    called_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    dispatcher: Mapped[str] = mapped_column(String(60))
    """The number or the name that their dispatcher gave."""
    reference: Mapped[str | None] = mapped_column(String(60))
    """Their number of the incident."""
    note: Mapped[str | None] = mapped_column(Text)
    who_is_there: Mapped[str | None] = mapped_column(String(200))


class Cascade(Base):
    """People are called one after the other until one takes responsibility."""

    __tablename__ = "cascades"
    __table_args__ = (
        Index("uq_cascades_running", "case_id", unique=True, **_where("state = 'running'")),
        Index("ix_cascades_case_id", "case_id", "id"),
        Index("ix_cascades_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        UniqueConstraint("case_id", "once_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    plan: Mapped[dict[str, Any]]
    """The steps as they stood when it began."""
    round: Mapped[int] = mapped_column(default=1)
    step: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(100))
    next_due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))
    once_key: Mapped[str | None] = mapped_column(String(80))
    """Of a start that must happen once: ``unowned:<round of the case>``."""


class CascadeCall(Base):
    """One person in one round. The number stays in the register and on the message."""

    __tablename__ = "cascade_calls"
    __table_args__ = (
        UniqueConstraint("cascade_id", "round", "person"),
        Index("ix_cascade_calls_hang_up_at", "hang_up_at", **_where("hang_up_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    cascade_id: Mapped[int] = mapped_column(BigId, ForeignKey("cascades.id"))
    round: Mapped[int]
    step: Mapped[int]
    who: Mapped[str] = mapped_column(String(20))
    person: Mapped[str] = mapped_column(String(40))
    """``elder:7``, ``contact:12``, ``duty_phone:3`` or ``user:5``; the register may forget them, this row does not."""
    label: Mapped[str] = mapped_column(String(100))
    minutes_away: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(20))
    called_at: Mapped[datetime]
    until: Mapped[datetime]
    """When the next one is called if nothing is heard."""
    ended_at: Mapped[datetime | None]
    hang_up_at: Mapped[datetime | None]
    """Its telephone may still ring for something that is settled."""


class Arrival(Base):
    """Somebody has promised to be there at a time: a deadline, like everything that must not be forgotten."""

    __tablename__ = "arrivals"
    __table_args__ = (
        Index("ix_arrivals_case_id", "case_id"),
        Index("ix_arrivals_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        UniqueConstraint("once_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    call_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cascade_calls.id"))
    who: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    due_at: Mapped[datetime]
    next_due_at: Mapped[datetime | None]
    mark: Mapped[int] = mapped_column(default=0)
    """Number of the next re-alarm."""
    late_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(100))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(String(200))
    once_key: Mapped[str | None] = mapped_column(String(260))
    """Of the promise: sent twice it is one."""
