"""The list of helpers: who is found, narrowed by what, page by page; and who lacks what it takes to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from dispatch.domain.actor import Actor
from dispatch.models.places import Area
from dispatch.models.workforce import Worker, WorkerArea, WorkerDay, WorkerShift, WorkerSkill
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import mask
from dispatch.services.workforce.scope import below, helpers_seen

LACKS = ("hours", "skills", "areas", "certificate")
"""What somebody can be without: then they are never asked, or not for everything."""


@dataclass(frozen=True)
class HelperFilter:
    q: str = ""
    """A part of the name, how it sounds, its initials, or the telephone's ending."""
    area_id: int | None = None
    kind: str | None = None
    skill: str | None = None
    station_id: int | None = None
    """And those below it."""
    active: bool | None = None
    lacks: str | None = None
    absent: bool | None = None
    """Today."""


def helpers(centre: Centre, actor: Actor, wanted: HelperFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """By id, with the number of all that match. Raises ``Invalid`` for an unknown area."""
    day = today(centre, now)
    with centre.database.reads() as session:
        conditions = [helpers_seen(actor), *_conditions(centre, wanted, day)]
        if wanted.area_id is not None:
            conditions.append(inside_asked(session, wanted.area_id))
        base: Select[Any] = select(Worker).join(Area, Area.id == Worker.area_id).where(*conditions)
        total = session.scalar(base.with_only_columns(func.count(Worker.id))) or 0
        found: Sequence[Worker] = session.scalars(_page(base, page)).all()
        shown = found[: page.limit]
        ids = [one.id for one in shown]
        timed = set(session.scalars(select(WorkerShift.worker_id).where(WorkerShift.worker_id.in_(ids)).distinct()))
        placed = set(session.scalars(select(WorkerArea.worker_id).where(WorkerArea.worker_id.in_(ids)).distinct()))
        away = set(session.scalars(select(WorkerDay.worker_id).where(WorkerDay.worker_id.in_(ids), absent_on(day))))
        items = [
            row_json(one)
            | {"lacks": lacking(centre, one, one.id in timed, one.id in placed, day), "absent": one.id in away}
            for one in shown
        ]
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "total": total,
    }


def without_hours(session: Session, actor: Actor) -> int:
    """As many as the list shows with ``active`` and ``lacks=hours``."""
    found = select(func.count(Worker.id)).join(Area, Area.id == Worker.area_id)
    lacking_ = ~exists().where(WorkerShift.worker_id == Worker.id)
    return session.scalar(found.where(helpers_seen(actor), Worker.active, lacking_)) or 0


def _page(base: Select[Any], page: PageOf) -> Select[Any]:
    statement = base.options(joinedload(Worker.area), joinedload(Worker.station), selectinload(Worker.skills))
    if page.before is not None:
        statement = statement.where(Worker.id > page.before)
    return statement.order_by(Worker.id).limit(page.limit + 1)


def _conditions(centre: Centre, wanted: HelperFilter, day: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.q:
        found.append(named_like(wanted.q))
    if wanted.kind is not None:
        found.append(Worker.kind == wanted.kind)
    if wanted.skill is not None:
        found.append(exists().where(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill == wanted.skill))
    if wanted.station_id is not None:
        found.append(Worker.station_id.in_(below([wanted.station_id])))
    if wanted.active is not None:
        found.append(Worker.active.is_(wanted.active))
    if wanted.absent is not None:
        away = exists().where(WorkerDay.worker_id == Worker.id, absent_on(day))
        found.append(away if wanted.absent else not_(away))
    if wanted.lacks is not None:
        found.append(_lacks(centre, wanted.lacks, day))
    return found


def named_like(q: str) -> ColumnElement[bool]:
    plain = q.lower().replace(" ", "")
    return or_(
        Worker.name.contains(q, autoescape=True),
        Worker.pinyin.startswith(plain, autoescape=True),
        Worker.initials.startswith(plain, autoescape=True),
        Worker.phone.endswith(q, autoescape=True),
    )


def absent_on(day: date) -> ColumnElement[bool]:
    """On ``WorkerDay``."""
    return and_(WorkerDay.day == day, WorkerDay.starts.is_(None))


def _lacks(centre: Centre, what: str, day: date) -> ColumnElement[bool]:
    if what == "hours":
        return ~exists().where(WorkerShift.worker_id == Worker.id)
    if what == "areas":
        return ~exists().where(WorkerArea.worker_id == Worker.id)
    if what == "skills":
        return ~exists().where(WorkerSkill.worker_id == Worker.id)
    proper = or_(WorkerSkill.certificate.is_(None), WorkerSkill.valid_until < day)
    return exists().where(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill.in_(certified(centre)), proper)


def certified(centre: Centre) -> list[str]:
    """The skills that ask for a paper."""
    return [code for code, skill in centre.catalogue.skills.items() if skill.certificate]


def lacking(centre: Centre, worker: Worker, timed: bool, placed: bool, day: date) -> list[str]:
    paper = any(
        centre.catalogue.skills[one.skill].certificate
        and (one.certificate is None or (one.valid_until is not None and one.valid_until < day))
        for one in worker.skills
        if one.skill in centre.catalogue.skills
    )
    lacks = {"hours": not timed, "skills": not worker.skills, "areas": not placed, "certificate": paper}
    return [code for code in LACKS if lacks[code]]


def row_json(worker: Worker) -> dict[str, Any]:
    return {
        "id": str(worker.id),
        "version": worker.version,
        "name": worker.name,
        "phone": mask(worker.phone),
        "kind": worker.kind,
        "skills": [held.skill for held in worker.skills],
        "area": {"id": str(worker.area_id), "name": worker.area.name},
        "station": worker.station and {"id": str(worker.station.id), "name": worker.station.name},
        "active": worker.active,
        "user_id": worker.user_id and str(worker.user_id),
    }
