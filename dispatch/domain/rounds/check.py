"""What is wrong with a plan: read from the plan and the problem alone, whoever made it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from dispatch.domain.rounds.problem import Place, Plan, Problem, Round, Stop, Visit, Visitor, Workday
from dispatch.domain.rounds.timing import Item, booked, kept, with_fixed


def faults(problem: Problem, plan: Plan) -> list[str]:
    """Empty: everybody can walk their round, every promise is kept, every visit is there once or explained."""
    found = [*_counted(problem, plan), *_promises(problem, plan), *_twins(problem, plan)]
    for one in plan.rounds:
        found += _of_round(problem, one)
    return found


def _counted(problem: Problem, plan: Plan) -> Iterator[str]:
    times = Counter(stop.visit for one in plan.rounds for stop in one.stops)
    yield from (f"visit {visit} is planned {number} times" for visit, number in times.items() if number > 1)
    for visit in problem.visits:
        if (visit.id in times) == (visit.id in plan.unplaced):
            yield f"visit {visit.id} is both planned and unplaced, or neither"
    rounds = Counter((one.visitor, one.day) for one in plan.rounds)
    yield from (f"{key} has {number} rounds" for key, number in rounds.items() if number > 1)


def _promises(problem: Problem, plan: Plan) -> Iterator[str]:
    stands = {(stop.visit, one.visitor, one.day, stop.starts) for one in plan.rounds for stop in one.stops}
    for visit, promise in problem.fixed():
        if (visit.id, promise.visitor, promise.day, promise.starts) not in stands:
            yield f"visit {visit.id} was promised otherwise"


def _twins(problem: Problem, plan: Plan) -> Iterator[str]:
    when = {stop.visit: (one.day, stop.starts, one.visitor) for one in plan.rounds for stop in one.stops}
    for visit in problem.visits:
        if visit.twin is None or visit.promised is not None or visit.id not in when:
            continue
        other = when.get(visit.twin)
        if other is None or other[:2] != when[visit.id][:2] or other[2] == when[visit.id][2]:
            yield f"visits {visit.id} and {visit.twin} are not made together by two"


def _of_round(problem: Problem, one: Round) -> Iterator[str]:
    visitor, workday = problem.visitor.get(one.visitor), problem.workdays.get((one.visitor, one.day))
    open_stops = [stop for stop in one.stops if problem.visit[stop.visit].promised is None]
    if not open_stops:
        return  # nothing but what was promised before
    if visitor is None or workday is None:
        yield f"visitor {one.visitor} does not work on {one.day}"
        return
    workday = with_fixed(workday, _fixed(problem, one, workday), problem.roads)
    if workday is None:
        yield f"visitor {one.visitor} has more on {one.day} than anybody can do, and got visits"
        return
    for stop in open_stops:
        yield from _of_stop(problem.visit[stop.visit], stop, visitor, workday)
    if workday.most is not None and len(one.stops) > workday.most:
        yield f"visitor {one.visitor} has {len(one.stops)} visits on {one.day}"
    yield from _of_times(problem, one, workday)


def _fixed(problem: Problem, one: Round, workday: Workday) -> list[Item]:
    visits = (problem.visit[stop.visit] for stop in one.stops)
    promised = [kept(visit, visit.promised) for visit in visits if visit.promised is not None]
    return sorted([*map(booked, workday.blocks), *promised], key=lambda item: item.begins[0].first)


def _of_stop(visit: Visit, stop: Stop, visitor: Visitor, workday: Workday) -> Iterator[str]:
    if not visitor.may(visit):
        yield f"visitor {visitor.id} may not make visit {visit.id}"
    if workday.day not in visit.days or not any(first <= stop.starts <= last for first, last in visit.begins):
        yield f"visit {visit.id} may not begin on {workday.day} at {stop.starts}"
    if stop.ends - stop.starts != visit.seconds:
        yield f"visit {visit.id} has another length"


def _of_times(problem: Problem, one: Round, workday: Workday) -> Iterator[str]:
    """Leaves, ways, stops, what is booked, the break, the way back: each after the other."""
    busy: list[tuple[int, int, Place | None]] = [
        *((stop.starts, stop.ends, problem.visit[stop.visit].place) for stop in one.stops),
        *((block.starts, block.ends, block.place) for block in workday.blocks),
    ]
    busy.sort(key=lambda entry: entry[:2])
    places = [workday.start, *(place for *_, place in busy), workday.end]
    spans = [(workday.starts, one.leaves), *((first, last) for first, last, _ in busy), (one.returns, workday.ends)]
    if workday.starts > one.leaves or one.returns > workday.ends:
        yield f"round of {one.visitor} on {one.day} is outside the shift"
    here: Place | None = None
    for (before, after), place, following in zip(pairwise(spans), places, places[1:], strict=False):
        here = place or here
        pause = one.rest.last - one.rest.first if one.rest and _within(one.rest, before[1], after[0]) else 0
        if after[0] - before[1] < problem.roads.seconds(here, following) + pause:
            yield f"visitor {one.visitor} cannot be there on {one.day} at {after[0]}"
    yield from _of_rest(one, workday, busy)


def _within(rest: tuple[int, int], first: int, last: int) -> bool:
    return first <= rest[0] and rest[1] <= last


def _of_rest(one: Round, workday: Workday, busy: list[tuple[int, int, Place | None]]) -> Iterator[str]:
    if workday.rest is None or one.returns <= workday.rest.begins.last:
        return
    if one.rest is None:
        if any(first <= workday.rest.begins.last + workday.rest.seconds for first, _, _ in busy):
            yield f"visitor {one.visitor} has no break on {one.day}"
        return
    if not _within(one.rest, workday.rest.begins.first, workday.rest.begins.last + workday.rest.seconds):
        yield f"the break of {one.visitor} on {one.day} is at the wrong time"
    if one.rest.last - one.rest.first != workday.rest.seconds:
        yield f"the break of {one.visitor} on {one.day} has another length"
    if any(first < one.rest.last and one.rest.first < last for first, last, _ in busy):
        yield f"visitor {one.visitor} works in the break of {one.day}"
