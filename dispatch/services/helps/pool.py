"""Everybody who has the skill for a visit and is in reach of it, with what the match must know of each.

The database picks the rows by skill, area and square; what is asked about them is asked once for all. No statement
grows with the number of helpers of the city.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Float, and_, bindparam, case, func, nulls_last, select, union
from sqlalchemy.orm import Session

from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.helps.geography import Point, around
from dispatch.domain.helps.matching import Facts, Need
from dispatch.domain.helps.offers import OfferState
from dispatch.domain.helps.rules import MatchRules
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.base import Utc
from dispatch.models.workforce import Organisation, Station, Worker, WorkerArea, WorkerPosition, WorkerSkill
from dispatch.services.helps.again import not_again
from dispatch.services.helps.known import Known, known

MOST = 120
"""Helpers that are looked at for one visit: those who serve the area first, then the nearest."""
UNKNOWN = Known()
"""Of whom nothing is written down."""


@dataclass(frozen=True)
class Spot:
    """Whose visit it is and where."""

    case_id: int
    elder_id: int | None
    chain: tuple[int, ...]
    """The area and all around it; empty for a case without a place, which anybody may serve."""
    again: bool = False
    """Somebody has done it before, and not well."""


def facts(session: Session, need: Need, spot: Spot, rules: MatchRules) -> tuple[list[Facts], dict[int, Any]]:
    """What the match must know, and the row of each helper by id for whoever shows them."""
    rows = {row.id: row for row in _in_reach(session, need, spot, rules)}
    if not rows:
        return [], {}
    more = known(session, rows, need, (spot.case_id, spot.elder_id), rules)
    before = not_again(session, spot.case_id) if spot.again else {}
    return [_facts(row, more.get(row.id, UNKNOWN), before.get(row.id)) for row in rows.values()], rows


def _facts(row: Any, more: Known, wrong: str | None) -> Facts:
    jobs, clash, urgent = more.load
    few, asked, accepted = more.offers
    return Facts(
        id=row.id,
        kind=WorkerKind(row.kind),
        sex=row.sex,
        languages=frozenset(row.languages),
        level=row.level,
        certificate=row.certificate,
        valid_until=row.valid_until,
        in_area=bool(row.in_area),
        week=more.week,
        position=None if row.at is None else Point(row.lat, row.lon),
        position_at=row.at,
        station=None if row.station_lat is None else Point(row.station_lat, row.station_lon),
        capacity=row.capacity,
        licence_until=row.licence_until,
        contract_until=row.contract_until,
        load=jobs,
        busy_then=clash > 0,
        in_emergency=urgent > 0,
        wish=more.wish,
        visits=more.visits,
        offers_lately=few,
        asked=asked,
        accepted=accepted,
        asked_now=OfferState.OFFERED in more.here,
        declined=more.here.get(OfferState.DECLINED),
        not_again=wrong,
    )


def _in_reach(session: Session, need: Need, spot: Spot, rules: MatchRules) -> Iterable[Any]:
    """Active helpers with the skill who serve the area, or who are near it now."""
    postgresql = on_postgresql(session)
    given: dict[str, Any] = {"skill": need.item.skill}
    if spot.chain:
        given["chain"] = ids_for(spot.chain, postgresql=postgresql)
    if need.place is not None:
        box = around(need.place, need.travel.farthest_km * 1000)
        given |= {"lat": need.place.lat, "lon": need.place.lon, "fresh": need.now - rules.position_age}
        given |= {"south": box.south, "north": box.north, "west": box.west, "east": box.east}
    shape = Shape(postgresql, bool(spot.chain), need.place is not None, need.soon)
    return session.connection().execute(_statement(shape), given).all()


@dataclass(frozen=True)
class Shape:
    """Which of its conditions the statement has. It is built once for each: building it took longer than asking it."""

    postgresql: bool
    area: bool
    place: bool
    soon: bool


@cache
def _statement(shape: Shape) -> Any:
    serves = select(WorkerArea.worker_id).where(WorkerArea.worker_id == Worker.id, _of_chain(shape))
    in_area: Any = serves.exists() if shape.area else Worker.id.is_not(None)
    serving = case((in_area, 1), else_=0).label("in_area")
    skill = and_(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill == bindparam("skill"))
    statement = (
        select(
            Worker.id,
            Worker.name,
            Worker.phone,
            Worker.kind,
            Worker.sex,
            Worker.languages,
            Worker.capacity,
            WorkerSkill.level,
            WorkerSkill.certificate,
            WorkerSkill.valid_until,
            WorkerPosition.lat,
            WorkerPosition.lon,
            WorkerPosition.at,
            Station.name.label("station"),
            Station.lat.label("station_lat"),
            Station.lon.label("station_lon"),
            Organisation.licence_until,
            Organisation.contract_until,
            serving,
        )
        .join(WorkerSkill, skill)
        .outerjoin(WorkerPosition, WorkerPosition.worker_id == Worker.id)
        .outerjoin(Station, Station.id == Worker.station_id)
        .outerjoin(Organisation, Organisation.id == Station.organisation_id)
        .where(Worker.active)
    )
    if shape.area:
        statement = statement.where(Worker.id.in_(_ids(shape)))
    if not shape.place:
        return statement.order_by(Worker.id).limit(MOST)
    away = func.abs(WorkerPosition.lat - bindparam("lat", type_=Float)) + func.abs(
        WorkerPosition.lon - bindparam("lon", type_=Float)
    )
    return statement.order_by(serving.desc(), nulls_last(away.asc()), Worker.id).limit(MOST)


def _of_chain(shape: Shape) -> Any:
    return among(WorkerArea.area_id, "chain", postgresql=shape.postgresql)


def _ids(shape: Shape) -> Any:
    """Who serves the area and who is near: one list and no OR, for which the database would read all helpers."""
    serve = select(WorkerArea.worker_id).where(_of_chain(shape))
    if not (shape.place and shape.soon):
        return serve
    near = select(WorkerPosition.worker_id).where(
        WorkerPosition.at >= bindparam("fresh", type_=Utc),
        WorkerPosition.lat.between(bindparam("south", type_=Float), bindparam("north", type_=Float)),
        WorkerPosition.lon.between(bindparam("west", type_=Float), bindparam("east", type_=Float)),
    )
    return union(serve, near)
