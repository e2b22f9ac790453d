"""Rounds for a problem: solved whole while it is small, by parts and again by other parts when it is large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.levelling import level
from dispatch.domain.rounds.problem import Plan, Problem, Visit
from dispatch.domain.rounds.reasons import reason
from dispatch.gateways.solver.build import Part, Wishes
from dispatch.gateways.solver.children import Machine, solve_all
from dispatch.gateways.solver.crews import Crew, by_place, by_plan, parts

WHOLE = 3500
"""Visits of one day that are solved in one piece; the matrices of twice as many take four times the memory."""
PART = 400
"""Visits of a part: few enough for a matrix of each visitor's likings, and for good rounds within seconds."""
PASSES: tuple[tuple[float, float], ...] = ((0.5, 0.5), (0.3, 0.36), (0.2, 0.58))
"""Of the time, and where groups are divided."""
AFTER_WHOLE: tuple[tuple[float, float], ...] = ((0.18, 0.5), (0.12, 0.36))
MENDING = 0.06
"""Of the time, for putting in by hand what the solver left out."""


@dataclass(frozen=True)
class Limits:
    seconds: float = 100.0
    change: int = 600
    """Seconds of travel that it may cost to send who came last time."""
    machine: Machine = field(default_factory=Machine)
    seed: int = 1


def plan(problem: Problem, limits: Limits, told: Callable[[float], bool]) -> Plan:
    """``told`` the share of the work that is done, it says whether to go on: ``Stopped`` is raised if not."""
    draft = Draft(problem)
    visits = [visit for visit in problem.visits if visit.promised is None]
    ends = monotonic() + limits.seconds
    if visits and any(not day.closed for day in draft.days.values()):
        _solve(draft, visits, limits, told)
        _mend(draft, visits, ends)
        level(draft)
    told(1.0)
    unplaced = {visit.id: reason(draft, visit).value for visit in visits if not draft.is_placed(visit.id)}
    return Plan(tuple(draft.rounds()), unplaced)


def _solve(draft: Draft, visits: Sequence[Visit], limits: Limits, told: Callable[[float], bool]) -> None:
    limits = replace(limits, seconds=limits.seconds * (1 - MENDING))
    days = {key[1] for key in draft.days}
    done, passes = 0.0, PASSES
    if len(visits) <= PART or (len(days) == 1 and len(visits) <= WHOLE):
        passes = () if len(visits) <= PART else AFTER_WHOLE
        done = 1 - sum(share for share, _ in passes)
        visitors = [visitor.id for visitor in draft.problem.visitors]
        _pass(draft, [Crew(visitors, visits[0].place, list(visits))], limits, _Stretch(told, 0.0, done))
    for share, cut in passes:
        made = by_plan(draft, visits) if done else by_place(draft, visits)
        _pass(draft, parts(made, PART, cut), limits, _Stretch(told, done, share))
        done += share


@dataclass(frozen=True)
class _Stretch:
    """Of the whole work: what is told of it is told of the whole."""

    told: Callable[[float], bool]
    first: float
    share: float

    def __call__(self, share: float) -> bool:
        return self.told(self.first + share * self.share)


def _pass(draft: Draft, some: Sequence[Crew], limits: Limits, told: _Stretch) -> None:
    """Each part gets of the time what it has of the visits."""
    count = sum(len(crew.visits) for crew in some)
    at_once = min(limits.machine.processes, len(some))
    built, tasks = [], []
    for crew in some:
        part = Part(draft, crew.visitors, crew.visits)
        seconds = limits.seconds * told.share * at_once * len(crew.visits) / count
        tasks.append(part.task(Wishes(seconds, limits.change, limits.seed)))
        built.append(part)
    draft.clear_all()
    solve_all(tasks, limits.machine, told, lambda number, answer: built[number].apply(answer))


def _mend(draft: Draft, visits: Sequence[Visit], ends: float) -> None:
    left = [visit for visit in visits if not draft.is_placed(visit.id)]
    for visit in sorted(left, key=lambda one: -one.priority):
        if monotonic() > ends:
            break
        if not draft.is_placed(visit.id):
            draft.insert(visit)
