"""Tasks solved in child processes, as many at a time as there are processors.

Children of the interpreter and not of ``multiprocessing``: a Celery worker's process may have none of those. When the
last task is done nothing of the solver stays in memory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Thread
from time import monotonic
from typing import Any

from dispatch.gateways.solver.task import Answer, Task

GRACE = 60.0
"""Seconds that a child may take beside the time of its task: to begin, to build its matrices, to answer."""
GONE = "gone"


class SolverFailed(Exception):
    """A child died or answered nothing in time; its memory may not have been enough."""


class Stopped(Exception):
    """Nobody wants the answer any more."""


@dataclass(frozen=True)
class Machine:
    processes: int = 2
    megabytes: int = 1500
    """Of all processes together."""


def solve_all(
    tasks: Sequence[Task], machine: Machine, told: Callable[[float], bool], apply: Callable[[int, Answer], None]
) -> None:
    """``apply`` gets each answer as it comes, by the number of its task; ``told`` the share of all tasks that is done.

    Raises Stopped when ``told`` says no, SolverFailed when a child is lost. No child outlives the call.
    """
    waiting = sorted(range(len(tasks)), key=lambda number: -tasks[number].seconds)
    number_of = min(machine.processes, len(tasks))
    whole = sum(task.seconds for task in tasks) or 1.0
    shares: dict[int, float] = {}
    lines: Queue[tuple[_Child, dict[str, Any] | str]] = Queue()
    children = [_Child(lines, machine.megabytes // number_of) for _ in range(number_of)]
    try:
        for child in children:
            _next(child, waiting, tasks)
        while any(child.task is not None for child in children):
            with suppress(Empty):
                child, line = lines.get(timeout=0.5)
                done = child.take(line)
                if done is not None and child.task is not None:
                    apply(child.task, done)
                    shares[child.task] = 1.0
                    _next(child, waiting, tasks)
                elif child.task is not None:
                    shares[child.task] = child.share
            if any(child.is_late() for child in children):
                raise SolverFailed("a child did not answer in time")
            if not told(sum(tasks[number].seconds * share for number, share in shares.items()) / whole):
                raise Stopped
    finally:
        for child in children:
            child.end()


def _next(child: _Child, waiting: list[int], tasks: Sequence[Task]) -> None:
    if waiting:
        number = waiting.pop(0)
        child.ask(number, tasks[number])
    else:
        child.task = None


class _Child:
    def __init__(self, lines: Queue[tuple[_Child, dict[str, Any] | str]], megabytes: int) -> None:
        command = [sys.executable, "-m", "dispatch.gateways.solver.child", str(megabytes)]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        self._lines = lines
        self._late = 0.0
        self.task: int | None = None
        self.share = 0.0
        Thread(target=self._read, daemon=True).start()

    def ask(self, number: int, task: Task) -> None:
        self.task, self.share, self._late = number, 0.0, monotonic() + task.seconds + GRACE
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(task.packed()) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SolverFailed("a child was lost") from None

    def take(self, line: dict[str, Any] | str) -> Answer | None:
        if line == GONE:
            raise SolverFailed(f"a child ended with {self._process.wait()}")
        assert isinstance(line, dict)
        self.share = float(line.get("share", self.share))
        return Answer.of(line["answer"]) if "answer" in line else None

    def is_late(self) -> bool:
        return self.task is not None and monotonic() > self._late

    def end(self) -> None:
        self.task = None
        self._process.kill()
        with suppress(TimeoutExpired):
            self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # closed while it was read
            for line in self._process.stdout:
                self._lines.put((self, json.loads(line)))
        if self.task is not None:
            self._lines.put((self, GONE))
