"""When each visit of a round begins, exactly: ways, windows, what is booked, the break. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dispatch.domain.rounds.problem import Block, Place, Promise, Rest, Roads, Span, Visit, Workday


class Item(NamedTuple):
    """A visit, or what is booked, as the clock sees it."""

    place: Place | None
    seconds: int
    begins: tuple[Span, ...]
    visit: int | None = None
    fixed: bool = False


@dataclass(frozen=True)
class Times:
    starts: tuple[int, ...]
    leaves: int
    returns: int
    travel: int
    """Seconds under way, with the way back."""
    rest: Span | None


def free(visit: Visit) -> Item:
    return Item(visit.place, visit.seconds, visit.begins, visit.id)


def at(visit: Visit, starts: int) -> Item:
    """To be begun at that second, as its twin is."""
    return Item(visit.place, visit.seconds, (Span(starts, starts),), visit.id)


def kept(visit: Visit, promise: Promise) -> Item:
    return Item(visit.place, visit.seconds, (Span(promise.starts, promise.starts),), visit.id, fixed=True)


def booked(block: Block) -> Item:
    return Item(block.place, block.ends - block.starts, (Span(block.starts, block.starts),), fixed=True)


def legs(workday: Workday, items: Sequence[Item], roads: Roads) -> list[int]:
    """The way to each item and the way back. What is booked nowhere leaves the visitor where they are."""
    ways, place = [], workday.start
    for one in items:
        ways.append(roads.seconds(place, one.place))
        place = one.place or place
    return [*ways, roads.seconds(place, workday.end)]


def schedule(workday: Workday, items: Sequence[Item], roads: Roads) -> Times | None:
    """The earliest times in this order; None where they do not fit. The break is where the day ends soonest."""
    return timed(workday, items, legs(workday, items, roads))


def timed(workday: Workday, items: Sequence[Item], ways: Sequence[int]) -> Times | None:
    """``schedule``, with the ways known."""
    if workday.rest is None:
        return _run(workday, items, ways, None)
    found = _run(workday, items, ways, len(items) + 1)  # home before a break is due
    soonest = workday.starts + sum(ways) + sum(one.seconds for one in items) + workday.rest.seconds
    for pause in () if found is not None else range(len(items) + 1):
        tried = _run(workday, items, ways, pause)
        if tried is not None and (found is None or tried.returns < found.returns):
            found = tried
            if found.returns <= soonest:
                break
    return found


def with_fixed(workday: Workday, fixed: Sequence[Item], roads: Roads) -> Workday | None:
    """The day with what stands already: without its break where that leaves none; None: it cannot be walked at all."""
    for tried in (workday, replace(workday, rest=None)):
        if schedule(tried, fixed, roads) is not None:
            return tried
    return None


def _run(workday: Workday, items: Sequence[Item], ways: Sequence[int], pause: int | None) -> Times | None:
    """``pause``: the break is before that item; one past the way back, the day is over before a break is due."""
    now, starts, rest = workday.starts, [], None
    for position, (one, way) in enumerate(zip(items, ways, strict=False)):
        if position == pause and workday.rest is not None:
            rest = _rest(workday.rest, now)
            if rest is None:
                return None
            now = rest.last
        begin = _begin(one.begins, now + way)
        if begin is None:
            return None
        starts.append(begin)
        now = begin + one.seconds
    if pause == len(items) and workday.rest is not None:
        rest = _rest(workday.rest, now)
        if rest is None:
            return None
        now = rest.last
    returns = now + ways[-1]
    early = pause is not None and pause > len(items) and workday.rest is not None
    if returns > workday.ends or (early and workday.rest is not None and returns > workday.rest.begins.last):
        return None
    return Times(tuple(starts), _leaves(workday, starts, ways, rest), returns, sum(ways), rest)


def _rest(rest: Rest, now: int) -> Span | None:
    begin = max(now, rest.begins.first)
    return Span(begin, begin + rest.seconds) if begin <= rest.begins.last else None


def _begin(begins: Sequence[Span], now: int) -> int | None:
    return next((max(now, span.first) for span in begins if now <= span.last), None)


def _leaves(workday: Workday, starts: Sequence[int], ways: Sequence[int], rest: Span | None) -> int:
    """As late as the first stop allows: nobody waits at a door for its hour."""
    if not starts or (rest is not None and rest.first < starts[0]):
        return workday.starts
    return starts[0] - ways[0]
