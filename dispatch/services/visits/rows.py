"""A check-in visit as the lists show it, and the one that somebody may act on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound, VersionConflict
from dispatch.domain.privacy import mask_address
from dispatch.domain.visits.visit import VisitState
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visits import CheckinRecord, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.work import Act

Row = dict[str, Any]


def within(session: Session, visit_id: int, act: Act) -> CheckinVisit:
    """Locked, to act on. Raises ``NotFound`` when it is not in the actor's areas, and ``VersionConflict``."""
    visit: CheckinVisit | None = session.scalar(
        in_areas(select(CheckinVisit).where(CheckinVisit.id == visit_id), act.actor)
        .with_for_update(of=CheckinVisit)
        .execution_options(populate_existing=True)
    )
    if visit is None:
        raise NotFound(f"there is no visit {visit_id} in your areas")
    if act.version is not None and act.version != visit.version:
        raise VersionConflict("the visit has changed in the meantime: look at it again", version=visit.version)
    return visit


def in_areas(statement: Select[*tuple[Any, ...]], actor: Actor) -> Select[*tuple[Any, ...]]:
    """On ``CheckinVisit``: joined to the elder, the home and the area, of those that the actor sees."""
    return (
        statement.join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(inside(actor.paths))
    )


def at_risk(centre: Centre, day: date) -> ColumnElement[bool]:
    """Nothing is booked, and few days are left."""
    soon = day + timedelta(days=centre.visits.at_risk_days)
    return and_(CheckinVisit.state == VisitState.PLANNED, CheckinVisit.first <= day, CheckinVisit.last <= soon)


SHOWN = (CheckinVisit, Elder, Household.address_short, Area.id, Area.name, Worker, CheckinRecord)


def with_more(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return statement.outerjoin(Worker, Worker.id == CheckinVisit.worker_id).outerjoin(
        CheckinRecord, CheckinRecord.visit_id == CheckinVisit.id
    )


def visit_row(centre: Centre, day: date, *found: Any) -> Row:
    """Of one row of ``SHOWN``."""
    visit, elder, address, area_id, area, worker, record = found
    soon = day + timedelta(days=centre.visits.at_risk_days)
    return {
        "id": str(visit.id),
        "version": visit.version,
        "elder": {"id": str(elder.id), "name": elder.name, "age": elder.age(day), "flags": elder.flags},
        "address_short": mask_address(address),
        "area": {"id": str(area_id), "name": area},
        "period": visit.period,
        "first": visit.first.isoformat(),
        "last": visit.last.isoformat(),
        "due_at": stamp(visit.due_at),
        "risk": visit.risk,
        "extra_round_id": None if visit.extra_round_id is None else str(visit.extra_round_id),
        "state": visit.state,
        "at_risk": visit.state == VisitState.PLANNED and visit.first <= day and visit.last <= soon,
        "excuse": visit.excuse,
        "reason": visit.reason,
        "worker": None if worker is None else {"id": str(worker.id), "name": worker.name},
        "planned_at": stamp(visit.planned_at),
        "minutes": visit.minutes,
        "confirmed_at": stamp(visit.confirmed_at),
        "confirmed_by": visit.confirmed_by,
        "tries": visit.tries,
        "next_due_at": stamp(visit.next_due_at),
        "due": visit.due,
        "case_id": None if visit.case_id is None else str(visit.case_id),
        "record": None if record is None else record_row(record),
    }


def record_row(record: CheckinRecord) -> Row:
    return {
        "id": str(record.id),
        "day": record.day.isoformat(),
        "mode": record.mode,
        "started_at": stamp(record.started_at),
        "ended_at": stamp(record.ended_at),
        "recorded_at": stamp(record.recorded_at),
        "recorded_by": record.recorded_by,
        "late": record.late,
        "completed_at": stamp(record.completed_at),
    }


def one(session: Session, centre: Centre, visit_id: int, act: Act) -> Row:
    statement = with_more(in_areas(select(*SHOWN).where(CheckinVisit.id == visit_id), act.actor))
    found = session.execute(statement).first()
    if found is None:
        raise NotFound(f"there is no visit {visit_id} in your areas")
    return visit_row(centre, act.now.astimezone(centre.zone).date(), *found)
