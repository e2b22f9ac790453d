"""Moments as a planner counts them, and back: seconds of a local day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SETTING_OUT = 600
"""Seconds from now before which nobody is sent anywhere: what is to begin by then is as good as begun."""


def second_of(at: datetime, day: date, zone: ZoneInfo) -> int:
    """By the clock on the wall; on the next day more than 86,400."""
    local = at.astimezone(zone)
    return (local.date() - day).days * 86_400 + local.hour * 3600 + local.minute * 60 + local.second


def moment(day: date, second: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(second, 86_400)
    wall = time(rest // 3600, rest % 3600 // 60, rest % 60)
    return datetime.combine(day + timedelta(days=days), wall, zone).astimezone(UTC)
