"""Problems for the planner, with everything in them that it must respect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from dispatch.domain.helps.geography import Point
from dispatch.domain.helps.rules import Travel
from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.planner import Effort, Stopped
from dispatch.domain.rounds.problem import (
    ALL_DAY,
    Block,
    Place,
    Plan,
    Problem,
    Promise,
    Rest,
    Roads,
    Span,
    Visit,
    Visitor,
    Workday,
)
from dispatch.domain.rounds.reasons import reason

ROADS = Roads(Travel(1.3, 22, 8), Travel(1.5, 40, 40))
MONDAY = date(2026, 11, 2)
EIGHT, NOON, FIVE = 8 * 3600, 12 * 3600, 17 * 3600
LUNCH = Rest(Span(11 * 3600 + 1800, 13 * 3600), 3600)
AREAS = ("/1/", "/2/")


def workdays(count: int) -> tuple[date, ...]:
    return tuple(MONDAY + timedelta(days=number) for number in range(count))


def place(chance: Random, spread: float = 0.03) -> Place:
    lat, lon = 45.3 + chance.uniform(-spread, spread), 130.97 + chance.uniform(-spread, spread)
    return Place(Point(lat, lon), chance.random() < 0.3)


def visit(number: int, **changes: object) -> Visit:
    plain = Visit(number, Place(Point(45.3, 130.97)), 1500, workdays(1))
    return replace(plain, **changes)  # type: ignore[arg-type]


def visitor(number: int, days: tuple[date, ...] = workdays(1), **changes: object) -> Visitor:
    base = Place(Point(45.301, 130.971))
    plain = Visitor(number, tuple(Workday(day, EIGHT, FIVE, base, base, LUNCH) for day in days))
    return replace(plain, **changes)  # type: ignore[arg-type]


def on(one: Visitor, **changes: object) -> Visitor:
    """With other days."""
    return replace(one, days=tuple(replace(day, **changes) for day in one.days))  # type: ignore[arg-type]


def problem(seed: int, visits: int, visitors: int, days: int = 1) -> Problem:
    chance = Random(seed)
    people = [_visitor(chance, number, days) for number in range(1, visitors + 1)]
    wanted = [_visit(chance, number, visitors, days) for number in range(1, visits + 1)]
    wanted = _twins(chance, wanted)
    return Problem(tuple(_promised(chance, wanted, people)), tuple(people), ROADS, chance.choice((0.0, 0.1)))


def _visitor(chance: Random, number: int, days: int) -> Visitor:
    base = place(chance) if chance.random() < 0.8 else None
    end = base if chance.random() < 0.7 else None
    rest = LUNCH if chance.random() < 0.8 else None
    starts, ends = EIGHT + 1800 * chance.randrange(3), FIVE - 1800 * chance.randrange(6)
    working = [day for day in workdays(days) if chance.random() < 0.9]
    return Visitor(
        number,
        tuple(
            Workday(day, starts, ends, base, end, rest, _blocks(chance), chance.choice((None, 12))) for day in working
        ),
        frozenset(chance.sample(["nurse", "dementia"], chance.randrange(3))),
        ("/",) if chance.random() < 0.5 else (chance.choice(AREAS),),
    )


def _blocks(chance: Random) -> tuple[Block, ...]:
    if chance.random() < 0.7:
        return ()
    begins = chance.choice((9, 10, 14)) * 3600
    return (Block(begins, begins + 3600, place(chance) if chance.random() < 0.8 else None),)


def _visit(chance: Random, number: int, visitors: int, days: int) -> Visit:
    hours = chance.choices(
        [(Span(0, ALL_DAY),), (Span(EIGHT, NOON),), (Span(9 * 3600, 10 * 3600), Span(14 * 3600, 15 * 3600))], (6, 2, 1)
    )[0]
    possible = (
        workdays(days) if chance.random() < 0.6 else tuple(sorted(chance.sample(workdays(days), max(1, days // 2))))
    )
    return Visit(
        number,
        place(chance),
        chance.choice((20, 25, 30, 45)) * 60,
        possible,
        hours,
        area=chance.choice(AREAS) + "5/",
        skills=frozenset({"nurse"}) if chance.random() < 0.15 else frozenset(),
        preferred=chance.randint(1, visitors) if chance.random() < 0.4 else None,
        refused=frozenset({chance.randint(1, visitors)}) if chance.random() < 0.1 else frozenset(),
        priority=chance.choice((1, 1, 1, 3)),
    )


def _twins(chance: Random, visits: list[Visit]) -> list[Visit]:
    """Every tenth visit is made by two."""
    found = list(visits)
    for first in range(0, len(found) - 1, 10):
        one = found[first]
        found[first] = replace(one, twin=one.id + 1)
        found[first + 1] = replace(one, id=one.id + 1, twin=one.id, preferred=None)
    return found


def _promised(chance: Random, visits: list[Visit], people: list[Visitor]) -> list[Visit]:
    """Some are promised already, as it comes: some of them cannot be kept by anybody, and stand nevertheless."""
    return [
        replace(one, promised=Promise(who.id, chance.choice(who.days).day, 60 * chance.randrange(8 * 60, 16 * 60)))
        if one.twin is None and who.days and chance.random() < 0.06
        else one
        for one, who in ((one, chance.choice(people)) for one in visits)
    ]


def by_hand(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
    """``Planner`` without a solver: one visit after the other, where it adds the shortest way."""
    draft = Draft(problem)
    visits = [one for one in problem.visits if one.promised is None]
    for number, one in enumerate(visits):
        if not told(number / len(visits)):
            raise Stopped
        if not draft.is_placed(one.id):
            draft.insert(one)
    left = {one.id: reason(draft, one).value for one in visits if not draft.is_placed(one.id)}
    return Plan(tuple(draft.rounds()), left)
