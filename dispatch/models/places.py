"""Areas as a tree, and the homes in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, false, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from dispatch.models.base import Base, BigId, Json


class Area(Base):
    """A place of the administrative tree: city 2, county 3, sub-district 4, community 5, grid 6."""

    __tablename__ = "areas"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str | None] = mapped_column(String(20), unique=True)
    level: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    path: Mapped[str] = mapped_column(String(200), unique=True)
    """Ids from the root down, ``/1/4/17/``: one prefix comparison answers "is it inside?"."""
    lat: Mapped[float | None]
    lon: Mapped[float | None]


class Household(Base):
    __tablename__ = "households"
    __table_args__ = (
        Index("ix_households_area_id", "area_id", "id"),
        # Few: who has no key is asked of these and not of every home.
        Index("ix_households_keys", "id", postgresql_where=text("keys <> '[]'"), sqlite_where=text("keys <> '[]'")),
        Index(
            "ix_households_no_point",
            "area_id",
            "id",
            postgresql_where=text("lat IS NULL OR lon IS NULL"),
            sqlite_where=text("lat IS NULL OR lon IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"))
    address: Mapped[str] = mapped_column(String(300))
    address_short: Mapped[str] = mapped_column(String(80))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    access_notes: Mapped[str | None] = mapped_column(Text)
    keys: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    """Who can open the door: ``{holder, contact_id?, where}`` each."""
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime | None]

    area: Mapped[Area] = relationship(lazy="raise")


def ids_in(path: str) -> list[int]:
    """The areas that a path names, from the top down. The place of the self-test names none: it lies in no area."""
    return [int(part) for part in path.split("/") if part.isdigit()]


def inside(paths: Iterable[str]) -> ColumnElement[bool]:
    """Areas that lie in one of the subtrees; nothing for somebody without any."""
    return or_(false(), *(Area.path.startswith(path, autoescape=True) for path in paths))


def paths_of(session: Session, area_ids: Iterable[int]) -> tuple[str, ...]:
    ids = list(area_ids)
    if not ids:
        return ()
    return tuple(session.scalars(select(Area.path).where(Area.id.in_(ids)).order_by(Area.path)))


def add_area(session: Session, area: Area) -> Area:
    """Insert ``area`` and give it its path below its parent."""
    parent = session.get_one(Area, area.parent_id) if area.parent_id is not None else None
    area.path = f"new:{area.code or id(area)}"
    session.add(area)
    session.flush()
    area.path = f"{parent.path if parent else '/'}{area.id}/"
    session.flush()
    return area
