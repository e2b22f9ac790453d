"""Has anything come due? Asked of all the tables in one statement, since the clock asks four times a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from dispatch.models.base import Utc
from dispatch.services.centre import Centre

Deadline = InstrumentedAttribute[datetime | None]
"""A column that says when something must happen to its row, over an index of the rows where it is set."""


class Look:
    def __init__(self, deadlines: Mapping[str, Sequence[Deadline]]) -> None:
        """By the name of the job that carries out what is due."""
        now: ColumnElement[datetime] = bindparam("now", type_=Utc())
        self._statement = union_all(
            *(
                select(literal(name, literal_execute=True)).where(exists().where(column <= now))
                for name, columns in deadlines.items()
                for column in columns
            )
        )

    def due(self, centre: Centre, now: datetime) -> set[str]:
        """The jobs for which there is work at ``now``."""
        with centre.database.reads() as session:
            return set(session.connection().execute(self._statement, {"now": now}).scalars())
