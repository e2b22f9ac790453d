"""Whoever makes rounds: what it is given beside the problem, and how it says no. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dispatch.domain.rounds.problem import Plan, Problem


class Stopped(Exception):
    """Nobody wants the answer any more."""


class SolverFailed(Exception):
    """A process of the solver was lost or answered nothing in time; its memory may not have been enough."""


@dataclass(frozen=True)
class Effort:
    seconds: float = 100.0
    change: int = 600
    """Seconds of travel that it may cost to send who came last time."""
    processes: int = 2
    megabytes: int = 1500
    """Of all processes together."""
    seed: int = 1


class Planner(Protocol):
    def __call__(self, problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
        """``told`` the share of the work that is done, it says whether to go on.

        Raises ``Stopped`` if not, and ``SolverFailed``.
        """
