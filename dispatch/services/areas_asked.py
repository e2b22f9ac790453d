"""The area that somebody asks for: the same refusal wherever a list is narrowed to one."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from dispatch.domain.errors import Invalid
from dispatch.models.places import Area, inside


def area_asked(session: Session, area_id: int) -> Area:
    """Raises ``Invalid``."""
    area = session.get(Area, area_id)
    if area is None:
        raise Invalid("area", "unknown", "there is no such area")
    return area


def inside_asked(session: Session, area_id: int) -> ColumnElement[bool]:
    """On ``Area``: it and all that lies in it. Raises ``Invalid``."""
    return inside((area_asked(session, area_id).path,))
