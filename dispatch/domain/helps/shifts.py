"""Whether a helper works at a time: the shifts of the week, and the days that differ. Pure; times of the zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Self

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """``starts`` to ``ends``; an end that is not later lies on the next day."""

    starts: time
    ends: time

    @classmethod
    def of(cls, starts: str, ends: str) -> Self:
        """From ``08:00``. Raises ``ValueError``."""
        return cls(time.fromisoformat(starts), time.fromisoformat(ends))

    def span(self, day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
        begin = datetime.combine(day, self.starts, tzinfo=zone)
        last = day if self.ends > self.starts else day + timedelta(days=1)
        return begin, datetime.combine(last, self.ends, tzinfo=zone)

    def has_begun(self, at: datetime) -> bool:
        """Begun today and not over: decided by the clock, since most shifts that are looked at do not run."""
        now = at.time()
        return self.starts <= now and (now < self.ends or self.ends <= self.starts)

    def goes_on(self, at: datetime) -> bool:
        """Begun yesterday and not over."""
        return self.ends <= self.starts and at.time() < self.ends


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
        today = at.date()
        ends = [hours.span(today, at.tzinfo)[1] for hours in self._of(today) if hours.has_begun(at)]
        before = today - DAY
        ends += [hours.span(before, at.tzinfo)[1] for hours in self._of(before) if hours.goes_on(at)]
        return max(ends, default=None)

    def spans(self, first: date, last: date, zone: tzinfo | None) -> Iterable[tuple[datetime, datetime]]:
        """Every shift that begins on a day from ``first`` to ``last``."""
        for n in range((last - first).days + 1):
            day = first + n * DAY
            yield from (hours.span(day, zone) for hours in self._of(day))

    def _of(self, day: date) -> Iterable[Hours]:
        special = [hours for when, hours in self.days if when == day]
        usual = [hours for weekday, hours in self.hours if weekday == day.weekday()]
        return [hours for hours in special or usual if hours is not None]
