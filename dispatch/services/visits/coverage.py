"""The binding rate of a month (indicator 19), each number with the query of its list, and the rules next to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.rules import VisitRules
from dispatch.domain.visits.visit import VisitState
from dispatch.models.places import Area, inside
from dispatch.models.visits import CheckinMonth, CheckinVisit
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.register.areas import tops
from dispatch.services.visits.listing import InList, in_group, month_row, of_list
from dispatch.services.visits.rows import at_risk, in_areas
from dispatch.services.visits.standing import standings

Row = dict[str, Any]


def coverage(centre: Centre, actor: Actor, month: Period, area_id: int | None, now: datetime) -> Row:
    """Of the areas that the actor sees. Raises ``Invalid``."""
    wanted = InList(month, area_id)
    with centre.database.reads() as session:
        numbers = numbers_of(session, centre, actor, wanted)
        closed = session.get(CheckinMonth, month.name)
        return {
            "month": month_row(session, month),
            **rated(numbers),
            "numbers": [_number(name, numbers[name], month, area_id) for name in numbers],
            "visits": _states(session, centre, actor, wanted, now),
            "by_area": _by_area(session, centre, actor, wanted),
            "by_group": _by_group(session, centre, actor, wanted),
            "rules": closed.rules if closed and closed.closed_at else rules_json(centre.visits),
        }


def numbers_of(session: Session, centre: Centre, actor: Actor, wanted: InList) -> dict[str, int]:
    """Each of ``standing.NAMES``."""
    sums = _sums(centre, wanted.month)
    found = session.execute(of_list(session, tuple(sums.values()), actor, wanted)).one()
    return dict(zip(sums, found, strict=True))


def _sums(centre: Centre, month: Period) -> dict[str, ColumnElement[int]]:
    return {
        name: func.coalesce(func.sum(case((holds, 1), else_=0)), 0) for name, holds in standings(centre, month).items()
    }


def rated(numbers: Mapping[str, int]) -> Row:
    counted, visited = numbers["counted"], numbers["visited"]
    return {"counted": counted, "visited": visited, "rate": None if not counted else visited / counted}


def _number(name: str, number: int, month: Period, area_id: int | None) -> Row:
    query = f"month={month.name}&standing={name}" + ("" if area_id is None else f"&area={area_id}")
    return {"code": name, "count": number, "list": f"/api/v1/visits/elders?{query}"}


def _states(session: Session, centre: Centre, actor: Actor, wanted: InList, now: datetime) -> list[Row]:
    """The tasks of the month by their state, and those of them that are at risk."""
    risky = func.coalesce(func.sum(case((at_risk(centre, today(centre, now)), 1), else_=0)), 0)
    statement = (
        select(CheckinVisit.state, func.count(CheckinVisit.id), risky)
        .where(CheckinVisit.first <= wanted.month.last, CheckinVisit.last >= wanted.month.first)
        .group_by(CheckinVisit.state)
    )
    if wanted.area_id is not None:
        statement = statement.where(inside_asked(session, wanted.area_id))
    found = session.execute(in_areas(statement, actor)).all()
    here = f"month={wanted.month.name}" + ("" if wanted.area_id is None else f"&area={wanted.area_id}")
    counts = {state: number for state, number, _ in found}
    rows = [
        {"code": state.value, "count": counts.get(state, 0), "list": f"/api/v1/visits?{here}&state={state}"}
        for state in VisitState
    ]
    at_risk_now = sum(int(number) for *_, number in found)
    return [*rows, {"code": "at_risk", "count": at_risk_now, "list": f"/api/v1/visits?{here}&at_risk=true"}]


def _by_area(session: Session, centre: Centre, actor: Actor, wanted: InList) -> list[Row]:
    """The areas right below the one that is asked for, or the actor's own."""
    which = Area.path.in_(tops(actor.paths)) if wanted.area_id is None else Area.parent_id == wanted.area_id
    areas = session.scalars(select(Area).where(inside(actor.paths), which).order_by(Area.id)).all()
    sums = _sums(centre, wanted.month)
    columns = (Area.path, sums["counted"], sums["visited"])
    found = session.execute(of_list(session, columns, actor, wanted).group_by(Area.path)).all()
    items = []
    for area in areas:
        mine = [(counted, visited) for path, counted, visited in found if path.startswith(area.path)]
        numbers = {"counted": sum(c for c, _ in mine), "visited": sum(v for _, v in mine)}
        items.append({"id": str(area.id), "name": area.name, "level": area.level, **rated(numbers)})
    return items


def _by_group(session: Session, centre: Centre, actor: Actor, wanted: InList) -> list[Row]:
    """Groups overlap."""
    codes = [code for code in centre.care.groups.groups if code in centre.visits.listed]
    holds = standings(centre, wanted.month)
    columns = [
        func.coalesce(func.sum(case((holds[number] & in_group(session, code), 1), else_=0)), 0)
        for code in codes
        for number in ("counted", "visited")
    ]
    found = session.execute(of_list(session, columns, actor, wanted)).one()
    return [
        {"code": code, **rated({"counted": found[2 * n], "visited": found[2 * n + 1]})} for n, code in enumerate(codes)
    ]


def rules_json(rules: VisitRules) -> Row:
    """What changes the number, as it is set; the console has a sentence for each."""
    return {
        "groups": sorted(rules.listed),
        "classes": [
            {"code": one.code, "name": dict(one.names), "every": one.every.value, "binding": one.binding}
            for one in rules.classes
        ],
        "modes": sorted(mode.value for mode in rules.modes),
        "met": "always",
        "counting": {happening.value: counting.value for happening, counting in rules.counting.items()},
        "joined_in_last_days": rules.joined_in_last_days,
        "forms_apart": sorted(rules.forms_apart),
    }
