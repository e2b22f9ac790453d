"""An invented month of check-in visits in Jixi, and how rounds are made without a solver.

Divisions, their numbers of elders and the middles of counties are real (bench/jixi.py, config/areas/jixi.csv). Where
towns and communities lie in a county is not: sub-districts within 3 km of its middle, towns 4 to 30 km away, each with
eight communities, homes some hundred metres around the middle of one. Visitors begin and end at the station of a
division, as many in each as its elders are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, pi, radians, sin
from random import Random

import numpy as np
from numpy.typing import NDArray

from bench.jixi import COMMUNITIES, ELDERS
from dispatch.domain.helps.geography import EARTH_M, Point
from dispatch.domain.helps.rules import Travel
from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.problem import Place, Plan, Problem, Rest, Roads, Span, Visit, Visitor, Workday
from dispatch.domain.rounds.timing import free
from dispatch.settings import ROOT

ROADS = Roads(Travel(1.3, 22, 8), Travel(1.5, 40, 40))
"""As config/matching.yaml has them."""
LUNCH = Rest(Span(11 * 3600 + 1800, 13 * 3600), 3600)
MINUTES = (20, 25, 30)
NURSE = frozenset({"nurse"})


@dataclass
class Division:
    county: str
    country: bool
    station: tuple[float, float]
    communities: list[tuple[float, float]]
    weight: float


@dataclass(frozen=True)
class Size:
    visits: int
    visitors: int
    days: int = 0
    """0: the working days of a month."""
    whole_city: bool = False
    """Visitors go everywhere and not to their county only."""
    reserve: float = 0.1


def problem(size: Size, seed: int = 7) -> Problem:
    """In the order of the register: community after community."""
    chance = Random(seed)
    days = workdays(size.days)
    divisions = list(_divisions(chance))
    people = list(_people(chance, divisions, size, days))
    visits = list(_visits(chance, divisions, size, days))
    return Problem(tuple(visits), tuple(people), ROADS, size.reserve)


def workdays(count: int) -> tuple[date, ...]:
    november = [date(2026, 11, 1) + timedelta(days=number) for number in range(30)]
    return tuple([day for day in november if day.weekday() < 5][: count or None])


def _divisions(chance: Random) -> Iterator[Division]:
    with (ROOT / "config" / "areas" / "jixi.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    middles = {row["code"]: (float(row["lat"]), float(row["lon"])) for row in rows if row["level"] == "3"}
    for row in (row for row in rows if row["level"] == "4"):
        county, country = row["code"][:6], row["name"].endswith(("镇", "乡"))
        station = _near(chance, middles[county], chance.uniform(4, 30) if country else chance.uniform(0, 3))
        spread = 5 if country else 1.2
        homes = [_near(chance, station, chance.uniform(0, spread)) for _ in range(COMMUNITIES)]
        yield Division(county, country, station, homes, chance.uniform(0.6, 1.4) * (0.6 if country else 1.2))


def _near(chance: Random, middle: tuple[float, float], km: float) -> tuple[float, float]:
    angle = chance.random() * 2 * pi
    lat = middle[0] + km * sin(angle) / 111.2
    return lat, middle[1] + km * cos(angle) / 111.2 / cos(radians(lat))


def _shares(whole: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion that add up."""
    given = [0] * len(weights)
    for _ in range(whole):
        given[max(range(len(weights)), key=lambda number: weights[number] / (given[number] + 1))] += 1
    return given


def _by_division(divisions: Sequence[Division], whole: int) -> Iterator[tuple[Division, int]]:
    for county, number in zip(ELDERS, _shares(whole, list(ELDERS.values())), strict=True):
        mine = [one for one in divisions if one.county == county]
        yield from zip(mine, _shares(number, [one.weight for one in mine]), strict=True)


def _people(chance: Random, divisions: Sequence[Division], size: Size, days: Sequence[date]) -> Iterator[Visitor]:
    """A quarter are nurses; one day in twenty-five of a month somebody is away."""
    number = 0
    for division, people in _by_division(divisions, size.visitors):
        for _ in range(people):
            number += 1
            base = Place(Point(*division.station), division.country)
            present = [day for day in days if len(days) == 1 or chance.random() > 0.04]
            yield Visitor(
                number,
                tuple(Workday(day, 8 * 3600, 17 * 3600, base, base, LUNCH) for day in present),
                NURSE if number % 4 == 0 else frozenset(),
                ("/",) if size.whole_city else (f"/{division.county}/",),
            )


def _visits(chance: Random, divisions: Sequence[Division], size: Size, days: tuple[date, ...]) -> Iterator[Visit]:
    """Three in a hundred need a nurse."""
    number = 0
    for division, visits in _by_division(divisions, size.visits):
        spread = 0.35 if division.country else 0.2
        for community in sorted(chance.choices(range(COMMUNITIES), k=visits)):
            number += 1
            point = Point(*_near(chance, division.communities[community], abs(chance.gauss(0, spread))))
            yield Visit(
                number,
                Place(point, division.country),
                chance.choice(MINUTES) * 60,
                days,
                area=f"/{division.county}/{community}/",
                skills=NURSE if chance.random() < 0.03 else frozenset(),
            )


def baseline(given: Problem, *, nearest: bool) -> Plan:
    """Round after round: always the nearest visit that still fits, or always the next of the list that fits.

    Fits means what it means to the planner: skill, area, shift, break, way back and reserve.
    """
    draft = Draft(given)
    counties = sorted({visitor.areas for visitor in given.visitors})
    for areas in counties:
        people = [visitor for visitor in given.visitors if visitor.areas == areas]
        visits = [visit for visit in given.visits if visit.area.startswith(areas)]
        _fill(draft, people, visits, nearest=nearest)
    return Plan(tuple(draft.rounds()), {visit.id: "full" for visit in given.visits if not draft.is_placed(visit.id)})


def _fill(draft: Draft, people: Sequence[Visitor], visits: Sequence[Visit], *, nearest: bool) -> None:
    homes = Homes([visit.place for visit in visits])
    seconds = np.array([visit.seconds for visit in visits])
    nurse = np.array([bool(visit.skills) for visit in visits])
    left = np.ones(len(visits), dtype=bool)
    for day in sorted({day.day for visitor in people for day in visitor.days}):
        for visitor in people:
            open_day = draft.days.get((visitor.id, day))
            if open_day is None or open_day.workday.start is None:
                continue
            base, order, used = open_day.workday.start, list[int](), 0.0
            able, back, here = left & (~nurse | bool(visitor.skills)), homes.ways(base), base
            while True:
                way = homes.ways(here)
                fits = able & (used + way + seconds + back <= open_day.allowance)
                if not fits.any():
                    break
                pick = int(np.where(fits, way, np.inf).argmin() if nearest else fits.argmax())
                used += float(way[pick]) + float(seconds[pick])
                able[pick] = False
                order.append(pick)
                here = visits[pick].place
            draft.set((visitor.id, day), [[free(visits[number]) for number in order]])
            left[[number for number in order if draft.is_placed(visits[number].id)]] = False


def least(visits: Sequence[Visit]) -> list[float]:
    """Seconds of each visit with the shortest way that can lead to it: from the nearest other home."""
    homes = Homes([visit.place for visit in visits])
    found = []
    for number, visit in enumerate(visits):
        ways = homes.ways(visit.place)
        ways[number] = np.inf
        found.append(visit.seconds + float(ways.min()))
    return found


class Homes:
    """Ways from one place to all homes, by the rule of ``Roads``."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._lat = np.radians([place.point.lat for place in places])
        self._lon = np.radians([place.point.lon for place in places])
        self._country = np.array([place.country for place in places])

    def ways(self, here: Place) -> NDArray[np.float64]:
        lat, lon = radians(here.point.lat), radians(here.point.lon)
        half = np.sin((self._lat - lat) / 2) ** 2
        half += cos(lat) * np.cos(self._lat) * np.sin((self._lon - lon) / 2) ** 2
        metres = 2 * EARTH_M * np.arcsin(np.sqrt(half))
        country = self._country | here.country
        return np.ceil(np.where(country, ROADS.country.minutes(metres), ROADS.town.minutes(metres)) * 60)
