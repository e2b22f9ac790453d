"""Has anything come due? Asked of all the tables in one statement, since the clock asks four times a second.

And what has is carried out row by row, each in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, bindparam, exists, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.domain.actor import SYSTEM
from dispatch.models.base import Utc
from dispatch.models.cases import Case
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import record

log = structlog.get_logger()
BATCH = 200
PUT_ASIDE = timedelta(seconds=30)
"""How long a row that cannot be advanced is left alone before the next try."""

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


def carry_out_each(
    centre: Centre, deadline: Deadline, now: datetime, carry_out: Callable[[Session, Centre, int, datetime], bool]
) -> int:
    """Give ``carry_out`` each row that is due, oldest first; answers for how many it said that it did something."""
    table: Any = deadline.class_
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = select(table.id).where(deadline <= now).order_by(deadline, table.id).limit(BATCH)
        found = list(session.scalars(due))
    return sum(carry_out_one(centre, deadline, row_id, now, carry_out) for row_id in found)


def carry_out_one(
    centre: Centre,
    deadline: Deadline,
    row_id: int,
    now: datetime,
    carry_out: Callable[[Session, Centre, int, datetime], bool],
) -> bool:
    """In a transaction of its own. One that fails is put aside and says so; the others go on."""
    try:
        with centre.database.sessions.begin() as session:
            return carry_out(session, centre, row_id, now)
    except Exception as error:
        table: Any = deadline.class_
        log.exception("due_failed", table=table.__tablename__, id=row_id)
        _put_aside(centre, deadline, row_id, now, type(error).__name__)
        return False


def _put_aside(centre: Centre, deadline: Deadline, row_id: int, now: datetime, reason: str) -> None:
    """One poisoned row must not keep the others waiting; its case, if it names one, says so."""
    table: Any = deadline.class_
    with centre.database.sessions.begin() as session:
        case = None
        if hasattr(table, "case_id"):  # locked first, as everywhere
            case_id = session.scalars(select(table.case_id).where(table.id == row_id)).one()
            case = session.get_one(Case, case_id, with_for_update=True)
        setattr(session.get_one(table, row_id, with_for_update=True), deadline.key, now + PUT_ASIDE)
        if case is not None:
            data = {"code": f"{table.__tablename__}_failed", "reason": reason}
            record(session, case, "fault", SYSTEM, now, data=data)
