"""What a child process is asked and what it answers: numbers only, so that a line of JSON carries them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Self

ANYWHERE = -1
"""Instead of a location: no way leads there, and none away."""
NOBODY = -1


class Job(NamedTuple):
    location: int
    seconds: int
    begins: list[tuple[int, int]]
    """Seconds on the one time line of the task, on which days follow each other."""
    prize: int
    """What it is worth, in seconds of travel."""
    classes: list[int]
    """Only shifts of all these classes may take it."""
    weight: int = 1


class Shift(NamedTuple):
    """A stretch of a visitor's day without anything fixed in it."""

    visitor: int
    start: int
    end: int
    first: int
    last: int
    longest: int
    """Seconds from its first minute to its last, without the break and the reserve."""
    classes: list[int]
    most: int | None = None
    """What the weights of its jobs may add up to."""


@dataclass(frozen=True)
class Task:
    places: list[tuple[float, float, bool]]
    """Latitude, longitude, country. A location is one of these."""
    liked: list[int]
    """By location, the visitor that is wanted there, or NOBODY. One place can be several locations."""
    roads: list[tuple[float, float]]
    """Road factor and km/h: of the town, of the country."""
    jobs: list[Job]
    shifts: list[Shift]
    classes: int
    seconds: float
    seed: int = 1
    change: int = 0
    """What another visitor than the one that is liked costs, in seconds of travel."""
    twins: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Two jobs of different people, and how long after the first the second begins, at least and at most."""
    start: list[list[int]] = field(default_factory=list)
    """Jobs of each shift to begin with."""
    ways: list[list[int]] | None = None
    """Seconds from each location to each, where they do not follow from places and roads."""

    def packed(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        jobs = [Job(*one) for one in data["jobs"]]
        return cls(**{**data, "jobs": jobs, "shifts": [Shift(*one) for one in data["shifts"]]})


@dataclass(frozen=True)
class Answer:
    rounds: list[list[int]]
    """The jobs of each shift, in order. Who is in none was not worth it or does not fit."""
    together: dict[int, int] = field(default_factory=dict)
    """When each of the twins begins."""

    def packed(self) -> dict[str, Any]:
        return {"rounds": self.rounds, "together": list(self.together.items())}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        return cls(data["rounds"], dict(data["together"]))


@dataclass(frozen=True)
class Stretch:
    """A part of the work: what is told of it is told of the whole."""

    told: Callable[[float], bool]
    first: float
    share: float

    def __call__(self, share: float) -> bool:
        return self.told(self.first + share * self.share)
