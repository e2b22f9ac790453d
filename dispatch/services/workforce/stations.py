"""One centre, many stations: the tree of places from which people go out, what each is for, and who sits there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.helps.providers import Function, StationKind
from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.models.workforce import Organisation, Station, StationSeat, Worker
from dispatch.services import trail
from dispatch.services.access import rights
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register import edits
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act
from dispatch.services.workforce import scope

FIELDS = ("name", "kind", "address", "phone", "lat", "lon", "functions", "active")
TOLD = frozenset({"kind", "functions", "active", "area_id", "organisation_id", "parent_id"})
DEEPEST = 8
"""Levels of the tree; the centre, the complex of a sub-district, the station, the point are four."""


@dataclass(frozen=True)
class StationFilter:
    q: str = ""
    provider_id: int | None = None
    area_id: int | None = None
    active: bool | None = None


def stations(centre: Centre, actor: Actor, wanted: StationFilter, page: PageOf) -> Answer:
    """By id, each with the one above it, so that a tree can be drawn; with the number of all that match."""
    with centre.database.reads() as session:
        base = _narrowed(session, actor, wanted)
        total = session.scalar(base.with_only_columns(func.count(Station.id))) or 0
        statement = base.options(joinedload(Station.area)).order_by(Station.id).limit(page.limit + 1)
        if page.before is not None:
            statement = statement.where(Station.id > page.before)
        found = list(session.scalars(statement))
        items = _as_json(session, found[: page.limit])
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None, "total": total}


def station(centre: Centre, station_id: int, actor: Actor) -> Answer:
    """With those who sit at its desk. Raises ``NotFound``."""
    with centre.database.reads() as session:
        row = scope.station_within(session, station_id, actor)
        seats = session.execute(
            select(User.id, User.name)
            .join(StationSeat, StationSeat.user_id == User.id)
            .where(StationSeat.station_id == row.id)
            .order_by(User.name)
        ).all()
        return _as_json(session, [row])[0] | {"seats": [{"id": str(i), "name": name} for i, name in seats]}


def add(centre: Centre, act: Act, wanted: Mapping[str, Any]) -> Answer:
    """Raises ``Invalid``."""

    def work(session: Session) -> Answer:
        row = Station(area_id=0, name="", kind="", functions=[], active=True)
        _apply(session, act, row, wanted)
        session.add(row)
        session.flush()
        _seat(session, act, row, wanted.get("seats", ()))
        trail.write(session, act.actor, Deed("station_added", Subject("station", row.id)), act.now)
        session.flush()
        return {"id": str(row.id), "version": row.version}

    return once(centre, act, "stations:new", work)


def change(centre: Centre, station_id: int, act: Act, wanted: Mapping[str, Any]) -> Answer:
    """Raises ``VersionConflict``, ``Invalid``, and ``Conflict`` while people or stations belong to it."""

    def work(session: Session) -> Answer:
        row = scope.station_within(session, station_id, act.actor, lock=True)
        edits.check_version(session, act, row, "station")
        if wanted.get("active") is False and row.active:
            _must_be_empty(session, row)
        told = _apply(session, act, row, wanted)
        if "seats" in wanted and _seat(session, act, row, wanted["seats"]):
            told["seats"] = {"to": sorted(wanted["seats"])}
        if told:
            row.version += 1
            deed = Deed("station_changed", Subject("station", row.id), data={"fields": told})
            trail.write(session, act.actor, deed, act.now)
        session.flush()
        return {"id": str(row.id), "version": row.version}

    return once(centre, act, f"station:{station_id}:change", work)


def desk_people(centre: Centre, actor: Actor) -> Answer:
    """Who can sit at the desk of a station: sign-ins with that role in the actor's areas."""
    with centre.database.reads() as session:
        mine = rights.areas_of(session, actor)
        users = session.scalars(select(User).where(User.active).order_by(User.name))
        found = [user for user in users if "station" in user.roles and mine.issuperset(user.area_ids)]
    return {"items": [{"id": str(one.id), "name": one.name} for one in found], "next_cursor": None}


def _narrowed(session: Session, actor: Actor, wanted: StationFilter) -> Select[Any]:
    base: Select[Any] = select(Station).join(Area, Area.id == Station.area_id).where(scope.stations_seen(actor))
    if wanted.q:
        base = base.where(Station.name.contains(wanted.q, autoescape=True))
    if wanted.provider_id is not None:
        base = base.where(Station.organisation_id == wanted.provider_id)
    if wanted.active is not None:
        base = base.where(Station.active.is_(wanted.active))
    if wanted.area_id is not None:
        base = base.where(inside_asked(session, wanted.area_id))
    return base


def _apply(session: Session, act: Act, row: Station, wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: wanted[name] for name in FIELDS if name in wanted}
    if "area_id" in wanted:
        columns["area_id"] = scope.area_within(session, wanted["area_id"], act.actor).id
    if "organisation_id" in wanted:
        provider_id = wanted["organisation_id"]
        found = None if provider_id is None else scope.provider_within(session, provider_id, act.actor).id
        columns["organisation_id"] = found
    if "parent_id" in wanted:
        columns["parent_id"] = _above(session, act, row, wanted["parent_id"])
    told = edits.apply(row, columns, TOLD)
    if not row.name:
        raise Invalid("name", "missing", "a station has a name")
    if row.kind not in set(StationKind):
        raise Invalid("kind", "unknown", f"one of {', '.join(StationKind)}")
    if not set(Function).issuperset(row.functions):
        raise Invalid("functions", "unknown", f"of {', '.join(Function)}")
    if (row.lat is None) != (row.lon is None):
        raise Invalid("lat", "half-a-position", "give both, or neither")
    return told


def _above(session: Session, act: Act, row: Station, parent_id: int | None) -> int | None:
    """Raises ``Invalid`` for a station above itself."""
    if parent_id is None:
        return None
    found = scope.station_within(session, parent_id, act.actor).id
    at: int | None = found
    for _ in range(DEEPEST):
        if at is None:
            return found
        if at == row.id:
            break
        at = session.scalar(select(Station.parent_id).where(Station.id == at))
    raise Invalid("parent_id", "circle", "this station lies above that one, or the tree would be too deep")


def _seat(session: Session, act: Act, row: Station, wanted: Iterable[int]) -> bool:
    people = set(wanted)
    held = set(session.scalars(select(StationSeat.user_id).where(StationSeat.station_id == row.id)))
    mine = rights.areas_of(session, act.actor)
    found = session.scalars(select(User).where(User.id.in_(people - held)))
    fit = {user.id for user in found if "station" in user.roles and mine.issuperset(user.area_ids)}
    if fit != people - held:
        raise Invalid("seats", "unknown", "choose sign-ins with the role of a station")
    gone = held - people
    session.execute(delete(StationSeat).where(StationSeat.station_id == row.id, StationSeat.user_id.in_(gone)))
    session.add_all(StationSeat(user_id=user_id, station_id=row.id) for user_id in sorted(people - held))
    return people != held


def _must_be_empty(session: Session, row: Station) -> None:
    people = session.scalar(select(func.count(Worker.id)).where(Worker.station_id == row.id, Worker.active)) or 0
    lower = session.scalar(select(func.count(Station.id)).where(Station.parent_id == row.id, Station.active)) or 0
    if people or lower:
        raise Conflict(f"{people} people and {lower} stations still belong to it", people=people, stations=lower)


def _as_json(session: Session, rows: list[Station]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    counted = select(Worker.station_id, func.count()).where(Worker.station_id.in_(ids), Worker.active)
    people = {row[0]: row[1] for row in session.execute(counted.group_by(Worker.station_id))}
    above = aliased(Station)
    names = session.execute(
        select(Station.id, above.name, Organisation.name)
        .outerjoin(above, above.id == Station.parent_id)
        .outerjoin(Organisation, Organisation.id == Station.organisation_id)
        .where(Station.id.in_(ids))
    )
    named = {i: (parent, provider) for i, parent, provider in names}
    return [_json(row, *named[row.id]) | {"people": people.get(row.id, 0)} for row in rows]


def _json(row: Station, parent: str | None, provider: str | None) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "version": row.version,
        "name": row.name,
        "kind": row.kind,
        "provider": row.organisation_id and {"id": str(row.organisation_id), "name": provider},
        "parent": row.parent_id and {"id": str(row.parent_id), "name": parent},
        "area": {"id": str(row.area_id), "name": row.area.name},
        "address": row.address,
        "phone": row.phone,
        "lat": row.lat,
        "lon": row.lon,
        "functions": row.functions,
        "active": row.active,
    }
