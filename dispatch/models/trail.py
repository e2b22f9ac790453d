"""The audit trail: what people did and saw, beside the timelines of the cases. Only added to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


class TrailEntry(Base):
    """One act. Triggers forbid to change or delete it."""

    __tablename__ = "trail"
    __table_args__ = (
        Index("ix_trail_subject", "subject_kind", "subject_id", "id"),
        Index("ix_trail_actor", "actor_kind", "actor_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(40), index=True)
    """``reveal``, ``export``, ``user_changed``: a verb of the code, never a sentence."""
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(200))
    data: Mapped[dict[str, Any]]
    """Ids and codes: never a name, a telephone number or an address."""


class TrailSeal(Base):
    """The chain of hashes over the trail, one link for each entry in the order of sealing."""

    __tablename__ = "trail_seals"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("trail.id"), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]
