"""One line of the month's board: on which days what became of an elder's visits, how many are due and done. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dispatch.domain.visits.periods import Span
from dispatch.domain.visits.visit import Mode, VisitState


class Mark(StrEnum):
    """What stands in a cell of a day; of several the first is shown."""

    DONE = "done"
    """Met, with evidence."""
    WEAK = "weak"
    """Met, and the evidence is weak."""
    SPOKEN = "spoken"
    """By telephone, by video or by a device."""
    RISK = "risk"
    """Nothing is booked, and few days are left."""
    MISSED = "missed"
    REFUSED = "refused"
    BOOKED = "booked"
    TRIED = "tried"
    """Nobody was met. Never a visit."""


ORDER = tuple(Mark)


@dataclass(frozen=True)
class Seen:
    """The record of a visit."""

    day: date
    mode: Mode
    weak: bool


@dataclass(frozen=True)
class Task:
    """A visit of the elder that has a day in common with the month."""

    state: VisitState
    first: date
    last: date
    booked: date | None = None
    """The day on which somebody goes."""
    seen: Seen | None = None
    tried: tuple[date, ...] = ()
    extra: bool = False
    """Of an extra round, which has numbers of its own: it shows where somebody was, and no more."""


@dataclass(frozen=True)
class View:
    """By which the line is drawn."""

    month: Span
    day: date
    """Today."""
    at_risk_days: int
    modes: Collection[Mode]
    """Those that count."""


@dataclass(frozen=True)
class Line:
    need: int
    done: int
    next: date | None
    days: Mapping[date, tuple[Mark, ...]]


def is_at_risk(state: VisitState, span: Span, day: date, at_risk_days: int) -> bool:
    """Nothing is booked, and few days are left."""
    return state is VisitState.PLANNED and span.first <= day and span.last <= day + timedelta(days=at_risk_days)


def line(tasks: Iterable[Task], refused: Iterable[date], view: View) -> Line:
    """``refused``: the days on which the elder said that they want no visit."""
    kept = [task for task in tasks if task.state is not VisitState.EXCUSED]
    found: dict[date, set[Mark]] = {}
    for day, mark in [*(one for task in kept for one in _marks(task, view)), *((on, Mark.REFUSED) for on in refused)]:
        if day in view.month:
            found.setdefault(day, set()).add(mark)
    ahead = [task.booked for task in kept if task.booked is not None]
    regular = [task for task in kept if not task.extra]
    return Line(
        need=len(regular),
        done=sum(_counts(task, view) for task in regular),
        next=min(ahead, default=None),
        days={day: tuple(sorted(marks, key=ORDER.index)) for day, marks in sorted(found.items())},
    )


def _counts(task: Task, view: View) -> bool:
    return task.seen is not None and task.seen.mode in view.modes and task.seen.day in view.month


def _marks(task: Task, view: View) -> Iterator[tuple[date, Mark]]:
    yield from ((day, Mark.TRIED) for day in task.tried)
    if task.seen is not None:
        yield task.seen.day, _of(task.seen)
    elif task.booked is not None:
        yield task.booked, Mark.BOOKED
    elif task.extra:
        return
    elif task.state is VisitState.MISSED:
        yield min(task.last, view.month.last), Mark.MISSED
    elif is_at_risk(task.state, Span(task.first, task.last), view.day, view.at_risk_days):
        yield view.day, Mark.RISK


def _of(seen: Seen) -> Mark:
    if seen.mode is not Mode.HOME:
        return Mark.SPOKEN
    return Mark.WEAK if seen.weak else Mark.DONE
