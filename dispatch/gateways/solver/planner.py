"""Rounds for a problem: solved whole while it is small, by parts and again by other parts when it is large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.levelling import level
from dispatch.domain.rounds.planner import Effort
from dispatch.domain.rounds.problem import Plan, Problem, Visit
from dispatch.domain.rounds.reasons import Reason, reason
from dispatch.gateways.solver.build import Part, Wishes
from dispatch.gateways.solver.children import Children
from dispatch.gateways.solver.crews import Crew, by_place, by_plan, fitting, parts
from dispatch.gateways.solver.task import Stretch

WHOLE = 3500
"""Visits of one day that are solved in one piece; the matrices of twice as many take four times the memory."""
PART = 400
"""Visits of a part: few enough for a matrix of each visitor's likings, and for good rounds within seconds."""
PASSES: tuple[tuple[float, float], ...] = ((0.5, 0.5), (0.3, 0.36), (0.2, 0.58))
"""Of the time, and where groups are divided."""
AFTER_WHOLE: tuple[tuple[float, float], ...] = ((0.18, 0.5), (0.12, 0.36))
MENDING = 0.06
"""Of the time, for putting in by hand what the solver left out."""
OVER = 10.0
"""Seconds that this may take beyond the time, and in any case."""


def plan(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
    """``domain.rounds.planner.Planner``."""
    draft = Draft(problem)
    visits = [visit for visit in problem.visits if visit.promised is None]
    ends = monotonic() + effort.seconds
    if visits and any(not day.closed for day in draft.days.values()):
        with Children(effort) as children:
            _Work(draft, visits, effort, children).solve(told)
    unplaced = _mend(draft, visits, ends)
    level(draft)
    told(1.0)
    return Plan(tuple(draft.rounds()), {visit: why.value for visit, why in unplaced.items()})


class _Work:
    def __init__(self, draft: Draft, visits: Sequence[Visit], effort: Effort, children: Children) -> None:
        self._draft, self._visits, self._effort, self._children = draft, visits, effort, children

    def solve(self, told: Callable[[float], bool]) -> None:
        visits, draft = self._visits, self._draft
        days = {key[1] for key in draft.days}
        done, passes = 0.0, PASSES
        if len(visits) <= PART or (len(days) == 1 and len(visits) <= WHOLE):
            passes = () if len(visits) <= PART else AFTER_WHOLE
            done = 1 - sum(share for share, _ in passes)
            visitors = [visitor.id for visitor in draft.problem.visitors]
            self._pass([Crew(visitors, visits[0].place, list(visits))], Stretch(told, 0.0, done))
        for share, cut in passes:
            made = by_plan(draft, visits) if done else by_place(draft, visits)
            self._pass(parts(made, PART, cut), Stretch(told, done, share))
            done += share

    def _pass(self, some: Sequence[Crew], told: Stretch) -> None:
        """Each part gets of the time what it has of the visits."""
        if not some:
            return  # nobody may make any of them
        effort, count = self._effort, sum(len(crew.visits) for crew in some)
        seconds = effort.seconds * (1 - MENDING) * told.share * min(effort.processes, len(some)) / count
        built, tasks = [], []
        for crew in some:
            part = Part(self._draft, crew.visitors, fitting(self._draft, crew))
            tasks.append(part.task(Wishes(seconds * len(crew.visits), effort.change, effort.seed)))
            built.append(part)
        self._draft.clear_all()
        self._children.solve(tasks, told, lambda number, answer: built[number].apply(answer))


def _mend(draft: Draft, visits: Sequence[Visit], ends: float) -> dict[int, Reason]:
    """Put in what was left out, the most urgent first, and say of the rest why not."""
    left = sorted((visit for visit in visits if not draft.is_placed(visit.id)), key=lambda visit: -visit.priority)
    late, until = set[int](), max(ends, monotonic()) + OVER
    for visit in left:
        if monotonic() > until:
            late.add(visit.id)
        elif not draft.is_placed(visit.id):
            draft.insert(visit)
    reasons = {visit.id: reason(draft, visit) for visit in left if not draft.is_placed(visit.id)}
    return {id_: Reason.NO_TIME if why is Reason.FULL and id_ in late else why for id_, why in reasons.items()}
