"""What became of some elders' visits of a month, as their lines on the board show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import Oddity
from dispatch.domain.visits.board import Seen, Task, View, line
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.visit import Mode, VisitState
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.visit_months import CheckinMonthLine
from dispatch.models.visit_records import CheckinPicture
from dispatch.models.visits import CheckinMonth, CheckinRecord, CheckinRefusal, CheckinTry, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.visits import people
from dispatch.services.visits.pictures import PHOTO
from dispatch.services.visits.proof import APP

Row = dict[str, Any]
SAID_ALREADY = {Oddity.FAR, Oddity.LATE, Oddity.NO_POSITION, Oddity.VAGUE}


@dataclass(frozen=True)
class Look:
    """At which month, on which day, and whether it is the one that was signed."""

    month: Period
    day: date
    closed: bool

    @classmethod
    def at(cls, session: Session, month: Period, day: date) -> Self:
        kept = session.get(CheckinMonth, month.name)
        return cls(month, day, kept is not None and kept.closed_at is not None)


@dataclass(frozen=True)
class Drawn:
    need: int
    done: int
    next: date | None
    days: Mapping[str, list[str]]
    """Marks by day of the month."""
    worker: Row | None
    evidence: list[str]
    away: list[int]
    """Days of the month on which the elder is absent."""
    states: list[str]
    """Of the regular visits, each once."""

    def as_json(self) -> Row:
        return {
            "need": self.need,
            "done": self.done,
            "next": self.next and self.next.isoformat(),
            "days": self.days,
            "away": self.away,
            "worker": self.worker,
            "evidence": self.evidence,
        }


@dataclass
class Found:
    """Of one elder."""

    tasks: list[Task] = field(default_factory=list)
    refused: list[date] = field(default_factory=list)
    worker: Row | None = None
    evidence: list[str] = field(default_factory=list)

    def drawn(self, view: View, away: list[int]) -> Drawn:
        made = line(self.tasks, self.refused, view)
        return Drawn(
            need=made.need,
            done=made.done,
            next=made.next,
            days={str(day.day): [mark.value for mark in marks] for day, marks in made.days.items()},
            worker=self.worker,
            evidence=self.evidence,
            away=away,
            states=sorted({task.state.value for task in self.tasks if not task.extra}),
        )


def of(session: Session, centre: Centre, look: Look, ids: Collection[int]) -> Mapping[int, Drawn]:
    """By elder; of a closed month as they were signed."""
    return signed(session, look.month, ids) if look.closed else drawn(session, centre, look, ids)


def signed(session: Session, month: Period, ids: Collection[int]) -> Mapping[int, Drawn]:
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(CheckinMonthLine, Worker)
        .outerjoin(Worker, Worker.id == CheckinMonthLine.worker_id)
        .where(CheckinMonthLine.month == month.name, among(CheckinMonthLine.elder_id, "ids", postgresql=postgresql)),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    return {
        kept.elder_id: Drawn(
            need=kept.need,
            done=kept.done,
            next=None,
            days=kept.days,
            worker=_named(worker),
            evidence=kept.evidence,
            away=kept.away,
            states=kept.states,
        )
        for kept, worker in rows
    }


def drawn(session: Session, centre: Centre, look: Look, ids: Collection[int]) -> Mapping[int, Drawn]:
    month = look.month
    view = View(month, look.day, centre.visits.at_risk_days, centre.visits.modes)
    found = _visits(session, centre, month, ids)
    for elder_id, on in _refusals(session, month, ids):
        found[elder_id].refused.append(on)
    known = people.read(session, centre, ids)
    return {
        elder_id: found[elder_id].drawn(view, _away(known[elder_id], month) if elder_id in known else [])
        for elder_id in ids
    }


def _named(worker: Worker | None) -> Row | None:
    return None if worker is None else {"id": str(worker.id), "name": worker.name}


def _visits(session: Session, centre: Centre, month: Period, ids: Collection[int]) -> dict[int, Found]:
    postgresql = on_postgresql(session)
    pictured = exists().where(CheckinPicture.visit_id == CheckinVisit.id, CheckinPicture.kind == PHOTO)
    rows = session.execute(
        select(CheckinVisit, CheckinRecord, Worker, pictured)
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
    for visit, record, worker, has_photo in rows:
        mine = found[visit.elder_id]
        doubts = [] if record is None else weak(record, has_photo=has_photo)
        mine.tasks.append(
            Task(
                VisitState(visit.state),
                visit.first,
                visit.last,
                None if visit.planned_at is None else people.day_of(centre, visit.planned_at),
                None if record is None else Seen(record.day, Mode(record.mode), bool(doubts)),
                tuple(tried.get(visit.id, ())),
                extra=visit.extra_round_id is not None,
            )
        )
        mine.worker = _named(worker) or mine.worker
        if record is not None:
            mine.evidence = doubts
    return found


def weak(record: CheckinRecord, *, has_photo: bool) -> list[str]:
    """Why the record alone is all that says so, or what is odd about it."""
    at_home = record.channel == APP and record.mode == Mode.HOME
    placed = record.distance_m is not None or record.card == "right" or has_photo
    odd = set(record.flags) - SAID_ALREADY
    found = {
        "late": record.late,
        "at_desk": record.channel != APP,
        "far": Oddity.FAR in record.flags,
        "no_place": at_home and not placed,
        "odd": bool(odd),
    }
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
