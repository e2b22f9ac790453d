"""``config/matching.yaml``: the weights of a match, how fast people get about, how long they are asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from dispatch.domain.configuration import only
from dispatch.domain.helps.offers import Links, Mode, Way

PARTS = ("time", "continuity", "skill", "load", "fairness", "acceptance")
PLACES = ("town", "country")
REPLAYED = ("weights", "time_minutes", "unknown_share", "visits_full", "fairness.offers")
"""What past matches can be judged by anew: the rest changes what was known, or who was allowed."""
KEYS = (
    *("weights", "travel", "country_names", "time_minutes", "unknown_share", "position_minutes", "soon_minutes"),
    *("visits_full", "fairness", "acceptance_days", "modes", "service_grace_minutes", "direct_seconds"),
    *("alone", "alone_rounds", "emergency", "evidence", "circle", "links"),
)


@dataclass(frozen=True)
class Travel:
    road_factor: float
    kmh: float
    farthest_km: float

    def minutes(self, metres: float) -> float:
        return metres / 1000 * self.road_factor / self.kmh * 60


@dataclass(frozen=True)
class Evidence:
    radius_m: int
    """How far from the home a check-in may be before somebody should look at it."""
    accuracy_m: int
    """A position that is known less well than that proves nothing."""
    late: timedelta
    """What reaches the centre so long after it happened is a late entry."""
    travel_kmh: float
    travel_m: int
    """Two check-ins so far apart that nobody drives that fast; nearer ones are left to the error of the positions."""
    equal_visits: int
    equal_within: timedelta
    """So many visits of a helper in a row whose lengths differ by no more than this."""
    clock: timedelta
    """A telephone whose clock is further off is said to be wrong."""
    checked: frozenset[str]
    """Oddities that a person must look at; the others stand on the visit and no more."""


@dataclass(frozen=True)
class CircleRules:
    """The 15-minute circle."""

    minutes: int
    hour: int
    """Of the night in which the ways of all homes are found anew, in the zone of the centre."""
    on_foot: Mapping[str, Travel]
    """To a station, by place."""


@dataclass(frozen=True)
class Urgent:
    """What points are given for where somebody waits in need."""

    weights: Mapping[str, float]
    best_minutes: float
    worst_minutes: float


@dataclass(frozen=True)
class MatchRules:
    weights: Mapping[str, float]
    """By part; 100 together."""
    travel: Mapping[str, Travel]
    country_names: tuple[str, ...]
    best_minutes: float
    worst_minutes: float
    unknown_share: float
    position_age: timedelta
    soon: timedelta
    visits_full: int
    fair_days: timedelta
    fair_offers: int
    acceptance_days: timedelta
    modes: Mapping[int, Way]
    """By priority."""
    direct: Way
    service_grace: timedelta
    """So long after the agreed time nobody is alarmed about a visit; about an emergency at once."""
    alone: frozenset[int]
    """Priorities of which the machine may ask the next ones by itself."""
    alone_rounds: int
    urgent: Urgent
    evidence: Evidence
    circle: CircleRules
    links: Links

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, KEYS)
        best, worst = _best_and_worst(data["time_minutes"])
        return cls(
            weights=_weights(data["weights"]),
            travel={place: _travel(place, data["travel"][place]) for place in PLACES},
            country_names=tuple(map(str, data["country_names"])),
            best_minutes=best,
            worst_minutes=worst,
            unknown_share=_share(data["unknown_share"]),
            position_age=timedelta(minutes=_whole("position_minutes", data["position_minutes"], 1440)),
            soon=timedelta(minutes=_whole("soon_minutes", data["soon_minutes"], 1440)),
            visits_full=_whole("visits_full", data["visits_full"], 1000),
            fair_days=timedelta(days=_whole("fairness.days", data["fairness"]["days"], 90)),
            fair_offers=_whole("fairness.offers", data["fairness"]["offers"], 1000),
            acceptance_days=timedelta(days=_whole("acceptance_days", data["acceptance_days"], 365)),
            modes={priority: _way(f"P{priority}", data["modes"][f"P{priority}"]) for priority in range(1, 5)},
            direct=Way(Mode.DIRECT, 1, _whole("direct_seconds", data["direct_seconds"], 86_400)),
            service_grace=timedelta(minutes=_whole("service_grace_minutes", data["service_grace_minutes"], 720)),
            alone=frozenset(_priority(name) for name in data["alone"]),
            alone_rounds=_whole("alone_rounds", data["alone_rounds"], 20),
            urgent=_urgent(data["emergency"]),
            evidence=_evidence(data["evidence"]),
            circle=_circle(data["circle"]),
            links=Links(data["links"]),
        )

    def tuned(self, data: Mapping[str, Any]) -> Self:
        """With what ``data``, in the words of the file, says of ``REPLAYED``; all else stays.

        Raises KeyError, TypeError or ValueError.
        """
        best, worst = self.best_minutes, self.worst_minutes
        if "time_minutes" in data:
            best, worst = _best_and_worst(data["time_minutes"])
        fair = data.get("fairness", {}).get("offers", self.fair_offers)
        return replace(
            self,
            weights=_weights(data["weights"]) if "weights" in data else self.weights,
            best_minutes=best,
            worst_minutes=worst,
            unknown_share=_share(data.get("unknown_share", self.unknown_share)),
            visits_full=_whole("visits_full", data.get("visits_full", self.visits_full), 1000),
            fair_offers=_whole("fairness.offers", fair, 1000),
        )

    def points_for(self, emergency: bool) -> Self:
        """With the weights and the minutes of an emergency, if it is one."""
        if not emergency:
            return self
        one = self.urgent
        return replace(self, weights=one.weights, best_minutes=one.best_minutes, worst_minutes=one.worst_minutes)

    def way(self, mode: Mode, priority: int) -> Way:
        """How somebody is asked: the mode of this priority has its own seconds, the other ones those of the file."""
        if mode is Mode.DIRECT:
            return self.direct
        usual = self.modes[priority]
        if usual.mode is mode:
            return usual
        return next((way for way in self.modes.values() if way.mode is mode), usual)


def _weights(body: Mapping[str, Any]) -> dict[str, float]:
    only(body, PARTS)
    weights = {part: float(body[part]) for part in PARTS}
    if min(weights.values()) < 0 or abs(sum(weights.values()) - 100) > 1e-6:
        raise ValueError(f"weights: add up to {sum(weights.values()):g} and not to 100, or one is below zero")
    return weights


def _urgent(body: Mapping[str, Any]) -> Urgent:
    only(body, ("weights", "time_minutes"))
    return Urgent(_weights(body["weights"]), *_best_and_worst(body["time_minutes"]))


def _best_and_worst(body: Mapping[str, Any]) -> tuple[float, float]:
    best, worst = float(body["best"]), float(body["worst"])
    if not 0 <= best < worst:
        raise ValueError("time_minutes: best must be less than worst")
    return best, worst


def _share(value: Any) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError("unknown_share: between 0 and 1")
    return share


def _travel(place: str, body: Mapping[str, Any]) -> Travel:
    only(body, ("road_factor", "kmh", "farthest_km"))
    found = Travel(float(body["road_factor"]), float(body["kmh"]), float(body["farthest_km"]))
    if found.road_factor < 1 or found.kmh <= 0 or found.farthest_km <= 0:
        raise ValueError(f"travel.{place}: a road is no shorter than the straight line, and nobody stands still")
    return found


def _way(name: str, body: Mapping[str, Any]) -> Way:
    only(body, ("mode", "workers", "seconds", "voice_seconds"))
    voice = body.get("voice_seconds")
    way = Way(
        Mode(body["mode"]),
        _whole(f"modes.{name}.workers", body["workers"], 10),
        _whole(f"modes.{name}.seconds", body["seconds"], 86_400),
        None if voice is None else _whole(f"modes.{name}.voice_seconds", voice, 600),
    )
    if way.mode is Mode.DIRECT or (way.mode is Mode.SEQUENTIAL and way.size != 1):
        raise ValueError(f"modes.{name}: parallel with some workers, or sequential with one")
    return way


EVIDENCE = (
    *("radius_m", "accuracy_m", "late_minutes", "travel_kmh", "travel_m", "equal_visits", "equal_seconds"),
    *("clock_minutes", "checked"),
)


def _evidence(body: Mapping[str, Any]) -> Evidence:
    only(body, EVIDENCE)

    def whole(name: str, most: int) -> int:
        return _whole(f"evidence.{name}", body[name], most)

    return Evidence(
        radius_m=whole("radius_m", 10_000),
        accuracy_m=whole("accuracy_m", 10_000),
        late=timedelta(minutes=whole("late_minutes", 10_080)),
        travel_kmh=whole("travel_kmh", 1000),
        travel_m=whole("travel_m", 100_000),
        equal_visits=whole("equal_visits", 100),
        equal_within=timedelta(seconds=whole("equal_seconds", 3600)),
        clock=timedelta(minutes=whole("clock_minutes", 1440)),
        checked=frozenset(map(str, body["checked"])),
    )


def _circle(body: Mapping[str, Any]) -> CircleRules:
    only(body, ("minutes", "hour", "on_foot"))
    hour = int(body["hour"])
    if not 0 <= hour <= 23:
        raise ValueError("circle.hour: between 0 and 23")
    # An elder on foot goes to no station beyond the day; how far is a matter of the minutes.
    ways = {place: _travel(f"circle.{place}", {**body["on_foot"][place], "farthest_km": 100}) for place in PLACES}
    return CircleRules(_whole("circle.minutes", body["minutes"], 240), hour, ways)


def _priority(name: str) -> int:
    if name not in ("P1", "P2", "P3", "P4"):
        raise ValueError(f"alone: {name!r} is none of P1 to P4")
    return int(name[1:])


def _whole(name: str, value: Any, most: int) -> int:
    number = int(value)
    if not 0 < number <= most:
        raise ValueError(f"{name}: {value} is not between 1 and {most}")
    return number
