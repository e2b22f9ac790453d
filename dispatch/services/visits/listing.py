"""The check-in visits of a month, paged; the elders of its list behind each number; and one visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.privacy import mask_address
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.visit import VisitState
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visits import CheckinMonth, CheckinMonthElder, CheckinRefusal, CheckinRun, CheckinVisit
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.visits.generating import month_asked, run_json
from dispatch.services.visits.rows import SHOWN, Row, at_risk, in_areas, visit_row, with_more
from dispatch.services.visits.standing import NAMES, standings

RUNS = 20


@dataclass(frozen=True)
class Wanted:
    """Which visits. None: it does not matter."""

    month: Period
    area_id: int | None = None
    state: VisitState | None = None
    group: str | None = None
    worker_id: int | None = None
    elder_id: int | None = None
    extra_round_id: int | None = None
    at_risk: bool = False


def visits(centre: Centre, actor: Actor, wanted: Wanted, page: PageOf, now: datetime) -> Row:
    """By the last day on which each must be."""
    day, skip = today(centre, now), page.before or 0
    with centre.database.reads() as session:
        where = list(_where(session, centre, wanted, day))
        total = session.scalar(in_areas(select(func.count(CheckinVisit.id)).where(*where), actor))
        statement = with_more(in_areas(select(*SHOWN).where(*where), actor))
        found = session.execute(
            statement.order_by(CheckinVisit.last, CheckinVisit.id).offset(skip).limit(page.limit)
        ).all()
        items = [visit_row(centre, day, *row) for row in found]
    return _paged(items, skip, total or 0)


def _where(session: Session, centre: Centre, wanted: Wanted, day: date) -> Sequence[ColumnElement[bool]]:
    found = [CheckinVisit.first <= wanted.month.last, CheckinVisit.last >= wanted.month.first]
    if wanted.area_id is not None:
        found.append(inside_asked(session, wanted.area_id))
    if wanted.state is not None:
        found.append(CheckinVisit.state == wanted.state)
    if wanted.group is not None:
        found.append(_belongs(wanted.group, wanted.month))
    for column, value in (
        (CheckinVisit.worker_id, wanted.worker_id),
        (CheckinVisit.elder_id, wanted.elder_id),
        (CheckinVisit.extra_round_id, wanted.extra_round_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.at_risk:
        found.append(at_risk(centre, day))
    return found


def _belongs(group: str, month: Period) -> ColumnElement[bool]:
    return exists().where(
        ElderTag.elder_id == CheckinVisit.elder_id,
        ElderTag.code == group,
        ElderTag.valid_from <= month.last,
        (ElderTag.valid_to.is_(None)) | (ElderTag.valid_to >= month.first),
    )


def _paged(items: list[Row], skip: int, total: int) -> Row:
    more = skip + len(items) < total
    return {"items": items, "next_cursor": str(skip + len(items)) if more and items else None, "total": total}


@dataclass(frozen=True)
class InList:
    """Which elders of the list of a month."""

    month: Period
    area_id: int | None = None
    group: str | None = None
    standing: str | None = None
    """Of ``standing.NAMES``."""


def elders(centre: Centre, actor: Actor, wanted: InList, page: PageOf) -> Row:
    """The list behind a number of ``coverage``. Of a closed month as it was at the close."""
    if wanted.standing is not None and wanted.standing not in NAMES:
        raise Invalid("standing", "unknown", f"choose of {', '.join(NAMES)}")
    skip = page.before or 0
    with centre.database.reads() as session:
        holds = true() if wanted.standing is None else standings(centre, wanted.month)[wanted.standing]
        total = session.scalar(of_list(session, (func.count(),), actor, wanted).where(holds))
        columns = (CheckinMonthElder, Elder, Household.address_short, Area.id, Area.name)
        statement = (
            of_list(session, columns, actor, wanted)
            .where(holds)
            .join(Elder, Elder.id == CheckinMonthElder.elder_id)
            .join(Household, Household.id == Elder.household_id)
            .order_by(CheckinMonthElder.elder_id)
        )
        found = session.execute(statement.offset(skip).limit(page.limit)).all()
    return _paged([_elder_row(*row) for row in found], skip, total or 0)


def of_list(session: Session, columns: Sequence[Any], actor: Actor, wanted: InList) -> Select[*tuple[Any, ...]]:
    """The one statement behind every number and every list of a month; ``wanted.standing`` is the caller's to add.

    Raises ``Invalid``.
    """
    statement = (
        select(*columns)
        .select_from(CheckinMonthElder)
        .join(Area, Area.id == CheckinMonthElder.area_id)
        .where(CheckinMonthElder.month == wanted.month.name, inside(actor.paths))
    )
    if wanted.area_id is not None:
        statement = statement.where(inside_asked(session, wanted.area_id))
    if wanted.group is not None:
        statement = statement.where(in_group(session, wanted.group))
    return statement


def in_group(session: Session, group: str) -> ColumnElement[bool]:
    """The groups of the row itself, which are those of its last day in the list, also after the close."""
    return contains(session, CheckinMonthElder.groups, group)


def contains(session: Session, column: InstrumentedAttribute[list[str]], value: str) -> ColumnElement[bool]:
    """A list of words has this one."""
    if session.get_bind().dialect.name == "postgresql":
        return func.jsonb_exists(column, value)
    each = func.json_each(column).table_valued("value")
    return exists(select(1).select_from(each).where(each.c.value == value))


def _elder_row(row: CheckinMonthElder, elder: Elder, address: str, area_id: int, area: str) -> Row:
    return {
        "elder": {"id": str(elder.id), "name": elder.name, "flags": elder.flags},
        "address_short": mask_address(address),
        "area": {"id": str(area_id), "name": area},
        "groups": row.groups,
        "risk": row.risk,
        "joined": row.joined.isoformat(),
        "last": row.last.isoformat(),
        "apart": row.apart,
        "visited_on": row.visited_on and row.visited_on.isoformat(),
        "mode": row.mode,
        "refused": row.refused,
    }


def refusals(centre: Centre, actor: Actor, month: Period, area_id: int | None, page: PageOf) -> Row:
    """By the day on which it was said; also those that were taken back, which say so."""
    skip = page.before or 0
    between = CheckinRefusal.refused_on.between(month.first, month.last)
    with centre.database.reads() as session:
        statement = (
            select(CheckinRefusal, Elder, Area.id, Area.name)
            .join(Elder, Elder.id == CheckinRefusal.elder_id)
            .join(Household, Household.id == Elder.household_id)
            .join(Area, Area.id == Household.area_id)
            .where(between, inside(actor.paths))
        )
        if area_id is not None:
            statement = statement.where(inside_asked(session, area_id))
        total = session.scalar(select(func.count()).select_from(statement.with_only_columns(Elder.id).subquery()))
        ordered = statement.order_by(CheckinRefusal.refused_on, CheckinRefusal.id)
        found = session.execute(ordered.offset(skip).limit(page.limit)).all()
    items = [
        refusal_row(one) | {"elder": {"id": str(elder.id), "name": elder.name}, "area": {"id": str(id_), "name": name}}
        for one, elder, id_, name in found
    ]
    return _paged(items, skip, total or 0)


def refusal_row(one: CheckinRefusal) -> Row:
    return {
        "id": str(one.id),
        "visit_id": None if one.visit_id is None else str(one.visit_id),
        "on": one.refused_on.isoformat(),
        "until": one.until.isoformat(),
        "said_by": one.said_by,
        "note": one.note,
        "recorded_by": one.recorded_by,
        "withdrawn_at": stamp(one.withdrawn_at),
        "withdrawn_by": one.withdrawn_by,
    }


def runs(centre: Centre, month: str | None) -> list[Row]:
    """The newest first, with how far each has come."""
    statement = select(CheckinRun).order_by(CheckinRun.id.desc()).limit(RUNS)
    if month is not None:
        statement = statement.where(CheckinRun.month == month_asked(month).name)
    with centre.database.reads() as session:
        return [run_json(run) for run in session.scalars(statement)]


def month_row(session: Session, month: Period) -> Row:
    found = session.get(CheckinMonth, month.name)
    return {
        "name": month.name,
        "first": month.first.isoformat(),
        "last": month.last.isoformat(),
        "generated_at": found and stamp(found.generated_at),
        "closed_at": found and stamp(found.closed_at),
        "closed_by": found and found.closed_by,
    }
