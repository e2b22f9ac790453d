"""What the telephone exchange says of itself, for those who do not listen to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, Json


class ExchangeState(Base):
    """One row an exchange, written by the process that listens to it; old, it is away."""

    __tablename__ = "exchanges"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    seen_at: Mapped[datetime]
    connected: Mapped[bool]
    since: Mapped[datetime]
    """When it came, or went."""
    waiting: Mapped[dict[str, Any]]
    """Since when each caller waits, by the call."""
    agents: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """Those of the queue: ``extension``, ``name`` and ``state``."""
