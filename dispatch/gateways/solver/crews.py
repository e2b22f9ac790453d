"""Which visitors are planned together, and which visits are for them at first: territories of equal load.

Each crew (visitors who begin at one place and may do the same) has a price, added to the way from its place to a visit.
A visit goes where way and price are least. Prices of those who have too much rise until all have their share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.problem import Place, Problem, Visit
from dispatch.gateways.solver.build import road_pairs
from dispatch.gateways.solver.ways import between

ROUNDS = 150
STEP = 900.0
"""Seconds by which a price moves at first when a crew has twice its share, or nothing."""
NEVER = 1e9
PER_VISIT = 180
"""Seconds of way that a visit is thought to take before anything is planned."""
MORE = 1.1
"""Of what their hours hold: so much more work is given to the solver, which leaves out what fits worst."""


@dataclass
class Crew:
    visitors: list[int]
    place: Place
    visits: list[Visit] = field(default_factory=list)

    @property
    def spot(self) -> tuple[float, float]:
        return self.place.point.lat, self.place.point.lon


def by_place(draft: Draft, visits: Sequence[Visit]) -> list[Crew]:
    """With the visits that each begins with; one that nobody may make is in none."""
    made = _crews(draft, visits)
    for visit, crew in zip(visits, _shared(draft, made, visits), strict=True):
        if crew is not None:
            made[crew].visits.append(visit)
    return made


def by_plan(draft: Draft, visits: Sequence[Visit]) -> list[Crew]:
    """One of each visitor, in the middle of what is theirs in the draft; who has no place yet goes to the nearest."""
    where = {visit.id: visit for visit in visits}
    made: dict[int, Crew] = {}
    for key, day in draft.days.items():
        if not day.closed:
            crew = made.setdefault(key[0], Crew([key[0]], day.workday.start or _middle([v.place for v in visits])))
            crew.visits += [where[one.visit] for one in day.items if one.visit in where]
    found = list(made.values())
    for crew in found:
        if crew.visits:
            crew.place = _middle([visit.place for visit in crew.visits])
    left = [visit for visit in visits if not draft.is_placed(visit.id)]
    costs = _costs(draft.problem, found, left)
    for visit, row in zip(left, costs, strict=True):
        if row.min() < NEVER:
            found[int(row.argmin())].visits.append(visit)
    return found


def parts(made: Sequence[Crew], most: int, cut: float) -> list[Crew]:
    """Neighbours together, up to ``most`` visits; ``cut``: where a group is divided, so that borders move."""
    found = _divided(made, most, cut)
    where = {visit.id: number for number, crew in enumerate(found) for visit in crew.visits}
    for number, crew in enumerate(found):
        for visit in list(crew.visits):
            home = where.get(min(visit.id, visit.twin or visit.id), number)
            if home != number:  # two visits that are made together are planned together
                crew.visits.remove(visit)
                found[home].visits.append(visit)
    return [crew for crew in found if crew.visits]


def fitting(draft: Draft, crew: Crew) -> list[Visit]:
    """Of far more visits than their days hold the most urgent, of these the shortest and nearest.

    A solver that must leave out many finds good rounds of the others late. What is left aside is put in afterwards
    where there is room. Two that are made together are never parted.
    """
    room = MORE * _room(draft, crew)
    if sum(visit.seconds + PER_VISIT for visit in crew.visits) <= room or any(visit.twin for visit in crew.visits):
        return crew.visits
    ways = between([_spot(crew.place)], road_pairs(draft.problem.roads), [_spot(visit.place) for visit in crew.visits])[
        0
    ]
    needs = [visit.seconds + PER_VISIT + int(way) // 5 for visit, way in zip(crew.visits, ways, strict=True)]
    found = []
    for number in sorted(range(len(needs)), key=lambda number: (-crew.visits[number].priority, needs[number])):
        room -= crew.visits[number].seconds + PER_VISIT
        if room < 0:
            break
        found.append(crew.visits[number])
    return found


def _divided(made: Sequence[Crew], most: int, cut: float) -> list[Crew]:
    whole = sum(len(crew.visits) for crew in made)
    if whole <= most or (len(made) == 1 and len(made[0].visitors) == 1):
        visitors = [visitor for crew in made for visitor in crew.visitors]
        visits = [visit for crew in made for visit in crew.visits]
        return [Crew(visitors, made[0].place, visits)] if visits else []
    if len(made) == 1:
        return [part for half in _halves(made[0]) for part in _divided([half], most, cut)]
    order = sorted(made, key=lambda crew: crew.spot[_longer([crew.spot for crew in made])])
    first = _cut_at([len(crew.visits) for crew in order], cut)
    return [*_divided(order[:first], most, cut), *_divided(order[first:], most, cut)]


def _halves(crew: Crew) -> list[Crew]:
    """Visitors of one place by two, with the visits on two sides of a line."""
    spots = [(visit.place.point.lat, visit.place.point.lon) for visit in crew.visits]
    axis = _longer(spots)
    visits = sorted(crew.visits, key=lambda visit: (visit.place.point.lat, visit.place.point.lon)[axis])
    people = len(crew.visitors) // 2
    first = len(visits) * people // len(crew.visitors)
    return [
        Crew(crew.visitors[:people], crew.place, visits[:first]),
        Crew(crew.visitors[people:], crew.place, visits[first:]),
    ]


def _longer(spots: Sequence[tuple[float, float]]) -> int:
    found = np.array(spots)
    lat, lon = np.ptp(found, axis=0)
    return int(lon * np.cos(np.radians(found[0, 0])) > lat)


def _cut_at(weights: Sequence[int], cut: float) -> int:
    sums = np.cumsum(weights)
    return int(np.clip(np.searchsorted(sums, sums[-1] * cut) + 1, 1, len(weights) - 1))


def _crews(draft: Draft, visits: Sequence[Visit]) -> list[Crew]:
    """Without visits. Who begins at one place is one crew, whatever each can do: between two that are equally far
    from everything the prices would never settle.
    """
    middle = _middle([visit.place for visit in visits])
    found: dict[Place, Crew] = {}
    for visitor in draft.problem.visitors:
        if not all(draft.days[visitor.id, day.day].closed for day in visitor.days):
            place = next((day.start for day in visitor.days if day.start is not None), middle)
            found.setdefault(place, Crew([], place)).visitors.append(visitor.id)
    return list(found.values())


def _shared(draft: Draft, made: list[Crew], visits: Sequence[Visit]) -> list[int | None]:
    costs = _costs(draft.problem, made, visits)
    load = np.array([visit.seconds + PER_VISIT for visit in visits], dtype=float)
    share = np.array([_room(draft, crew) for crew in made])
    share *= load.sum() / max(1.0, share.sum())
    prices, chosen, least = np.zeros(len(made)), costs.argmin(1), np.inf
    for turn in range(ROUNDS):
        who = (costs + prices).argmin(1)
        over = np.bincount(who, load, len(made)) / np.maximum(share, 1.0) - 1
        worst = float(np.clip(over, 0, None).max())
        if worst < least:
            chosen, least = who, worst
        prices += STEP / (1 + turn / 10) * np.clip(over, -1, 1)
    able = costs[np.arange(len(visits)), chosen] < NEVER
    return [int(crew) if can else None for crew, can in zip(chosen, able, strict=True)]


def _costs(problem: Problem, made: list[Crew], visits: Sequence[Visit]) -> NDArray[np.float64]:
    """The way from each visit to each crew; NEVER where it may not go there."""
    starts, homes = (
        [_spot(place) for place in found] for found in ((c.place for c in made), (v.place for v in visits))
    )
    costs = between(homes, road_pairs(problem.roads), starts).astype(np.float64)
    costs += np.random.default_rng(1).random(costs.shape)  # of those who live together not all to one
    members = [[problem.visitor[visitor] for visitor in crew.visitors] for crew in made]
    may: dict[object, NDArray[np.bool_]] = {}
    known = {visitor: number for number, crew in enumerate(made) for visitor in crew.visitors}
    for row, visit in enumerate(visits):
        key = (visit.area, visit.skills, visit.refused)
        if key not in may:
            may[key] = np.array([any(one.may(visit) for one in crew) for crew in members])
        costs[row, ~may[key]] = NEVER
        if visit.preferred in known:
            costs[row, known[visit.preferred]] -= STEP
    return costs


def _spot(place: Place) -> tuple[float, float, bool]:
    return place.point.lat, place.point.lon, place.country


def _room(draft: Draft, crew: Crew) -> float:
    wanted = set(crew.visitors)
    return sum(day.allowance for key, day in draft.days.items() if key[0] in wanted and not day.closed)


def _middle(places: Sequence[Place]) -> Place:
    points = sorted(places, key=lambda place: (place.point.lat, place.point.lon))
    return points[len(points) // 2]
