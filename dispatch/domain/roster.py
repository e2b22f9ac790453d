"""Rosters: shifts from weekly patterns, who must be on duty, and what is wrong with a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DutyRules:
    """``config/duty.yaml``."""

    roles: tuple[str, ...]
    paged: frozenset[str]
    check_every: timedelta
    levels: frozenset[int]
    required: tuple[str, ...]
    required_of: Mapping[str, tuple[str, ...]]
    """Other roles for the area with this code."""
    page_again_every: timedelta
    warn_ahead: timedelta
    plan_days: int
    shortest_rest: timedelta
    longest_shift: timedelta

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        roles = tuple(data["roles"])
        required = data["required"]
        rules = cls(
            roles=roles,
            paged=frozenset(name for name, role in data["roles"].items() if role.get("paged")),
            check_every=timedelta(seconds=int(data["check_every"])),
            levels=frozenset(map(int, required["levels"])),
            required=tuple(required["roles"]),
            required_of={str(code): tuple(names) for code, names in (required.get("areas") or {}).items()},
            page_again_every=timedelta(seconds=int(data["page_again_every"])),
            warn_ahead=timedelta(hours=float(data["warn_ahead_hours"])),
            plan_days=int(data["plan_days"]),
            shortest_rest=timedelta(hours=float(data["shortest_rest_hours"])),
            longest_shift=timedelta(hours=float(data["longest_shift_hours"])),
        )
        unknown = {*rules.required, *(name for names in rules.required_of.values() for name in names)} - {*roles}
        if unknown:
            raise ValueError(f"required roles that are not listed under 'roles': {sorted(unknown)}")
        if rules.check_every < timedelta(seconds=10) or rules.page_again_every < timedelta(minutes=1):
            raise ValueError("check_every is at least 10 seconds, page_again_every at least 60")
        return rules

    def required_in(self, code: str | None, level: int) -> tuple[str, ...]:
        """The roles that must be on duty for an area."""
        if code is not None and code in self.required_of:
            return self.required_of[code]
        return self.required if level in self.levels else ()


@dataclass(frozen=True)
class Pattern:
    weekdays: frozenset[int]
    """0 Monday .. 6 Sunday."""
    starts: str
    ends: str
    """``HH:MM``; an end that is not later than the start lies on the next day."""
    valid_from: date
    valid_to: date | None = None
    exceptions: Mapping[str, Mapping[str, str] | None] | None = None
    """By ISO day: None, nobody on this day; ``{starts, ends}``, other times, also on a day off."""


@dataclass(frozen=True)
class Planned:
    day: date
    starts_at: datetime
    ends_at: datetime


def clock(text: str) -> time:
    """``08:30``; raises ValueError."""
    hours, _, minutes = text.partition(":")
    if len(hours) != 2 or len(minutes) != 2:
        raise ValueError(f"{text!r} is no time of day: write it like 08:00")
    return time(int(hours), int(minutes))


def span(day: date, starts: str, ends: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when to when a shift of ``day`` lasts; across midnight when the end is not later than the start."""
    first, last = clock(starts), clock(ends)
    end_day = day if last > first else day + timedelta(days=1)
    return datetime.combine(day, first, zone), datetime.combine(end_day, last, zone)


def generate(pattern: Pattern, first: date, last: date, zone: ZoneInfo) -> Iterator[Planned]:
    """The shifts of ``pattern`` that begin on the days from ``first`` to ``last``, both included."""
    first = max(first, pattern.valid_from)
    last = min(last, pattern.valid_to) if pattern.valid_to else last
    exceptions = pattern.exceptions or {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        other = exceptions.get(day.isoformat(), {})
        if other is None or (not other and day.weekday() not in pattern.weekdays):
            continue
        starts_at, ends_at = span(day, other.get("starts", pattern.starts), other.get("ends", pattern.ends), zone)
        yield Planned(day, starts_at, ends_at)


@dataclass(frozen=True)
class OnDuty:
    """One shift, as the rules see it."""

    id: int
    who: str
    """``user:3`` or ``phone:7``."""
    role: str
    path: str
    """Path of its area: it stands for everything that lies in it."""
    starts_at: datetime
    ends_at: datetime

    def at(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def covers(self, path: str) -> bool:
        return path.startswith(self.path)


@dataclass(frozen=True)
class Warned:
    code: str
    """``double``: on duty twice at once; ``rest``: too little rest in between."""
    first: OnDuty
    second: OnDuty


def warnings(shifts: Iterable[OnDuty], shortest_rest: timedelta) -> list[Warned]:
    """What may be meant but looks wrong, in the order of time. A team's telephone needs no rest."""
    found: list[Warned] = []
    by_who: dict[str, list[OnDuty]] = {}
    for shift in sorted(shifts, key=lambda s: (s.starts_at, s.id)):
        for before in by_who.setdefault(shift.who, []):
            if shift.starts_at < before.ends_at:
                found.append(Warned("double", before, shift))
            elif before.ends_at < shift.starts_at < before.ends_at + shortest_rest and not shift.who.startswith("p"):
                found.append(Warned("rest", before, shift))
        by_who[shift.who] = [s for s in by_who[shift.who] if s.ends_at + shortest_rest > shift.starts_at] + [shift]
    return found


def double_booked(shift: OnDuty, others: Iterable[OnDuty]) -> OnDuty | None:
    """The other shift that the same one already has at that time in the same role: forbidden, it helps nobody."""
    return next(
        (
            other
            for other in others
            if other.id != shift.id
            and (other.who, other.role) == (shift.who, shift.role)
            and other.starts_at < shift.ends_at
            and shift.starts_at < other.ends_at
        ),
        None,
    )


def gaps(covering: Sequence[OnDuty], first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    """The times from ``first`` to ``last`` in which none of the shifts ``covering`` one area and role lasts."""
    found: list[tuple[datetime, datetime]] = []
    at = first
    for shift in sorted(covering, key=lambda s: s.starts_at):
        if shift.starts_at >= last:
            break
        if shift.starts_at > at:
            found.append((at, shift.starts_at))
        at = max(at, shift.ends_at)
    if at < last:
        found.append((at, last))
    return found
