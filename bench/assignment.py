"""A simulated day of the demo's city: whom we would send against whoever is nearest and free.

.venv/bin/python bench/assignment.py [--visits 70] [--emergencies 12] [--days 40]

Both ways meet the same requests and the same people: who says yes to what is drawn beforehand. Some elders ask for the
same help day after day. What both may not do is the same too (skill, certificate, hours, capacity, another job); the
one then asks by points, the other by minutes alone. Nobody is moved for real; no database is written after the seed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import select

from dispatch.domain.case import Help
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.helps.geography import Point
from dispatch.domain.helps.matching import Candidate, Facts, Need, rank
from dispatch.domain.helps.replay import gini
from dispatch.domain.helps.rules import MatchRules
from dispatch.domain.helps.shifts import Week
from dispatch.models.places import Household
from dispatch.models.workforce import Station, Worker, WorkerPosition, WorkerSkill
from dispatch.services.centre import Centre
from dispatch.services.demo.seed import seed_demo
from dispatch.services.workforce.weeks import weeks
from tests.support import databases, factories

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
"""Eight o'clock in the centre's zone."""
HOURS = 9
A_DAY = 10_000
"""Numbers of requests."""
REGULAR = 40
"""Elders who ask every day; the others of the city ask now and then."""
REGULAR_SHARE = 0.6
WAIT_EMERGENCY, WAIT_SERVICE = 75, 60
"""Seconds until those who were asked and did not say yes are given up."""
SERVICES = (Help.MEAL, Help.BATH, Help.MEDICAL, Help.CLEAN, Help.MOBILITY, Help.SHOPPING, Help.CHAT)


@dataclass
class Helper:
    """One of the city, as the day has left them."""

    facts: dict[str, Facts]
    """By skill."""
    yes: float
    """How often they take what they are offered."""
    place: Point
    free_at: datetime = START
    jobs: int = 0
    offers: list[datetime] = field(default_factory=list)
    accepted: int = 0
    visits: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Request:
    number: int
    at: datetime
    elder: int
    home: Point
    emergency: bool
    help: Help
    skill: str


@dataclass
class Day:
    """What came of it."""

    emergencies: list[float] = field(default_factory=list)
    services: list[float] = field(default_factory=list)
    """Minutes from the request until somebody was there."""
    again: int = 0
    served: int = 0
    nobody: int = 0
    asked: int = 0
    offers: Counter[int] = field(default_factory=Counter)


Order = Callable[[Sequence[Candidate]], Sequence[Candidate]]


def by_points(found: Sequence[Candidate]) -> Sequence[Candidate]:
    return found


def by_minutes(found: Sequence[Candidate]) -> Sequence[Candidate]:
    return sorted(found, key=lambda one: (one.way.minutes if one.way else 1e9, one.facts.id))


class City:
    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        with centre.database.reads() as session:
            homes = session.scalars(select(Household).where(Household.lat.is_not(None)).order_by(Household.id)).all()
            self.homes = [(home.id, Point(home.lat or 0, home.lon or 0)) for home in homes]
            stations = {one.id: Point(one.lat or 0, one.lon or 0) for one in session.scalars(select(Station))}
            places = {one.worker_id: Point(one.lat, one.lon) for one in session.scalars(select(WorkerPosition))}
            workers = session.scalars(select(Worker).where(Worker.active).order_by(Worker.id)).all()
            day = START.astimezone(centre.zone).date()
            hours = weeks(session, [one.id for one in workers], day - timedelta(days=1), day)
            chance = Random(11)
            self._helpers = {
                one.id: Helper({}, chance.uniform(0.5, 0.98), places[one.id]) for one in workers if one.id in places
            }
            by_id = {one.id: one for one in workers}
            for skill in session.scalars(select(WorkerSkill)):
                if (worker := by_id.get(skill.worker_id)) is None or worker.id not in self._helpers:
                    continue
                self._helpers[worker.id].facts[skill.skill] = Facts(
                    id=worker.id,
                    kind=WorkerKind(worker.kind),
                    sex=worker.sex,
                    languages=frozenset(worker.languages),
                    level=skill.level,
                    certificate=skill.certificate,
                    valid_until=skill.valid_until,
                    in_area=False,
                    week=hours.get(worker.id, Week(())),
                    position=None,
                    position_at=None,
                    station=stations.get(worker.station_id or 0),
                    capacity=worker.capacity,
                )

    def fresh(self) -> dict[int, Helper]:
        return {one: replace(helper, offers=[], visits=Counter()) for one, helper in self._helpers.items()}

    def requests(self, day: int, visits: int, emergencies: int) -> list[Request]:
        """Of one day, by time; the same for both ways."""
        chance = Random(f"day {day}")
        begin = START + timedelta(days=day)
        found = []
        for n in range(visits + emergencies):
            urgent = n < emergencies
            regular = not urgent and chance.random() < REGULAR_SHARE
            which = chance.randrange(REGULAR) * 17 if regular else chance.randrange(len(self.homes))
            elder, home = self.homes[which % len(self.homes)]
            at = begin + timedelta(minutes=chance.uniform(0, HOURS * 60))
            wanted = SERVICES[elder % len(SERVICES)] if regular else chance.choice(SERVICES)
            help_ = Help.EMERGENCY if urgent else wanted
            skill = self.centre.catalogue.usual(help_).skill
            found.append(Request(day * A_DAY + n, at, elder, home, urgent, help_, skill))
        return sorted(found, key=lambda one: one.at)


def live(city: City, days: int, visits: int, emergencies: int, order: Order) -> Day:
    helpers, told = city.fresh(), Day()
    for day in range(days):
        for helper in helpers.values():
            helper.jobs, helper.free_at = 0, START + timedelta(days=day)
        for request in city.requests(day, visits, emergencies):
            serve(city, helpers, request, order, told)
    return told


def serve(city: City, helpers: dict[int, Helper], request: Request, order: Order, told: Day) -> None:
    rules = city.centre.matching
    need = _need(city.centre, request)
    at, passed = request.at, set[int]()
    for _round in range(6):
        known = [_facts(request, one, helper, rules, at) for one, helper in helpers.items() if one not in passed]
        found = order(rank(replace(need, now=at), [one for one in known if one is not None], rules).candidates)
        batch = found[: 3 if request.emergency else 1]
        if not batch:
            break
        told.asked += len(batch)
        for one in batch:
            told.offers[one.facts.id] += 1
            helpers[one.facts.id].offers.append(at)
        yes = [(_patience(request, one), one) for one in batch if _says_yes(request, one, helpers)]
        if yes:
            _go(helpers, request, told, at, min(yes, key=lambda one: one[0]))
            return
        passed |= {one.facts.id for one in batch}
        at += timedelta(seconds=WAIT_EMERGENCY if request.emergency else WAIT_SERVICE)
    told.nobody += 1


def _need(centre: Centre, request: Request) -> Need:
    item = centre.catalogue.usual(request.help)
    return Need(
        item=item,
        at=(request.at - timedelta(days=request.number // A_DAY)).astimezone(
            centre.zone
        ),  # each day is the same weekday
        now=request.at,
        minutes=item.minutes,
        place=request.home,
        travel=centre.matching.travel["town"],
        soon=True,
        emergency=request.emergency,
        certificate=centre.catalogue.skills[item.skill].certificate,
    )


def _facts(request: Request, number: int, helper: Helper, rules: MatchRules, at: datetime) -> Facts | None:
    """None: without the skill, or on a job. The area keeps nobody away: with so few an operator sets it aside."""
    facts = helper.facts.get(request.skill)
    if facts is None or helper.free_at > at:
        return None
    lately = [one for one in helper.offers if one >= at - rules.fair_days]
    return replace(
        facts,
        id=number,
        in_area=True,
        position=helper.place,
        position_at=at,
        load=helper.jobs,
        visits=helper.visits[request.elder],
        offers_lately=len(lately),
        asked=len(helper.offers),
        accepted=helper.accepted,
    )


def _draw(request: Request, one: Candidate) -> Random:
    return Random(f"{request.number} {one.facts.id}")


def _says_yes(request: Request, one: Candidate, helpers: dict[int, Helper]) -> bool:
    return _draw(request, one).random() < helpers[one.facts.id].yes


def _patience(request: Request, one: Candidate) -> float:
    chance = _draw(request, one)
    chance.random()
    return chance.uniform(5, 45)


def _go(helpers: dict[int, Helper], request: Request, told: Day, at: datetime, who: tuple[float, Candidate]) -> None:
    seconds, one = who
    helper = helpers[one.facts.id]
    minutes = one.way.minutes if one.way else 0.0
    there = at + timedelta(seconds=seconds, minutes=minutes)
    took = (there - request.at).total_seconds() / 60
    (told.emergencies if request.emergency else told.services).append(took)
    told.served += not request.emergency
    told.again += not request.emergency and helper.visits[request.elder] > 0
    helper.visits[request.elder] += 1
    helper.accepted += 1
    helper.jobs += 1
    helper.place, helper.free_at = request.home, there + timedelta(minutes=30)


def figures(told: Day, everybody: Sequence[int]) -> dict[str, float]:
    def p95(values: list[float]) -> float:
        return sorted(values)[int(len(values) * 0.95)] if values else float("nan")

    return {
        "emergency, mean minutes": statistics.mean(told.emergencies),
        "emergency, p95 minutes": p95(told.emergencies),
        "service, mean minutes": statistics.mean(told.services),
        "service, p95 minutes": p95(told.services),
        "continuity, share of services": told.again / max(1, told.served),
        "offers a visit": told.asked / max(1, len(told.emergencies) + len(told.services)),
        "Gini of offers": gini([told.offers[one] for one in everybody]),
        "nobody went": told.nobody,
    }


def lines(city: City, given: argparse.Namespace) -> Iterator[str]:
    everybody = sorted(city.fresh())
    days = [live(city, given.days, given.visits, given.emergencies, order) for order in (by_points, by_minutes)]
    ours, nearest = (figures(told, everybody) for told in days)
    yield f"{len(everybody)} helpers, {len(city.homes)} homes"
    yield f"{given.days} days of {given.visits} visits and {given.emergencies} emergencies"
    yield f"{'':32}{'ours':>10}{'nearest':>10}{'ratio':>8}"
    for name, value in ours.items():
        ratio = value / nearest[name] if nearest[name] else float("nan")
        yield f"{name:32}{value:>10.2f}{nearest[name]:>10.2f}{ratio:>8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=70)
    parser.add_argument("--emergencies", type=int, default=12)
    parser.add_argument("--days", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        url = databases.copy_sqlite(databases.sqlite_template(home), home)
        centre = factories.make_centre(url, home)
        seed_demo(centre, START)
        for text in lines(City(centre), given):
            print(text)
        centre.database.engine.dispose()


if __name__ == "__main__":
    main()
