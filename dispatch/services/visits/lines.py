"""What became of some elders' visits of a month, as their lines on the board show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.visits.board import Line, Seen, Task, View, line
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.visit import Mode, VisitState
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.visits import CheckinRecord, CheckinRefusal, CheckinTry, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.visits import people

Row = dict[str, Any]


@dataclass
class Drawn:
    line: Line
    worker: Row | None = None
    evidence: Sequence[str] = ()
    away: Sequence[int] = ()
    """Days of the month on which the elder is absent."""

    def as_json(self) -> Row:
        return {
            "need": self.line.need,
            "done": self.line.done,
            "next": self.line.next and self.line.next.isoformat(),
            "days": {str(day.day): [mark.value for mark in marks] for day, marks in self.line.days.items()},
            "away": list(self.away),
            "worker": self.worker,
            "evidence": list(self.evidence),
        }


@dataclass
class Found:
    """Of one elder."""

    tasks: list[Task] = field(default_factory=list)
    refused: list[date] = field(default_factory=list)
    worker: Row | None = None
    evidence: list[str] = field(default_factory=list)


def of(session: Session, centre: Centre, month: Period, ids: Collection[int], day: date) -> Mapping[int, Drawn]:
    """By elder."""
    view = View(month, day, centre.visits.at_risk_days, centre.visits.modes)
    found = _visits(session, centre, month, ids)
    for elder_id, on in _refusals(session, month, ids):
        found[elder_id].refused.append(on)
    known = people.read(session, centre, ids)
    drawn = {}
    for elder_id in ids:
        one = found[elder_id]
        away = () if elder_id not in known else _away(known[elder_id], month)
        drawn[elder_id] = Drawn(line(one.tasks, one.refused, view), one.worker, one.evidence, away)
    return drawn


def _visits(session: Session, centre: Centre, month: Period, ids: Collection[int]) -> dict[int, Found]:
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(CheckinVisit, CheckinRecord, Worker)
        .outerjoin(CheckinRecord, CheckinRecord.visit_id == CheckinVisit.id)
        .outerjoin(Worker, Worker.id == CheckinVisit.worker_id)
        .where(
            among(CheckinVisit.elder_id, "ids", postgresql=postgresql),
            CheckinVisit.first <= month.last,
            CheckinVisit.last >= month.first,
        )
        .order_by(CheckinVisit.first, CheckinVisit.id),
        {"ids": ids_for(ids, postgresql=postgresql)},
    ).all()
    tried = _tries(session, centre, [visit.id for visit, *_ in rows if visit.tries])
    found: dict[int, Found] = defaultdict(Found)
    for visit, record, worker in rows:
        mine = found[visit.elder_id]
        mine.tasks.append(
            Task(
                VisitState(visit.state),
                visit.first,
                visit.last,
                None if visit.planned_at is None else people.day_of(centre, visit.planned_at),
                None if record is None else Seen(record.day, Mode(record.mode), bool(weak(record))),
                tuple(tried.get(visit.id, ())),
            )
        )
        if worker is not None:
            mine.worker = {"id": str(worker.id), "name": worker.name}
        if record is not None:
            mine.evidence = weak(record)
    return found


def weak(record: CheckinRecord) -> list[str]:
    """Why the record alone is all that says so."""
    found = {"late": record.late, "at_desk": record.client_uuid is None}
    return [code for code, holds in found.items() if holds]


def _tries(session: Session, centre: Centre, visit_ids: Collection[int]) -> dict[int, list[date]]:
    found: dict[int, list[date]] = defaultdict(list)
    if visit_ids:
        rows = session.execute(select(CheckinTry.visit_id, CheckinTry.at).where(CheckinTry.visit_id.in_(visit_ids)))
        for visit_id, at in rows:
            found[visit_id].append(people.day_of(centre, at))
    return found


def _refusals(session: Session, month: Period, ids: Collection[int]) -> list[tuple[int, date]]:
    """A refusal of an earlier month that still holds stands on the first day."""
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(CheckinRefusal.elder_id, CheckinRefusal.refused_on).where(
            among(CheckinRefusal.elder_id, "ids", postgresql=postgresql),
            CheckinRefusal.withdrawn_at.is_(None),
            CheckinRefusal.refused_on <= month.last,
            CheckinRefusal.until >= month.first,
        ),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    return [(elder_id, max(on, month.first)) for elder_id, on in rows]


def _away(known: people.Known, month: Period) -> list[int]:
    days: set[int] = set()
    for away in known.person.absences:
        met = month.meet(away.first, away.last)
        if met is not None:
            days.update(range(met.first.day, met.last.day + 1))
    return sorted(days)
