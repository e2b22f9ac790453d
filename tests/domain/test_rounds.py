"""Rounds that people can walk, and for each visit that is in none the reason that a person would find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.helps.geography import Point
from dispatch.domain.rounds.check import faults
from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.levelling import level
from dispatch.domain.rounds.planner import Effort
from dispatch.domain.rounds.problem import Block, Place, Plan, Problem, Promise, Round, Span, Stop, Visit, Visitor
from dispatch.domain.rounds.reasons import Reason
from dispatch.domain.rounds.timing import free
from tests.support.rounds import EIGHT, FIVE, LUNCH, MONDAY, NOON, ROADS, by_hand, on, problem, visit, visitor, workdays

FAR = Place(Point(46.9, 133.5), country=True)
NEXT_TOWN = Place(Point(45.5, 131.2), country=True)


def planned(given: Problem) -> Plan:
    return by_hand(given, Effort(), lambda share: True)


def why(wanted: Visit, *people: Visitor, others: tuple[Visit, ...] = ()) -> str | None:
    return planned(Problem((*others, wanted), people, ROADS)).unplaced.get(wanted.id)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_every_round_can_be_walked(seed: int, visits: int, visitors: int, days: int) -> None:
    given = problem(seed, visits, visitors, days)
    assert faults(given, planned(given)) == []


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_levelling_breaks_nothing_and_adds_no_way(seed: int) -> None:
    given = problem(seed, 30, 3, 5)
    draft = Draft(given)
    for one in given.visits:
        if one.promised is None and not draft.is_placed(one.id):
            draft.insert(one)
    before = Plan(tuple(draft.rounds()))
    level(draft)
    left = {one.id: "-" for one in given.visits if one.promised is None and not draft.is_placed(one.id)}
    after = Plan(tuple(draft.rounds()), left)
    assert faults(given, after) == []
    assert after.travel == before.travel


def test_days_of_a_month_are_levelled() -> None:
    """Two visitors who are done by Wednesday do not both have nothing to do on Thursday and Friday."""
    days = workdays(5)
    visits = tuple(visit(number, days=days) for number in range(1, 31))
    draft = Draft(Problem(visits, (visitor(1, days), visitor(2, days)), ROADS))
    for number, one in enumerate(visits):
        who, day = 1 + number % 2, days[number // 2 % 3]
        draft.set((who, day), [[*draft.days[who, day].items, free(one)]])
    level(draft)
    loads = [sum(len(draft.days[who, day].items) for who in (1, 2)) for day in days]
    assert sorted(loads) == [5, 5, 5, 5, 10]


@pytest.mark.parametrize(
    ("wanted", "people", "expected"),
    [
        (visit(1, area="/7/"), [visitor(1, areas=("/8/",))], Reason.NO_VISITOR),
        (visit(1, skills=frozenset({"nurse"})), [visitor(1)], Reason.NO_SKILL),
        (visit(1, refused=frozenset({1})), [visitor(1)], Reason.REFUSED),
        (visit(1, days=workdays(2)[1:]), [visitor(1)], Reason.NO_SHIFT),
        (visit(1, begins=(Span(FIVE, FIVE + 3600),)), [visitor(1)], Reason.NOT_THEN),
        (visit(1, place=FAR), [visitor(1)], Reason.TOO_FAR),
        (visit(1), [on(visitor(1), blocks=(Block(EIGHT, FIVE),))], Reason.BOOKED),
        (visit(1), [visitor(1)], None),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else "",
)
def test_the_reason_is_the_first_thing_that_is_missing(
    wanted: Visit, people: list[Visitor], expected: Reason | None
) -> None:
    assert why(wanted, *people) == expected


def test_a_day_that_is_full_says_so() -> None:
    one = on(visitor(1), starts=EIGHT, ends=EIGHT + 3600, rest=None)
    assert why(visit(9), one, others=tuple(visit(n) for n in (1, 2))) == Reason.FULL
    assert why(visit(9), one, others=(visit(1),)) is None


def test_two_who_are_needed_at_once_come_at_once_or_neither_comes() -> None:
    pair = (visit(1, twin=2), visit(2, twin=1))
    together = planned(Problem(pair, (visitor(1), visitor(2)), ROADS))
    assert {(one.visitor, one.stops[0].starts) for one in together.rounds} == {
        (1, together.rounds[0].stops[0].starts),
        (2, together.rounds[0].stops[0].starts),
    }
    alone = planned(Problem(pair, (visitor(1),), ROADS))
    assert alone.rounds == ()
    assert alone.unplaced == {1: Reason.NO_SECOND, 2: Reason.NO_SECOND}


def test_nobody_works_through_lunch() -> None:
    plan = planned(Problem(tuple(visit(n) for n in range(1, 15)), (visitor(1),), ROADS))
    (one,) = plan.rounds
    assert one.rest is not None
    assert one.rest.last - one.rest.first == LUNCH.seconds
    assert all(stop.ends <= one.rest.first or stop.starts >= one.rest.last for stop in one.stops)


def test_who_is_done_before_the_break_is_due_needs_none() -> None:
    (one,) = planned(Problem((visit(1), visit(2)), (visitor(1),), ROADS)).rounds
    assert one.rest is None
    assert one.returns < LUNCH.begins.first


def test_what_was_promised_stays_and_the_rest_goes_around_it() -> None:
    kept = visit(1, promised=Promise(1, MONDAY, NOON + 1800), place=NEXT_TOWN)
    given = Problem((kept, *(visit(n) for n in range(2, 14))), (visitor(1),), ROADS)
    plan = planned(given)
    assert Stop(1, NOON + 1800, NOON + 1800 + kept.seconds) in plan.rounds[0].stops
    assert faults(given, plan) == []


def test_what_was_promised_by_somebody_who_does_not_work_then_is_still_in_the_plan() -> None:
    kept = visit(1, promised=Promise(7, MONDAY, NOON))
    plan = planned(Problem((kept,), (visitor(1),), ROADS))
    assert [(one.visitor, one.stops) for one in plan.rounds] == [(7, (Stop(1, NOON, NOON + kept.seconds),))]


def test_a_reserve_is_left_empty() -> None:
    visits = tuple(visit(n) for n in range(1, 30))
    full = planned(Problem(visits, (visitor(1),), ROADS))
    spared = planned(Problem(visits, (visitor(1),), ROADS, reserve=0.2))
    assert spared.placed <= 0.8 * full.placed + 1


def test_the_way_is_the_straight_line_times_the_road_at_its_speed() -> None:
    a, b = Place(Point(45.3, 130.9)), Place(Point(45.3, 131.0))
    assert ROADS.seconds(a, a) == 0
    assert ROADS.seconds(a, b) == ROADS.seconds(b, a) == 1664
    assert ROADS.seconds(a, b._replace(country=True)) == 1056


def all_at_eight(one: Round) -> Round:
    return replace(one, stops=tuple(stop._replace(starts=EIGHT, ends=EIGHT + 1500) for stop in one.stops))


def first_too_short(one: Round) -> Round:
    return replace(one, stops=(one.stops[0]._replace(ends=one.stops[0].ends - 60), *one.stops[1:]))


FAULTY: dict[str, Callable[[Round], Round]] = {
    "outside the shift": lambda one: replace(one, returns=FIVE + 1),
    "cannot be there": all_at_eight,
    "planned 2 times": lambda one: replace(one, stops=(*one.stops, one.stops[0])),
    "no break": lambda one: replace(one, rest=None),
    "both planned and unplaced, or neither": lambda one: replace(one, stops=one.stops[1:]),
    "another length": first_too_short,
    "does not work": lambda one: replace(one, day=workdays(2)[1]),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_the_check_sees_what_is_wrong(fault: str) -> None:
    given = Problem(tuple(visit(n) for n in range(1, 15)), (visitor(1),), ROADS)
    right = planned(given)
    assert faults(given, right) == []
    wrong = FAULTY[fault](right.rounds[0])
    assert any(fault in found for found in faults(given, replace(right, rounds=(wrong,))))


def test_the_check_sees_a_broken_promise_and_parted_twins() -> None:
    given = Problem(
        (visit(1, promised=Promise(1, MONDAY, NOON + 3600)), visit(2, twin=3), visit(3, twin=2)),
        (visitor(1), visitor(2)),
        ROADS,
    )
    plan = planned(given)
    late = tuple(
        replace(one, stops=tuple(stop._replace(starts=stop.starts + 60, ends=stop.ends + 60) for stop in one.stops))
        for one in plan.rounds
        if one.visitor == 1
    )
    others = tuple(one for one in plan.rounds if one.visitor != 1)
    found = faults(given, replace(plan, rounds=(*late, *others)))
    assert any("promised otherwise" in one for one in found)
    assert any("not made together" in one for one in found)
