"""What came of a check-in visit beside its record: pictures, cases, late entries, and the sample."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId, Json


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class CheckinPicture(Base):
    """A picture from a visit, or the elder's signature, with their consent. Once, however often it is sent."""

    __tablename__ = "checkin_pictures"
    __table_args__ = (
        Index("ix_checkin_pictures_visit_id", "visit_id"),
        Index("ix_checkin_pictures_sha256", "sha256"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_visits.id"))
    client_uuid: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    """``photo`` or ``signature``."""
    at: Mapped[datetime]
    """By the telephone's clock, put right."""
    received_at: Mapped[datetime]
    sent_by: Mapped[str] = mapped_column(String(100))
    sender: Mapped[str] = mapped_column(String(60))
    """The key of the actor."""
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    flags: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")


class CheckinCase(Base):
    """A case that came of a visit: what the elder needs, what could not wait, a visitor in danger, another time."""

    __tablename__ = "checkin_cases"
    __table_args__ = (
        UniqueConstraint("visit_id", "key"),
        Index("ix_checkin_cases_case_id", "case_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_visits.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(10))
    """``need``, ``urgent``, ``danger``, ``change``."""
    key: Mapped[str] = mapped_column(String(150))
    """What it is about, so that what is said twice opens one."""
    at: Mapped[datetime]


class CheckinReport(Base):
    """What somebody reported of a visit that it could not become the record of: kept whole until a person has decided
    what follows.
    """

    __tablename__ = "checkin_reports"
    __table_args__ = (
        # What the desk enters late is entered once.
        Index("uq_checkin_reports_late", "visit_id", unique=True, **_where("state = 'waiting' AND why = 'late'")),
        Index("ix_checkin_reports_visit_id", "visit_id"),
        Index("ix_checkin_reports_waiting", "id", **_where("state = 'waiting'")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_visits.id"))
    client_uuid: Mapped[str | None] = mapped_column(String(100), unique=True)
    why: Mapped[str] = mapped_column(String(20))
    """``late``: written down long afterwards; ``not_yours``: by a visitor whose visit it was not any more; else what
    stood in its way: ``recorded``, ``not_due``, ``closed``.
    """
    state: Mapped[str] = mapped_column(String(10))
    """``waiting``, ``counted``, ``set_aside``."""
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was not written down in time."""
    entered_at: Mapped[datetime]
    entered_by: Mapped[str] = mapped_column(String(60))
    """The key of the actor, who must not be the one that decides."""
    entered_name: Mapped[str] = mapped_column(String(100))
    worker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("workers.id"))
    """The visitor that says so."""
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_reason: Mapped[str | None] = mapped_column(String(200))


class CheckinCheck(Base):
    """A visit about which the elder is rung afterwards: by lot, or because its proof is odd. One for each record."""

    __tablename__ = "checkin_checks"
    __table_args__ = (Index("ix_checkin_checks_state", "state", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("checkin_records.id"), unique=True)
    why: Mapped[str] = mapped_column(String(10))
    """``drawn``, ``flagged``, or ``not_drawn``: kept so that the lot can be drawn again."""
    month: Mapped[str] = mapped_column(String(7))
    """Whose seed it was drawn with (``follow_up_lots``)."""
    share: Mapped[int]
    flags: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    state: Mapped[str] = mapped_column(String(12))
    """``open``, ``confirmed``, ``doubted``, ``not_reached``; ``off``: nobody is rung."""
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    note: Mapped[str | None] = mapped_column(Text)
    complaint_case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
