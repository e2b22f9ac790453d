"""The binding rate of a month (indicator 19), each number with the query of its list, and the rules next to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.rules import VisitRules
from dispatch.domain.visits.visit import VisitState
from dispatch.models.visits import CheckinMonth, CheckinVisit
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.visits.counting import below, by_group, count, total
from dispatch.services.visits.listing import InList, month_row
from dispatch.services.visits.rows import at_risk, in_areas
from dispatch.services.visits.standing import STANDINGS, standings

Row = dict[str, Any]
RATED = {name: STANDINGS[name] for name in ("counted", "visited")}


def coverage(centre: Centre, actor: Actor, month: Period, area_id: int | None, now: datetime) -> Row:
    """Of the areas that the actor sees. Raises ``Invalid``."""
    wanted = InList(month, area_id)
    with centre.database.reads() as session:
        rules = rules_of(session, centre, month)
        counted = count(session, actor, wanted, standings(centre, month))
        numbers = counted.whole()
        return {
            "month": month_row(session, month),
            **rated(numbers),
            "numbers": [_number(name, numbers[name], month, area_id) for name in numbers],
            "visits": _states(session, centre, actor, wanted, now),
            "by_area": [
                {"id": str(one.id), "name": one.name, "level": one.level, **rated(counted.inside(one))}
                for one in below(session, actor, area_id)
            ],
            "by_group": [
                {"code": code, **rated(sums)}
                for code, sums in by_group(session, actor, wanted, (rules["groups"], RATED))
            ],
            "rules": rules,
        }


def rated(numbers: Mapping[str, int]) -> Row:
    counted, visited = numbers["counted"], numbers["visited"]
    return {"counted": counted, "visited": visited, "rate": None if not counted else visited / counted}


def _number(name: str, number: int, month: Period, area_id: int | None) -> Row:
    query = f"month={month.name}&standing={name}" + ("" if area_id is None else f"&area={area_id}")
    return {"code": name, "count": number, "list": f"/api/v1/visits/elders?{query}"}


def _states(session: Session, centre: Centre, actor: Actor, wanted: InList, now: datetime) -> list[Row]:
    """The tasks of the month by their state, and those of them that are at risk."""
    risky = total(at_risk(centre, today(centre, now)))
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


def rules_of(session: Session, centre: Centre, month: Period) -> Row:
    """Those by which the month is counted; of a closed one as they stood then."""
    kept = session.get(CheckinMonth, month.name)
    return kept.rules if kept is not None and kept.closed_at is not None else rules_json(centre.visits)


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
