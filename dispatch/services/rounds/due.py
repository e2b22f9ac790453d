"""Which visits a plan is about: those that wait for a visitor, those that stay as they are, and those freed for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.rounds.problem import Place, Promise, Span, Visit, Visitor
from dispatch.domain.rounds.reasons import Reason
from dispatch.domain.visits.due import Away
from dispatch.domain.visits.visit import OPEN, VisitState
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.rounds import CheckinPlan
from dispatch.models.visits import CheckinRecord, CheckinVisit
from dispatch.models.workforce import Wish, Worker
from dispatch.services.centre import Centre
from dispatch.services.rounds.days import SETTING_OUT, second_of
from dispatch.services.rounds.map import Atlas
from dispatch.services.visits import people

AGAIN = 5
"""A second try, and what was asked for by name, counts for so many others."""


@dataclass(frozen=True)
class Asked:
    """Of a plan, with what it needs to know of the world."""

    centre: Centre
    plan: CheckinPlan
    now: datetime
    atlas: Atlas
    visitors: Mapping[int, Visitor]

    @property
    def today(self) -> date:
        return self.now.astimezone(self.centre.zone).date()

    def works(self, booked: Promise) -> bool:
        """Of those who are not sent here nobody knows better."""
        visitor = self.visitors.get(booked.visitor)
        return visitor is None or any(
            day.day == booked.day
            and (day.day == self.today or day.starts <= booked.starts)
            and booked.starts < day.ends
            for day in visitor.days
        )


@dataclass(frozen=True)
class Due:
    visits: tuple[Visit, ...]
    outright: Mapping[int, Reason]
    """Visits that no planner can place: the home is on no map, the elder is away."""
    versions: Mapping[int, int]
    booked: Mapping[int, Promise]
    """As it stands now, also of what is freed."""


def read(session: Session, asked: Asked) -> Due:
    rows = session.execute(_rows(session, asked)).all()
    elders = {row.elder_id for row in rows}
    more = _More(
        away=people.absences(session, asked.centre, elders),
        came=_came(session, elders),
        wishes=_wishes(session, elders),
    )
    visits: list[Visit] = []
    outright: dict[int, Reason] = {}
    booked = {row.id: promise for row in rows if (promise := _promise(asked, row)) is not None}
    gone = _gone(session, {promise.visitor for promise in booked.values()})
    for row in rows:
        promise = booked.get(row.id)
        if promise is not None and promise.visitor not in gone and _is_due_now(asked, promise):
            continue  # it is going on, or was, and nobody said so: not a planner's business
        place = asked.atlas.place(row.area_id, row.lat, row.lon)
        if place is None:
            outright[row.id] = Reason.NO_PLACE
            continue
        lost = promise is not None and promise.visitor in gone
        for visit in _visits(asked, more, row, _Spot(place, promise, lost, row.confirmed_at is not None)):
            if visit.days or visit.promised is not None or not more.away.get(row.elder_id):
                visits.append(visit)
            else:
                outright[row.id] = Reason.ABSENT
    return Due(tuple(visits), outright, {row.id: row.version for row in rows}, booked)


@dataclass(frozen=True)
class _More:
    """What is known of the elders."""

    away: Mapping[int, list[Away]]
    came: Mapping[int, int]
    """Who came last time."""
    wishes: Mapping[int, dict[int, bool]]


@dataclass(frozen=True)
class _Spot:
    place: Place
    booked: Promise | None
    gone: bool
    """Its visitor works here no more."""
    promised: bool
    """The elder, or the family, has said that the time is well."""


def _rows(session: Session, asked: Asked) -> Any:
    plan = asked.plan
    area = session.get_one(Area, plan.area_id)
    return (
        select(
            CheckinVisit.id,
            CheckinVisit.elder_id,
            CheckinVisit.first,
            CheckinVisit.last,
            CheckinVisit.risk,
            CheckinVisit.state,
            CheckinVisit.worker_id,
            CheckinVisit.planned_at,
            CheckinVisit.minutes,
            CheckinVisit.confirmed_at,
            CheckinVisit.next_due_at,
            CheckinVisit.version,
            Household.area_id,
            Household.lat,
            Household.lon,
        )
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(
            CheckinVisit.state.in_(sorted(OPEN)),
            CheckinVisit.first <= plan.last,
            CheckinVisit.last >= plan.first,
            inside((area.path,)),
        )
        .order_by(Area.path, Household.id, CheckinVisit.id)
    )


def _promise(asked: Asked, row: Any) -> Promise | None:
    """Who comes and when, of a visit that is booked."""
    if row.state != VisitState.BOOKED or row.planned_at is None or row.worker_id is None:
        return None
    day = row.planned_at.astimezone(asked.centre.zone).date()
    return Promise(row.worker_id, day, second_of(row.planned_at, day, asked.centre.zone))


def _gone(session: Session, workers: Collection[int]) -> frozenset[int]:
    return frozenset(session.scalars(select(Worker.id).where(Worker.id.in_(sorted(workers)), ~Worker.active)))


def _is_due_now(asked: Asked, booked: Promise) -> bool:
    """Today, and begun or about to, with somebody who is at work."""
    soon = second_of(asked.now, asked.today, asked.centre.zone) + SETTING_OUT
    return booked.day == asked.today and booked.starts <= soon and asked.works(booked)


def _visits(asked: Asked, more: _More, row: Any, spot: _Spot) -> Iterator[Visit]:
    """One, or two for two people; none where the plan is not about it."""
    rules, plan = asked.centre.planning, asked.plan
    seconds = 60 * row.minutes if spot.booked is not None and row.minutes else rules.length(row.risk)
    wishes, again = more.wishes.get(row.elder_id, {}), row.next_due_at is not None
    visit = Visit(
        id=row.id,
        place=spot.place,
        seconds=seconds,
        days=tuple(_days(asked, row, more.away.get(row.elder_id, []))),
        begins=(Span(rules.hours.first, max(rules.hours.first, rules.hours.last - seconds)),),
        area=asked.atlas.areas[row.area_id].path,
        skills=frozenset({rules.skills[row.risk]}) if row.risk in rules.skills else frozenset(),
        preferred=next((worker for worker, wanted in wishes.items() if wanted), more.came.get(row.elder_id)),
        refused=frozenset(worker for worker, wanted in wishes.items() if not wanted),
        priority=AGAIN if again or row.id in plan.visit_ids else rules.priorities.get(row.risk, 1),
    )
    if spot.booked is not None:
        if _stays(asked, spot, spot.booked):
            if plan.first <= spot.booked.day <= plan.last:
                yield replace(visit, promised=spot.booked)
            return
        visit = replace(visit, preferred=spot.booked.visitor)
    if plan.visit_ids and row.id not in plan.visit_ids:
        return
    if row.risk in rules.two_for:
        yield replace(visit, twin=-row.id)
        yield replace(visit, id=-row.id, twin=row.id, preferred=None)
    else:
        yield visit


def _stays(asked: Asked, spot: _Spot, booked: Promise) -> bool:
    """Whoever was to come works then, and nobody asked for everything anew, but for what was promised. Missed on a day
    before: free.
    """
    if spot.gone or booked.day < asked.today:
        return False
    if not asked.plan.first <= booked.day <= asked.plan.last:
        return True
    return asked.works(booked) and (spot.promised or not (asked.plan.anew and booked.day > asked.today))


def _days(asked: Asked, row: Any, away: Collection[Away]) -> Iterator[date]:
    """Working days within its own days and the plan's, on which the elder is there."""
    plan, workday = asked.plan, asked.centre.followup.complaint.is_workday
    first, last = max(plan.first, row.first), min(plan.last, row.last)
    if row.next_due_at is not None:
        last = min(last, max(first, row.next_due_at.astimezone(asked.centre.zone).date()))
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        gone = any(one.first <= day and (one.last is None or day <= one.last) for one in away)
        if not gone and (workday(day) or row.next_due_at is not None or plan.first == plan.last):
            yield day


def _came(session: Session, elders: Collection[int]) -> dict[int, int]:
    postgresql = on_postgresql(session)
    newest = (
        select(func.max(CheckinRecord.id))
        .where(
            among(CheckinRecord.elder_id, "ids", postgresql=postgresql),
            CheckinRecord.worker_id.is_not(None),
        )
        .group_by(CheckinRecord.elder_id)
    )
    found = session.execute(
        select(CheckinRecord.elder_id, CheckinRecord.worker_id).where(CheckinRecord.id.in_(newest)),
        {"ids": ids_for(elders, postgresql=postgresql)},
    )
    return {elder: worker for elder, worker in found if worker is not None}


def _wishes(session: Session, elders: Collection[int]) -> dict[int, dict[int, bool]]:
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(Wish.elder_id, Wish.worker_id, Wish.wanted).where(among(Wish.elder_id, "ids", postgresql=postgresql)),
        {"ids": ids_for(elders, postgresql=postgresql)},
    )
    found: dict[int, dict[int, bool]] = defaultdict(dict)
    for elder, worker, wanted in rows:
        found[elder][worker] = wanted
    return found
