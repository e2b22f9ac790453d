"""The tree of areas: loaded from a table of divisions, shown level by level, and mended by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.models.places import Area, add_area, ids_in, inside
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.trail import Deed, Subject
from dispatch.services.transact import transact
from dispatch.services.work import Act

LEVELS = range(2, 7)
"""City 2, county 3, sub-district 4, community 5, grid 6."""
COLUMNS = ("code", "name", "level", "parent")


@dataclass(frozen=True)
class Division:
    code: str
    name: str
    level: int
    parent: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True)
class Loaded:
    new: int
    changed: int
    same: int


@dataclass(frozen=True)
class AreaIn:
    """None: as it was."""

    name: str | None = None
    code: str | None = None
    parent_id: int | None = None
    lat: float | None = None
    lon: float | None = None


def read_divisions(path: Path) -> list[Division]:
    """A CSV with the columns code, name, level, parent and, where known, lat and lon. Raises ``Invalid`` by line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise Invalid("file", "columns", f"the columns {', '.join(missing)} are missing")
        return [_division(row, line) for line, row in enumerate(rows, 2)]


def _division(row: Mapping[str, str | None], line: int) -> Division:
    found = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "lat", "lon")}
    try:
        level = int(found["level"])
        lat, lon = (float(found[name]) if found[name] else None for name in ("lat", "lon"))
    except ValueError:
        raise Invalid(f"line {line}", "number", "level, lat and lon are numbers") from None
    if not found["code"] or len(found["code"]) > 20 or not found["name"] or len(found["name"]) > 100:
        raise Invalid(f"line {line}", "length", "a code has 1 to 20 characters and a name 1 to 100")
    if level not in LEVELS:
        raise Invalid(f"line {line}", "level", f"a level lies between {LEVELS[0]} and {LEVELS[-1]}")
    _check_point(lat, lon)
    return Division(found["code"], found["name"], level, found["parent"], lat, lon)


def load(centre: Centre, divisions: Iterable[Division]) -> Loaded:
    """Add what is missing and mend names and points, by code, all or nothing; nothing is ever taken away.

    Raises ``Invalid`` for a division whose parent is unknown or not above it, ``Conflict`` for one that would move.
    """
    ordered = sorted(divisions, key=lambda one: one.level)

    def work(session: Session) -> Loaded:
        known = {area.code: area for area in session.scalars(select(Area).where(Area.code.is_not(None)))}
        codes = set(known) | {one.code for one in ordered}
        counts = {"new": 0, "changed": 0, "same": 0}
        for one in ordered:
            parent = known.get(one.parent)
            if parent is None and (one.parent in codes or one.level != ordered[0].level or one.level != LEVELS[0]):
                raise Invalid("parent", "unknown", f"{one.code}: its parent {one.parent or '?'} is not there above it")
            if parent is not None and parent.level >= one.level:
                raise Invalid("level", "order", f"{one.code}: level {one.level} cannot lie in level {parent.level}")
            counts[_put(session, known, one, parent)] += 1
        return Loaded(**counts)

    return transact(centre, work)


def _put(session: Session, known: dict[str | None, Area], one: Division, parent: Area | None) -> str:
    area = known.get(one.code)
    parent_id = parent.id if parent else None
    if area is None:
        new = Area(code=one.code, name=one.name, level=one.level, parent_id=parent_id, lat=one.lat, lon=one.lon)
        known[one.code] = add_area(session, new)
        return "new"
    if (area.parent_id, area.level) != (parent_id, one.level):
        raise Conflict(f"{one.code} {area.name} stands elsewhere in the tree: an area does not move")
    wanted = (one.name, one.lat if one.lat is not None else area.lat, one.lon if one.lon is not None else area.lon)
    if wanted == (area.name, area.lat, area.lon):
        return "same"
    area.name, area.lat, area.lon = wanted
    return "changed"


EVERYTHING = "/"
"""What a machine's token sees: all there is, from the roots."""


@dataclass(frozen=True)
class Sought:
    parent_id: int | None = None
    """The areas right below it; without one, the tops of what the actor sees."""
    q: str = ""
    """A part of the name, or how the code begins: then at whatever depth."""


def areas(centre: Centre, actor: Actor, sought: Sought, page: PageOf) -> dict[str, Any]:
    """By id, each with how many lie right below it. Raises ``NotFound`` for a parent outside of the actor's areas."""
    below = aliased(Area)
    count = select(func.count()).where(below.parent_id == Area.id).correlate(Area).scalar_subquery()
    statement = select(Area, count).where(inside(actor.paths))
    if sought.q:
        like = Area.name.contains(sought.q, autoescape=True) | Area.code.startswith(sought.q, autoescape=True)
        statement = statement.where(like)
    with centre.database.reads() as session:
        if sought.parent_id is not None:
            parent = _within(session, sought.parent_id, actor)
            below_parent = Area.path.startswith(parent.path) & (Area.id != parent.id)
            statement = statement.where(below_parent if sought.q else Area.parent_id == parent.id)
        elif not sought.q:
            everything = Area.parent_id.is_(None) if EVERYTHING in actor.paths else false()
            statement = statement.where(Area.path.in_(tops(actor.paths)) | everything)
        if page.before is not None:
            statement = statement.where(Area.id > page.before)
        found = session.execute(statement.order_by(Area.id).limit(page.limit + 1)).all()
        items = [area_json(area) | {"children": below_it} for area, below_it in found[: page.limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}


def tops(paths: tuple[str, ...]) -> list[str]:
    """Of the subtrees somebody sees, those that lie in no other of them."""
    return [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]


def one(centre: Centre, area_id: int, actor: Actor) -> dict[str, Any]:
    """Raises ``NotFound`` outside of the actor's areas."""
    with centre.database.reads() as session:
        area = _within(session, area_id, actor)
        return area_json(area) | {"path": path_json(session, area.path)}


def add(centre: Centre, act: Act, new: AreaIn) -> dict[str, Any]:
    """Below an area that the actor sees. Raises ``Invalid``, ``Conflict`` for a code that is taken."""
    if new.name is None or new.parent_id is None:
        raise Invalid("parent_id" if new.name else "name", "missing", "an area has a name and lies in another")
    parent_id, name = new.parent_id, new.name
    _check_point(new.lat, new.lon)

    def work(session: Session) -> dict[str, Any]:
        parent = _within(session, parent_id, act.actor)
        if parent.level + 1 not in LEVELS:
            raise Invalid("parent_id", "level", "nothing lies below a grid")
        _refuse_taken(session, new.code, None)
        area = add_area(
            session,
            Area(name=name, code=new.code, level=parent.level + 1, parent_id=parent.id, lat=new.lat, lon=new.lon),
        )
        trail.write(session, act.actor, Deed("area_added", Subject("area", area.id), data={"code": area.code}), act.now)
        return area_json(area)

    return transact(centre, work)


def change(centre: Centre, area_id: int, act: Act, wanted: AreaIn) -> dict[str, Any]:
    """Name, code or point; an area does not move. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    _check_point(wanted.lat, wanted.lon)

    def work(session: Session) -> dict[str, Any]:
        area = _within(session, area_id, act.actor)
        if wanted.parent_id is not None and wanted.parent_id != area.parent_id:
            raise Conflict("an area does not move: its homes and its people's rights hang on its place")
        _refuse_taken(session, wanted.code, area.id)
        changed = {}
        for field in ("name", "code", "lat", "lon"):
            value = getattr(wanted, field)
            if value is not None and value != getattr(area, field):
                changed[field] = {"from": getattr(area, field), "to": value}
                setattr(area, field, value)
        if changed:
            trail.write(session, act.actor, Deed("area_changed", Subject("area", area.id), data=changed), act.now)
        return area_json(area)

    return transact(centre, work)


def _within(session: Session, area_id: int, actor: Actor) -> Area:
    found = session.scalar(select(Area).where(Area.id == area_id, inside(actor.paths)))
    if found is None:
        raise NotFound(f"there is no area {area_id} in your areas")
    return found


def _refuse_taken(session: Session, code: str | None, own: int | None) -> None:
    taken = session.scalar(select(Area.id).where(Area.code == code)) if code else None
    if taken is not None and taken != own:
        raise Conflict(f"another area has the code {code}", area=str(taken))


def _check_point(lat: float | None, lon: float | None) -> None:
    if (lat is None) != (lon is None):
        raise Invalid("lat", "half", "a point has both lat and lon")
    if lat is not None and lon is not None and not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Invalid("lat", "range", "lat lies between -90 and 90, lon between -180 and 180")


def area_json(area: Area) -> dict[str, Any]:
    return {
        "id": str(area.id),
        "code": area.code,
        "name": area.name,
        "level": area.level,
        "parent_id": area.parent_id and str(area.parent_id),
        "lat": area.lat,
        "lon": area.lon,
    }


def path_json(session: Session, path: str) -> list[dict[str, str]]:
    """From the top down to the area itself."""
    ids = ids_in(path)
    found = session.execute(select(Area.id, Area.name).where(Area.id.in_(ids)).order_by(Area.path.desc())).all()
    return [{"id": str(i), "name": name} for i, name in sorted(found, key=lambda row: ids.index(row[0]))]
