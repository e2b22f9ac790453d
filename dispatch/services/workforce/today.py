"""A station's day: its people, who of them is there, and where each is in the visits of today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.assignments import LIVE
from dispatch.domain.helps.shifts import Week
from dispatch.domain.privacy import mask_address
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Order
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.workforce import Station, Worker, WorkerPosition
from dispatch.services.care.reach import begins, today
from dispatch.services.centre import Centre
from dispatch.services.rows import mask, stamp
from dispatch.services.workforce.scope import below, helpers_seen, station_within
from dispatch.services.workforce.weeks import weeks

MOST = 500
"""People and visits that one page shows; it says how many there are."""


def of_station(centre: Centre, station_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """With the stations below it. Raises ``NotFound``."""
    with centre.database.reads() as session:
        station = station_within(session, station_id, actor)
        ours = Worker.station_id.in_(below([station.id]))
        statement = select(Worker, Station.name).join(Area, Area.id == Worker.area_id)
        statement = statement.join(Station, Station.id == Worker.station_id)
        statement = statement.where(ours, Worker.active, helpers_seen(actor))
        number = session.scalar(statement.with_only_columns(func.count(Worker.id))) or 0
        found = session.execute(statement.order_by(Worker.pinyin, Worker.id).limit(MOST)).all()
        ids = [worker.id for worker, _ in found]
        visits = _visits(session, centre, actor, ids, now)
        day = today(centre, now)
        hours = weeks(session, ids, day - timedelta(days=1), day)
        positions = select(WorkerPosition.worker_id, WorkerPosition.at).where(WorkerPosition.worker_id.in_(ids))
        seen = {row.worker_id: row.at for row in session.execute(positions)}
        jobs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for visit in visits:
            jobs[visit["worker"]["id"]].append(visit)
        people = [
            _person(worker, name, hours.get(worker.id, Week(())), now.astimezone(centre.zone))
            | {"visits": len(jobs[str(worker.id)]), "position_at": stamp(seen.get(worker.id))}
            | {"now": next((one for one in jobs[str(worker.id)] if one["live"]), None)}
            for worker, name in found
        ]
        return {
            "station": {"id": str(station.id), "name": station.name},
            "people": people,
            "people_total": number,
            "visits": visits,
            "server_time": stamp(now),
        }


def _person(worker: Worker, station: str, week: Week, at: datetime) -> dict[str, Any]:
    """``on_shift_until``: they work now; ``begins_at``: later today; neither: not today."""
    until = week.until(at)
    later = sorted(begin for begin, _ in week.spans(at.date(), at.date(), at.tzinfo) if begin > at)
    return {
        "id": str(worker.id),
        "version": worker.version,
        "name": worker.name,
        "phone": mask(worker.phone),
        "kind": worker.kind,
        "station": station,
        "absent": week.absent(at.date()),
        "on_shift_until": stamp(until),
        "begins_at": stamp(later[0]) if later else None,
    }


def _visits(session: Session, centre: Centre, actor: Actor, ids: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """Of today, and those that still go on. Of an elder in another area the station sees that somebody is there."""
    first = begins(centre, today(centre, now))
    rows = session.execute(
        select(Assignment, Worker.name, Case, Order.item, Elder.name, Household.address_short, inside(actor.paths))
        .join(Worker, Worker.id == Assignment.worker_id)
        .join(Case, Case.id == Assignment.case_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .outerjoin(Order, Order.case_id == Case.id)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Household, Household.id == Case.household_id)
        .where(
            Assignment.worker_id.in_(ids),
            or_(
                Assignment.state.in_(LIVE),
                Assignment.starts_at.between(first, first + timedelta(days=1)),
            ),
        )
        .order_by(Assignment.starts_at, Assignment.id)
        .limit(MOST)
    )
    return [
        {
            "id": str(job.id),
            "case": str(case.id) if here else None,
            "help": case.help,
            "item": item,
            "emergency": job.emergency,
            "elder": elder if here else None,
            "address": mask_address(address) if here else None,
            "worker": {"id": str(job.worker_id), "name": name},
            "state": job.state,
            "live": job.state in LIVE,
            "starts_at": stamp(job.starts_at),
            "due_at": stamp(job.due_at),
            "arrived_at": stamp(job.arrived_at),
            "completed_at": stamp(job.completed_at),
            "late": job.state in LIVE and job.arrived_at is None and job.due_at < now,
        }
        for job, name, case, item, elder, address, here in rows
    ]
