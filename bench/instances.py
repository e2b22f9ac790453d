"""Public instances through the planner's own task, engine and child processes."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from dispatch.domain.rounds.planner import Effort
from dispatch.gateways.solver.children import Children
from dispatch.gateways.solver.task import NOBODY, Answer, Job, Shift, Task

SIZES = (200, 1000)
WORTH = 10**6
LATE = (0, 15, 30, 60, 120)
"""Minutes by which windows are widened: the instances allow being late, at a price, and our planner does not."""


def vrptw(folder: Path, seconds: float, effort: Effort) -> None:
    with (folder / "best_known_distance.csv").open() as file:
        best = {row["instance"].lower(): row for row in csv.DictReader(file)}
    names = [path for path in sorted(folder.glob("*.txt")) if int(best.get(path.stem, {"n": 0})["n"]) in SIZES]
    tasks = [_customers(path, seconds) for path in names]
    answers = _solved(tasks, effort)
    for path, task, answer in zip(names, tasks, answers, strict=True):
        known = float(best[path.stem]["bks_distance_dimacs_trunc1"])
        served = sum(map(len, answer.rounds))
        distance = sum(_way(task, shift, jobs) for shift, jobs in zip(task.shifts, answer.rounds, strict=True)) / 10
        print(f"{path.stem}: {served} of {len(task.jobs)} customers, {distance:.1f} in {seconds:.0f} s,", end=" ")
        print(f"best known {known}: {distance / known - 1:+.2%}; load average {os.getloadavg()[0]:.1f}")


def _solved(tasks: Sequence[Task], effort: Effort) -> list[Answer]:
    answers: dict[int, Answer] = {}
    with Children(effort) as children:
        children.solve(tasks, lambda share: True, answers.__setitem__)
    return [answers[number] for number in range(len(tasks))]


def _customers(path: Path, seconds: float) -> Task:
    """Distances and times in tenths, cut off, as the DIMACS challenge has them."""
    lines = [line.split() for line in path.read_text().splitlines()]
    vehicles, capacity = (int(word) for word in lines[4])
    rows = [[int(word) for word in line] for line in lines[9:] if line]
    spots = [(row[1], row[2]) for row in rows]
    ways = [[int(((x - a) ** 2 + (y - b) ** 2) ** 0.5 * 10) for a, b in spots] for x, y in spots]
    jobs = [
        Job(number, row[6] * 10, [(row[4] * 10, row[5] * 10)], WORTH, [], row[3])
        for number, row in enumerate(rows)
        if number
    ]
    shift = Shift(0, 0, 0, rows[0][4] * 10, rows[0][5] * 10, rows[0][5] * 10, [], capacity)
    return _task(ways, jobs, [shift] * vehicles, seconds, 0)


def _task(
    ways: list[list[int]], jobs: list[Job], shifts: list[Shift], seconds: float, classes: int, **more: Any
) -> Task:
    places = [(0.0, 0.0, False)] * len(ways)
    return Task(places, [NOBODY] * len(ways), [(1, 1), (1, 1)], jobs, shifts, classes, seconds, ways=ways, **more)


def _way(task: Task, shift: Shift, jobs: Sequence[int]) -> int:
    assert task.ways is not None
    stops = [shift.start, *(task.jobs[job].location for job in jobs), shift.end]
    return sum(task.ways[a][b] for a, b in pairwise(stops)) if jobs else 0


def hhcrsp(folder: Path, seconds: float, effort: Effort) -> None:
    """Two people at once, or one some time after the other; cost: a third each of way, lateness and the latest one."""
    with (folder / "best_known.csv").open() as file:
        best = {row["instance"]: float(row["best_known"]) for row in csv.DictReader(file)}
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text())
        tasks = [_care(data, seconds, late) for late in LATE]
        answers = _solved(tasks, effort)
        found = [
            (_missed(task, answer), _cost(data, task, answer)) for task, answer in zip(tasks, answers, strict=True)
        ]
        missed, cost = min(found)
        whole, known = len(tasks[0].jobs), best[path.stem]
        print(
            f"{path.stem}: {whole - missed} of {whole} services as asked, cost {cost:.1f}, best known {known}:", end=" "
        )
        print(f"{cost / known - 1:+.1%}; {len(LATE)} times {seconds:.0f} s; load average {os.getloadavg()[0]:.1f}")


def _missed(task: Task, answer: Answer) -> int:
    """Services that are in no round, and pairs that do not begin as far apart as they should."""
    begins = {number: when for jobs in answer.rounds for number, when in _begins(task, answer, jobs)}
    apart = sum(
        one in begins and other in begins and not least - 1 <= begins[other] - begins[one] <= most + 1
        for one, other, least, most in task.twins
    )
    return len(task.jobs) - len(begins) + apart


def _begins(task: Task, answer: Answer, jobs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """As early as can be, and twins no earlier than together."""
    assert task.ways is not None
    here, now = 0, 0
    for number in jobs:
        job = task.jobs[number]
        now = max(now + task.ways[here][job.location], job.begins[0][0], answer.together.get(number, 0))
        yield number, now
        here, now = job.location, now + job.seconds


def _care(data: dict[str, Any], seconds: float, late: int) -> Task:
    """In seconds where the instance has minutes."""
    ways = [[round(way * 60) for way in row] for row in data["distances"]]
    skills = [one["id"] for one in data["services"]]
    jobs: list[Job] = []
    twins: list[tuple[int, int, int, int]] = []
    for number, patient in enumerate(data["patients"], 1):
        first, last = patient["time_window"]
        needs = patient["required_caregivers"]
        if len(needs) == 2:
            least, most = patient["synchronization"].get("distance", (0, 0))
            twins.append((len(jobs), len(jobs) + 1, int(least * 60), int(most * 60)))
        for need in needs:
            kinds = [skills.index(need["service"])]
            begins = [(int(first * 60), int((last + late) * 60))]
            jobs.append(Job(number, int(need["duration"] * 60), begins, WORTH, kinds))
    horizon = 10**6
    shifts = [
        Shift(number, 0, 0, 0, horizon, horizon, [skills.index(skill) for skill in one["abilities"]])
        for number, one in enumerate(data["caregivers"])
    ]
    return _task(ways, jobs, shifts, seconds, len(skills), twins=twins)


def _cost(data: dict[str, Any], task: Task, answer: Answer) -> float:
    distance, late = 0.0, [0.0]
    for jobs in answer.rounds:
        stops = [0, *(task.jobs[number].location for number in jobs), 0]
        distance += sum(data["distances"][a][b] for a, b in pairwise(stops))
        for number, begins in _begins(task, answer, jobs):
            last = data["patients"][task.jobs[number].location - 1]["time_window"][1]
            late.append(max(0.0, begins / 60 - last))
    return (distance + sum(late) + max(late)) / 3
