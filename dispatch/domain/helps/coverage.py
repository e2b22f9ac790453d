"""When nobody works: what the shifts of all who could come leave open. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo

Span = tuple[datetime, datetime]


def week(monday: date, zone: tzinfo) -> Span:
    """From the first midnight to the last, as the clocks of the centre show it."""
    return datetime.combine(monday, time(), zone), datetime.combine(monday + timedelta(days=7), time(), zone)


def gaps(covered: Iterable[Span], within: Span) -> list[Span]:
    """The parts of ``within`` that no span covers, in order."""
    found: list[Span] = []
    at, end = within
    for begins, ends in sorted(covered):
        if begins >= end:
            break
        if begins > at:
            found.append((at, begins))
        at = max(at, ends)
    if at < end:
        found.append((at, end))
    return found


def valid_only(spans: Iterable[Span], valid_until: date | None, zone: tzinfo) -> Iterable[Span]:
    """As long as the certificate lasts: its last day counts whole."""
    if valid_until is None or valid_until == date.max:
        yield from spans
        return
    last = datetime.combine(valid_until + timedelta(days=1), time(), zone)
    for begins, ends in spans:
        if begins < last:
            yield begins, min(ends, last)


def hours(spans: Iterable[Span]) -> float:
    return round(sum((ends - begins).total_seconds() for begins, ends in spans) / 3600, 1)
