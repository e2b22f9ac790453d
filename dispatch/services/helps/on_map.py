"""What a map of the city shows: open cases, stations, areas, and helpers while they work. Bounded, whatever the city.

Nobody's way is shown: a helper's last place alone, only while on shift or on a job, with when it was known.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN
from dispatch.domain.errors import NotFound
from dispatch.domain.helps.assignments import LIVE
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment
from dispatch.models.places import Area, Household, inside
from dispatch.models.workforce import Station, Worker, WorkerPosition
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp, visible
from dispatch.services.workforce.weeks import weeks

MOST = 500
"""Of each kind; the newest cases and positions first. How many were left out is said."""
LONGEST_KNOWN = timedelta(hours=12)
"""An older position says nothing of today."""
NAMED_LEVELS = (3, 4)
"""Counties and sub-districts: what a person at the desk calls a part of the city."""


def on_map(centre: Centre, actor: Actor, area_id: int | None, now: datetime) -> dict[str, Any]:
    """Of what the actor may see, inside of ``area_id`` if one is given. Raises ``NotFound`` for an unknown area."""
    with centre.database.reads() as session:
        within = _within(session, actor, area_id)
        return {
            "server_time": stamp(now),
            "position_minutes": int(centre.matching.position_age / timedelta(minutes=1)),
            "cases": _cases(session, actor, None if area_id is None else within),
            "helpers": _helpers(session, centre, within, now),
            "stations": _stations(session, within),
            "areas": _areas(session, within),
        }


def _within(session: Session, actor: Actor, area_id: int | None) -> ColumnElement[bool]:
    if area_id is None:
        return inside(actor.paths)
    area = session.get(Area, area_id)
    if area is None or not area.path.startswith(actor.paths):
        raise NotFound(f"there is no area {area_id} in your areas")
    return and_(inside(actor.paths), inside((area.path,)))


def _cases(session: Session, actor: Actor, within: ColumnElement[bool] | None) -> dict[str, Any]:
    """Where they are; all else of them comes by the live stream. ``unplaced``: open, and nobody knows where."""
    placed = and_(Household.lat.is_not(None), Household.lon.is_not(None))
    seen = (
        select(Case.id, Household.lat, Household.lon)
        .outerjoin(Household, Household.id == Case.household_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(Case.state.in_(OPEN))
    )
    seen = visible(seen, actor) if within is None else seen.where(within)
    number = session.scalar(select(func.count()).select_from(seen.where(placed).subquery())) or 0
    lost = session.execute(
        seen.where(not_(func.coalesce(placed, False))).order_by(Case.priority, Case.id).limit(MOST)
    ).all()
    rows = session.execute(seen.where(placed).order_by(Case.priority, Case.id.desc()).limit(MOST)).all()
    return {
        "items": [{"id": str(one.id), "lat": one.lat, "lon": one.lon} for one in rows],
        "left_out": number - len(rows),
        "unplaced": [str(one.id) for one in lost],
    }


def _helpers(session: Session, centre: Centre, within: ColumnElement[bool], now: datetime) -> dict[str, Any]:
    job = (
        select(Assignment.worker_id, func.max(Assignment.case_id).label("case_id"))
        .where(Assignment.state.in_(LIVE), Assignment.starts_at <= now + centre.matching.soon)
        .group_by(Assignment.worker_id)
        .subquery()
    )
    found = session.execute(
        select(
            Worker.id,
            Worker.name,
            Worker.kind,
            WorkerPosition.lat,
            WorkerPosition.lon,
            WorkerPosition.at,
            job.c.case_id,
        )
        .join(WorkerPosition, WorkerPosition.worker_id == Worker.id)
        .join(Area, Area.id == Worker.area_id)
        .outerjoin(job, job.c.worker_id == Worker.id)
        .where(Worker.active, WorkerPosition.at >= now - LONGEST_KNOWN, within)
        .order_by(WorkerPosition.at.desc(), Worker.id)
    ).all()
    at = now.astimezone(centre.zone)
    hours = weeks(session, [one.id for one in found], at.date() - timedelta(days=1), at.date())
    working = [one for one in found if one.case_id is not None or _on_shift(hours.get(one.id), at)]
    return {
        "items": [
            {
                "id": str(one.id),
                "name": one.name,
                "kind": one.kind,
                "lat": one.lat,
                "lon": one.lon,
                "at": stamp(one.at),
                "old": now - one.at > centre.matching.position_age,
                "case_id": None if one.case_id is None else str(one.case_id),
            }
            for one in working[:MOST]
        ],
        "left_out": max(0, len(working) - MOST),
    }


def _on_shift(week: Any, at: datetime) -> bool:
    return week is not None and week.until(at) is not None


def _stations(session: Session, within: ColumnElement[bool]) -> dict[str, Any]:
    seen = (
        select(Station.id, Station.name, Station.kind, Station.lat, Station.lon)
        .join(Area, Area.id == Station.area_id)
        .where(Station.active, Station.lat.is_not(None), Station.lon.is_not(None), within)
    )
    number = session.scalar(select(func.count()).select_from(seen.subquery())) or 0
    rows = session.execute(seen.order_by(Station.id).limit(MOST)).all()
    items = [{"id": str(one.id), "name": one.name, "kind": one.kind, "lat": one.lat, "lon": one.lon} for one in rows]
    return {"items": items, "left_out": number - len(rows)}


def _areas(session: Session, within: ColumnElement[bool]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Area.id, Area.name, Area.level, Area.lat, Area.lon)
        .where(Area.level.in_(NAMED_LEVELS), Area.lat.is_not(None), Area.lon.is_not(None), within)
        .order_by(Area.level, Area.id)
        .limit(MOST)
    )
    return [{"id": str(one.id), "name": one.name, "level": one.level, "lat": one.lat, "lon": one.lon} for one in rows]
