"""Who is due in which round: days in the list, the visits that follow from them, and why somebody has none. Pure.

In the list is who belongs to one of its groups and has not left the register. Days are local days of the centre.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dispatch.domain.visits.periods import DAY, Period, Span, periods
from dispatch.domain.visits.rules import RiskClass, VisitRules
from dispatch.domain.visits.visit import Excuse

EXTRA = "extra"
"""In the place of a risk class, of a visit in an extra round."""


@dataclass(frozen=True)
class Stay:
    """In a group from the first day to the last; None: until further notice."""

    group: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Away:
    kind: str
    """``hospital`` or ``away``."""
    first: date
    last: date | None
    """The last whole day; None: until further notice."""


@dataclass(frozen=True)
class Refusal:
    """The elder wants no visits, from this day to the last one for which that holds."""

    first: date
    last: date | None


@dataclass(frozen=True)
class Person:
    """What the register says of an elder, as far as visits go."""

    elder_id: int
    born: date
    stays: tuple[Stay, ...]
    """In groups of the list, whenever."""
    form: str | None = None
    left: date | None = None
    """The day on which the elder left the register."""
    left_by: Excuse = Excuse.MOVED
    """Why: ``DIED``, or alive."""
    absences: tuple[Away, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def in_list(self, span: Span) -> tuple[Span, ...]:
        """The days of ``span`` on which the elder is in the list, as spans that do not touch."""
        met = sorted(
            (span_ for stay in self.stays if (span_ := span.meet(stay.first, self._last(stay))) is not None),
            key=lambda one: one.first,
        )
        return tuple(_united(met))

    def groups_on(self, day: date) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                s.group for s in self.stays if s.first <= day and ((last := self._last(s)) is None or day <= last)
            )
        )

    def _last(self, stay: Stay) -> date | None:
        ends = [day for day in (stay.last, self.left) if day is not None]
        return min(ends, default=None)


def _united(spans: list[Span]) -> Iterator[Span]:
    """``spans`` by their first day; what overlaps or follows at once is one."""
    open_: Span | None = None
    for span in spans:
        if open_ is None:
            open_ = span
        elif span.first <= open_.last + DAY:
            open_ = Span(open_.first, max(open_.last, span.last))
        else:
            yield open_
            open_ = span
    if open_ is not None:
        yield open_


@dataclass(frozen=True)
class Listing:
    """An elder in the list of a month: counted on its last day in the list."""

    spans: tuple[Span, ...]
    groups: tuple[str, ...]
    """On the last day."""
    risk: RiskClass
    """As of the last day, so that one who turns eighty this month has one class in it."""

    @property
    def joined(self) -> date:
        return self.spans[0].first

    @property
    def last(self) -> date:
        return self.spans[-1].last


def listed(person: Person, month: Period, rules: VisitRules) -> Listing | None:
    """None: not on a single day."""
    spans = person.in_list(month)
    if not spans:
        return None
    last = spans[-1].last
    groups = person.groups_on(last)
    return Listing(spans, groups, rules.class_of(groups, person.born, last))


@dataclass(frozen=True)
class Duty:
    """One visit that is due: in ``period``, from the first to the last day in the list."""

    period: Period
    first: date
    last: date
    risk: str


@dataclass(frozen=True)
class Dues:
    """What follows for an elder from a month: visits, or the reason why there are none."""

    listing: Listing | None
    duties: tuple[Duty, ...] = ()
    excluded: Excuse | None = None


def dues(person: Person, month: Period, rules: VisitRules) -> Dues:
    """The visits of all periods that have a day in ``month``: of a week that reaches into the next month too."""
    listing = listed(person, month, rules)
    if listing is None:
        return Dues(None, excluded=person.left_by if _left_before(person, month) else None)
    if person.left is not None:  # nobody is sent to a home that is empty, not even today
        return Dues(listing, excluded=person.left_by)
    if person.form is not None and person.form in rules.forms_apart:
        return Dues(listing, excluded=Excuse.INSTITUTION)
    found = tuple(_duties(person, month, listing.risk))
    wanted = tuple(one for one in found if not refuses(person, Span(one.first, one.last)))
    return Dues(listing, wanted, Excuse.REFUSED if found and not wanted else None)


def extra_dues(person: Person, of: Period, rules: VisitRules) -> Dues:
    """The one visit of an extra round, whose groups may be others than the list's: ``person.stays`` are of them."""
    if person.left is not None:
        return Dues(None, excluded=person.left_by if _left_before(person, of) else None)
    spans = person.in_list(of)
    if not spans:
        return Dues(None)
    if person.form is not None and person.form in rules.forms_apart:
        return Dues(None, excluded=Excuse.INSTITUTION)
    duty = Duty(of, spans[0].first, spans[-1].last, EXTRA)
    refused = refuses(person, Span(duty.first, duty.last))
    return Dues(None, () if refused else (duty,), Excuse.REFUSED if refused else None)


def _left_before(person: Person, of: Period) -> bool:
    """Would be in the list, had they not left the register."""
    return person.left is not None and any(of.meet(stay.first, stay.last) is not None for stay in person.stays)


def _duties(person: Person, month: Period, risk: RiskClass) -> Iterator[Duty]:
    for period in periods(risk.every, month):
        if spans := person.in_list(period):
            yield Duty(period, spans[0].first, spans[-1].last, risk.code)


def refuses(person: Person, span: Span) -> bool:
    """One lasting refusal covers all of it."""
    return any(r.first <= span.first and (r.last is None or r.last >= span.last) for r in person.refusals)


def absent_throughout(person: Person, spans: tuple[Span, ...]) -> str | None:
    """The kind of absence in which the elder was on each of these days; where several follow each other, the first.

    A day on which they were here is a day on which they could have been visited.
    """
    kinds: list[str] = []
    for span in spans:
        gone = sorted(
            ((met, away.kind) for away in person.absences if (met := span.meet(away.first, away.last)) is not None),
            key=lambda one: one[0].first,
        )
        if tuple(_united([met for met, _ in gone])) != (span,):
            return None
        kinds.append(gone[0][1])
    return kinds[0] if kinds else None
