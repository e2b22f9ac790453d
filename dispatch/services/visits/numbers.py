"""The numbers above the board, of each area below and of each group; and all of them at the close of a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.visits.periods import Period
from dispatch.models.places import Area, inside
from dispatch.models.visits import CheckinRun
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.register.areas import path_json
from dispatch.services.visits.conditions import conditions
from dispatch.services.visits.counting import Counted, below, by_group, count
from dispatch.services.visits.coverage import rules_of
from dispatch.services.visits.generating import run_json
from dispatch.services.visits.lines import Look
from dispatch.services.visits.listing import InList, month_row
from dispatch.services.visits.standing import STANDINGS

Row = dict[str, Any]
OF_GROUPS = {name: STANDINGS[name] for name in ("counted", "visited", "open", "refused")}


def numbers(centre: Centre, actor: Actor, month: Period, area_id: int | None, now: datetime) -> Row:
    """Of the areas that the actor sees, with those of each area below and of each group. Raises ``Invalid``."""
    day, wanted = today(centre, now), InList(month, area_id)
    with centre.database.reads() as session:
        rules = rules_of(session, centre, month)
        counted = count(session, actor, wanted, conditions(session, centre, Look.at(session, month, day)))
        run = session.scalars(
            select(CheckinRun).where(CheckinRun.month == month.name).order_by(CheckinRun.id.desc()).limit(1)
        ).first()
        area = None if area_id is None else session.get(Area, area_id)
        return {
            "month": month_row(session, month),
            "today": day.isoformat(),
            "numbers": counted.whole(),
            "above": [] if area is None else path_json(session, area.path),
            "by_area": _areas(counted, below(session, actor, area_id)),
            "by_group": _groups(session, actor, wanted, rules["groups"]),
            "rules": rules,
            "at_risk_days": centre.visits.at_risk_days,
            "forecast": month.first <= day <= month.last and day.day >= centre.visits.forecast_day,
            "run": None if run is None else run_json(run),
        }


@dataclass(frozen=True)
class Of:
    """Which groups, and of which area."""

    groups: Sequence[str]
    area_id: int | None = None


def whole(session: Session, centre: Centre, actor: Actor, look: Look, of: Of) -> Row:
    """All numbers of the month, of every area in which somebody of its list lives, and of each group."""
    wanted = InList(look.month, of.area_id)
    counted = count(session, actor, wanted, conditions(session, centre, look))
    lived_in = {int(part) for path in counted.by_path for part in path.strip("/").split("/")}
    areas = session.scalars(
        select(Area).where(Area.id.in_(sorted(lived_in)), _seen(session, actor, of.area_id)).order_by(Area.path)
    )
    return {
        "numbers": counted.whole(),
        "by_area": _areas(counted, areas),
        "by_group": _groups(session, actor, wanted, of.groups),
    }


def _seen(session: Session, actor: Actor, area_id: int | None) -> ColumnElement[bool]:
    return inside(actor.paths) if area_id is None else and_(inside(actor.paths), inside_asked(session, area_id))


def _areas(counted: Counted, areas: Iterable[Area]) -> list[Row]:
    return [{"id": str(one.id), "name": one.name, "level": one.level, "numbers": counted.inside(one)} for one in areas]


def _groups(session: Session, actor: Actor, wanted: InList, codes: Sequence[str]) -> list[Row]:
    return [{"code": code, "numbers": sums} for code, sums in by_group(session, actor, wanted, (codes, OF_GROUPS))]
