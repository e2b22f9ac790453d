"""PyVRP: one task solved in this process. Only the children import this, so that nobody else carries the solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic, process_time

import numpy as np
import pyvrp
from pyvrp.search import NeighbourhoodParams, PerturbationParams

from dispatch.gateways.solver.task import ANYWHERE, NOBODY, Answer, Stretch, Task
from dispatch.gateways.solver.ways import Seconds, between

PROFILE_BYTES = 160_000_000
"""Of the matrices of all profiles together; a task that would need more is solved without likings."""
PARAMS = pyvrp.SolveParams(
    ils=pyvrp.IteratedLocalSearchParams(history_length=100),
    neighbourhood=NeighbourhoodParams(num_neighbours=20),
    perturbation=PerturbationParams(max_perturbations=10),
)
"""Of a task that has a minute or less, where the solver's own are for longer: r1_10_1 of Gehring and Homberger came to
2.6 % above the best known in half a minute, and with those to 6.2 %.
"""
PATIENCE = 3.0
"""So many times longer than its seconds a task takes at most, on a machine that is busy with other things."""
NEARER: tuple[tuple[float, int | None], ...] = ((0.4, None), (0.2, 1800), (0.2, 600), (0.2, 0))
"""Of the time, and how many seconds two who come together may still begin apart: at first they are two visits."""


class _Clock:
    """Stops when the time is over or nobody wants the answer any more; tells how far it is.

    The time is that of the processor: where others need it too, a plan takes longer and does not get worse.
    """

    def __init__(self, seconds: float, told: Callable[[float], bool]) -> None:
        self._seconds, self._told, self._next = seconds, told, 0.0
        self._worked, self._began = process_time(), monotonic()

    def __call__(self, best_cost: int) -> bool:
        wall = monotonic() - self._began
        gone = max(process_time() - self._worked, wall / PATIENCE)
        if wall >= self._next:
            self._next = wall + 0.5
            if not self._told(min(1.0, gone / self._seconds)):
                return True
        return gone > self._seconds


def solve(task: Task, told: Callable[[float], bool]) -> Answer:
    """``told`` how much of the time is over, it says whether the answer is still wanted; if not, the best so far is."""
    if not task.twins:
        return _solve(task, told)[0]
    done, found, starts = 0.0, Answer([]), dict[int, int]()
    now, together = task, dict[int, int]()
    for share, spread in NEARER:
        if spread is not None:
            now, together = _nearer(task, starts, spread, found.rounds)
        found, starts = _solve(replace(now, seconds=task.seconds * share), Stretch(told, done, share))
        done += share
    return replace(found, together=together)


def _nearer(task: Task, starts: dict[int, int], spread: int, rounds: list[list[int]]) -> tuple[Task, dict[int, int]]:
    """The task with both of two held to the hour at which they can be together, give or take ``spread`` seconds."""
    jobs, together = list(task.jobs), dict[int, int]()
    for one, other, least, most in task.twins:
        when = _together(starts.get(one), starts.get(other), least, most)
        for job, begins in zip((one, other), when or (0, 0), strict=True):
            spans = [(max(first, begins - spread), min(last, begins + spread)) for first, last in jobs[job].begins]
            held = [] if when is None else [span for span in spans if span[0] <= span[1]]
            jobs[job] = jobs[job]._replace(begins=held)
            together |= {job: begins} if held else {}
    return replace(task, jobs=jobs, start=rounds), together


def _together(one: int | None, other: int | None, least: int, most: int) -> tuple[int, int] | None:
    """As they were planned apart, each no earlier than then."""
    if one is None or other is None:
        found = one if one is not None else other
        return None if found is None else (found, found + least)
    first = max(one, other - most)
    return first, max(other, first + least)


def _solve(task: Task, told: Callable[[float], bool]) -> tuple[Answer, dict[int, int]]:
    """And when each job begins. Where time was too short for rounds that hold, they come as they are: the draft takes
    out what does not fit."""
    if not any(job.begins for job in task.jobs) or not task.shifts:
        return Answer([[] for _ in task.shifts]), {}
    kinds = _alike(task)
    data, clients = _data(task, kinds)
    start = _start(task, data, clients, kinds) if task.start else None
    clock = _Clock(task.seconds, told)
    best = pyvrp.solve(data, clock, task.seed, collect_stats=False, params=PARAMS, initial_solution=start).best
    rounds: list[list[int]] = [[] for _ in task.shifts]
    starts: dict[int, int] = {}
    free = [list(alike) for alike in kinds]
    for route in best.routes():
        served = [(clients[one.idx], one.start_time) for one in route.schedule() if one.is_client()]
        rounds[free[route.vehicle_type()].pop(0)] = [job for job, _ in served]
        starts.update(served)
    return Answer(rounds), starts


def _alike(task: Task) -> list[list[int]]:
    """Shifts that are as good as each other, which the solver need not tell apart."""
    found: dict[str, list[int]] = {}
    own = bool(task.change) and any(liked != NOBODY for liked in task.liked)
    for number, shift in enumerate(task.shifts):
        found.setdefault(repr(shift if own else shift._replace(visitor=NOBODY)), []).append(number)
    return list(found.values())


def _data(task: Task, kinds: list[list[int]]) -> tuple[pyvrp.ProblemData, list[int]]:
    """And the job of each client: one with several windows is several clients, of which one is served."""
    clients: list[pyvrp.Client] = []
    jobs: list[int] = []
    groups: list[pyvrp.ClientGroup] = []
    counts = any(shift.most is not None for shift in task.shifts)
    for number, job in enumerate(task.jobs):
        if not job.begins:
            continue
        group = len(groups) if len(job.begins) > 1 else None
        if group is not None:
            groups.append(pyvrp.ClientGroup(list(range(len(clients), len(clients) + len(job.begins))), required=False))
        load = [int(one in job.classes) for one in range(task.classes)] + [job.weight] * counts
        for first, last in job.begins:
            clients.append(
                pyvrp.Client(
                    job.location, load, [], job.seconds, first, last, prize=job.prize, required=False, group=group
                )
            )
            jobs.append(number)
    ways = _ways(task)
    distances = _profiles(task, ways)
    ends = sorted({end for shift in task.shifts for end in (_place(task, shift.start), _place(task, shift.end))})
    depots = [pyvrp.Depot(end) for end in ends]
    vehicles = [_vehicle(task, alike, ends, len(distances) > 1, counts) for alike in kinds]
    locations = [pyvrp.Location(lat, lon) for lat, lon, _ in task.places] + [pyvrp.Location(0, 0)]
    durations = [ways] * len(distances)
    # Its stubs take a shape for the type of an array's numbers.
    data = pyvrp.ProblemData(locations, clients, depots, vehicles, distances, durations, groups)  # type: ignore[arg-type]
    return data, jobs


def _place(task: Task, location: int) -> int:
    return len(task.places) if location == ANYWHERE else location


def _ways(task: Task) -> Seconds:
    """The last row and column are those of anywhere."""
    size = len(task.places)
    ways = np.zeros((size + 1, size + 1), dtype=np.int64)
    ways[:size, :size] = between(task.places, task.roads) if task.ways is None else task.ways
    return ways


def _profiles(task: Task, ways: Seconds) -> list[Seconds]:
    liked = np.array([*task.liked, NOBODY])
    visitors = max((shift.visitor for shift in task.shifts), default=0) + 1
    if not task.change or (liked == NOBODY).all() or ways.nbytes * visitors * 2 > PROFILE_BYTES:
        return [ways]
    profiles = []
    for visitor in range(visitors):
        costs = ways + np.where((liked == NOBODY) | (liked == visitor), 0, task.change)
        np.fill_diagonal(costs, 0)
        profiles.append(costs)
    return profiles


def _vehicle(task: Task, alike: list[int], ends: list[int], own_profile: bool, counts: bool) -> pyvrp.VehicleType:
    shift, many = task.shifts[alike[0]], sum(job.weight for job in task.jobs)
    load = [many if one in shift.classes else 0 for one in range(task.classes)]
    load += [many if shift.most is None else shift.most] * counts
    return pyvrp.VehicleType(
        num_available=len(alike),
        capacity=load,
        start_depot=ends.index(_place(task, shift.start)),
        end_depot=ends.index(_place(task, shift.end)),
        tw_early=shift.first,
        tw_late=shift.last,
        shift_duration=shift.longest,
        profile=shift.visitor if own_profile else 0,
    )


def _start(task: Task, data: pyvrp.ProblemData, clients: list[int], kinds: list[list[int]]) -> pyvrp.Solution:
    """Of several clients of one job the first begins; the solver changes to another itself."""
    client = {job: number for number, job in reversed(list(enumerate(clients)))}
    rounds = [[client[job] for job in jobs if job in client] for jobs in task.start]
    routes = [
        pyvrp.Route(data, rounds[shift], kind) for kind, alike in enumerate(kinds) for shift in alike if rounds[shift]
    ]
    return pyvrp.Solution(data, routes)
