"""The file of one helper: who they are, what they may do until when, where and when they work, and what keeps them
from being asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.assignments import LIVE
from dispatch.domain.helps.catalogue import Skill
from dispatch.domain.helps.expiry import days_left
from dispatch.domain.helps.shifts import Hours
from dispatch.models.helps import Assignment
from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.models.workforce import Worker, WorkerArea, WorkerDay, WorkerShift, WorkerSkill
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.workforce.listing import lacking, row_json
from dispatch.services.workforce.scope import helper_within

SHOWN_BEFORE = timedelta(days=7)
"""How far back days that differ are shown."""
MOST_DAYS = 120


def file(centre: Centre, worker_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Raises ``NotFound``."""
    day = today(centre, now)
    with centre.database.reads() as session:
        worker = helper_within(session, worker_id, actor)
        shifts = shifts_of(session, worker.id)
        areas = session.execute(
            select(Area.id, Area.name)
            .join(WorkerArea, WorkerArea.area_id == Area.id)
            .where(WorkerArea.worker_id == worker.id)
            .order_by(Area.path)
        ).all()
        user = session.get(User, worker.user_id) if worker.user_id is not None else None
        return row_json(worker) | {
            "sex": worker.sex,
            "languages": worker.languages,
            "capacity": worker.capacity,
            "user": user and {"id": str(user.id), "username": user.username, "name": user.name},
            "skills": [skill_json(centre.catalogue.skills.get(one.skill), one, day) for one in worker.skills],
            "areas": [{"id": str(area_id), "name": name} for area_id, name in areas],
            "shifts": [shift_json(one) for one in shifts],
            "week_hours": week_hours(shifts),
            "days": _days(session, centre, worker, day),
            "lacks": lacking(centre, worker, bool(shifts), bool(areas), day),
            "today": day.isoformat(),
        }


def shifts_of(session: Session, worker_id: int) -> Sequence[WorkerShift]:
    week = select(WorkerShift).where(WorkerShift.worker_id == worker_id)
    return session.scalars(week.order_by(WorkerShift.weekday, WorkerShift.starts)).all()


def shift_json(one: WorkerShift) -> dict[str, Any]:
    return {"weekday": one.weekday, "starts": one.starts, "ends": one.ends}


def week_hours(shifts: Sequence[WorkerShift]) -> float:
    day = date(2026, 1, 5)
    spans = [Hours.of(one.starts, one.ends).span(day, None) for one in shifts]
    return round(sum((ends - begins).total_seconds() for begins, ends in spans) / 3600, 1)


def skill_json(skill: Skill | None, held: WorkerSkill, day: date) -> dict[str, Any]:
    """``state``: ``none`` is asked for, ``missing``, ``expired``, ``expiring`` within 60 days, or ``valid``."""
    left = None if held.valid_until is None else days_left(held.valid_until, day)
    return {
        "skill": held.skill,
        "level": held.level,
        "certificate": held.certificate,
        "valid_until": held.valid_until and held.valid_until.isoformat(),
        "days_left": left,
        "asked_for": skill is not None and skill.certificate,
        "state": _state(skill is not None and skill.certificate, held, left),
    }


def _state(asked_for: bool, held: WorkerSkill, left: int | None) -> str:
    if held.certificate is None:
        return "missing" if asked_for else "none"
    if left is not None and left < 0:
        return "expired"
    return "expiring" if left is not None and left <= 60 else "valid"


def _days(session: Session, centre: Centre, worker: Worker, day: date) -> list[dict[str, Any]]:
    """Days that differ, each with the visits that are still to be made on it: somebody else must make them."""
    first = day - SHOWN_BEFORE
    found = session.scalars(
        select(WorkerDay)
        .where(WorkerDay.worker_id == worker.id, WorkerDay.day >= first)
        .order_by(WorkerDay.day)
        .limit(MOST_DAYS)
    ).all()
    return [
        {
            "day": one.day.isoformat(),
            "starts": one.starts,
            "ends": one.ends,
            "reason": one.reason,
            "visits": visits_on(session, centre, worker.id, one.day) if one.starts is None else 0,
        }
        for one in found
    ]


def visits_on(session: Session, centre: Centre, worker_id: int, day: date) -> int:
    begins = datetime.combine(day, time(), centre.zone)
    live = select(func.count(Assignment.id)).where(
        Assignment.worker_id == worker_id,
        Assignment.state.in_(LIVE),
        Assignment.starts_at >= begins,
        Assignment.starts_at < begins + timedelta(days=1),
    )
    return session.scalar(live) or 0
