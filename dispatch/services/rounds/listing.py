"""Plans as they are shown: how far each is, its days, its rounds with their stops, and what is in none and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.domain.privacy import mask_address
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.visits.rows import SHOWN, in_areas, visit_row, with_more

Row = dict[str, Any]


def plan_json(plan: CheckinPlan, area: Area) -> Row:
    return {
        "id": str(plan.id),
        "version": plan.version,
        "area": {"id": str(area.id), "name": area.name},
        "first": plan.first.isoformat(),
        "last": plan.last.isoformat(),
        "anew": plan.anew,
        "visit_ids": [str(id_) for id_ in plan.visit_ids or ()],
        "state": plan.state,
        "asked_at": stamp(plan.asked_at),
        "asked_by": plan.asked_by,
        "seconds": plan.seconds,
        "share": plan.share,
        "visits": plan.visits,
        "placed": plan.placed,
        "kept": plan.kept,
        "unplaced": [{"reason": reason, "count": count} for reason, count in sorted((plan.unplaced or {}).items())],
        "travel_minutes": round(plan.travel / 60) if plan.travel is not None else 0,
        "failure": plan.failure,
        "ready_at": stamp(plan.ready_at),
        "published_at": stamp(plan.published_at),
        "published_by": plan.published_by,
        "booked": plan.booked,
        "changed": plan.changed,
    }


def plans(centre: Centre, actor: Actor, page: PageOf) -> Row:
    """The newest first."""
    skip = page.before or 0
    seen = select(CheckinPlan, Area).join(Area, Area.id == CheckinPlan.area_id).where(inside(actor.paths))
    with centre.database.reads() as session:
        total = session.scalar(select(func.count()).select_from(seen.subquery())) or 0
        found = session.execute(seen.order_by(CheckinPlan.id.desc()).offset(skip).limit(page.limit)).all()
        items = [plan_json(plan, area) for plan, area in found]
    return _paged(items, skip, total)


def plan(centre: Centre, plan_id: int, actor: Actor) -> Row:
    """With its days, and how many visitors go out. Raises ``NotFound``."""
    with centre.database.reads() as session:
        found, area = _seen(session, plan_id, actor)
        days = session.execute(
            select(
                CheckinRound.day,
                func.count(CheckinRound.id),
                func.sum(CheckinRound.visits),
                func.sum(CheckinRound.travel),
            )
            .where(CheckinRound.plan_id == plan_id)
            .group_by(CheckinRound.day)
            .order_by(CheckinRound.day)
        ).all()
        visitors = session.scalar(
            select(func.count(func.distinct(CheckinRound.worker_id))).where(CheckinRound.plan_id == plan_id)
        )
        return plan_json(found, area) | {
            "visitors": visitors or 0,
            "rounds": sum(rounds for _, rounds, _, _ in days),
            "days": [
                {"day": day.isoformat(), "rounds": rounds, "visits": visits, "travel_minutes": round(travel / 60)}
                for day, rounds, visits, travel in days
            ],
        }


def _seen(session: Session, plan_id: int, actor: Actor) -> tuple[CheckinPlan, Area]:
    found = session.execute(
        select(CheckinPlan, Area)
        .join(Area, Area.id == CheckinPlan.area_id)
        .where(CheckinPlan.id == plan_id, inside(actor.paths))
    ).first()
    if found is None:
        raise NotFound(f"there is no plan {plan_id} in your areas")
    return found[0], found[1]


@dataclass(frozen=True)
class Wanted:
    """Which rounds. None: it does not matter."""

    day: date | None = None
    worker_id: int | None = None


def rounds(centre: Centre, plan_id: int, actor: Actor, wanted: Wanted, page: PageOf) -> Row:
    """By day and visitor, each with its stops. Raises ``NotFound``."""
    skip = page.before or 0
    with centre.database.reads() as session:
        _seen(session, plan_id, actor)
        statement = select(CheckinRound, Worker).join(Worker, Worker.id == CheckinRound.worker_id)
        statement = statement.where(CheckinRound.plan_id == plan_id)
        if wanted.day is not None:
            statement = statement.where(CheckinRound.day == wanted.day)
        if wanted.worker_id is not None:
            statement = statement.where(CheckinRound.worker_id == wanted.worker_id)
        total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
        order = (CheckinRound.day, Worker.name, CheckinRound.id)
        found = session.execute(statement.order_by(*order).offset(skip).limit(page.limit)).all()
        stops = _stops(session, [one.id for one, _ in found])
        items = [_round_json(one, worker, stops.get(one.id, [])) for one, worker in found]
    return _paged(items, skip, total)


def _stops(session: Session, ids: Collection[int]) -> dict[int, list[Row]]:
    rows = session.execute(
        select(CheckinStop, CheckinVisit, Elder, Household, Area.name)
        .join(CheckinVisit, CheckinVisit.id == CheckinStop.visit_id)
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(CheckinStop.round_id.in_(ids))
        .order_by(CheckinStop.round_id, CheckinStop.position)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for stop, visit, elder, home, area in rows:
        assert stop.round_id is not None
        found[stop.round_id].append(
            {
                "visit_id": str(visit.id),
                "elder": {"id": str(elder.id), "name": elder.name, "flags": elder.flags},
                "address_short": mask_address(home.address_short),
                "area": area,
                "place": None if home.lat is None or home.lon is None else {"lat": home.lat, "lon": home.lon},
                "starts_at": stamp(stop.starts_at),
                "ends_at": stamp(stop.ends_at),
                "kept": stop.kept,
                "second": stop.second,
                "state": visit.state,
            }
        )
    return found


def _round_json(one: CheckinRound, worker: Worker, stops: list[Row]) -> Row:
    return {
        "id": str(one.id),
        "worker": {"id": str(worker.id), "name": worker.name, "kind": worker.kind},
        "day": one.day.isoformat(),
        "leaves_at": stamp(one.leaves_at),
        "returns_at": stamp(one.returns_at),
        "rest": _rest(one.rest_from, one.rest_until),
        "travel_minutes": round(one.travel / 60),
        "visits": one.visits,
        "stops": stops,
    }


def _rest(first: datetime | None, last: datetime | None) -> Row | None:
    return None if first is None else {"from": stamp(first), "until": stamp(last)}


def unplaced(centre: Centre, plan_id: int, act_of: tuple[Actor, datetime], reason: str | None, page: PageOf) -> Row:
    """The visits that are in no round, each with its reason. Raises ``NotFound``."""
    actor, now = act_of
    skip, day = page.before or 0, today(centre, now)
    with centre.database.reads() as session:
        _seen(session, plan_id, actor)
        total = session.scalar(_without(select(func.count(CheckinStop.id)), plan_id, actor, reason)) or 0
        both: Any = select(CheckinStop.reason, *SHOWN)
        statement = with_more(_without(both, plan_id, actor, reason))
        found = session.execute(statement.order_by(CheckinStop.id).offset(skip).limit(page.limit)).all()
        items = [{**visit_row(centre, day, *shown), "why": why} for why, *shown in found]
    return _paged(items, skip, total)


def _without(statement: Select[Any], plan_id: int, actor: Actor, reason: str | None) -> Select[Any]:
    joined: Select[Any] = in_areas(statement.join(CheckinVisit, CheckinVisit.id == CheckinStop.visit_id), actor)
    joined = joined.where(CheckinStop.plan_id == plan_id, CheckinStop.reason.is_not(None))
    joined = joined.where(CheckinStop.second.is_(False))
    return joined if reason is None else joined.where(CheckinStop.reason == reason)


def _paged(items: list[Row], skip: int, total: int) -> Row:
    more = skip + len(items) < total
    return {"items": items, "next_cursor": str(skip + len(items)) if more and items else None, "total": total}
