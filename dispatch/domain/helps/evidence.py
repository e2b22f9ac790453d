"""What the proof of one visit says beside that of others: two places at once, too fast, always equally long. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.helps.geography import Point, metres
from dispatch.domain.helps.rules import Evidence


@dataclass(frozen=True)
class Seen:
    """Where a helper's telephone was at a time."""

    point: Point
    at: datetime
    accuracy_m: float = 0


def too_fast(one: Seen, other: Seen, rules: Evidence) -> bool:
    """Nobody gets from the one to the other in that time, even if both positions are as wrong as they say."""
    way = metres(one.point, other.point) - one.accuracy_m - other.accuracy_m
    if way < rules.travel_m:
        return False
    hours = abs((other.at - one.at).total_seconds()) / 3600
    return way / 1000 > rules.travel_kmh * hours


def overlap(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> bool:
    """Both are begin and end; touching is no overlap."""
    return one[0] < other[1] and other[0] < one[1]


def equally_long(lengths: Sequence[timedelta], rules: Evidence) -> bool:
    """The newest visits one after the other, all of the same length to the minute: people differ, forms do not."""
    if len(lengths) < rules.equal_visits:
        return False
    newest = lengths[: rules.equal_visits]
    return max(newest) - min(newest) <= rules.equal_within


def clock_wrong(device_at: datetime | None, at: datetime, rules: Evidence) -> bool:
    """The telephone's own clock is far from the centre's, by which its times were put right."""
    return device_at is not None and abs(device_at - at) > rules.clock
