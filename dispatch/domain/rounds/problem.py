"""What a planner is asked: visits that are due, visitors with their days, and how fast they get about. Pure.

Times are whole seconds since midnight of a day in the zone of the centre; ways are whole seconds too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import ceil
from typing import NamedTuple

from dispatch.domain.helps.geography import Point, metres
from dispatch.domain.helps.rules import Travel

ALL_DAY = 86_400


class Span(NamedTuple):
    """From when to when, both included."""

    first: int
    last: int


class Place(NamedTuple):
    point: Point
    country: bool = False


@dataclass(frozen=True)
class Roads:
    """The straight line times a road factor at a speed; where one end lies in the country, the country's."""

    town: Travel
    country: Travel

    def seconds(self, a: Place | None, b: Place | None) -> int:
        """Nobody knows where: no way."""
        if a is None or b is None or a.point == b.point:
            return 0
        travel = self.country if a.country or b.country else self.town
        return ceil(travel.minutes(metres(a.point, b.point)) * 60)


@dataclass(frozen=True)
class Promise:
    """Somebody was told who comes and when, or the visit has begun: it stays as it is."""

    visitor: int
    day: date
    starts: int


@dataclass(frozen=True)
class Visit:
    id: int
    place: Place
    seconds: int
    days: tuple[date, ...]
    """The days on which it may be made."""
    begins: tuple[Span, ...] = (Span(0, ALL_DAY),)
    """When on such a day it may begin."""
    area: str = "/"
    """The path of the area of the home."""
    skills: frozenset[str] = frozenset()
    preferred: int | None = None
    """Who came last time."""
    refused: frozenset[int] = frozenset()
    """Who is not wanted at this home."""
    twin: int | None = None
    """The other visit of two that two people make together, beginning at once."""
    promised: Promise | None = None
    priority: int = 1
    """What counts so many times as much as another when not everything fits."""


@dataclass(frozen=True)
class Rest:
    """A break of ``seconds`` that begins between two visits, no earlier and no later than that."""

    begins: Span
    seconds: int


@dataclass(frozen=True)
class Block:
    """Booked already: something else to do at a place. Without a place it goes on wherever the visitor is then."""

    starts: int
    ends: int
    place: Place | None = None


@dataclass(frozen=True)
class Workday:
    day: date
    starts: int
    ends: int
    start: Place | None = None
    """Where the day begins; None: at the first visit, without a way."""
    end: Place | None = None
    """Where it ends."""
    rest: Rest | None = None
    blocks: tuple[Block, ...] = ()
    most: int | None = None
    """Visits on this day."""

    @property
    def working(self) -> int:
        """Seconds without the break and without what is booked."""
        return (
            self.ends
            - self.starts
            - (self.rest.seconds if self.rest else 0)
            - sum(block.ends - block.starts for block in self.blocks)
        )


@dataclass(frozen=True)
class Visitor:
    id: int
    days: tuple[Workday, ...]
    skills: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ("/",)
    """Paths: whoever goes to an area goes to all that lies in it."""

    def goes_to(self, area: str) -> bool:
        return area.startswith(self.areas)

    def may(self, visit: Visit) -> bool:
        return self.goes_to(visit.area) and visit.skills <= self.skills and self.id not in visit.refused


@dataclass(frozen=True)
class Problem:
    visits: tuple[Visit, ...]
    visitors: tuple[Visitor, ...]
    roads: Roads
    reserve: float = 0.0
    """What share of the working time of each day is left empty, for second tries."""

    @cached_property
    def visit(self) -> Mapping[int, Visit]:
        return {visit.id: visit for visit in self.visits}

    @cached_property
    def visitor(self) -> Mapping[int, Visitor]:
        return {visitor.id: visitor for visitor in self.visitors}

    @cached_property
    def workdays(self) -> Mapping[tuple[int, date], Workday]:
        return {(visitor.id, workday.day): workday for visitor in self.visitors for workday in visitor.days}

    def fixed(self) -> Iterator[tuple[Visit, Promise]]:
        return ((visit, visit.promised) for visit in self.visits if visit.promised is not None)


class Stop(NamedTuple):
    visit: int
    starts: int
    ends: int


@dataclass(frozen=True)
class Round:
    """What one visitor does on one day."""

    visitor: int
    day: date
    stops: tuple[Stop, ...]
    """In the order of time."""
    leaves: int
    returns: int
    travel: int
    """Seconds under way, with the way back."""
    rest: Span | None = None


@dataclass(frozen=True)
class Plan:
    rounds: tuple[Round, ...]
    unplaced: Mapping[int, str] = field(default_factory=dict)
    """Visit and reason."""

    @property
    def travel(self) -> int:
        return sum(one.travel for one in self.rounds)

    @property
    def placed(self) -> int:
        return sum(len(one.stops) for one in self.rounds)
