"""How satisfied people are, by help, by area, by month: counted from what was asked, with what nobody answered."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, func, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.followup import FollowUpState, Result
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.rows import visible

COUNTED = (Result.SATISFIED, Result.PARTLY, Result.DISSATISFIED, Result.NOT_REACHED, Result.REFUSED)


class By(StrEnum):
    HELP = "help"
    AREA = "area"
    MONTH = "month"


def satisfaction(
    centre: Centre, actor: Actor, period: tuple[datetime, datetime], by: By = By.HELP
) -> list[dict[str, Any]]:
    """Of what ended in ``period``, whose end does not belong to it.

    ``rate``: satisfied of those who gave an answer, in per cent; None: nobody did.
    """
    with centre.database.reads() as session:
        return count(session, centre, actor, period, by)


def count(
    session: Session, centre: Centre, actor: Actor, period: tuple[datetime, datetime], by: By
) -> list[dict[str, Any]]:
    """For a board that has a session already."""
    key: Any = {By.HELP: _help(), By.AREA: Area.name, By.MONTH: FollowUp.ended_at}[by]
    numbers = func.coalesce(func.sum(sql_case((FollowUp.late_at.is_not(None), 1), else_=0)), 0).cast(Integer)
    statement = (
        select(key.label("key"), FollowUp.result, func.count(), numbers)
        .select_from(FollowUp)
        .join(Case, Case.id == FollowUp.case_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(FollowUp.ended_at >= period[0], FollowUp.ended_at < period[1])
        .where(FollowUp.state.not_in((FollowUpState.OPEN, FollowUpState.OFF)))
        .group_by("key", FollowUp.result)
    )
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, result, number, late in session.execute(visible(statement, actor)):
        shown = name.astimezone(centre.zone).strftime("%Y-%m") if isinstance(name, datetime) else name or ""
        found[shown][result or "not_asked"] += number
        found[shown]["late"] += late
    return [_line(name, counts) for name, counts in sorted(found.items())]


def _help() -> Any:
    return sql_case((Case.kind == "emergency", "emergency"), else_=func.coalesce(Case.help, ""))


def _line(name: str, counts: dict[str, int]) -> dict[str, Any]:
    answered = sum(counts.get(one, 0) for one in COUNTED[:3])
    rate = round(100 * counts.get(Result.SATISFIED, 0) / answered, 1) if answered else None
    return {
        "key": name,
        **{one.value: counts.get(one, 0) for one in COUNTED},
        "not_asked": counts.get("not_asked", 0),
        "late": counts.get("late", 0),
        "answered": answered,
        "rate": rate,
    }
