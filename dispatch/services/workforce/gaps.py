"""Where and when nobody works who could come: for a skill, by area, over the hours of one week; and who could.

Counted as the match counts: active, the skill with a certificate that is valid on the day, the area or one around it,
a shift. Hours in which only parts of an area are served are told apart from those in which nobody is there at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.helps.coverage import Span, gaps, hours, valid_only, week
from dispatch.domain.helps.matching import Bar
from dispatch.domain.helps.shifts import Week
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services.care.reach import Answer
from dispatch.services.centre import Centre
from dispatch.services.rows import mask, stamp
from dispatch.services.workforce.scope import helpers_seen
from dispatch.services.workforce.weeks import weeks

MOST_AREAS = 300
MOST_PEOPLE = 60
YEARS = range(2000, 2200)
LOWEST = 5
"""Level below which helpers are not divided."""


@dataclass(frozen=True)
class Question:
    skill: str
    monday: date
    level: int | None = None
    """Of the areas that are told apart: 3 county, 4 sub-district, 5 community; None: the first below the actor's own
    with more than one.
    """
    area_id: int | None = None


@dataclass(frozen=True)
class Able:
    """Somebody with the skill, and what they work in the week that is asked about."""

    worker: Worker
    held: WorkerSkill
    paths: tuple[str, ...]
    """Of the areas that they serve."""
    week: Week

    def spans(self, monday: date, zone: Any) -> Iterable[Span]:
        """Also of the Sunday before, whose night reaches into the week."""
        worked = self.week.spans(monday - timedelta(days=1), monday + timedelta(days=6), zone)
        return valid_only(worked, self.held.valid_until, zone)

    def serves(self, path: str) -> bool:
        return any(path.startswith(one) for one in self.paths)

    def serves_part(self, path: str) -> bool:
        return any(one.startswith(path) for one in self.paths)


def of_week(centre: Centre, actor: Actor, asked: Question) -> Answer:
    """Raises ``Invalid`` for an unknown skill, a day that is no Monday, or an unknown area."""
    _check(centre, asked)
    paper = centre.catalogue.skills[asked.skill].certificate
    with centre.database.reads() as session:
        areas = _areas(session, actor, asked)
        whole = week(asked.monday, centre.zone)
        able = [one for one in _able(session, asked) if one.held.certificate is not None or not paper]
    rows: list[dict[str, Any]] = []
    for area in areas:
        there = [one for one in able if one.serves(area.path)]
        partly = [one for one in able if not one.serves(area.path) and one.serves_part(area.path)]
        covered = [span for one in there for span in one.spans(asked.monday, centre.zone)]
        nobody = gaps([*covered, *(s for one in partly for s in one.spans(asked.monday, centre.zone))], whole)
        thin = gaps([*covered, *nobody], whole)
        rows.append(
            {
                "area": {"id": str(area.id), "name": area.name},
                "people": len(there),
                "partly": len(partly),
                "gaps": [_span_json(span) for span in nobody],
                "thin": [_span_json(span) for span in thin],
                "hours": hours(nobody),
                "thin_hours": hours(thin),
            }
        )
    return {
        "skill": asked.skill,
        "from": asked.monday.isoformat(),
        "level": areas[0].level if areas else asked.level,
        "areas": rows,
        "hours": round(sum(row["hours"] for row in rows), 1),
    }


def who_could(centre: Centre, actor: Actor, asked: Question, at: datetime) -> Answer:
    """Those with the skill who would close the gap at ``at`` in the area, each with all that keeps them from it.

    Somebody who works then elsewhere, somebody of the area who does not work then. One obstacle first.
    """
    _check(centre, asked)
    first, last = week(asked.monday, centre.zone)
    if not first <= at < last:
        raise Invalid("at", "out-of-range", "a moment of this week")
    at = at.astimezone(centre.zone)
    paper = centre.catalogue.skills[asked.skill].certificate
    with centre.database.reads() as session:
        area = session.scalar(select(Area).where(Area.id == (asked.area_id or 0), inside(actor.paths)))
        if area is None:
            raise Invalid("area", "unknown", "choose one of your areas")
        able = _able(session, asked, actor)
        named = session.execute(select(Area.path, Area.name).where(inside(actor.paths)))
        names = {row.path: row.name for row in named}
    found = []
    for one in able:
        reasons = _obstacles(one, area.path, at, paper)
        working = one.week.until(at) is not None
        if reasons and (one.serves(area.path) or one.serves_part(area.path) or working):
            found.append((one, reasons))
    found.sort(key=lambda pair: (len(pair[1]), pair[0].worker.id))
    items = [_who_json(one, reasons, names) for one, reasons in found[:MOST_PEOPLE]]
    return {"items": items, "total": len(found), "at": stamp(at), "next_cursor": None}


def _obstacles(one: Able, path: str, at: datetime, paper: bool) -> list[str]:
    found = []
    if paper and one.held.certificate is None:
        found.append(Bar.CERTIFICATE_MISSING.value)
    elif paper and one.held.valid_until is not None and one.held.valid_until < at.date():
        found.append(Bar.CERTIFICATE_EXPIRED.value)
    if not one.serves(path):
        found.append(Bar.AREA.value)
    if one.week.absent(at.date()):
        found.append(Bar.ABSENT.value)
    elif not one.week.hours:
        found.append("no_hours")
    elif one.week.until(at) is None:
        found.append(Bar.OFF_SHIFT.value)
    return found


def _check(centre: Centre, asked: Question) -> None:
    if asked.skill not in centre.catalogue.skills:
        raise Invalid("skill", "unknown", "choose a skill of GET /services")
    if asked.monday.weekday() != 0 or asked.monday.year not in YEARS:
        raise Invalid("from", "out-of-range", "a week begins on a Monday, not too far away")


def _areas(session: Session, actor: Actor, asked: Question) -> Sequence[Area]:
    level = asked.level or _first_fork(session, actor)
    statement = select(Area).where(Area.level == level, inside(actor.paths))
    if asked.area_id is not None:
        area = session.scalar(select(Area).where(Area.id == asked.area_id, inside(actor.paths)))
        if area is None:
            raise Invalid("area", "unknown", "choose one of your areas")
        statement = statement.where(inside((area.path,)))
    return session.scalars(statement.order_by(Area.path).limit(MOST_AREAS)).all()


def _first_fork(session: Session, actor: Actor) -> int:
    """The level below the actor's own on which there is more than one area: a table of one line says nothing."""
    counted = select(Area.level, func.count()).where(inside(actor.paths)).group_by(Area.level).order_by(Area.level)
    below = session.execute(counted).all()[1:]
    return next((level for level, number in below if number > 1 and level <= LOWEST), LOWEST)


def _able(session: Session, asked: Question, actor: Actor | None = None) -> list[Able]:
    """All who have the skill. A helper of another area who serves this one counts, whoever asks; named are only those
    whom ``actor`` sees.
    """
    statement = (
        select(Worker, WorkerSkill)
        .join(WorkerSkill, and_(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill == asked.skill))
        .join(Area, Area.id == Worker.area_id)
        .where(Worker.active)
    )
    if actor is not None:
        statement = statement.where(helpers_seen(actor))
    found = session.execute(statement.order_by(Worker.id)).all()
    able = select(WorkerSkill.worker_id).where(WorkerSkill.skill == asked.skill)
    paths: dict[int, list[str]] = defaultdict(list)
    served = select(WorkerArea.worker_id, Area.path).join(Area, Area.id == WorkerArea.area_id)
    for worker_id, path in session.execute(served.where(WorkerArea.worker_id.in_(able))):
        paths[worker_id].append(path)
    hours_ = weeks(session, able, asked.monday - timedelta(days=1), asked.monday + timedelta(days=7))
    return [Able(worker, held, tuple(paths[worker.id]), hours_.get(worker.id, Week(()))) for worker, held in found]


def _span_json(span: Span) -> dict[str, Any]:
    return {"from": stamp(span[0]), "to": stamp(span[1])}


def _who_json(one: Able, reasons: list[str], names: dict[str, str]) -> dict[str, Any]:
    return {
        "worker": {
            "id": str(one.worker.id),
            "name": one.worker.name,
            "kind": one.worker.kind,
            "phone": mask(one.worker.phone),
        },
        "reasons": reasons,
        "areas": [names[path] for path in one.paths if path in names],
        "valid_until": one.held.valid_until and one.held.valid_until.isoformat(),
    }
