"""The 15-minute circle of every home: who asks for it anew, who works on it, and how far that has come.

Homes are read and written some thousands at a time, so memory does not grow with the city, and each portion is a
transaction of its own that says where it ended: a worker that dies costs one portion.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import structlog
from sqlalchemy import CursorResult, case, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.helps.circle import Nearest
from dispatch.domain.helps.geography import Point
from dispatch.domain.helps.rules import CircleRules, MatchRules
from dispatch.models.bulk import analyze, insert_many
from dispatch.models.circle import CircleRun, HomeCircle
from dispatch.models.places import Area, Household, ids_in
from dispatch.models.workforce import Station, Worker
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp

log = structlog.get_logger()
PORTION = 5_000
LEASE = timedelta(seconds=60)
HANDOVER = timedelta(seconds=10)
"""How long the broker may take to find a worker before the clock does it itself."""
DAY = timedelta(days=1)
OPEN, DONE = "open", "done"


@dataclass(frozen=True)
class Handover:
    run_id: int
    directly: bool


class Lost(Exception):
    """Somebody else has the run: stop, and commit nothing."""


def refresh(centre: Centre, actor: Actor | None, now: datetime) -> None:
    """All homes anew. One that is under way is enough."""
    try:
        with centre.database.sessions.begin() as session:
            if session.scalar(select(CircleRun.id).where(CircleRun.state == OPEN)) is not None:
                return
            session.add(
                CircleRun(
                    state=OPEN,
                    asked_at=now,
                    asked_by_id=None if actor is None else actor.user_id,
                    homes=session.scalar(select(func.count()).select_from(Household)) or 0,
                    done=0,
                    reached=0,
                    next_try_at=now,
                    handed_over=0,
                )
            )
    except IntegrityError:
        return  # somebody asked at the same moment


def tick(centre: Centre, now: datetime) -> None:
    """Once a night, at its hour or as soon as a clock runs again."""
    here = now.astimezone(centre.zone)
    due = here.replace(hour=centre.matching.circle.hour, minute=0, second=0, microsecond=0)
    if due > here:
        due -= DAY
    with centre.database.reads() as session:
        last = session.scalar(select(func.max(CircleRun.asked_at)))
    if last is None or last < due:
        refresh(centre, None, now)


def hand_over(centre: Centre, now: datetime) -> list[Handover]:
    """The run that waits for somebody; it comes again after ``HANDOVER`` unless it was claimed."""
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = session.scalar(select(CircleRun.id).where(CircleRun.next_try_at <= now))
    if due is None:
        return []
    with centre.database.sessions.begin() as session:
        run = session.get(CircleRun, due, with_for_update={"skip_locked": True})
        if run is None or run.next_try_at is None or run.next_try_at > now:
            return []
        run.handed_over += 1
        run.next_try_at = now + HANDOVER
        return [Handover(run.id, directly=run.handed_over > 1)]


def work(centre: Centre, run_id: int, time: Callable[[], datetime], *, portion: int = PORTION) -> None:
    """Safe to run twice and at any moment: the claim lets one through, and a killed one is gone on with."""
    name = _claim(centre, run_id, time())
    if name is None:
        return
    try:
        with centre.database.reads() as session:
            ways = Ways.read(session, centre.matching)
        mine = Mine(run_id, name, time, portion)
        while _portion(centre, mine, ways):
            pass
    except Lost:
        log.warning("circles_lost", run_id=run_id)


def _claim(centre: Centre, run_id: int, now: datetime) -> str | None:
    with centre.database.sessions.begin() as session:
        run = session.get(CircleRun, run_id, with_for_update={"skip_locked": True})
        silent = run is not None and (run.handed_over > 0 or run.claim is None)
        if run is None or run.state != OPEN or not silent:
            return None
        run.claim = secrets.token_hex(8)
        run.handed_over = 0
        run.next_try_at = now + LEASE
        return run.claim


@dataclass(frozen=True)
class Mine:
    """A run that is claimed."""

    run_id: int
    name: str
    time: Callable[[], datetime]
    portion: int


def _portion(centre: Centre, mine: Mine, ways: Ways) -> bool:
    """The next homes. False: there were none, and the run is done."""
    now = mine.time()
    is_mine = (CircleRun.id == mine.run_id) & (CircleRun.claim == mine.name)
    with centre.database.sessions.begin() as session:
        reached = session.scalar(select(CircleRun.reached).where(is_mine))
        if reached is None:
            raise Lost(str(mine.run_id))
        homes = session.execute(
            select(Household.id, Household.area_id, Household.lat, Household.lon)
            .where(Household.id > reached)
            .order_by(Household.id)
            .limit(mine.portion)
        ).all()
        last = homes[-1].id if homes else None
        stale = HomeCircle.household_id > reached
        session.execute(delete(HomeCircle).where(stale if last is None else stale & (HomeCircle.household_id <= last)))
        insert_many(session, HomeCircle, list(ways.rows(homes)))
        more: dict[str, Any] = (
            {"reached": last, "next_try_at": now + LEASE} if homes else {"state": DONE, "next_try_at": None}
        )
        if not homes:
            more["finished_at"] = now
            analyze(session, HomeCircle)
        kept = session.execute(
            update(CircleRun).where(is_mine).values(done=CircleRun.done + len(homes), handed_over=0, **more),
            execution_options={"synchronize_session": False},
        )
        assert isinstance(kept, CursorResult)
        if kept.rowcount != 1:
            raise Lost(str(mine.run_id))
    return bool(homes)


@dataclass(frozen=True)
class Ways:
    """Where the stations are and where helpers are based, and how fast people get about in each area."""

    stations: Nearest
    helpers: dict[WorkerKind, Nearest]
    country: dict[int, bool]
    rules: MatchRules

    @classmethod
    def read(cls, session: Session, rules: MatchRules) -> Ways:
        stations = session.execute(
            select(Station.id, Station.lat, Station.lon).where(
                Station.active, Station.lat.is_not(None), Station.lon.is_not(None)
            )
        )
        return cls(
            Nearest((one.id, Point(one.lat, one.lon)) for one in stations),
            {kind: Nearest(_bases(session, kind)) for kind in WorkerKind},
            country_areas(session, rules),
            rules,
        )

    def rows(self, homes: Any) -> Iterator[dict[str, Any]]:
        """Of those that have a place."""
        circle = self.rules.circle
        for home in homes:
            if home.lat is None or home.lon is None:
                continue
            where = Point(home.lat, home.lon)
            place = "country" if self.country.get(home.area_id) else "town"
            on_foot, driving = circle.on_foot[place], self.rules.travel[place]
            station = self.stations.of(where)
            row: dict[str, Any] = {
                "household_id": home.id,
                "station_id": None if station is None else station.key,
                "station_minutes": None if station is None else _whole(on_foot.minutes(station.metres)),
            }
            for kind, based in self.helpers.items():
                nearest = based.of(where)
                row[kind.value] = None if nearest is None else _whole(driving.minutes(nearest.metres))
            yield row


def _whole(minutes: float) -> int:
    """Rounded up, so that what is more than fifteen minutes away is outside of fifteen; next door is a minute."""
    return max(1, ceil(minutes))


def _bases(session: Session, kind: WorkerKind) -> Iterator[tuple[int, Point]]:
    """The places from which somebody of this kind sets out: their station, else the middle of their area.

    Where they are at the moment is nobody's circle: it is another place in an hour.
    """
    at_station = Station.lat.is_not(None) & Station.lon.is_not(None)
    lat = case((at_station, Station.lat), else_=Area.lat)
    lon = case((at_station, Station.lon), else_=Area.lon)
    places = (
        select(lat, lon)
        .select_from(Worker)
        .join(Area, Area.id == Worker.area_id)
        .outerjoin(Station, Station.id == Worker.station_id)
        .where(Worker.active, Worker.kind == kind, lat.is_not(None), lon.is_not(None))
        .distinct()
    )
    for n, place in enumerate(session.execute(places)):
        yield n, Point(*place)


def country_areas(session: Session, rules: MatchRules) -> dict[int, bool]:
    """Whether an area lies in the country, by its name and those around it."""
    areas = session.execute(select(Area.id, Area.name, Area.path)).all()
    rural = {one.id for one in areas if one.name.endswith(rules.country_names)}
    return {one.id: not rural.isdisjoint(ids_in(one.path)) for one in areas}


def state(centre: Centre) -> dict[str, Any]:
    """The rule, and how far the newest run has come."""
    rules: CircleRules = centre.matching.circle
    with centre.database.reads() as session:
        run = session.scalar(select(CircleRun).order_by(CircleRun.id.desc()).limit(1))
        last = session.scalar(select(func.max(CircleRun.finished_at)))
    running = run is not None and run.state == OPEN
    return {
        "minutes": rules.minutes,
        "as_of": stamp(last),
        "run": {"homes": run.homes, "done": run.done, "asked_at": stamp(run.asked_at)} if run and running else None,
    }


def of_home(session: Session, household_id: int) -> dict[str, Any] | None:
    """None: the home has no place, or is newer than the last run."""
    found = session.execute(
        select(HomeCircle, Station.name)
        .outerjoin(Station, Station.id == HomeCircle.station_id)
        .where(HomeCircle.household_id == household_id)
    ).first()
    if found is None:
        return None
    home: HomeCircle = found.HomeCircle
    return {
        "station": None if home.station_id is None else {"id": str(home.station_id), "name": found.name},
        "station_minutes": home.station_minutes,
        "helpers": {kind.value: getattr(home, kind.value) for kind in WorkerKind},
    }
