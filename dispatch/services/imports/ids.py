"""Ids given before the rows are written, so that rows of several tables can name each other in one go."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dispatch.models.base import Base


def take_ids(session: Session, model: type[Base], count: int) -> list[int]:
    """Ids that are ours: from the sequence, or from the end of the table where we are the only writer."""
    if count == 0:
        return []
    if session.get_bind().dialect.name == "postgresql":
        statement = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return list(session.scalars(statement, {"name": model.__tablename__, "count": count}))
    last = session.scalar(select(func.max(model.id))) or 0  # type: ignore[attr-defined]
    return list(range(last + 1, last + 1 + count))
