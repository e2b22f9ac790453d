"""Everybody who has the skill for a visit and is in reach of it, with what the match must know of each.

The database picks the rows by skill, area and square; what is asked about them is asked once for all. No statement
grows with the number of helpers of the city.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, case, func, nulls_last, or_, select, union
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import LIVE, AssignmentState
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.helps.geography import Point, around
from dispatch.domain.helps.matching import Facts, Need
from dispatch.domain.helps.offers import OfferState
from dispatch.domain.helps.rules import MatchRules
from dispatch.domain.helps.shifts import Hours, Week
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer
from dispatch.models.workforce import (
    Station,
    Wish,
    Worker,
    WorkerArea,
    WorkerDay,
    WorkerPosition,
    WorkerShift,
    WorkerSkill,
)

MOST = 120
"""Helpers that are looked at for one visit: those who serve the area first, then the nearest."""


@dataclass(frozen=True)
class Spot:
    """Whose visit it is and where."""

    case_id: int
    elder_id: int | None
    chain: tuple[int, ...]
    """The area and all around it; empty for a case without a place, which anybody may serve."""


def facts(session: Session, need: Need, spot: Spot, rules: MatchRules) -> tuple[list[Facts], dict[int, Any]]:
    """What the match must know, and the row of each helper by id for whoever shows them."""
    rows = {row.id: row for row in session.execute(_in_reach(need, spot, rules))}
    ids = list(rows)
    if not ids:
        return [], {}
    weeks = _weeks(session, ids, need.at.date())
    load = _load(session, ids, need)
    before = _visits(session, spot)
    wishes = _wishes(session, spot)
    lately = _offers(session, ids, need, rules)
    here = _asked_here(session, spot.case_id)
    found = []
    for row in rows.values():
        jobs, clash, urgent = load.get(row.id, (0, 0, 0))
        few, asked, accepted = lately.get(row.id, (0, 0, 0))
        states = here.get(row.id, {})
        found.append(
            Facts(
                id=row.id,
                kind=WorkerKind(row.kind),
                sex=row.sex,
                languages=frozenset(row.languages),
                level=row.level,
                certificate=row.certificate,
                valid_until=row.valid_until,
                in_area=bool(row.in_area),
                week=weeks.get(row.id, Week(())),
                position=None if row.at is None else Point(row.lat, row.lon),
                position_at=row.at,
                station=None if row.station_lat is None else Point(row.station_lat, row.station_lon),
                capacity=row.capacity,
                load=jobs,
                busy_then=clash > 0,
                in_emergency=urgent > 0,
                wish=wishes.get(row.id),
                visits=before.get(row.id, 0),
                offers_lately=few,
                asked=asked,
                accepted=accepted,
                asked_now=OfferState.OFFERED in states,
                declined=states.get(OfferState.DECLINED),
            )
        )
    return found, rows


def _in_reach(need: Need, spot: Spot, rules: MatchRules) -> Any:
    """Active helpers with the skill who serve the area, or who are near it now."""
    serves = select(WorkerArea.worker_id).where(WorkerArea.worker_id == Worker.id, WorkerArea.area_id.in_(spot.chain))
    in_area: Any = serves.exists() if spot.chain else Worker.id.is_not(None)
    serving = case((in_area, 1), else_=0).label("in_area")
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
            serving,
        )
        .join(WorkerSkill, and_(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill == need.item.skill))
        .outerjoin(WorkerPosition, WorkerPosition.worker_id == Worker.id)
        .outerjoin(Station, Station.id == Worker.station_id)
        .where(Worker.active)
    )
    if spot.chain:
        statement = statement.where(Worker.id.in_(_ids(need, spot, rules)))
    if need.place is None:
        return statement.order_by(Worker.id).limit(MOST)
    square = func.abs(WorkerPosition.lat - need.place.lat) + func.abs(WorkerPosition.lon - need.place.lon)
    return statement.order_by(serving.desc(), nulls_last(square.asc()), Worker.id).limit(MOST)


def _ids(need: Need, spot: Spot, rules: MatchRules) -> Any:
    """Who serves the area and who is near: one list and no OR, for which the database would read all helpers."""
    serve = select(WorkerArea.worker_id).where(WorkerArea.area_id.in_(spot.chain))
    if need.place is None or not need.soon:
        return serve
    box = around(need.place, need.travel.farthest_km * 1000)
    near = select(WorkerPosition.worker_id).where(
        WorkerPosition.at >= need.now - rules.position_age,
        WorkerPosition.lat.between(box.south, box.north),
        WorkerPosition.lon.between(box.west, box.east),
    )
    return union(serve, near)


def _weeks(session: Session, ids: list[int], day: date) -> dict[int, Week]:
    days = (day - timedelta(days=1), day)
    hours: dict[int, list[tuple[int, Hours]]] = defaultdict(list)
    shifts = select(WorkerShift.worker_id, WorkerShift.weekday, WorkerShift.starts, WorkerShift.ends).where(
        WorkerShift.worker_id.in_(ids), WorkerShift.weekday.in_([one.weekday() for one in days])
    )
    for worker_id, weekday, starts, ends in session.execute(shifts):
        hours[worker_id].append((weekday, hours_of(starts, ends)))
    special: dict[int, list[tuple[date, Hours | None]]] = defaultdict(list)
    others = select(WorkerDay.worker_id, WorkerDay.day, WorkerDay.starts, WorkerDay.ends).where(
        WorkerDay.worker_id.in_(ids), WorkerDay.day.in_(days)
    )
    for worker_id, when, begins, finishes in session.execute(others):
        special[worker_id].append((when, hours_of(begins, finishes) if begins and finishes else None))
    return {one: Week(tuple(hours[one]), tuple(special[one])) for one in hours.keys() | special.keys()}


def hours_of(starts: str, ends: str) -> Hours:
    return Hours(time.fromisoformat(starts), time.fromisoformat(ends))


def _load(session: Session, ids: list[int], need: Need) -> dict[int, tuple[int, int, int]]:
    """Jobs of the day, those that lie in the way of this visit, and emergencies that somebody is in."""
    begin = datetime.combine(need.at.date(), time(), tzinfo=need.at.tzinfo)
    end = begin + timedelta(days=1)
    live = Assignment.state.in_(LIVE)
    of_day = and_(
        Assignment.starts_at >= begin,
        Assignment.starts_at < end,
        or_(live, Assignment.state == AssignmentState.COMPLETED),
    )
    clash = and_(live, Assignment.starts_at < need.at + timedelta(minutes=need.minutes), Assignment.ends_at > need.at)
    urgent = and_(live, Assignment.emergency)
    counted = (
        select(Assignment.worker_id, _count(of_day), _count(clash), _count(urgent))
        .where(Assignment.worker_id.in_(ids), or_(of_day, live))
        .group_by(Assignment.worker_id)
    )
    return {worker_id: (jobs, clashes, urgents) for worker_id, jobs, clashes, urgents in session.execute(counted)}


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _visits(session: Session, spot: Spot) -> dict[int, int]:
    if spot.elder_id is None:
        return {}
    counted = (
        select(Assignment.worker_id, func.count())
        .join(Case, Case.id == Assignment.case_id)
        .where(Case.elder_id == spot.elder_id, Assignment.state == AssignmentState.COMPLETED)
        .group_by(Assignment.worker_id)
    )
    return dict(_pairs(session.execute(counted)))


def _wishes(session: Session, spot: Spot) -> dict[int, bool]:
    if spot.elder_id is None:
        return {}
    return dict(_pairs(session.execute(select(Wish.worker_id, Wish.wanted).where(Wish.elder_id == spot.elder_id))))


def _offers(session: Session, ids: list[int], need: Need, rules: MatchRules) -> dict[int, tuple[int, int, int]]:
    """Offers lately, and of the offers of a longer time how many there were and how many were accepted.

    An offer that was withdrawn because somebody else was quicker is no refusal.
    """
    lately = Offer.offered_at >= need.now - rules.fair_days
    answered = Offer.state.in_((OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED))
    counted = (
        select(Offer.worker_id, _count(lately), _count(answered), _count(Offer.state == OfferState.ACCEPTED))
        .where(Offer.worker_id.in_(ids), Offer.offered_at >= need.now - max(rules.fair_days, rules.acceptance_days))
        .group_by(Offer.worker_id)
    )
    return {worker_id: (few, asked, yes) for worker_id, few, asked, yes in session.execute(counted)}


def _asked_here(session: Session, case_id: int) -> dict[int, dict[str, str]]:
    """By helper: the states of their offers of this very case, each with its reason."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    offers = select(Offer.worker_id, Offer.state, Offer.reason).where(Offer.case_id == case_id)
    for worker_id, state, reason in session.execute(offers):
        found[worker_id][state] = reason or "other"
    return found


def _pairs(rows: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    return ((row[0], row[1]) for row in rows)
