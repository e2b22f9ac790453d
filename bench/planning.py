"""How well and how fast rounds are planned, in how much memory, with how many processors.

Run: .venv/bin/python bench/planning.py [--day] [--month] [--large] [--vrptw FOLDER] [--hhcrsp FOLDER] [--seconds N]
Without a part: --day --month --large. Children are measured with their parent: the peak of the sum of what each holds
for itself and its share of what they hold together (PSS). The load average stands beside each figure.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import instances, invented
from bench.invented import Size
from dispatch.domain.rounds.check import faults
from dispatch.domain.rounds.draft import Draft
from dispatch.domain.rounds.planner import Effort
from dispatch.domain.rounds.problem import Plan, Problem, Visit
from dispatch.gateways.solver.planner import plan

EFFORT = Effort(processes=2, megabytes=1400)
DAY = Size(visits=3000, visitors=210, days=1, whole_city=True, reserve=0.0)
MONTH = Size(visits=37_000, visitors=145)
LARGE = Size(visits=75_000, visitors=294)


class Memory:
    """The most that this process and its children held at once, in MB."""

    def __init__(self) -> None:
        self.peak = 0
        self._done = threading.Event()

    def __enter__(self) -> Memory:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.peak = max(self.peak, sum(map(_pss, [os.getpid(), *_children()])) // 1024)


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def _pss(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def measured(name: str, given: Problem, seconds: float) -> Plan:
    began = time.monotonic()
    with Memory() as memory:
        found = plan(given, replace(EFFORT, seconds=seconds), lambda share: True)
    took = time.monotonic() - began
    wrong = faults(given, found)
    print(f"{name}: {len(given.visits)} visits, {len(given.visitors)} visitors, planned in {took:.1f} s,")
    print(f"  {memory.peak} MB at most, load average {os.getloadavg()[0]:.1f}; {says(found)}; faults: {len(wrong)}")
    for reason, number in Counter(found.unplaced.values()).items():
        print(f"  {number} not placed: {reason}")
    most = placeable(given)
    print(f"  at most {most} can be placed at all (see placeable()): {found.placed / most:.2%} of them are")
    return found


def placeable(given: Problem) -> int:
    """No plan can serve more: in each county as many visits as the hours of its visitors hold, the shortest first.

    Of the ways only the shortest one to each home is counted, so the true number is smaller.
    """
    draft, most = Draft(given), 0
    for areas in {visitor.areas for visitor in given.visitors}:
        inside = [visit for visit in given.visits if any(visit.area.startswith(area) for area in areas)]
        skills = frozenset[str]().union(*(one.skills for one in given.visitors if one.areas == areas))
        able = [visit for visit in inside if visit.skills <= skills]
        room = sum(day.allowance for day in draft.days.values() if day.visitor.areas == areas)
        for needs in sorted(invented.least(able)):
            room -= needs
            most += room >= 0
    return most


def says(found: Plan) -> str:
    return f"{found.placed} served in {len(found.rounds)} rounds, {found.travel / 60:.0f} minutes of travel"


def day(seconds: float | None) -> None:
    given = invented.problem(DAY)
    measured("day, whole city", given, seconds or 80)


def month(seconds: float | None) -> None:
    given = invented.problem(MONTH)
    found = measured("month", given, seconds or 100)
    loads = Counter[object]()
    for one in found.rounds:
        loads[one.day] += len(one.stops)
    print(f"  visits of a day: {min(loads.values())} to {max(loads.values())}")
    for name, nearest in (("nearest neighbour", True), ("list order", False)):
        other = invented.baseline(given, nearest=nearest)
        wrong = faults(given, other)
        print(f"  {name}: {says(other)}; faults: {len(wrong)}; we travel {found.travel / other.travel:.3f} of it")


def again(seconds: float | None) -> None:
    """The next month, in which each elder would like to see who came."""
    given = invented.problem(MONTH)
    before = plan(given, replace(EFFORT, seconds=seconds or 100), lambda share: True)
    who = {stop.visit: one.visitor for one in before.rounds for stop in one.stops}
    visits: tuple[Visit, ...] = tuple(replace(visit, preferred=who.get(visit.id)) for visit in given.visits)
    after = measured("next month", replace(given, visits=visits), seconds or 100)
    same = sum(who.get(stop.visit) == one.visitor for one in after.rounds for stop in one.stops)
    print(f"  {same / after.placed:.1%} by who came before; the month before: {says(before)}")


def large(seconds: float | None) -> None:
    measured("large", invented.problem(LARGE), seconds or 260)


def main() -> None:
    parser = argparse.ArgumentParser()
    parts: dict[str, Callable[[float | None], None]] = {"day": day, "month": month, "again": again, "large": large}
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("vrptw", "hhcrsp"):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float)
    asked = parser.parse_args()
    wanted = [part for name, part in parts.items() if getattr(asked, name)]
    if not wanted and asked.vrptw is None and asked.hhcrsp is None:
        wanted = [day, month, large]
    for part in wanted:
        part(asked.seconds)
    if asked.vrptw is not None:
        instances.vrptw(asked.vrptw, asked.seconds or 60, EFFORT)
    if asked.hhcrsp is not None:
        instances.hhcrsp(asked.hhcrsp, asked.seconds or 20, EFFORT)


if __name__ == "__main__":
    main()
