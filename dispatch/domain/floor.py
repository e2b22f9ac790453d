"""The rules of the floor: what counts as a flood, as answered in time, as stale; who is drawn for review. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Self


class EventState(StrEnum):
    PROPOSED = "proposed"
    DECLARED = "declared"
    DISMISSED = "dismissed"
    ENDED = "ended"


LASTING = frozenset({EventState.PROPOSED, EventState.DECLARED})
"""States in which new alarms join an area event."""

GROUPED = frozenset({3, 4})
"""Priorities that may be shown as one row and handled together. An urgent case never is."""


class Status(StrEnum):
    READY = "ready"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    BREAK = "break"
    AWAY = "away"


STAFFED = frozenset({Status.READY, Status.ON_CALL, Status.WRAP_UP})
"""Statuses in which somebody can be counted on to answer."""


@dataclass(frozen=True)
class Target:
    within: int
    """Seconds."""
    percent: float


@dataclass(frozen=True)
class Stale:
    idle: timedelta
    open: timedelta


@dataclass(frozen=True)
class Quality:
    per_month: int
    calls_per_month: int
    scale: int
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class FloorRules:
    """``config/floor.yaml``."""

    flood_alarms: int
    flood_window: timedelta
    flood_quiet: timedelta
    flood_dismissed: timedelta
    targets: tuple[Target, ...]
    p1_unowned: timedelta
    held_ending: timedelta
    stale: Mapping[int, Stale]
    callback_everybody: timedelta
    beat: timedelta
    gone: timedelta
    wrap_up: timedelta
    trend: timedelta
    flood_line: int
    quality: Quality
    wall_rows: int

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Read the form of ``config/floor.yaml``; raises KeyError, TypeError or ValueError."""
        flood, quality, presence = data["flood"], data["quality"], data["presence"]
        stale = {int(p): Stale(_minutes(s["idle_minutes"]), _hours(s["open_hours"])) for p, s in data["stale"].items()}
        if set(stale) != {1, 2, 3, 4}:
            raise ValueError("stale: give each priority 1 to 4 its times")
        return cls(
            flood_alarms=_positive(flood["alarms"]),
            flood_window=_minutes(flood["window_minutes"]),
            flood_quiet=_minutes(flood["quiet_minutes"]),
            flood_dismissed=_minutes(flood["dismissed_minutes"]),
            targets=tuple(Target(_positive(t["within"]), float(t["percent"])) for t in data["targets"]),
            p1_unowned=timedelta(seconds=_positive(data["p1_unowned_seconds"])),
            held_ending=_minutes(data["held_ending_minutes"]),
            stale=stale,
            callback_everybody=_minutes(data["callbacks"]["everybody_after_minutes"]),
            beat=timedelta(seconds=_positive(presence["beat_seconds"])),
            gone=timedelta(seconds=_positive(presence["gone_seconds"])),
            wrap_up=timedelta(seconds=_positive(data["wrap_up_seconds"])),
            trend=_hours(data["trend_hours"]),
            flood_line=_positive(data["flood_line"]),
            quality=Quality(
                _positive(quality["per_month"]),
                _positive(quality["calls_per_month"]),
                _positive(quality["scale"]),
                tuple(map(str, quality["criteria"])),
            ),
            wall_rows=_positive(data["wall"]["rows"]),
        )


def _positive(value: Any) -> int:
    number = int(value)
    if number <= 0:
        raise ValueError(f"{value} must be more than nothing")
    return number


def _minutes(value: Any) -> timedelta:
    return timedelta(minutes=_positive(value))


def _hours(value: Any) -> timedelta:
    return timedelta(hours=_positive(value))


def status_now(status: Status, since: datetime, now: datetime, wrap_up: timedelta) -> tuple[Status, datetime]:
    """Wrapping up ends by itself: nobody stays out of the count by forgetting a button."""
    if status is Status.WRAP_UP and now - since >= wrap_up:
        return Status.READY, since + wrap_up
    return status, since


@dataclass(frozen=True)
class Wait:
    """One who called: when, and when a person took it, if anybody has."""

    began: datetime
    answered: datetime | None


@dataclass(frozen=True)
class Answered:
    within: int
    in_time: int
    counted: int
    """Those answered, and those who already wait longer than the limit; who still may be answered in time is not."""

    @property
    def percent(self) -> float | None:
        return round(100 * self.in_time / self.counted, 1) if self.counted else None


def answered_within(waits: Iterable[Wait], within: int, now: datetime) -> Answered:
    limit = timedelta(seconds=within)
    in_time = counted = 0
    for wait in waits:
        took = (wait.answered or now) - wait.began
        if wait.answered is not None and took <= limit:
            in_time += 1
            counted += 1
        elif wait.answered is not None or took > limit:
            counted += 1
    return Answered(within, in_time, counted)


def per_slot(times: Iterable[datetime], now: datetime, slots: int, width: timedelta) -> list[int]:
    """How many of ``times`` fell into each of the last ``slots`` stretches, the newest last and ending now."""
    found = [0] * slots
    for at in times:
        place = slots - 1 - int((now - at) / width)
        if 0 <= place < slots and at <= now:
            found[place] += 1
    return found


def draw(seed: str, operator_id: int, candidates: Sequence[int], number: int) -> list[int]:
    """``number`` of the candidates by lot; the same seed draws the same ones, so that anybody can check the lot."""
    ordered = sorted(candidates)
    return sorted(Random(f"{seed}:{operator_id}").sample(ordered, min(number, len(ordered))))  # noqa: S311 -- a lot
