"""PyVRP: one task solved in this process. Only the children import this, so that nobody else carries the solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import numpy as np
import pyvrp
from pyvrp.search import NeighbourhoodParams

from dispatch.gateways.solver.task import ANYWHERE, NOBODY, Answer, Job, Shift, Task
from dispatch.gateways.solver.ways import Seconds, between

PROFILE_BYTES = 160_000_000
"""Of the matrices of all profiles together; a task that would need more is solved without likings."""
NEIGHBOURS = 40
APART = 0.6
"""Of the time, while twins are still two visits."""


class _Clock:
    """Stops when the time is over or nobody wants the answer any more; tells how far it is."""

    def __init__(self, seconds: float, told: Callable[[float], bool]) -> None:
        self._began, self._seconds, self._told, self._next = monotonic(), seconds, told, 0.0

    def __call__(self, best_cost: int) -> bool:
        gone = monotonic() - self._began
        if gone >= self._next:
            self._next = gone + 0.5
            if not self._told(min(1.0, gone / self._seconds)):
                return True
        return gone > self._seconds


def solve(task: Task, told: Callable[[float], bool]) -> Answer:
    """``told`` how much of the time is over, it says whether the answer is still wanted; if not, the best so far is."""
    if not task.twins:
        return _solve(task, told)[0]
    first, starts = _solve(replace(task, seconds=task.seconds * APART), lambda share: told(share * APART))
    jobs, together = list(task.jobs), dict[int, int]()
    for pair in task.twins:
        when = _together(jobs, pair, starts)
        for job in pair:
            jobs[job] = jobs[job]._replace(begins=[] if when is None else [(when, when)])
            together |= {} if when is None else {job: when}
    second = replace(task, seconds=task.seconds * (1 - APART), jobs=jobs, start=first.rounds)
    found, _ = _solve(second, lambda share: told(APART + share * (1 - APART)))
    return replace(found, together=together)


def _together(jobs: list[Job], pair: tuple[int, int], starts: dict[int, int]) -> int | None:
    """The later of the two, if both may begin then."""
    when = max((starts[job] for job in pair if job in starts), default=None)
    if when is None or not all(any(first <= when <= last for first, last in jobs[job].begins) for job in pair):
        return None
    return when


def _solve(task: Task, told: Callable[[float], bool]) -> tuple[Answer, dict[int, int]]:
    """And when each job begins. Where time was too short for rounds that hold, they come as they are: the draft takes
    out what does not fit."""
    if not any(job.begins for job in task.jobs) or not task.shifts:
        return Answer([[] for _ in task.shifts]), {}
    data, clients = _data(task)
    params = pyvrp.SolveParams(neighbourhood=NeighbourhoodParams(num_neighbours=NEIGHBOURS))
    start = _start(task, data, clients) if task.start else None
    clock = _Clock(task.seconds, told)
    best = pyvrp.solve(data, clock, task.seed, collect_stats=False, params=params, initial_solution=start).best
    rounds: list[list[int]] = [[] for _ in task.shifts]
    starts: dict[int, int] = {}
    for route in best.routes():
        served = [(clients[one.idx], one.start_time) for one in route.schedule() if one.is_client()]
        rounds[route.vehicle_type()] = [job for job, _ in served]
        starts.update(served)
    return Answer(rounds), starts


def _data(task: Task) -> tuple[pyvrp.ProblemData, list[int]]:
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
        load = [int(one in job.classes) for one in range(task.classes)] + [1] * counts
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
    vehicles = [_vehicle(task, shift, ends, len(distances) > 1, counts) for shift in task.shifts]
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
    ways[:size, :size] = between(task.places, task.roads)
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


def _vehicle(task: Task, shift: Shift, ends: list[int], own_profile: bool, counts: bool) -> pyvrp.VehicleType:
    many = len(task.jobs)
    load = [many if one in shift.classes else 0 for one in range(task.classes)]
    load += [many if shift.most is None else shift.most] * counts
    return pyvrp.VehicleType(
        capacity=load,
        start_depot=ends.index(_place(task, shift.start)),
        end_depot=ends.index(_place(task, shift.end)),
        tw_early=shift.first,
        tw_late=shift.last,
        shift_duration=shift.longest,
        profile=shift.visitor if own_profile else 0,
    )


def _start(task: Task, data: pyvrp.ProblemData, clients: list[int]) -> pyvrp.Solution:
    """Of several clients of one job the first begins; the solver changes to another itself."""
    client = {job: number for number, job in reversed(list(enumerate(clients)))}
    rounds = [[client[job] for job in jobs if job in client] for jobs in task.start]
    return pyvrp.Solution(data, [pyvrp.Route(data, jobs, kind) for kind, jobs in enumerate(rounds) if jobs])
