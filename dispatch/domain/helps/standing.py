"""A standing order (周期服务): on which days it is wanted, and why not on the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MOST_WEEKS = 12


class Off(StrEnum):
    """Why a service of a certain day is not to be."""

    PAUSED = "paused"
    ABSENT = "absent"
    """The elder is in hospital or away."""
    HOLIDAY = "holiday"
    CHANGED = "changed"
    """The standing order is another one now."""
    ENDED = "ended"
    PERSON = "person"
    """Somebody said so of this very day: no pause that ends brings it back."""


RETURNS = frozenset({Off.PAUSED, Off.ABSENT, Off.HOLIDAY, Off.CHANGED, Off.ENDED})
"""What was cancelled for one of these is planned again when it is wanted again."""


@dataclass(frozen=True)
class Pause:
    first: date
    last: date | None
    """Including this day; None: until somebody ends it."""

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Rhythm:
    weekdays: frozenset[int]
    """0 Monday .. 6 Sunday."""
    every_weeks: int
    """1 each week, 2 every other one, counted from the week of ``first``."""
    first: date
    last: date | None
    skip_holidays: bool = False
    pauses: tuple[Pause, ...] = ()

    def falls_on(self, day: date) -> bool:
        """By the rhythm alone: nobody has asked yet whether something keeps it from being."""
        if day < self.first or (self.last is not None and day > self.last) or day.weekday() not in self.weekdays:
            return False
        return (_monday(day) - _monday(self.first)).days // 7 % self.every_weeks == 0

    def off(self, day: date, holidays: frozenset[date]) -> Off | None:
        """Why there is none on a day on which it falls."""
        if any(pause.holds(day) for pause in self.pauses):
            return Off.PAUSED
        return Off.HOLIDAY if self.skip_holidays and day in holidays else None

    def days(self, first: date, last: date) -> Iterator[date]:
        """Those on which it falls, from ``first`` to ``last``."""
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if self.falls_on(day):
                yield day


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """``2026-11-24`` at ``11:30`` of the centre, in UTC. Raises ValueError for what is no time of day."""
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
