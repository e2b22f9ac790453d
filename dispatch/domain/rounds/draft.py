"""Rounds while they are made: each is always one that can be walked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from dispatch.domain.rounds.problem import Problem, Roads, Round, Stop, Visit, Visitor, Workday
from dispatch.domain.rounds.timing import Item, Times, at, booked, free, kept, legs, schedule, timed, with_fixed

Key = tuple[int, date]
"""Visitor and day."""
TRIES = 24
"""Rounds into which a visit is tried, the nearest ones."""


@dataclass
class OpenDay:
    visitor: Visitor
    workday: Workday
    fixed: list[Item]
    """What is promised and booked, in the order of time."""
    items: list[Item]
    allowance: float
    """Seconds for visits and ways beside what is fixed."""
    closed: bool = False
    """What is fixed cannot be walked as it stands (two at once, or too far apart): nothing is added to it."""
    ways: list[int] = field(default_factory=list)
    """To each item and back: of the items as they are."""

    def order(self, items: list[Item], roads: Roads) -> None:
        self.items, self.ways = items, legs(self.workday, items, roads)

    @property
    def most(self) -> int:
        return len(self.items) if self.closed else (self.workday.most if self.workday.most is not None else 10**6)

    def used(self, ways: int, items: Iterable[Item]) -> int:
        return ways + sum(one.seconds for one in items if not one.fixed)


class Draft:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        promised: dict[Key, list[Item]] = {}
        for visit, promise in problem.fixed():
            promised.setdefault((promise.visitor, promise.day), []).append(kept(visit, promise))
        self.days = {
            (visitor.id, workday.day): _open(problem, visitor, workday, promised.pop((visitor.id, workday.day), []))
            for visitor in problem.visitors
            for workday in visitor.days
        }
        self.strays = promised
        """Promised by people who have no working day then: they stay promised, and somebody must look."""
        self._where: dict[int, Key] = {}
        for key, day in self.days.items():
            self._order(key, day.items)

    def is_placed(self, visit: int) -> bool:
        return visit in self._where

    def set(self, key: Key, stretches: Sequence[Sequence[Item]]) -> None:
        """Make this the day: visits before, between and after what is fixed. What does not fit is left out."""
        day = self.days[key]
        self.clear(key)
        if not day.closed:
            self._settle(key, [one for one in woven(stretches, day.fixed) if one.fixed or self._is_able(key, one)])

    def clear(self, key: Key) -> None:
        """Nothing but what is fixed."""
        day = self.days[key]
        for one in day.items:
            if one.visit is not None and self._where.get(one.visit) == key:
                del self._where[one.visit]
        self._order(key, list(day.fixed))

    def clear_all(self) -> None:
        for key in self.days:
            self.clear(key)

    def deal(self, rounds: Sequence[tuple[Key, list[Item]]]) -> None:
        """Rounds of days of equal hours, each on another day."""
        for key, items in rounds:
            self._order(key, items)

    def take_out(self, visit: int) -> None:
        """And whatever does not fit without it: a way through the country can be faster than the one in the town."""
        key = self._where[visit]
        order = [one for one in self.days[key].items if one.visit != visit]
        self.clear(key)
        self._settle(key, order)

    def _settle(self, key: Key, order: list[Item]) -> None:
        day = self.days[key]
        while self._times(day, order) is None:
            worst = max((one for one in order if not one.fixed), key=lambda one: self._gain(day, order, one))
            order = [one for one in order if one is not worst]
        self._order(key, order)

    def _is_able(self, key: Key, item: Item) -> bool:
        visit = None if item.visit is None else self.problem.visit[item.visit]
        return visit is not None and key[1] in visit.days and self.days[key].visitor.may(visit)

    def insert(self, visit: Visit) -> bool:
        """Where it costs the shortest way, if anywhere. Twins: both or none."""
        if visit.twin is None:
            return self._insert(visit, free(visit))
        other = self.problem.visit.get(visit.twin)
        if other is None or self.is_placed(other.id):
            return False
        for key in self._nearest(visit, free(visit)):
            before, starts = self.days[key].items, self._begin_in(key, visit)
            if starts is None or not self._put(key, at(visit, starts)):
                continue
            if _may_begin(other, key[1], starts) and self._insert(replace(other, days=(key[1],)), at(other, starts)):
                return True
            del self._where[visit.id]
            self._order(key, before)
        return False

    def rounds(self) -> Iterator[Round]:
        for (visitor, day), one in self.days.items():
            if all(item.visit is None for item in one.items):
                continue
            times = schedule(one.workday, one.items, self.problem.roads)
            yield _as_promised(visitor, day, one.items) if times is None else _round(visitor, day, one.items, times)
        for (visitor, day), items in self.strays.items():
            yield _as_promised(visitor, day, items)

    def fits_alone(self, day: OpenDay, item: Item, *, booked: bool) -> bool:
        """If no other visit were on this day; ``booked``: beside what is promised and booked."""
        if not booked:
            day = _open(self.problem, day.visitor, replace(day.workday, blocks=()), [])
        return not day.closed and self._best(day, day.fixed, item) is not None

    def has_room(self, visit: Visit) -> bool:
        """As things are now, if it needed one person only."""
        item = free(visit)
        return any(self._best(self.days[key], self.days[key].items, item) for key in self._nearest(visit, item))

    def _insert(self, visit: Visit, item: Item) -> bool:
        return any(self._put(key, item) for key in self._nearest(visit, item))

    def _put(self, key: Key, item: Item) -> bool:
        day = self.days[key]
        order = self._best(day, day.items, item)
        if order is None or item.visit is None:
            return False
        self._order(key, order)
        return True

    def _begin_in(self, key: Key, visit: Visit) -> int | None:
        day, item = self.days[key], free(visit)
        order = self._best(day, day.items, item)
        times = None if order is None else self._times(day, order)
        return None if order is None or times is None else times.starts[order.index(item)]

    def _best(self, day: OpenDay, items: Sequence[Item], item: Item) -> list[Item] | None:
        found, least = None, None
        for position in range(len(items) + 1):
            order = [*items[:position], item, *items[position:]]
            times = self._times(day, order)
            if times is not None and (least is None or times.travel < least):
                found, least = order, times.travel
        return found

    def _times(self, day: OpenDay, items: Sequence[Item]) -> Times | None:
        if sum(one.visit is not None for one in items) > day.most:
            return None
        ways = legs(day.workday, items, self.problem.roads)
        if day.used(sum(ways), items) > day.allowance and not all(one.fixed for one in items):
            return None
        return timed(day.workday, items, ways)

    def _allowed(self, visit: Visit) -> Iterator[OpenDay]:
        wanted = set(visit.days)
        for day in self.days.values():
            if day.workday.day in wanted and not day.closed and day.visitor.may(visit):
                yield day

    def _nearest(self, visit: Visit, item: Item) -> list[Key]:
        """The rounds with room for it, by the way it adds."""
        found: list[tuple[int, Key]] = []
        for day in self._allowed(visit):
            room = day.allowance - day.used(sum(day.ways), day.items) - item.seconds
            if room >= 0 and (more := self._detour(day, item)) <= room:
                found.append((more, (day.visitor.id, day.workday.day)))
        return [key for _, key in sorted(found)[:TRIES]]

    def _detour(self, day: OpenDay, item: Item) -> int:
        stops = [day.workday.start, *(one.place for one in day.items), day.workday.end]
        to = [self.problem.roads.seconds(stop, item.place) for stop in stops]
        return min(to[n] + to[n + 1] - way for n, way in enumerate(day.ways))

    def _gain(self, day: OpenDay, order: Sequence[Item], item: Item) -> float:
        """What it saves to leave this one out, by how much it matters."""
        without = [one for one in order if one is not item]
        saved = sum(legs(day.workday, order, self.problem.roads)) - sum(legs(day.workday, without, self.problem.roads))
        fits = self._times(day, without) is not None
        priority = self.problem.visit[item.visit].priority if item.visit is not None else 1
        return (1e6 if fits else 0) + (saved + item.seconds) / priority

    def _order(self, key: Key, items: list[Item]) -> None:
        self.days[key].order(items, self.problem.roads)
        self._where.update({one.visit: key for one in items if one.visit is not None})


def woven(stretches: Sequence[Sequence[Item]], fixed: Sequence[Item]) -> list[Item]:
    """What is fixed between the stretches of the day; one stretch more than there are fixed items."""
    order = list(stretches[0])
    for one, stretch in zip(fixed, stretches[1:], strict=True):
        order += [one, *stretch]
    return order


def _may_begin(visit: Visit, day: date, starts: int) -> bool:
    return day in visit.days and any(first <= starts <= last for first, last in visit.begins)


def _open(problem: Problem, visitor: Visitor, workday: Workday, promised: list[Item]) -> OpenDay:
    fixed = sorted([*map(booked, workday.blocks), *promised], key=lambda one: one.begins[0].first)
    bearable = with_fixed(workday, fixed, problem.roads)
    workday = bearable or workday
    rest = workday.rest.seconds if workday.rest else 0
    room = workday.ends - workday.starts - rest - sum(one.seconds for one in fixed)
    return OpenDay(visitor, workday, fixed, list(fixed), max(0.0, room * (1 - problem.reserve)), bearable is None)


def _round(visitor: int, day: date, items: Sequence[Item], times: Times) -> Round:
    stops = tuple(
        Stop(one.visit, start, start + one.seconds)
        for one, start in zip(items, times.starts, strict=True)
        if one.visit is not None
    )
    return Round(visitor, day, stops, times.leaves, times.returns, times.travel, times.rest)


def _as_promised(visitor: int, day: date, items: Sequence[Item]) -> Round:
    """At the promised times, though nobody can be that fast."""
    found = [(one.visit, one.begins[0].first, one.seconds) for one in items if one.visit is not None]
    stops = tuple(Stop(visit, starts, starts + seconds) for visit, starts, seconds in found)
    return Round(visitor, day, stops, stops[0].starts, stops[-1].ends, 0)
