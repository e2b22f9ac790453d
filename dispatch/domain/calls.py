"""What a telephone exchange tells of one call, and what becomes of those who wait for an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self


class CallEvent(StrEnum):
    RINGING = "ringing"
    OFFERED = "offered"
    """It rings at the desk of ``agent``, and there alone."""
    PASSED = "passed"
    """It rings there no longer, and nobody has picked up."""
    ANSWERED = "answered"
    TRANSFERRED = "transferred"
    """``agent`` has it now."""
    HANGUP = "hangup"
    MISSED = "missed"
    RECORDING = "recording"


@dataclass(frozen=True)
class CallReport:
    call_id: str
    event: CallEvent
    caller: str | None = None
    called: str | None = None
    agent: str | None = None
    """The user's name, or the extension at whose seat the user sits."""
    at: datetime | None = None
    recording_url: str | None = None
    waited: int | None = None
    """Seconds in the queue, where the exchange counts them itself."""
    offers: bool = False
    """This exchange says at whose desk a call rings; else it may be anybody's."""


@dataclass(frozen=True)
class HotlineRules:
    """``config/hotline.yaml``."""

    area_code: str
    seats: Mapping[str, str] = field(default_factory=dict)
    """The extension of the telephone at each seat."""
    answer_within: timedelta = timedelta(seconds=15)
    connected: float = 95.0
    """Per cent of the calls of any day that reach a person."""
    answered: float = 95.0
    """Per cent of those that reach one in time."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        area_code = str(data.get("area_code") or "")
        if area_code and not (area_code.isdecimal() and area_code.startswith("0")):
            raise ValueError(f"area_code: {area_code!r} is none: write it with its 0, in quotes")
        seats = {str(seat): str(extension) for seat, extension in (data.get("seats") or {}).items()}
        if len(set(seats.values())) != len(seats):
            raise ValueError("seats: one extension stands at two seats")
        targets = data["targets"]
        return cls(
            area_code=area_code,
            seats=seats,
            answer_within=timedelta(seconds=int(targets["answer_within_seconds"])),
            connected=float(targets["connected_percent"]),
            answered=float(targets["answered_percent"]),
        )

    def seat_of(self, extension: str) -> str | None:
        return next((seat for seat, own in self.seats.items() if own == extension), None)


DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Ended:
    """One wait in the queue that is over: a person answered it, or the caller gave up."""

    at: datetime
    answered: bool
    waited: timedelta


@dataclass(frozen=True)
class Connection:
    """Of the calls of 24 hours that ended by an answer or by giving up: how many reached a person, and how soon."""

    calls: int
    answered: int
    in_time: int
    until: datetime | None = None

    @property
    def connected_percent(self) -> float | None:
        return round(100 * self.answered / self.calls, 1) if self.calls else None

    @property
    def in_time_percent(self) -> float | None:
        return round(100 * self.in_time / self.answered, 1) if self.answered else None


def connection(waits: Iterable[Ended], until: datetime, within: timedelta) -> Connection:
    """Of the 24 hours that end at ``until``. Who still waits is in neither number."""
    found = [one for one in waits if until - DAY < one.at <= until]
    answered = [one for one in found if one.answered]
    return Connection(len(found), len(answered), sum(one.waited <= within for one in answered), until)


def worst(waits: Sequence[Ended], within: timedelta) -> Connection | None:
    """The 24 hours with the lowest connection rate: any such stretch is at its lowest when somebody has given up."""
    ordered = sorted(waits, key=lambda one: one.at)
    lowest: Connection | None = None
    first = answered = in_time = 0
    for last, one in enumerate(ordered):
        answered += one.answered
        in_time += one.answered and one.waited <= within
        while ordered[first].at <= one.at - DAY:
            gone = ordered[first]
            answered -= gone.answered
            in_time -= gone.answered and gone.waited <= within
            first += 1
        if last + 1 < len(ordered) and ordered[last + 1].at == one.at:
            continue  # the stretch ends behind all that happened at this moment
        found = Connection(last - first + 1, answered, in_time, one.at)
        if lowest is None or answered * lowest.calls < lowest.answered * found.calls:
            lowest = found
    return lowest
