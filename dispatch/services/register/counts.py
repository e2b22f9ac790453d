"""How many elders there are, by area, level, group and form of care; each number is that of the list behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.models.places import Area, inside
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.register.areas import tops
from dispatch.services.register.narrowing import NONE, ElderFilter, Narrowed, holds, narrow
from dispatch.services.register.search import ROWS

BY = ("area", "level", "tag", "form")
Items = list[dict[str, Any]]


def counts(centre: Centre, actor: Actor, by: str, wanted: ElderFilter, now: datetime) -> dict[str, Any]:
    """``total`` is of all who are counted. Groups overlap; ``here`` are those who live in no smaller area."""
    if by not in BY:
        raise Invalid("by", "unknown", f"choose of {', '.join(BY)}")
    wanted = replace(wanted, q="")
    with centre.database.reads() as session:
        narrowed = narrow(session, centre, actor, wanted, now)
        match by:
            case "area":
                items, total = _by_area(session, actor, wanted.area_id, narrowed)
                return {"items": items, "total": total, "here": total - _sum(items)}
            case "level":
                levels = [str(level.level) for level in centre.care.setting.levels]
                items = _by_column(session, Elder.ability_level, narrowed, levels)
            case "form":
                items = _by_column(session, Elder.service_form, narrowed, list(centre.care.groups.forms))
            case _:
                total = session.scalar(narrowed.ids().with_only_columns(func.count())) or 0
                return {"items": _by_tag(session, centre, narrowed, now), "total": total}
    return {"items": items, "total": _sum(items)}


def _sum(items: Items) -> int:
    """Of what does not overlap: everybody is in one area, on one level, has one form of care, or is among ``NONE``."""
    return sum(item["count"] for item in items)


def _by_area(session: Session, actor: Actor, area_id: int | None, narrowed: Narrowed) -> tuple[Items, int]:
    """Also how many there are of all, in these areas and above them."""
    which = Area.path.in_(tops(actor.paths)) if area_id is None else Area.parent_id == area_id
    areas = session.scalars(select(Area).where(inside(actor.paths), which).order_by(Area.id)).all()
    here = _grouped(narrowed, ROWS.c.area_id)
    found = session.execute(
        select(Area.path, here.c.number).join(here, here.c.key == Area.id).where(inside(actor.paths))
    ).all()
    items = [
        {
            "key": str(area.id),
            "name": area.name,
            "count": sum(number for path, number in found if path.startswith(area.path)),
        }
        for area in areas
    ]
    return items, sum(number for _, number in found)


def _grouped(narrowed: Narrowed, key: Any) -> Any:
    known_to = ROWS if key is ROWS.c.area_id else Elder
    return narrowed.of(known_to, key.label("key"), func.count().label("number")).group_by(key).subquery()


def _by_column(session: Session, key: Any, narrowed: Narrowed, known: list[str]) -> Items:
    grouped = _grouped(narrowed, key)
    found = {NONE if value is None else str(value): n for value, n in session.execute(select(grouped)).all()}
    keys = [*known, *sorted(set(found) - {*known, NONE}), NONE]
    return [{"key": one, "name": None, "count": found.get(one, 0)} for one in keys]


def _by_tag(session: Session, centre: Centre, narrowed: Narrowed, now: datetime) -> Items:
    # One who is in a group by two memberships counts once.
    statement = select(ElderTag.code, func.count(ElderTag.elder_id.distinct())).where(holds(today(centre, now)))
    if narrowed.everybody:
        # Few have left beside all who are there, and the index of memberships is read in its order.
        left = select(ROWS.c.elder_id).where(ROWS.c.archived.is_(true()))
        statement = statement.where(ElderTag.elder_id.not_in(left))
    else:
        # A filter of that index, and no join, for which all that it finds would have to be sorted.
        statement = statement.where(ElderTag.elder_id.in_(narrowed.ids()).is_(true()))
    statement = statement.group_by(ElderTag.code)
    found: dict[str, int] = dict(session.execute(statement).all())
    known = list(centre.care.groups.groups)
    return [
        {"key": code, "name": None, "count": found.get(code, 0)} for code in [*known, *sorted(set(found) - set(known))]
    ]
