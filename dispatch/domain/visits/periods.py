"""The periods in which a check-in visit is due: named spans of local days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
MONTH_NAME = re.compile(r"^(20[0-9]{2})-(0[1-9]|1[0-2])$")


class Every(StrEnum):
    WEEK = "week"
    """Monday to Sunday, by the weeks of ISO 8601."""
    HALF_MONTH = "half_month"
    """To the 15th, and from the 16th on."""
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True)
class Span:
    """Local days from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def meet(self, first: date, last: date | None) -> Span | None:
        """What it has in common with the days from ``first`` to ``last``; None: no day."""
        begins = max(self.first, first)
        ends = self.last if last is None else min(self.last, last)
        return Span(begins, ends) if begins <= ends else None

    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Period(Span):
    name: str
    """``2026-11``, ``2026-11A``, ``2026-W48``, ``2026-Q4``: with the elder, the identity of a visit."""


def month(name: str) -> Period:
    """Raises ``ValueError``."""
    found = MONTH_NAME.match(name)
    if found is None:
        raise ValueError(f"{name!r} is no month such as 2026-11")
    return month_of(date(int(found[1]), int(found[2]), 1))


def month_of(day: date) -> Period:
    first = day.replace(day=1)
    return Period(first, _month_after(first) - DAY, f"{day:%Y-%m}")


def next_month(of: Period) -> Period:
    return month_of(of.last + DAY)


def period_of(every: Every, day: date) -> Period:
    match every:
        case Every.WEEK:
            year, week, weekday = day.isocalendar()
            monday = day - timedelta(days=weekday - 1)
            return Period(monday, monday + timedelta(days=6), f"{year}-W{week:02}")
        case Every.HALF_MONTH:
            whole = month_of(day)
            if day.day <= 15:
                return Period(whole.first, whole.first.replace(day=15), f"{whole.name}A")
            return Period(whole.first.replace(day=16), whole.last, f"{whole.name}B")
        case Every.MONTH:
            return month_of(day)
        case Every.QUARTER:
            quarter = (day.month - 1) // 3
            first = date(day.year, quarter * 3 + 1, 1)
            return Period(first, month_of(first.replace(month=quarter * 3 + 3)).last, f"{day.year}-Q{quarter + 1}")


def periods(every: Every, of: Span) -> Iterator[Period]:
    """Those that have a day in common with ``of``, in their order."""
    day = of.first
    while day <= of.last:
        found = period_of(every, day)
        yield found
        day = found.last + DAY


def _month_after(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def named(name: str) -> Period | None:
    """The period of the calendar that is called so; None: an extra round, whose days stand in its own row."""
    if name.startswith("x"):
        return None
    year, rest = int(name[:4]), name[5:]
    if rest.startswith("W"):
        return period_of(Every.WEEK, date.fromisocalendar(year, int(rest[1:]), 1))
    if rest.startswith("Q"):
        return period_of(Every.QUARTER, date(year, int(rest[1:]) * 3, 1))
    if rest.endswith(("A", "B")):
        return period_of(Every.HALF_MONTH, date(year, int(rest[:2]), 1 if rest.endswith("A") else 16))
    return month(name)
