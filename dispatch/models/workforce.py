"""Those who go to the homes: helpers, nurses, drivers, technicians."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.models.base import Base, BigId
from dispatch.models.places import Area


class Worker(Base):
    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_name", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(32), index=True)
    skills: Mapped[list[str]]
    """Codes of what this person may do: the ten helps, and ``nursing``, ``lifting``, ``driving``, ``devices``."""
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), unique=True)
    """With which this person signs in, if at all."""

    area: Mapped[Area] = relationship(lazy="raise")
