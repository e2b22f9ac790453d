"""``config/orders.yaml``: when orders are reminded of, when nobody is written to, how far ahead is planned. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from dispatch.domain.configuration import only

KEYS = ("quiet", "reminders", "standing", "holidays")


class Reminder(StrEnum):
    EVENING = "evening"
    """On the day before, to the elder."""
    BEFORE = "before"
    """Some hours before: to whoever goes, and to the elder where the evening was already over."""


@dataclass(frozen=True)
class Quiet:
    """The hours in which nobody is written to about something that can wait."""

    begins: time
    ends: time
    """On the next morning."""

    def later(self, at: datetime, zone: ZoneInfo) -> datetime:
        """``at``, or the morning after it where it falls into the quiet hours."""
        local = at.astimezone(zone)
        if local.time() >= self.begins:
            return datetime.combine(local.date() + timedelta(days=1), self.ends, zone).astimezone(UTC)
        if local.time() < self.ends:
            return datetime.combine(local.date(), self.ends, zone).astimezone(UTC)
        return at

    def earlier(self, at: datetime, zone: ZoneInfo) -> datetime:
        """``at``, or a minute before the quiet hours in which it falls: the last moment to say something."""
        local = at.astimezone(zone)
        day = local.date() if local.time() >= self.begins else local.date() - timedelta(days=1)
        if self.ends <= local.time() < self.begins:
            return at
        return (datetime.combine(day, self.begins, zone) - timedelta(minutes=1)).astimezone(UTC)


@dataclass(frozen=True)
class OrderRules:
    quiet: Quiet
    evening: time
    before: timedelta
    days_ahead: int
    """So many days ahead the services of standing orders are planned."""
    ask_at: time
    """On the day before: the preferred helper is asked, or the service comes to the desk."""
    report_within: timedelta
    """So long after its end a planned visit of which nobody has reported anything comes to the desk."""
    holidays: frozenset[date]
    holiday_years: frozenset[int]
    """Of which years the list is known."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, KEYS)
        only(data["quiet"], ("from", "to"))
        only(data["reminders"], ("evening", "hours_before"))
        only(data["standing"], ("days_ahead", "ask_at", "report_minutes"))
        quiet = Quiet(_clock("quiet.from", data["quiet"]["from"]), _clock("quiet.to", data["quiet"]["to"]))
        if quiet.begins <= quiet.ends:
            raise ValueError("quiet: it begins in the evening and ends in the morning")
        evening = _clock("reminders.evening", data["reminders"]["evening"])
        if not quiet.ends <= evening < quiet.begins:
            raise ValueError("reminders.evening: it lies in the quiet hours")
        holidays = frozenset(day for span in data["holidays"] or () for day in _span(span))
        return cls(
            quiet=quiet,
            evening=evening,
            before=timedelta(hours=_whole("reminders.hours_before", data["reminders"]["hours_before"], 24)),
            days_ahead=_whole("standing.days_ahead", data["standing"]["days_ahead"], 60),
            ask_at=_clock("standing.ask_at", data["standing"]["ask_at"]),
            report_within=timedelta(
                minutes=_whole("standing.report_minutes", data["standing"]["report_minutes"], 1440)
            ),
            holidays=holidays,
            holiday_years=frozenset(day.year for day in holidays),
        )

    def next_reminder(self, wanted_at: datetime, now: datetime, zone: ZoneInfo) -> tuple[datetime, Reminder] | None:
        """The first one after ``now`` of what is wanted at ``wanted_at``; None: it is too late for any."""
        day = wanted_at.astimezone(zone).date() - timedelta(days=1)
        evening = datetime.combine(day, self.evening, zone).astimezone(UTC)
        before = self.quiet.earlier(wanted_at - self.before, zone)
        for at, which in sorted(((evening, Reminder.EVENING), (before, Reminder.BEFORE))):
            if at > now:
                return at, which
        return None

    def comes_up_at(self, wanted_at: datetime, zone: ZoneInfo) -> datetime:
        """When somebody has to be found for what is planned at ``wanted_at``."""
        day = wanted_at.astimezone(zone).date() - timedelta(days=1)
        return datetime.combine(day, self.ask_at, zone).astimezone(UTC)


def _clock(name: str, value: Any) -> time:
    try:
        return time.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name}: write a time of day like '18:00', in quotes, and not {value!r}") from None


def _whole(name: str, value: Any, most: int) -> int:
    number = int(value)
    if not 0 < number <= most:
        raise ValueError(f"{name}: {value} is not between 1 and {most}")
    return number


def _span(span: Mapping[str, Any]) -> list[date]:
    only(span, ("from", "to", "name"))
    first, last = span["from"], span["to"]
    if not isinstance(first, date) or not isinstance(last, date) or not 0 <= (last - first).days <= 30:
        raise ValueError(f"holidays: from a day to a later one, as 2026-10-01, and not {first!r} to {last!r}")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
