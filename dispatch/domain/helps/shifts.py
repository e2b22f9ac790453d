"""Whether a helper works at a time: the shifts of the week, and the days that differ. Pure; times of the zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class Hours:
    """``starts`` to ``ends``; an end that is not later lies on the next day."""

    starts: time
    ends: time

    def span(self, day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
        begin = datetime.combine(day, self.starts, tzinfo=zone)
        last = day if self.ends > self.starts else day + timedelta(days=1)
        return begin, datetime.combine(last, self.ends, tzinfo=zone)


@dataclass(frozen=True)
class Week:
    """What one helper works. ``days`` replaces the hours of a weekday; None: absent all day."""

    hours: tuple[tuple[int, Hours], ...]
    """Weekday (0 Monday) and hours."""
    days: tuple[tuple[date, Hours | None], ...] = ()

    def absent(self, day: date) -> bool:
        return any(when == day and hours is None for when, hours in self.days)

    def until(self, at: datetime) -> datetime | None:
        """The end of the shift that runs at ``at`` (in the zone of the centre); None: none does."""
        ends = [end for begin, end in self._spans(at) if begin <= at < end]
        return max(ends, default=None)

    def _spans(self, at: datetime) -> Iterable[tuple[datetime, datetime]]:
        today = at.date()
        for day in (today - timedelta(days=1), today):
            special = [hours for when, hours in self.days if when == day]
            usual = [hours for weekday, hours in self.hours if weekday == day.weekday()]
            for hours in special or usual:
                if hours is not None:
                    yield hours.span(day, at.tzinfo)
