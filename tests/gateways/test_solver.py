"""The planner with PyVRP: whatever it is asked, what comes back can be walked, and nothing is left out in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.domain.helps.geography import Point
from dispatch.domain.rounds.check import faults
from dispatch.domain.rounds.planner import Effort, SolverFailed, Stopped
from dispatch.domain.rounds.problem import Place, Plan, Problem
from dispatch.gateways.solver.planner import plan
from tests.support.rounds import ROADS, problem, visit, visitor, workdays

QUICK = Effort(seconds=0.6, megabytes=1200)


def go_on(share: float) -> bool:
    return True


@pytest.mark.parametrize("seed", range(8))
def test_rounds_hold_whatever_is_asked(seed: int) -> None:
    given = problem(seed, visits=35, visitors=4, days=1 + seed % 3)
    assert faults(given, plan(given, QUICK, go_on)) == []


def test_a_large_problem_is_solved_by_parts_and_still_holds() -> None:
    given = problem(1, visits=500, visitors=8, days=8)
    shares: list[float] = []

    def told(share: float) -> bool:
        shares.append(share)
        return True

    found = plan(given, replace(QUICK, seconds=2.5), told)
    assert faults(given, found) == []
    assert found.placed > 250
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_who_came_last_time_comes_again_where_that_costs_little() -> None:
    liked = Problem(tuple(visit(n, preferred=1 + n % 3) for n in range(1, 31)), tuple(map(visitor, (1, 2, 3))), ROADS)
    assert same_visitor(liked, plan(liked, QUICK, go_on)) >= 24


def test_the_way_to_an_elder_far_off_is_not_gone_twice_for_a_liking() -> None:
    far = Place(Point(45.45, 131.15), country=True)
    visits = tuple(visit(n, place=far, preferred=1 + n % 2) for n in range(1, 5))
    given = Problem(visits, (visitor(1), visitor(2)), ROADS)
    assert len(plan(given, QUICK, go_on).rounds) == 1


def test_a_visit_that_may_be_made_on_scattered_days_at_some_hours_is_made_then() -> None:
    days = workdays(5)
    visits = tuple(visit(n, days=(days[n % 5], days[(n + 2) % 5])) for n in range(1, 21))
    given = Problem(visits, (visitor(1, days),), ROADS)
    found = plan(given, QUICK, go_on)
    assert faults(given, found) == []
    assert not found.unplaced


def test_it_stops_when_nobody_wants_the_answer_any_more() -> None:
    with pytest.raises(Stopped):
        plan(problem(1, 35, 4), replace(QUICK, seconds=60), lambda share: share < 0.01)


def test_a_child_that_runs_out_of_memory_is_an_error_and_no_empty_plan() -> None:
    with pytest.raises(SolverFailed):
        plan(problem(1, 35, 4), replace(QUICK, processes=1, megabytes=40), go_on)


def test_nobody_and_nothing_need_no_solver() -> None:
    assert plan(Problem((), (visitor(1),), ROADS), QUICK, go_on) == Plan(())
    assert plan(Problem((visit(1),), (), ROADS), QUICK, go_on).unplaced == {1: "no_visitor"}
    many = tuple(visit(number, area="/7/") for number in range(500))
    unplaced = plan(Problem(many, (visitor(1, workdays(2), areas=("/8/",)),), ROADS), QUICK, go_on).unplaced
    assert set(unplaced.values()) == {"no_visitor"}
    assert len(unplaced) == 500


def same_visitor(given: Problem, found: Plan) -> int:
    return sum(one.visitor == given.visit[stop.visit].preferred for one in found.rounds for stop in one.stops)
