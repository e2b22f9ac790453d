"""``config/planning.yaml``: how rounds of check-in visits are planned. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from dispatch.domain.configuration import only
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.roster import clock
from dispatch.domain.rounds.problem import Rest, Span

KEYS = (
    *("minutes", "by_class", "hours", "break", "reserve", "same_visitor_minutes", "most_a_day", "kinds"),
    *("skills", "two_for", "priorities", "solver"),
)
BUSIEST = 40
"""Visits of one visitor on one day that anybody would believe."""


@dataclass(frozen=True)
class Solver:
    least: float
    most: float
    """Seconds of one plan; a city with very many visits takes longer."""
    processes: int
    megabytes: int


@dataclass(frozen=True)
class PlanRules:
    minutes: int
    by_class: Mapping[str, int]
    """Minutes of a visit, by risk class, where they differ."""
    hours: Span
    """Within which visits begin and end."""
    rest: Rest | None
    reserve: float
    change: int
    """Seconds of travel that it may cost to send who came last time."""
    most_a_day: int
    kinds: frozenset[WorkerKind]
    skills: Mapping[str, str]
    """By risk class."""
    two_for: frozenset[str]
    """Risk classes whose elders are visited by two people together."""
    priorities: Mapping[str, int]
    """By risk class: how many others a visit counts for when not everything fits."""
    solver: Solver

    @classmethod
    def load(cls, data: Mapping[str, Any], classes: Collection[str], skills: Collection[str]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, KEYS)
        hours, pause = only(data["hours"], ("from", "to")), data["break"]
        found = cls(
            minutes=_whole("minutes", data["minutes"], 5, 240),
            by_class=_by_class("by_class", data["by_class"], classes, 240),
            hours=Span(second(str(hours["from"])), second(str(hours["to"]))),
            rest=None if pause is None else _rest(pause),
            reserve=_share("reserve", data["reserve"]),
            change=60 * _whole("same_visitor_minutes", data["same_visitor_minutes"], 0, 120),
            most_a_day=_whole("most_a_day", data["most_a_day"], 1, BUSIEST),
            kinds=frozenset(WorkerKind(kind) for kind in data["kinds"]),
            skills={_known("skills", code, classes): str(skill) for code, skill in (data["skills"] or {}).items()},
            two_for=frozenset(_known("two_for", code, classes) for code in data["two_for"] or ()),
            priorities=_by_class("priorities", data["priorities"], classes, 9),
            solver=_solver(data["solver"]),
        )
        if found.hours.first >= found.hours.last:
            raise ValueError("hours: from is earlier than to")
        if unknown := set(found.skills.values()) - set(skills):
            raise ValueError(f"skills: catalogue.yaml knows no skill {min(unknown)!r}")
        return found

    def length(self, risk: str) -> int:
        """Seconds of a visit."""
        return 60 * self.by_class.get(risk, self.minutes)

    def seconds(self, visits: int) -> float:
        """Of planning: what a day needs, and for a month of a city as long as its visits."""
        return max(self.solver.least, min(visits / 40, self.solver.most), visits / 370)


def second(text: str) -> int:
    """Of a day, from ``08:30``. Raises ValueError."""
    found = clock(text)
    return found.hour * 3600 + found.minute * 60


def _rest(body: Mapping[str, Any]) -> Rest:
    only(body, ("from", "to", "minutes"))
    first, last = second(str(body["from"])), second(str(body["to"]))
    if first > last:
        raise ValueError("break: from is no later than to")
    return Rest(Span(first, last), 60 * _whole("break.minutes", body["minutes"], 1, 180))


def _solver(body: Mapping[str, Any]) -> Solver:
    only(body, ("least_seconds", "most_seconds", "processes", "megabytes"))
    least = _number("solver.least_seconds", body["least_seconds"], 0.2, 600)
    most = _number("solver.most_seconds", body["most_seconds"], least, 1800)
    processes = _whole("solver.processes", body["processes"], 1, 64)
    return Solver(least, most, processes, _whole("solver.megabytes", body["megabytes"], 300, 100_000))


def _by_class(name: str, body: Any, classes: Collection[str], most: int) -> dict[str, int]:
    return {
        _known(name, code, classes): _whole(f"{name}.{code}", value, 1, most) for code, value in (body or {}).items()
    }


def _known(name: str, code: Any, classes: Collection[str]) -> str:
    if code not in classes:
        raise ValueError(f"{name}: visits.yaml has no risk class {code!r}")
    return str(code)


def _share(name: str, value: Any) -> float:
    return _number(name, value, 0, 0.9)


def _number(name: str, value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{name}: {value!r} is not between {least} and {most}")
    return float(value)


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name}: {value!r} is not a whole number from {least} to {most}")
    return value
