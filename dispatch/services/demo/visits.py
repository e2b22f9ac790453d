"""The invented centre's check-in visits: all of last month, and this one as far as it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.visits.form import Grade, Sheet
from dispatch.domain.visits.periods import DAY, Period, month_of
from dispatch.domain.visits.tries import Next, Why
from dispatch.domain.visits.visit import Mode, Trigger, VisitState
from dispatch.models.bulk import insert_many
from dispatch.models.places import Area
from dispatch.models.visit_records import CheckinReport
from dispatch.models.visits import (
    CheckinMonth,
    CheckinMonthElder,
    CheckinRecord,
    CheckinRefusal,
    CheckinStep,
    CheckinTry,
    CheckinVisit,
    ElderAbsence,
)
from dispatch.models.workforce import Worker
from dispatch.services.care.reach import begins, today
from dispatch.services.centre import Centre
from dispatch.services.demo.people import Home
from dispatch.services.visits import steps
from dispatch.services.visits.attempts import Attempt, as_json
from dispatch.services.visits.keeping import LATE, WAITING
from dispatch.services.visits.month import bring_up_to_date
from dispatch.services.visits.proof import APP, DESK
from dispatch.services.visits.tasks import step

VISITORS = frozenset({"worker", "volunteer", "social_worker", "grid_worker"})
LAST_MONTH, THIS_MONTH = 0.965, 0.93
"""Of those whose day has come, how many were met."""
REFUSES, SPOKEN, AT_DESK, BOOKED = 0.008, 0.04, 0.12, 0.75
FROM, TO = 8 * 60 + 30, 17 * 60
"""Minutes of the day between which somebody rings the bell."""


@dataclass(frozen=True)
class Team:
    """Who visits whom."""

    visitors: Sequence[tuple[int, str, str]]
    """Id, name and the path of the area."""
    paths: dict[int, str]
    """Of each elder's home."""

    def of(self, chance: Random, elder_id: int) -> tuple[int, str, str]:
        near = [one for one in self.visitors if self.paths[elder_id].startswith(one[2])]
        return chance.choice(near or self.visitors)


def build(session: Session, centre: Centre, chance: Random, homes: Sequence[Home], now: datetime) -> None:
    ids = [elder.id for home in homes for elder in home.elders]
    team = _team(session, homes)
    this = month_of(today(centre, now))
    absent = _absences(session, chance, homes, now)
    for month in (month_of(this.first - DAY), this):
        at = begins(centre, month.first)
        session.add(CheckinMonth(month=month.name, generated_at=at))
        session.flush()
        bring_up_to_date(session, centre, month, ids, at)
        _lived(session, centre, chance, team, (month, now))
        steps.lay(session, centre, month)
    _said(session, now)
    _nobody_opened(session, absent, now)
    _entered_late(session, centre, absent, now)
    bring_up_to_date(session, centre, this, ids, now)


def _absences(session: Session, chance: Random, homes: Sequence[Home], now: datetime) -> set[int]:
    """Since when those who are absent are: the first in hospital for longer than a month."""
    elders = [elder for home in homes for elder in home.elders if elder.absence_kind is not None]
    elders.sort(key=lambda elder: (elder.absence_kind != "hospital", elder.id))
    for n, elder in enumerate(elders):
        since = now - timedelta(days=chance.randint(1, 9) if n else 40)
        new = {"kind": elder.absence_kind, "begins_at": since, "until": elder.absence_until}
        session.add(ElderAbsence(elder_id=elder.id, recorded_by="李敏", **new))
    session.flush()
    return {elder.id for elder in elders}


def _said(session: Session, now: datetime) -> None:
    """What was due of the reminders before the demo began was said then."""
    done = {"done_at": CheckinStep.next_due_at, "next_due_at": None}
    session.execute(update(CheckinStep).where(CheckinStep.next_due_at <= now).values(done))


def _nobody_opened(session: Session, absent: set[int], now: datetime) -> None:
    """This morning, at one door of which nobody knows why: the second try is due until tomorrow."""
    open_ = select(CheckinVisit).where(CheckinVisit.state == VisitState.PLANNED, CheckinVisit.due_at > now)
    here = open_.where(CheckinVisit.elder_id.not_in(absent)).order_by(CheckinVisit.id.desc())
    visit = session.scalars(here.limit(1)).first()
    if visit is None:
        return
    at = now - timedelta(hours=3)
    new = {"mode": Mode.HOME, "at": at, "why": Why.NO_ANSWER, "reason": "敲门没有人应，邻居也不清楚"}
    session.add(CheckinTry(visit_id=visit.id, recorded_at=at, recorded_by="李敏", **new))
    visit.tries, visit.due, visit.next_due_at = 1, Next.SECOND_TRY.value, at + timedelta(hours=24)
    session.flush()


def _entered_late(session: Session, centre: Centre, absent: set[int], now: datetime) -> None:
    """A paper from a village came days later: somebody else is to say that it was so."""
    ended = now - timedelta(days=2)
    day = today(centre, ended)
    open_ = select(CheckinVisit).where(CheckinVisit.state == VisitState.PLANNED, CheckinVisit.tries == 0)
    here = open_.where(CheckinVisit.first <= day, CheckinVisit.last >= day, CheckinVisit.elder_id.not_in(absent))
    visit = session.scalars(here.order_by(CheckinVisit.id).limit(1)).first()
    if visit is None:
        return
    items = dict.fromkeys(centre.visits.form.asked(day, Mode.HOME), Grade.GOOD) | {"gas": Grade.POOR}
    sheet = Sheet(items, economy="tight", supporter="called", policy=True)
    began, note = ended - timedelta(minutes=25), "炉子有点漏烟，已提醒开窗"
    said = Attempt(met=True, mode=Mode.HOME, started_at=began, ended_at=ended, sheet=sheet, note=note)
    who = {"entered_by": "user:0", "entered_name": "李敏", "entered_at": now - timedelta(hours=1)}
    why = "村里没有信号，纸质记录今天才送到"
    session.add(CheckinReport(visit_id=visit.id, why=LATE, state=WAITING, said=as_json(said), reason=why, **who))
    session.flush()


def _team(session: Session, homes: Sequence[Home]) -> Team:
    paths = {row[0]: row[1] for row in session.execute(select(Area.id, Area.path))}
    workers = session.scalars(select(Worker).where(Worker.active, Worker.kind.in_(VISITORS)).order_by(Worker.id))
    return Team(
        [(worker.id, worker.name, paths[worker.area_id]) for worker in workers],
        {elder.id: paths[home.household.area_id] for home in homes for elder in home.elders},
    )


def _lived(session: Session, centre: Centre, chance: Random, team: Team, when: tuple[Period, datetime]) -> None:
    month, now = when
    day = today(centre, now)
    over = month.last < day
    records, refusals = [], []
    visits = session.scalars(
        select(CheckinVisit).where(CheckinVisit.period == month.name).order_by(CheckinVisit.id)
    ).all()
    for visit in visits:
        visitor = team.of(chance, visit.elder_id)
        on = visit.first + timedelta(days=chance.randrange((visit.last - visit.first).days + 1))
        drawn = chance.random()
        if drawn < REFUSES and on < day:
            step(visit, Trigger.REFUSE, now)
            refusals.append(_refusal(visit, on, visitor[1], _at(centre, chance, on)))
        elif on < day and drawn < (LAST_MONTH if over else THIS_MONTH):
            step(visit, Trigger.RECORD, now)
            visit.worker_id = visitor[0]
            records.append(_record(centre, visit, visitor, Seen(on, _at(centre, chance, on), chance.random())))
        elif over:
            step(visit, Trigger.RUN_OUT, now)
        elif on >= day and chance.random() < BOOKED:
            step(visit, Trigger.BOOK, now)
            visit.worker_id, visit.planned_at, visit.minutes = visitor[0], _at(centre, chance, on), 20
    insert_many(session, CheckinRecord, records)
    insert_many(session, CheckinRefusal, refusals)
    _seen(session, month, records, refusals)


def _at(centre: Centre, chance: Random, on: date) -> datetime:
    return begins(centre, on) + timedelta(minutes=5 * chance.randrange(FROM // 5, TO // 5))


@dataclass(frozen=True)
class Seen:
    day: date
    at: datetime
    drawn: float


def _record(centre: Centre, visit: CheckinVisit, visitor: tuple[int, str, str], seen: Seen) -> dict[str, Any]:
    spoken, desk, at = seen.drawn < SPOKEN, seen.drawn < SPOKEN + AT_DESK, seen.at
    ends = at + timedelta(minutes=8 if spoken else 25)
    asked = [] if desk else centre.visits.form.asked(seen.day, Mode.HOME)
    items = dict.fromkeys(asked, Grade.GOOD.value)
    if asked and visit.id % 7 == 0:
        items[asked[visit.id % len(asked)]] = (Grade.MEDIUM if visit.id % 3 else Grade.POOR).value
    return {
        "day": seen.day,
        "visit_id": visit.id,
        "elder_id": visit.elder_id,
        "mode": Mode.PHONE if spoken else Mode.HOME,
        "started_at": at,
        "ended_at": ends,
        "worker_id": visitor[0],
        "recorded_at": ends,
        "recorded_by": visitor[1],
        "late": False,
        "client_uuid": None if desk else f"demo-{visit.id}",
        "channel": DESK if desk else APP,
        "distance_m": None if desk or spoken else 12.0,
        "flags": [],
        "items": items,
        "more": {} if desk else {"economy": "enough", "supporter": "came", "policy": True, "needs": []},
        "completed_at": None if desk else ends,
        "completed_by": None if desk else visitor[1],
    }


def _refusal(visit: CheckinVisit, on: date, name: str, at: datetime) -> dict[str, Any]:
    return {
        "elder_id": visit.elder_id,
        "visit_id": visit.id,
        "refused_on": on,
        "until": on,
        "said_by": "本人",
        "note": "说身体好，不用来",
        "recorded_at": at,
        "recorded_by": name,
    }


def _seen(session: Session, month: Period, records: list[dict[str, Any]], refusals: list[dict[str, Any]]) -> None:
    """Into the list of the month."""
    met = [one for one in records if one["mode"] == Mode.HOME]
    key = {"month": month.name}
    rows = [key | {"elder_id": one["elder_id"], "visited_on": one["day"], "mode": one["mode"]} for one in met]
    said = [key | {"elder_id": one["elder_id"], "refused": True} for one in refusals]
    for several in filter(None, (rows, said)):
        session.execute(update(CheckinMonthElder), several)
