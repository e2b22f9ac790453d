"""What the machinery says of itself: live numbers, and when each job last ran."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


class LiveOp(Base):
    """A case changed. ``seq`` is given afterwards, to all waiting rows at once, by whoever holds the live lock."""

    __tablename__ = "live_ops"
    __table_args__ = (
        Index(
            "ix_live_ops_waiting",
            "id",
            postgresql_where=text("seq IS NULL"),
            sqlite_where=text("seq IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    at: Mapped[datetime]
    seq: Mapped[int | None] = mapped_column(BigId, index=True)
    placed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """With this change the case, which had been nowhere, got an area: others see it no longer."""


class JobRun(Base):
    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    expected_seconds: Mapped[float]
    last_run_at: Mapped[datetime | None]
    cycle: Mapped[int] = mapped_column(BigId, default=0)
    holder: Mapped[str] = mapped_column(String(120), default="")
    error: Mapped[str | None] = mapped_column(String(300))
    detail: Mapped[dict[str, Any]]
