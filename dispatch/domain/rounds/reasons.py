"""Why a visit is in no round: found by checking one condition after the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from dispatch.domain.rounds.draft import Draft, OpenDay
from dispatch.domain.rounds.problem import Visit
from dispatch.domain.rounds.timing import free


class Reason(StrEnum):
    NO_PLACE = "no_place"
    """Neither the home nor an area around it is on the map."""
    ABSENT = "absent"
    """The elder is in hospital or away on all these days."""
    NO_VISITOR = "no_visitor"
    """Nobody goes to this area."""
    NO_SKILL = "no_skill"
    """Nobody who goes there has the skill."""
    REFUSED = "refused"
    """Those who could come are not wanted at this home."""
    NO_SHIFT = "no_shift"
    """Nobody who could come works on a day on which it may be made."""
    NOT_THEN = "not_then"
    """Somebody works on those days, but not at the hours at which it may begin."""
    BOOKED = "booked"
    """What is promised and booked already leaves no room for it."""
    TOO_FAR = "too_far"
    """The way there and back and the visit are longer than a working day."""
    NO_SECOND = "no_second"
    """Two are needed at once, and no second one has room then."""
    FULL = "full"
    """It would fit on a day of its own; the days are full."""
    CHANGED = "changed"
    """Of a published plan: it, or its visitor's day, had changed since it was planned."""
    NO_TIME = "no_time"
    """The planner's time was over before it was tried everywhere: planning longer may place it."""


def reason(draft: Draft, visit: Visit) -> Reason:
    """Of a visit that no round takes."""
    visitors = [one for one in draft.problem.visitors if one.goes_to(visit.area)]
    if not visitors:
        return Reason.NO_VISITOR
    skilled = [one for one in visitors if visit.skills <= one.skills]
    if not skilled:
        return Reason.NO_SKILL
    wanted = {one.id for one in skilled if one.id not in visit.refused}
    if not wanted:
        return Reason.REFUSED
    days = [one for one in draft.days.values() if one.visitor.id in wanted and one.workday.day in set(visit.days)]
    if not days:
        return Reason.NO_SHIFT
    return _of_days(draft, visit, days)


def _of_days(draft: Draft, visit: Visit, days: list[OpenDay]) -> Reason:
    then = [one for one in days if _works_then(visit, one)]
    if not then:
        return Reason.NOT_THEN
    if not _people(then, lambda one: draft.fits_alone(one, free(visit), booked=False)):
        return Reason.TOO_FAR
    beside = _people(then, lambda one: draft.fits_alone(one, free(visit), booked=True))
    if not beside:
        return Reason.BOOKED
    if visit.twin is not None and (len(beside) < 2 or draft.has_room(visit)):
        return Reason.NO_SECOND
    return Reason.FULL


def _works_then(visit: Visit, day: OpenDay) -> bool:
    last = day.workday.ends - visit.seconds
    return any(max(span.first, day.workday.starts) <= min(span.last, last) for span in visit.begins)


def _people(days: Iterable[OpenDay], holds: Callable[[OpenDay], bool]) -> set[int]:
    """Two of them are enough to know."""
    found: set[int] = set()
    for day in days:
        if day.visitor.id not in found and holds(day):
            found.add(day.visitor.id)
            if len(found) == 2:
                break
    return found
