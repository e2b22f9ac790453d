"""Who can be sent: their days, hours, skills and areas, where they begin, and what they have to do besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, pairwise
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import LIVE
from dispatch.domain.helps.geography import Point
from dispatch.domain.helps.shifts import Week
from dispatch.domain.rounds.problem import Block, Place, Rest, Visitor, Workday
from dispatch.domain.visits.plan import PlanState
from dispatch.domain.visits.visit import VisitState
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, ids_in, inside
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Station, Worker, WorkerArea, WorkerPosition, WorkerSkill
from dispatch.services.centre import Centre
from dispatch.services.rounds.days import SETTING_OUT, second_of
from dispatch.services.rounds.map import Atlas
from dispatch.services.workforce.weeks import weeks

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wanted:
    """For which plan, and when it is."""

    centre: Centre
    plan: CheckinPlan
    now: datetime
    atlas: Atlas


def read(session: Session, wanted: Wanted) -> dict[int, Visitor]:
    """By id: those of the right kind who go to the plan's area, or to a part of it."""
    rows = {row.id: row for row in session.execute(_rows(session, wanted)).all()}
    if not rows:
        return {}
    plan = wanted.plan
    areas, skills = _areas(session, wanted, rows), _skills(session, rows, plan.last)
    hours = weeks(session, list(rows), plan.first - DAY, plan.last)
    busy = _busy(session, wanted, rows)
    days = _Days(wanted, busy, _positions(session, wanted, rows))
    found = (
        Visitor(
            id=row.id,
            days=tuple(days.of(row, hours.get(row.id, Week(())))),
            skills=skills[row.id],
            areas=tuple(areas[row.id]),
        )
        for row in rows.values()
    )
    return {visitor.id: visitor for visitor in found}


def _rows(session: Session, wanted: Wanted) -> Any:
    area = session.get_one(Area, wanted.plan.area_id)
    around = ids_in(area.path)
    goes = (
        select(WorkerArea.worker_id)
        .join(Area, Area.id == WorkerArea.area_id)
        .where(or_(inside((area.path,)), Area.id.in_(around)))
    )
    return (
        select(Worker.id, Worker.area_id, Station.lat, Station.lon, Station.area_id.label("station_area"))
        .outerjoin(Station, Station.id == Worker.station_id)
        .where(
            Worker.active,
            Worker.kind.in_(sorted(wanted.centre.planning.kinds)),
            Worker.id.in_(goes),
        )
        .order_by(Worker.id)
    )


def _areas(session: Session, wanted: Wanted, who: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    served = select(WorkerArea.worker_id, WorkerArea.area_id).where(WorkerArea.worker_id.in_(sorted(who)))
    for worker, area in session.execute(served.order_by(WorkerArea.worker_id, WorkerArea.area_id)):
        found[worker].append(wanted.atlas.areas[area].path)
    return found


def _skills(session: Session, who: Collection[int], last: date) -> dict[int, frozenset[str]]:
    """Those whose paper is valid as long as the plan."""
    found: dict[int, set[str]] = defaultdict(set)
    valid = or_(WorkerSkill.valid_until.is_(None), WorkerSkill.valid_until >= last)
    rows = select(WorkerSkill.worker_id, WorkerSkill.skill).where(WorkerSkill.worker_id.in_(sorted(who)), valid)
    for worker, skill in session.execute(rows):
        found[worker].add(skill)
    return {worker: frozenset(found[worker]) for worker in who}


def _positions(session: Session, wanted: Wanted, who: Collection[int]) -> dict[int, Point]:
    """Where they are now, if that is known: only a plan of today asks for it."""
    fresh = wanted.now - wanted.centre.matching.position_age
    rows = select(WorkerPosition).where(WorkerPosition.worker_id.in_(sorted(who)), WorkerPosition.at >= fresh)
    return {one.worker_id: Point(one.lat, one.lon) for one in session.scalars(rows)}


Busy = Mapping[tuple[int, date], list[Block]]


def _busy(session: Session, wanted: Wanted, who: Collection[int]) -> Busy:
    """Services that they have promised, and check-in visits that this plan is not about or cannot move any more."""
    found: dict[tuple[int, date], list[Block]] = defaultdict(list)
    asked = (_services(wanted, who), _elsewhere(session, wanted, who), _seconds(wanted, who))
    for row in chain.from_iterable(map(session.execute, asked)):
        place = None if row.area_id is None else wanted.atlas.place(row.area_id, row.lat, row.lon)
        starts, ends = row.starts_at, row.starts_at + timedelta(minutes=row.minutes) if row.minutes else row.ends_at
        day = starts.astimezone(wanted.centre.zone).date()
        zone = wanted.centre.zone
        found[row.worker_id, day].append(Block(second_of(starts, day, zone), second_of(ends, day, zone), place))
    return found


def _from_to(wanted: Wanted) -> tuple[datetime, datetime]:
    zone = wanted.centre.zone
    first = datetime.combine(wanted.plan.first, datetime.min.time(), zone)
    return first - DAY, datetime.combine(wanted.plan.last, datetime.min.time(), zone) + 2 * DAY


def _services(wanted: Wanted, who: Collection[int]) -> Any:
    first, last = _from_to(wanted)
    return (
        select(
            Assignment.worker_id,
            Assignment.starts_at,
            Assignment.ends_at,
            (Assignment.id * 0).label("minutes"),
            Household.area_id,
            Household.lat,
            Household.lon,
        )
        .join(Case, Case.id == Assignment.case_id)
        .outerjoin(Household, Household.id == Case.household_id)
        .where(
            Assignment.worker_id.in_(sorted(who)),
            Assignment.state.in_(sorted(LIVE)),
            Assignment.starts_at < last,
            Assignment.ends_at > first,
        )
    )


def _elsewhere(session: Session, wanted: Wanted, who: Collection[int]) -> Any:
    """Of another area, or going on just now."""
    first, last = _from_to(wanted)
    area = session.get_one(Area, wanted.plan.area_id)
    return (
        select(
            CheckinVisit.worker_id,
            CheckinVisit.planned_at.label("starts_at"),
            CheckinVisit.planned_at.label("ends_at"),
            CheckinVisit.minutes,
            Household.area_id,
            Household.lat,
            Household.lon,
        )
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(
            CheckinVisit.state == VisitState.BOOKED,
            CheckinVisit.worker_id.in_(sorted(who)),
            CheckinVisit.planned_at >= first,
            CheckinVisit.planned_at < last,
            or_(~inside((area.path,)), CheckinVisit.planned_at <= wanted.now + timedelta(seconds=SETTING_OUT)),
        )
    )


def _seconds(wanted: Wanted, who: Collection[int]) -> Any:
    """Visits of two people of which they are the second: only the plan knows that."""
    first, last = _from_to(wanted)
    return (
        select(
            CheckinRound.worker_id,
            CheckinStop.starts_at,
            CheckinStop.ends_at,
            (CheckinStop.id * 0).label("minutes"),
            Household.area_id,
            Household.lat,
            Household.lon,
        )
        .join(CheckinRound, CheckinRound.id == CheckinStop.round_id)
        .join(CheckinPlan, CheckinPlan.id == CheckinStop.plan_id)
        .join(CheckinVisit, CheckinVisit.id == CheckinStop.visit_id)
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .where(
            CheckinStop.second,
            CheckinRound.worker_id.in_(sorted(who)),
            CheckinPlan.state == PlanState.PUBLISHED,
            CheckinVisit.state == VisitState.BOOKED,
            CheckinVisit.planned_at == CheckinStop.starts_at,
            CheckinStop.starts_at >= first,
            CheckinStop.starts_at < last,
        )
    )


class _Days:
    def __init__(self, wanted: Wanted, busy: Busy, positions: Mapping[int, Point]) -> None:
        self._wanted, self._busy, self._positions = wanted, busy, positions
        self._today = wanted.now.astimezone(wanted.centre.zone).date()

    def of(self, row: Any, week: Week) -> Iterator[Workday]:
        """Two shifts of a day are one day with a gap in it."""
        plan, zone = self._wanted.plan, self._wanted.centre.zone
        by_day: dict[date, list[tuple[datetime, datetime]]] = defaultdict(list)
        for begin, end in week.spans(plan.first, plan.last, zone):
            by_day[begin.date()].append((begin, end))
        for day in sorted(by_day):
            spans = sorted((second_of(a, day, zone), second_of(b, day, zone)) for a, b in by_day[day])
            if day != self._today:
                yield self._day(row, day, spans, 0)
            elif (now := second_of(self._wanted.now, day, zone) + SETTING_OUT) < spans[-1][1]:
                yield self._day(row, day, spans, now)

    def _day(self, row: Any, day: date, spans: list[tuple[int, int]], now: int) -> Workday:
        """``now``: the second of today from which on something can still be done; 0 on other days."""
        rules, base = self._wanted.centre.planning, self._base(row)
        starts, ends = max(spans[0][0], now), spans[-1][1]
        gaps = [Block(a, b) for (_, a), (b, _) in pairwise(spans) if b > max(a, starts)]
        here = self._here(row, base) if now > spans[0][0] else base
        blocks = [*gaps, *self._busy.get((row.id, day), [])]
        return Workday(
            day=day,
            starts=starts,
            ends=ends,
            start=here,
            end=base,
            rest=None if rules.rest is None else _rest(rules.rest, starts, ends, gaps),
            blocks=tuple(_ahead(blocks, starts)),
            most=rules.most_a_day,
        )

    def _base(self, row: Any) -> Place | None:
        return self._wanted.atlas.place(row.station_area or row.area_id, row.lat, row.lon)

    def _here(self, row: Any, base: Place | None) -> Place | None:
        known = self._positions.get(row.id)
        return base if known is None else Place(known, base.country if base is not None else False)


def _rest(rest: Rest, starts: int, ends: int, gaps: Iterable[Block]) -> Rest | None:
    """None: the day is over before it, begins after it, or has a gap that is as good."""
    first, last = rest.begins
    if ends <= first + rest.seconds or starts > last:
        return None
    free = any(gap.ends - max(gap.starts, first) >= rest.seconds and gap.starts <= last for gap in gaps)
    return None if free else rest


def _ahead(blocks: Iterable[Block], starts: int) -> Iterator[Block]:
    """What is over does not matter; of what goes on, the rest."""
    for block in sorted(blocks, key=lambda one: one.starts):
        if block.ends > starts:
            yield Block(max(block.starts, starts), block.ends, block.place)
