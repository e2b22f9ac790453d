"""Who is called in which order until one takes responsibility. Pure: the plan, and what a call can become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

CHANNELS = ("voice", "sms")


class Who(StrEnum):
    ELDER = "elder"
    CONTACTS = "contacts"
    NEIGHBOUR = "neighbour"
    COMMUNITY_WORKER = "community_worker"
    RESCUE = "rescue"


class Mode(StrEnum):
    ORDER = "order"
    """One after the other."""
    TOGETHER = "together"
    """All at once: the first to accept goes."""


class CascadeState(StrEnum):
    RUNNING = "running"
    ACCEPTED = "accepted"
    EXHAUSTED = "exhausted"
    """Everybody was called in every round and nobody goes."""
    STOPPED = "stopped"
    """By a person."""
    SETTLED = "settled"
    """The case came to its end, or was put aside, in the meantime."""


class CallState(StrEnum):
    CALLING = "calling"
    ANSWERED = "answered"
    """Somebody is on the line and has not said whether they go."""
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    ALSO = "also"
    """Would go too; somebody else was first."""
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


PENDING = frozenset({CallState.CALLING, CallState.ANSWERED, CallState.VOICEMAIL, CallState.NO_ANSWER})
"""From these a late "1" still counts; the last two are as good as silence for the order of calls."""
OVER_AT_ONCE = frozenset({CallState.DECLINED, CallState.FAILED, CallState.SKIPPED, CallState.WITHDRAWN})
"""Nobody waits out the seconds of a call like this."""


@dataclass(frozen=True)
class CascadeStep:
    who: Who
    mode: Mode
    seconds: int
    """How long one call, or all calls at once, may take before the next."""
    channels: tuple[str, ...]

    @property
    def wait(self) -> timedelta:
        return timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Plan:
    rounds: int
    steps: tuple[CascadeStep, ...]

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Read the form that ``config/cascade.yaml`` and ``cascades.plan`` share; raises KeyError or ValueError."""
        steps = tuple(
            CascadeStep(
                Who(s["who"]), Mode(s.get("mode", "order")), _whole(s["seconds"], 600), _channels(s["channels"])
            )
            for s in data["steps"]
        )
        if not steps:
            raise ValueError("a cascade needs steps")
        return cls(_whole(data["rounds"], 5), steps)

    def dump(self) -> dict[str, Any]:
        return {
            "rounds": self.rounds,
            "steps": [
                {"who": s.who.value, "mode": s.mode.value, "seconds": s.seconds, "channels": list(s.channels)}
                for s in self.steps
            ],
        }

    def after(self, round_: int, step: int) -> tuple[int, int] | None:
        """Where it goes on when all of a step were called; None: that was the last round."""
        if step + 1 < len(self.steps):
            return round_, step + 1
        return (round_ + 1, 0) if round_ < self.rounds else None


@dataclass(frozen=True)
class CascadeRules:
    """``config/cascade.yaml``."""

    plans: Mapping[str, Plan]
    """By cause; ``default`` for the others."""
    unowned_after: timedelta | None
    """The clock starts it for an urgent case that nobody has taken for so long; None: never."""
    relations: Mapping[str, Who]
    """Which relation of a contact makes a neighbour or a community worker; the others are family."""
    default_minutes: int
    """How long somebody takes who accepts without saying how long."""
    elder_answered: timedelta
    """How long nobody else is called after the elder has picked up: a voice proves nothing, so a person decides."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        rounds = data["rounds"]
        plans = {str(cause): Plan.load({"rounds": rounds, **body}) for cause, body in data["plans"].items()}
        if "default" not in plans:
            raise ValueError("plans: give one for `default`")
        relations = {str(r): Who(who) for who, names in data["relations"].items() for r in names}
        if any(who in (Who.ELDER, Who.CONTACTS, Who.RESCUE) for who in relations.values()):
            raise ValueError("relations: only neighbour and community_worker are found by relation")
        after = data["unowned_after_seconds"]
        return cls(
            plans,
            None if after is None else timedelta(seconds=_whole(after, 3600)),
            relations,
            _whole(data["default_minutes"], 240),
            timedelta(seconds=_whole(data["elder_answered_seconds"], 600)),
        )

    def plan(self, cause: str) -> Plan:
        return self.plans.get(cause, self.plans["default"])


def _whole(value: Any, most: int) -> int:
    number = int(value)
    if not 0 < number <= most:
        raise ValueError(f"{value} is not between 1 and {most}")
    return number


def _channels(value: Any) -> tuple[str, ...]:
    found = tuple(value)
    if not found or any(channel not in CHANNELS for channel in found):
        raise ValueError(f"channels: choose from {', '.join(CHANNELS)}, not {value}")
    return found
