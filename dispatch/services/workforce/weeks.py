"""What helpers work: the hours of every week with the days that differ, as the rules of the domain take them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.helps.shifts import Hours, Week
from dispatch.models.workforce import WorkerDay, WorkerShift


def weeks(session: Session, who: Any, first: date, last: date) -> dict[int, Week]:
    """By helper; ``who`` is a list of ids or a query of them. The days that differ are those from first to last."""
    usual: dict[int, list[tuple[int, Hours]]] = defaultdict(list)
    for shift in session.scalars(select(WorkerShift).where(WorkerShift.worker_id.in_(who))):
        usual[shift.worker_id].append((shift.weekday, Hours.of(shift.starts, shift.ends)))
    special: dict[int, list[tuple[date, Hours | None]]] = defaultdict(list)
    days = select(WorkerDay).where(WorkerDay.worker_id.in_(who), WorkerDay.day.between(first, last))
    for one in session.scalars(days):
        other = Hours.of(one.starts, one.ends) if one.starts and one.ends else None
        special[one.worker_id].append((one.day, other))
    return {id_: Week(tuple(usual[id_]), tuple(special[id_])) for id_ in usual.keys() | special.keys()}
