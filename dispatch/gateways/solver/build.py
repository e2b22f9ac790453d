"""A part of a problem as a task of the solver, and its answer as days of the draft."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from dispatch.domain.rounds.draft import Draft, Key, OpenDay
from dispatch.domain.rounds.problem import Place, Roads, Span, Visit
from dispatch.domain.rounds.timing import Item, at, free
from dispatch.gateways.solver.task import ANYWHERE, NOBODY, Answer, Job, Shift, Task

DAY = 2 * 86_400
"""Between two days on the one time line, so that a shift past midnight stays with its day."""
WORTH = 10 * 3600
"""Of a visit, in seconds of travel: no visit is left out to save a way."""
CLASSES = 12
"""Kinds of visits by who may make them that the solver tells apart; those of rarer kinds are put in afterwards."""
CHOICES = 6
"""Times at which one visit may begin that the solver chooses from."""


@dataclass(frozen=True)
class Wishes:
    """How a task is to be solved."""

    seconds: float
    change: int
    """Seconds of travel that it may cost to send who came last time."""
    seed: int = 1


class Part:
    """Some visitors with all their days, and visits for them."""

    def __init__(self, draft: Draft, visitors: Sequence[int], visits: Sequence[Visit]) -> None:
        self._draft, self._visits = draft, visits
        self._visitors = {visitor: number for number, visitor in enumerate(visitors)}
        self._days = [(key, day) for key, day in draft.days.items() if key[0] in self._visitors and not day.closed]
        self._first = min((key[1] for key, _ in self._days), default=date.min)
        self._working = _working(day for _, day in self._days)
        self._spans: dict[object, list[tuple[int, int]]] = {}
        self._places: dict[tuple[Place, int], int] = {}
        self._kinds: dict[frozenset[int], int] = {}
        self._who: dict[object, frozenset[int]] = {}
        self._stretches: list[Key] = []

    def task(self, wishes: Wishes) -> Task:
        self._kinds = self._count_kinds()
        jobs = [self._job(visit) for visit in self._visits]
        shifts = [shift for key, day in self._days for shift in self._shifts(key, day)]
        places = [(place.point.lat, place.point.lon, place.country) for place, _ in self._places]
        number = {visit.id: index for index, visit in enumerate(self._visits)}
        return Task(
            places=places,
            liked=[liked for _, liked in self._places],
            roads=road_pairs(self._draft.problem.roads),
            jobs=jobs,
            shifts=shifts,
            classes=len(self._kinds),
            seconds=wishes.seconds,
            seed=wishes.seed,
            change=wishes.change,
            twins=[
                (index, number[visit.twin], 0, 0)
                for index, visit in enumerate(self._visits)
                if visit.twin in number and visit.id < visit.twin
            ],
            start=self._now(number),
        )

    def apply(self, answer: Answer) -> None:
        """The answer replaces what these visitors had."""
        stretches: dict[Key, list[list[Item]]] = {}
        for key, jobs in zip(self._stretches, answer.rounds, strict=True):
            items = (self._item(job, answer, key[1]) for job in jobs)
            stretches.setdefault(key, []).append([one for one in items if one is not None])
        for key, _ in self._days:
            self._draft.clear(key)
        for key, found in stretches.items():
            self._draft.set(key, found)
        self._part_twins()

    def _part_twins(self) -> None:
        """One of two that is alone is taken out: both are put in together later, or neither."""
        placed = self._draft.is_placed
        while alone := [v for v in self._visits if v.twin is not None and placed(v.id) and not placed(v.twin)]:
            self._draft.take_out(alone[0].id)

    def _item(self, job: int, answer: Answer, day: date) -> Item | None:
        """None: a twin that was put on another day than the other."""
        visit = self._visits[job]
        together = answer.together.get(job)
        if together is None:
            return free(visit) if visit.twin is None else None
        begins = together - self._second(day, 0)
        return at(visit, begins) if 0 <= begins < DAY else None

    def _count_kinds(self) -> dict[frozenset[int], int]:
        found: dict[frozenset[int], int] = {}
        for visit in self._visits:
            able = self._able(visit)
            if len(able) < len(self._visitors):
                found[able] = found.get(able, 0) + 1
        common = sorted(found, key=lambda able: -found[able])[:CLASSES]
        return {able: number for number, able in enumerate(common)}

    def _able(self, visit: Visit) -> frozenset[int]:
        """Numbers of the visitors of this part."""
        key = (visit.area, visit.skills, visit.refused)
        if key not in self._who:
            visitor = self._draft.problem.visitor
            self._who[key] = frozenset(n for id_, n in self._visitors.items() if visitor[id_].may(visit))
        return self._who[key]

    def _job(self, visit: Visit) -> Job:
        able = self._able(visit)
        rare = len(able) < len(self._visitors) and able not in self._kinds
        liked = self._visitors.get(visit.preferred, NOBODY) if visit.preferred is not None else NOBODY
        return Job(
            location=self._location(visit.place, liked),
            seconds=visit.seconds,
            begins=[] if rare or not able else self._begins(visit),
            prize=WORTH * visit.priority,
            classes=[self._kinds[able]] if able in self._kinds else [],
        )

    def _location(self, place: Place | None, liked: int = NOBODY) -> int:
        if place is None:
            return ANYWHERE
        return self._places.setdefault((place, liked), len(self._places))

    def _begins(self, visit: Visit) -> list[tuple[int, int]]:
        """On the one time line; days that follow each other at work are one span, if the hours leave them open."""
        key = (visit.days, visit.begins)
        if key not in self._spans:
            self._spans[key] = self._spans_of(visit)
        return _some(self._spans[key], visit.id)

    def _spans_of(self, visit: Visit) -> list[tuple[int, int]]:
        open_, found = set(visit.days), list[tuple[int, int]]()
        before: date | None = None
        for day, hours in self._working.items():
            if day not in open_:
                before = None
                continue
            whole = any(span.first <= hours.first and hours.last <= span.last for span in visit.begins)
            spans = [Span(0, DAY - 1)] if whole else list(visit.begins)
            if before is not None and found and found[-1][1] == self._second(before, DAY - 1) and spans[0].first == 0:
                found[-1] = (found[-1][0], self._second(day, spans[0].last))
                spans = spans[1:]
            found += [(self._second(day, span.first), self._second(day, span.last)) for span in spans]
            before = day
        return found

    def _second(self, day: date, second: int) -> int:
        return (day - self._first).days * DAY + second

    def _shifts(self, key: Key, day: OpenDay) -> Iterator[Shift]:
        """The stretches before, between and after what is fixed."""
        workday, zero = day.workday, self._second(key[1], 0)
        edges: list[tuple[int, int, Place | None]] = [
            (0, workday.starts, workday.start),
            *((one.begins[0].first, one.begins[0].first + one.seconds, one.place) for one in day.fixed),
            (workday.ends, 0, workday.end),
        ]
        spans = [Span(before[1], after[0]) for before, after in pairwise(edges)]
        resting = _resting(day, spans)
        kinds = [number for able, number in self._kinds.items() if self._visitors[key[0]] in able]
        for number, (span, (before, after)) in enumerate(zip(spans, pairwise(edges), strict=True)):
            pause = day.workday.rest.seconds if day.workday.rest and number == resting else 0
            room = max(0, span.last - span.first - pause)
            self._stretches.append(key)
            yield Shift(
                visitor=self._visitors[key[0]],
                start=self._location(before[2]),
                end=self._location(after[2]),
                first=zero + span.first,
                last=zero + max(span.first, span.last),
                longest=int(room * (1 - self._draft.problem.reserve)),
                classes=kinds,
                most=None if workday.most is None else max(0, workday.most - sum(1 for one in day.fixed if one.visit)),
            )

    def _now(self, number: dict[int, int]) -> list[list[int]]:
        """The visits as they are in the draft, if any is."""
        rounds: list[list[int]] = []
        for _, day in self._days:
            stretch: list[int] = []
            for one in day.items:
                if one.fixed:
                    rounds.append(stretch)
                    stretch = []
                elif one.visit in number:
                    stretch.append(number[one.visit])
            rounds.append(stretch)
        return rounds if any(rounds) else []


def _working(days: Iterable[OpenDay]) -> dict[date, Span]:
    """The days on which anybody works, and from when to when somebody does."""
    found: dict[date, Span] = {}
    for one in days:
        day, hours = one.workday.day, Span(one.workday.starts, one.workday.ends)
        known = found.get(day, hours)
        found[day] = Span(min(known.first, hours.first), max(known.last, hours.last))
    return dict(sorted(found.items()))


def _resting(day: OpenDay, spans: Sequence[Span]) -> int:
    """The stretch that takes the break: the one that has most of the time in which it may be."""
    if day.workday.rest is None:
        return -1
    begins, seconds = day.workday.rest.begins, day.workday.rest.seconds

    def common(number: int) -> int:
        return min(spans[number].last, begins.last + seconds) - max(spans[number].first, begins.first)

    return max(range(len(spans)), key=common)


def _some(found: list[tuple[int, int]], seed: int) -> list[tuple[int, int]]:
    """A few of many, spread over them, others for each visit."""
    if len(found) <= CHOICES:
        return found
    step = len(found) / CHOICES
    return [found[int(number * step + seed % max(1, int(step)))] for number in range(CHOICES)]


def road_pairs(roads: Roads) -> list[tuple[float, float]]:
    return [(one.road_factor, one.kmh) for one in (roads.town, roads.country)]
