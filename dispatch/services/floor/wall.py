"""The wall board: numbers for everybody who walks past. It knows communities, and no person, telephone or door."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import ACTIVE, OPEN
from dispatch.domain.errors import Invalid, NotFound, Unauthenticated
from dispatch.domain.floor import LASTING
from dispatch.models.cases import Case
from dispatch.models.floor import AreaEvent, WallToken
from dispatch.models.places import Area, ids_in, inside
from dispatch.services.accounts import digest
from dispatch.services.centre import Centre
from dispatch.services.floor import broadcasts, numbers
from dispatch.services.floor.positions import seats
from dispatch.services.rows import stamp, visible
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.work import Act

COMMUNITY = 5


def add(centre: Centre, act: Act, *, name: str, area_id: int | None) -> dict[str, Any]:
    """A key for one board; it is shown once. Without an area the board shows those of whoever makes it."""
    token = secrets.token_urlsafe(24)
    with centre.database.sessions.begin() as session:
        if area_id is None:
            area_id = session.scalar(select(Area.id).where(inside(act.actor.paths)).order_by(Area.path).limit(1))
        area = session.scalar(select(Area).where(Area.id == area_id, inside(act.actor.paths)))
        if area is None:
            raise Invalid("area_id", "unknown", "there is no such area among yours")
        new = WallToken(name=name, digest=digest(token), area_id=area.id, created_at=act.now)
        session.add(new)
        session.flush()
        write(session, act.actor, Deed("wall_added", Subject("wall", new.id)), act.now)
        return {**_json(new, area.name), "token": token}


def revoke(centre: Centre, wall_id: int, act: Act) -> None:
    with centre.database.sessions.begin() as session:
        found = session.get(WallToken, wall_id, with_for_update=True)
        if found is None or not _among(session, found, act.actor):
            raise NotFound(f"there is no wall board {wall_id}")
        if found.revoked_at is None:
            found.revoked_at = act.now
            write(session, act.actor, Deed("wall_revoked", Subject("wall", found.id)), act.now)


def boards(centre: Centre, actor: Actor) -> list[dict[str, Any]]:
    with centre.database.reads() as session:
        found = session.scalars(select(WallToken).where(WallToken.revoked_at.is_(None)).order_by(WallToken.id)).all()
        return [_json(one, _area_name(session, one)) for one in found if _among(session, one, actor)]


def _among(session: Session, found: WallToken, actor: Actor) -> bool:
    area = session.get(Area, found.area_id) if found.area_id else None
    return area is not None and area.path.startswith(actor.paths)


def _area_name(session: Session, found: WallToken) -> str:
    return session.get_one(Area, found.area_id).name


def _json(found: WallToken, area: str) -> dict[str, Any]:
    return {"id": str(found.id), "name": found.name, "area": area, "created_at": stamp(found.created_at)}


def board(centre: Centre, token: str, now: datetime) -> dict[str, Any]:
    """Everything a board shows. Raises ``Unauthenticated`` for a key that is wrong or was revoked."""
    with centre.database.reads() as session:
        found = session.scalar(
            select(WallToken).where(WallToken.digest == digest(token), WallToken.revoked_at.is_(None))
        )
        area = session.get(Area, found.area_id) if found is not None and found.area_id else None
        if found is None or area is None:
            raise Unauthenticated("this wall board's key is not known, or was revoked")
        # Also what has no area yet, an unknown caller or device: somebody waits there too.
        watcher = Actor("wall", str(found.id), "", scopes=frozenset({"cases"}), paths=(area.path,))
        waits = numbers.waiting(session, watcher)
        urgent = [waits[1], waits[2]]
        oldest = min((one.oldest for one in urgent if one.oldest), default=None)
        answered = numbers.answered_today(session, centre, watcher, now)
        here = seats(session, centre, watcher, now)
        return {
            "server_time": stamp(now),
            "area": area.name,
            "waiting": {"p1": waits[1].number, "p2": waits[2].number, "oldest": stamp(oldest)},
            "answered": answered[0],
            "load": numbers.load(session, centre, watcher, here, now)["each"],
            "cases": _cases(session, centre, watcher),
            "open": _open(session, watcher),
            "districts": _districts(session, watcher, area),
            "events": _events(session, watcher),
            "messages": broadcasts.on_walls(session, watcher, now),
        }


def _cases(session: Session, centre: Centre, watcher: Actor) -> list[dict[str, Any]]:
    """The open P1 and P2, the most urgent first. The columns are named one by one: nothing else can slip in."""
    columns = select(
        Case.priority, Case.cause, Case.help, Case.kind, Case.state, Case.waiting_since, Case.opened_at, Area.path
    )
    found = session.execute(
        visible(columns.select_from(Case).outerjoin(Area, Area.id == Case.area_id), watcher)
        .where(Case.state.in_(ACTIVE), Case.priority <= 2, Case.held_until.is_(None))
        .order_by(Case.priority, Case.state != "new", Case.opened_at, Case.id)
        .limit(centre.floor.wall_rows)
    ).all()
    names = _community_names(session, [one.path for one in found if one.path])
    return [
        {
            "priority": one.priority,
            "cause": one.cause if one.cause != "request" else one.help or one.kind,
            "state": one.state,
            "since": stamp(one.waiting_since if one.state == "new" else one.opened_at),
            "community": names.get(one.path or "", ""),
        }
        for one in found
    ]


def _community_names(session: Session, paths: list[str]) -> dict[str, str]:
    """Of each path the community, or what is around it: never the grid, which may be a single stair."""
    ids = {area_id for path in paths for area_id in ids_in(path)}
    areas = session.execute(
        select(Area.id, Area.name).where(Area.id.in_(ids), Area.level <= COMMUNITY).order_by(Area.level)
    ).all()
    known = {area_id: name for area_id, name in areas}  # noqa: C416 -- rows are not pairs to mypy
    found = {}
    for path in paths:
        inner = [known[area_id] for area_id in ids_in(path) if area_id in known]
        found[path] = inner[-1] if inner else ""
    return found


def _open(session: Session, watcher: Actor) -> int:
    columns = select(func.count(Case.id)).select_from(Case).outerjoin(Area, Area.id == Case.area_id)
    return session.scalar(visible(columns, watcher).where(Case.state.in_(OPEN))) or 0


def _districts(session: Session, watcher: Actor, area: Area) -> list[dict[str, Any]]:
    """The parts of the board's area for its map: where they lie, and how many cases are open in each."""
    counted = (
        select(Area.path, func.count(Case.id), func.count(Case.id).filter(Case.priority == 1))
        .select_from(Case)
        .outerjoin(Area, Area.id == Case.area_id)
    )
    cases = session.execute(
        visible(counted, watcher).where(Case.state.in_(OPEN), Area.path.is_not(None)).group_by(Area.path)
    ).all()
    return [
        {
            "name": part.name,
            "lat": part.lat,
            "lon": part.lon,
            "open": sum(number for path, number, _ in cases if path.startswith(part.path)),
            "p1": sum(urgent for path, _, urgent in cases if path.startswith(part.path)),
        }
        for part in _parts(session, area)
    ]


def _parts(session: Session, area: Area) -> list[Area]:
    """Its places with a point on the map; of a city with one district those of the district. Never the grids."""
    inner = (
        select(Area)
        .where(Area.parent_id == area.id, Area.level <= COMMUNITY, Area.lat.is_not(None), Area.lon.is_not(None))
        .order_by(Area.path)
    )
    found = list(session.scalars(inner))
    return (_parts(session, found[0]) or found) if len(found) == 1 else found


def _events(session: Session, watcher: Actor) -> list[dict[str, Any]]:
    lasting = (
        select(AreaEvent)
        .join(Area, Area.id == AreaEvent.area_id)
        .where(AreaEvent.state.in_(LASTING), inside(watcher.paths))
        .order_by(AreaEvent.id)
    )
    return [
        {"community": event.place, "cause": event.cause, "since": stamp(event.since), "state": event.state}
        for event in session.scalars(lasting)
    ]
