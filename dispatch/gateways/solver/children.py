"""Tasks solved in child processes, as many at a time as there are processors.

Children of the interpreter and not of ``multiprocessing``: a Celery worker's process may have none of those. When the
last task is done nothing of the solver stays in memory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Queue
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Thread
from time import monotonic
from typing import Any, Self

from dispatch.domain.rounds.planner import Effort, SolverFailed, Stopped
from dispatch.gateways.solver.task import Answer, Task

GRACE = 60.0
"""Seconds that a child may take beside the time of its task: to begin, to build its matrices, to answer."""
GONE = "gone"


Lines = Queue[tuple["_Child", dict[str, Any] | str]]


class Children:
    """``with Children(effort) as children``: none outlives the block."""

    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._lines: Lines = Queue()
        self._children: list[_Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for child in self._children:
            child.end()

    def solve(self, tasks: Sequence[Task], told: Callable[[float], bool], apply: Callable[[int, Answer], None]) -> None:
        """``apply`` gets each answer as it comes, by the number of its task; ``told`` the share that is done.

        Raises Stopped when ``told`` says no, SolverFailed when a child is lost.
        """
        waiting = sorted(range(len(tasks)), key=lambda number: -tasks[number].seconds)
        at_once = min(self._effort.processes, len(tasks))
        while len(self._children) < at_once:
            self._children.append(_Child(self._lines))
        shares = dict.fromkeys(waiting, 0.0)
        whole = sum(task.seconds for task in tasks) or 1.0
        megabytes = self._effort.megabytes // max(1, at_once)
        for child in self._children[:at_once]:
            child.ask(number := waiting.pop(0), tasks[number], megabytes)
        while any(child.task is not None for child in self._children):
            with suppress(Empty):
                child, line = self._lines.get(timeout=0.5)
                number, answer = child.take(line)
                shares[number] = child.share
                if answer is not None:
                    apply(number, answer)
                    if waiting:
                        child.ask(number := waiting.pop(0), tasks[number], megabytes)
            if any(child.is_late() for child in self._children):
                raise SolverFailed("a child did not answer in time")
            if not told(sum(tasks[number].seconds * share for number, share in shares.items()) / whole):
                raise Stopped


class _Child:
    def __init__(self, lines: Lines) -> None:
        command = [sys.executable, "-m", "dispatch.gateways.solver.child"]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        self._lines = lines
        self._late = 0.0
        self.task: int | None = None
        self.share = 0.0
        Thread(target=self._read, daemon=True).start()

    def ask(self, number: int, task: Task, megabytes: int) -> None:
        self.task, self.share, self._late = number, 0.0, monotonic() + 3 * task.seconds + GRACE
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"megabytes": megabytes, "task": task.packed()}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SolverFailed("a child was lost") from None

    def take(self, line: dict[str, Any] | str) -> tuple[int, Answer | None]:
        """The task that the line is about, and its answer if it is that."""
        if isinstance(line, str) or self.task is None:
            raise SolverFailed(f"a child ended with {self._process.wait()}")
        number = self.task
        if "answer" not in line:
            self.share = float(line["share"])
            return number, None
        self.task, self.share = None, 1.0
        return number, Answer.of(line["answer"])

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
        self._lines.put((self, GONE))
