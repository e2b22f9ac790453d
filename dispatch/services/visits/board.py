"""The board of a month: a line for each elder of its list, and the numbers above it, each over the same lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.privacy import mask_address
from dispatch.domain.visits.periods import DAY, Period
from dispatch.domain.visits.rate import Apart
from dispatch.domain.visits.visit import VisitState
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visits import CheckinMonth, CheckinMonthElder, CheckinRun, CheckinVisit
from dispatch.services.care.reach import begins, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register.areas import path_json, tops
from dispatch.services.visits import lines
from dispatch.services.visits.coverage import rules_json
from dispatch.services.visits.generating import run_json
from dispatch.services.visits.listing import InList, in_group, month_row, of_list
from dispatch.services.visits.rows import at_risk
from dispatch.services.visits.standing import STANDINGS

Row = dict[str, Any]
Conditions = Mapping[str, ColumnElement[bool]]
ABSENT = (Apart.HOSPITAL, Apart.AWAY)
OF_GROUPS = ("counted", "visited", "open", "refused")


@dataclass(frozen=True)
class OnBoard:
    """Which lines. None: it does not matter."""

    month: Period
    area_id: int | None = None
    group: str | None = None
    only: str | None = None
    """One of the numbers: exactly its list."""
    state: VisitState | None = None
    """Of one of the elder's visits."""
    worker_id: int | None = None


def conditions(centre: Centre, month: Period, day: date) -> Conditions:
    """Behind each number, on ``CheckinMonthElder``."""
    open_ = STANDINGS["open"]
    booked = _has(
        month,
        CheckinVisit.state == VisitState.BOOKED,
        CheckinVisit.planned_at >= begins(centre, month.first),
        CheckinVisit.planned_at < begins(centre, month.last + DAY),
    )
    return {
        **STANDINGS,
        "booked": and_(open_, booked),
        "unbooked": and_(open_, ~booked),
        "at_risk": and_(STANDINGS["counted"], _has(month, at_risk(centre, day))),
        "missed": _has(month, CheckinVisit.state == VisitState.MISSED),
        "excused": _has(month, CheckinVisit.state == VisitState.EXCUSED),
        "absent": CheckinMonthElder.apart.in_(ABSENT),
    }


def _has(month: Period, *conditions_: ColumnElement[bool]) -> ColumnElement[bool]:
    """The elder has such a visit in the month."""
    return exists().where(
        CheckinVisit.elder_id == CheckinMonthElder.elder_id,
        CheckinVisit.first <= month.last,
        CheckinVisit.last >= month.first,
        *conditions_,
    )


def board(centre: Centre, actor: Actor, wanted: OnBoard, page: PageOf, now: datetime) -> Row:
    """By area, and in it by the order of the register. Raises ``Invalid``."""
    skip, day = page.before or 0, today(centre, now)
    with centre.database.reads() as session:
        holds = conditions(centre, wanted.month, day)
        total = session.scalar(_narrowed(session, (func.count(),), actor, wanted, holds)) or 0
        columns = (CheckinMonthElder, Elder, Household.address_short, Area)
        statement = (
            _narrowed(session, columns, actor, wanted, holds)
            .join(Elder, Elder.id == CheckinMonthElder.elder_id)
            .join(Household, Household.id == Elder.household_id)
            .order_by(Area.path, CheckinMonthElder.elder_id)
        )
        found = session.execute(statement.offset(skip).limit(page.limit)).all()
        drawn = lines.of(session, centre, wanted.month, [row.elder_id for row, *_ in found], day)
    items = [_line(day, row, *around) | drawn[row.elder_id].as_json() for row, *around in found]
    more = skip + len(items) < total
    return {"items": items, "next_cursor": str(skip + len(items)) if more and items else None, "total": total}


def _narrowed(
    session: Session, columns: Sequence[Any], actor: Actor, wanted: OnBoard, holds: Conditions
) -> Select[*tuple[Any, ...]]:
    statement = of_list(session, columns, actor, InList(wanted.month, wanted.area_id, wanted.group))
    if wanted.only is not None:
        if wanted.only not in holds:
            raise Invalid("only", "unknown", f"choose of {', '.join(holds)}")
        statement = statement.where(holds[wanted.only])
    if wanted.state is not None:
        statement = statement.where(_has(wanted.month, CheckinVisit.state == wanted.state))
    if wanted.worker_id is not None:
        statement = statement.where(_has(wanted.month, CheckinVisit.worker_id == wanted.worker_id))
    return statement


def _line(day: date, row: CheckinMonthElder, elder: Elder, address: str, area: Area) -> Row:
    return {
        "elder": {"id": str(elder.id), "name": elder.name, "age": elder.age(day), "flags": elder.flags},
        "address_short": mask_address(address),
        "area": {"id": str(area.id), "name": area.name},
        "groups": row.groups,
        "risk": row.risk,
        "joined": row.joined.isoformat(),
        "last": row.last.isoformat(),
        "apart": row.apart,
        "refused": row.refused,
        "visited_on": row.visited_on and row.visited_on.isoformat(),
    }


# -- the numbers


def numbers(centre: Centre, actor: Actor, month: Period, area_id: int | None, now: datetime) -> Row:
    """Of the areas that the actor sees, with those of each area below and of each group. Raises ``Invalid``."""
    day, wanted = today(centre, now), InList(month, area_id)
    with centre.database.reads() as session:
        kept = session.get(CheckinMonth, month.name)
        rules = kept.rules if kept is not None and kept.closed_at is not None else rules_json(centre.visits)
        holds = conditions(centre, month, day)
        by_path = _by_path(session, actor, wanted, holds)
        run = session.scalars(
            select(CheckinRun).where(CheckinRun.month == month.name).order_by(CheckinRun.id.desc()).limit(1)
        ).first()
        area = None if area_id is None else session.get(Area, area_id)
        return {
            "month": month_row(session, month),
            "today": day.isoformat(),
            "numbers": _added(holds, by_path.values()),
            "above": [] if area is None else path_json(session, area.path),
            "by_area": [
                {"id": str(one.id), "name": one.name, "level": one.level, "numbers": _inside(one, holds, by_path)}
                for one in _below(session, actor, area_id)
            ],
            "by_group": _by_group(session, actor, wanted, rules["groups"]),
            "rules": rules,
            "at_risk_days": centre.visits.at_risk_days,
            "run": None if run is None else run_json(run),
        }


ByPath = Mapping[str, Sequence[int]]


def _by_path(session: Session, actor: Actor, wanted: InList, holds: Conditions) -> ByPath:
    """The numbers of each area in which somebody lives."""
    columns = (Area.path, *map(_sum, holds.values()))
    found = session.execute(of_list(session, columns, actor, wanted).group_by(Area.path))
    return {path: sums for path, *sums in found}


def _sum(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((holds, 1), else_=0)), 0)


def _inside(area: Area, codes: Iterable[str], by_path: ByPath) -> dict[str, int]:
    return _added(codes, (sums for path, sums in by_path.items() if path.startswith(area.path)))


def _added(codes: Iterable[str], rows: Iterable[Sequence[int]]) -> dict[str, int]:
    codes = tuple(codes)
    columns = list(zip(*rows, strict=True)) or [()] * len(codes)
    return {code: sum(column) for code, column in zip(codes, columns, strict=True)}


def _below(session: Session, actor: Actor, area_id: int | None) -> Sequence[Area]:
    """The areas right below; where there is but one, those below that."""

    def areas(which: ColumnElement[bool]) -> Sequence[Area]:
        return session.scalars(select(Area).where(inside(actor.paths), which).order_by(Area.id)).all()

    found = areas(Area.path.in_(tops(actor.paths)) if area_id is None else Area.parent_id == area_id)
    while len(found) == 1 and (deeper := areas(Area.parent_id == found[0].id)):
        found = deeper
    return found


def _by_group(session: Session, actor: Actor, wanted: InList, codes: Sequence[str]) -> list[Row]:
    """Groups overlap."""
    columns = [_sum(and_(STANDINGS[name], in_group(session, code))) for code in codes for name in OF_GROUPS]
    found = session.execute(of_list(session, columns, actor, wanted)).one()
    width = len(OF_GROUPS)
    return [
        {"code": code, "numbers": dict(zip(OF_GROUPS, found[n * width : (n + 1) * width], strict=True))}
        for n, code in enumerate(codes)
    ]
