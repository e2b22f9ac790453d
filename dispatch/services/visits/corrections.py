"""Something in a closed month was wrong: it is said in the month in which it is found, and the closed one stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.closing import OF_A_DAY, MonthFault
from dispatch.domain.visits.periods import Period, month_of
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visit_months import CheckinCorrection
from dispatch.models.visits import CheckinMonth, CheckinMonthElder
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits.generating import month_asked
from dispatch.services.work import Act

Row = dict[str, Any]


@dataclass(frozen=True)
class Wrong:
    elder_id: int
    kind: MonthFault
    reason: str
    day: date | None = None
    """Of the visit that was, or was not."""


def correct(centre: Centre, name: str, act: Act, wrong: Wrong) -> Answer:
    """Raises ``Conflict`` for a month that is open, and for what was corrected already; ``Invalid``, ``NotFound``."""
    month = month_asked(name)
    if (wrong.day is not None) != (wrong.kind in OF_A_DAY):
        raise Invalid("day", "missing" if wrong.day is None else "unknown", "the day of the visit, and of nothing else")
    if wrong.day is not None and wrong.day not in month:
        raise Invalid("day", "range", f"a day of {month.name}")

    def work(session: Session) -> Answer:
        return correction_json(*write(session, centre, act, month, wrong), None)

    return once(centre, act, f"elder:{wrong.elder_id}:correct:{month.name}", work)


def write(session: Session, centre: Centre, act: Act, month: Period, wrong: Wrong) -> tuple[CheckinCorrection, Elder]:
    """In the caller's transaction. Raises like ``correct``."""
    elder = elder_within(session, wrong.elder_id, act.actor, lock=True)
    kept = session.get(CheckinMonth, month.name)
    if kept is None or kept.closed_at is None:
        raise Conflict(f"{month.name} is not closed: write it down as it was", why="visits-month-open")
    if _in_list(session, month.name, elder.id) == (wrong.kind is MonthFault.LISTED):
        raise Invalid("kind", "unknown", f"whether they were in the list of {month.name} says otherwise")
    row = CheckinCorrection(
        month=month.name,
        said_in=month_of(today(centre, act.now)).name,
        elder_id=elder.id,
        kind=wrong.kind.value,
        day=wrong.day,
        reason=wrong.reason,
        made_at=act.now,
        made_by=act.actor.name,
    )
    if session.scalar(select(_same(row))):
        raise Conflict("this was corrected already", why="visits-corrected")
    session.add(row)
    session.flush()
    data = {"kind": row.kind, "said_in": row.said_in, "elder": str(elder.id)}
    trail.write(session, act.actor, Deed("visits_corrected", Subject("visits_month", row.month), data=data), act.now)
    return row, elder


def _in_list(session: Session, month: str, elder_id: int) -> bool:
    return session.get(CheckinMonthElder, (month, elder_id)) is not None


def _same(row: CheckinCorrection) -> ColumnElement[bool]:
    return exists().where(
        CheckinCorrection.month == row.month,
        CheckinCorrection.elder_id == row.elder_id,
        CheckinCorrection.kind == row.kind,
    )


@dataclass(frozen=True)
class Asked:
    """Of a month, or those that stand in the report of one."""

    of: str | None = None
    said_in: str | None = None


def listed(centre: Centre, actor: Actor, asked: Asked, page: PageOf) -> Row:
    """The newest first."""
    with centre.database.reads() as session:
        found = rows(session, actor, asked, page)
        total = how_many(session, actor, asked)
    items = [correction_json(*row) for row in found[: page.limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None, "total": total}


def rows(session: Session, actor: Actor, asked: Asked, page: PageOf) -> Sequence[tuple[CheckinCorrection, Elder, Area]]:
    """One more than the page has, to know whether there are any."""
    statement = _statement(actor, asked)
    if page.before is not None:
        statement = statement.where(CheckinCorrection.id < page.before)
    return session.execute(statement.order_by(CheckinCorrection.id.desc()).limit(page.limit + 1)).all()


def how_many(session: Session, actor: Actor, asked: Asked) -> int:
    ids = _statement(actor, asked).with_only_columns(CheckinCorrection.id).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def _statement(actor: Actor, asked: Asked) -> Any:
    statement = (
        select(CheckinCorrection, Elder, Area)
        .join(Elder, Elder.id == CheckinCorrection.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(inside(actor.paths))
    )
    if asked.of is not None:
        statement = statement.where(CheckinCorrection.month == month_asked(asked.of).name)
    if asked.said_in is not None:
        statement = statement.where(CheckinCorrection.said_in == month_asked(asked.said_in).name)
    return statement


def correction_json(row: CheckinCorrection, elder: Elder, area: Area | None) -> Row:
    return {
        "id": str(row.id),
        "month": row.month,
        "said_in": row.said_in,
        "elder": {"id": str(elder.id), "name": elder.name},
        "area": area and {"id": str(area.id), "name": area.name},
        "kind": row.kind,
        "day": row.day and row.day.isoformat(),
        "reason": row.reason,
        "made_at": stamp(row.made_at),
        "made_by": row.made_by,
    }
