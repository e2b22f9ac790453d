"""The personal links that open an elder's own page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId


class ElderLink(Base):
    """One printed card. Whoever holds its token may call for help in the elder's name, and nothing else."""

    __tablename__ = "elder_links"
    __table_args__ = (
        Index(
            "uq_elder_links_live",
            "elder_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(100))
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When it was last pressed; looking is not written down."""
