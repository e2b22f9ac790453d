"""The binding rate of a month (indicator 19): who is counted, who is set apart and why, who was visited. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dispatch.domain.visits.due import Listing, Person, absent_throughout
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.rules import Counting, Happening, VisitRules
from dispatch.domain.visits.visit import Excuse, Mode


class Apart(StrEnum):
    """Why somebody of the list is not in the number. In this order: the first that holds is the reason."""

    INSTITUTION = "institution"
    CLASS = "not_binding"
    DIED = "died"
    MOVED = "moved"
    LEFT_LIST = "left_list"
    HOSPITAL = "hospital"
    AWAY = "away"
    JOINED = "joined_late"
    REFUSED = "refused"


@dataclass(frozen=True)
class Seen:
    """The elder was met, or spoken to, on this local day."""

    day: date
    mode: Mode


@dataclass(frozen=True)
class Judgement:
    """What an elder of the list is in the number of a month."""

    apart: Apart | None
    visited_on: date | None
    """The first valid visit of the month, also of somebody who is set apart."""
    mode: Mode | None
    refused: bool
    """Wanted no visit in it, and had none: reported apart, whether it is counted or not."""


def judge(person: Person, listing: Listing, month: Period, rules: VisitRules, seen: Iterable[Seen]) -> Judgement:
    valid = sorted(
        (one for one in seen if one.day in month and one.mode in rules.modes), key=lambda one: (one.day, one.mode)
    )
    first = valid[0] if valid else None
    refused = first is None and any(month.meet(r.first, r.last) is not None for r in person.refusals)
    reason = next(_reasons(person, listing, month, rules, refused), None)
    if first is None:
        return Judgement(reason, None, None, refused)
    return Judgement(reason, first.day, first.mode, refused)


def _reasons(person: Person, listing: Listing, month: Period, rules: VisitRules, refused: bool) -> Iterator[Apart]:
    if person.form is not None and person.form in rules.forms_apart:
        yield Apart.INSTITUTION
    if not listing.risk.binding:
        yield Apart.CLASS
    left = _left(person, listing, month)
    if left is not None and rules.counting[left] is Counting.APART:
        yield Apart(left.value)
    for happening in (Happening.HOSPITAL, Happening.AWAY):
        if _absent(person, listing, happening, rules.counting[happening]):
            yield Apart(happening.value)
    if listing.joined > max(month.last - timedelta(days=rules.joined_in_last_days), month.first):
        yield Apart.JOINED
    if refused and rules.counting[Happening.REFUSED] is Counting.APART:
        yield Apart.REFUSED


def _left(person: Person, listing: Listing, month: Period) -> Happening | None:
    """How they left it, if they did and are not back."""
    if person.left is not None and person.left in month:
        return Happening.DIED if person.left_by is Excuse.DIED else Happening.MOVED
    return Happening.LEFT_LIST if listing.last < month.last else None


def _absent(person: Person, listing: Listing, happening: Happening, counting: Counting) -> bool:
    match counting:
        case Counting.COUNT:
            return False
        case Counting.WHOLE:
            return absent_throughout(person, listing.spans) == happening.value
        case Counting.APART:
            return any(
                away.kind == happening.value and span.meet(away.first, away.last) is not None
                for away in person.absences
                for span in listing.spans
            )
