"""What supervisors said that words of devices mean, and what devices announced of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId

Words = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class MappingVersion(Base):
    """What the words of one model or device mean from then on. Only added to: the newest of a subject stands."""

    __tablename__ = "mapping_versions"
    __table_args__ = (
        # Whoever saves says which version he saw. Of two that saw the same one, one is first.
        UniqueConstraint("scope", "key", "follows"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scope: Mapped[str] = mapped_column(String(10))
    """``domain.mapping.Scope``."""
    key: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    """As it was written."""
    follows: Mapped[int] = mapped_column(BigId)
    """The version before it; 0: there was none."""
    words: Mapped[dict[str, Any] | None] = mapped_column(Words)
    """``domain.mapping.Words.dump``; none: as configured again."""
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(60))
    """The key of the actor."""
    by_name: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(200))


class DeviceAnnouncement(Base):
    """What a device announced by Home Assistant's discovery, as it stands at the broker: how its topics are read."""

    __tablename__ = "device_announcements"
    __table_args__ = (Index("ix_device_announcements_number", "number"),)

    listener: Mapped[str] = mapped_column(String(40), primary_key=True)
    topic: Mapped[str] = mapped_column(String(500), primary_key=True)
    number: Mapped[str] = mapped_column(String(100))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
