"""Weekly patterns, and the shifts that are generated from them some weeks ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.roster import Pattern, clock, generate
from dispatch.models.duty import Shift, ShiftPattern
from dispatch.services.centre import Centre
from dispatch.services.duty.rounds import begin, is_due
from dispatch.services.duty.seats import Doing, Who, area_of, check_place, person_or_phone, seat, written
from dispatch.services.transact import transact

ROUND = "roster"
EVERY = timedelta(hours=6)


@dataclass(frozen=True)
class NewPattern:
    role: str
    area_id: int
    who: Who
    weekdays: frozenset[int]
    starts: str
    ends: str
    valid_from: date
    valid_to: date | None = None
    exceptions: dict[str, dict[str, str] | None] | None = None


def add_pattern(centre: Centre, doing: Doing, new: NewPattern) -> int:
    """A weekly pattern, and at once its shifts for the weeks to come."""

    def work(session: Session) -> int:
        check_place(session, centre, doing, new.role, new.area_id)
        pattern = ShiftPattern(role=new.role, area_id=new.area_id)
        _shape(session, pattern, new)
        session.add(pattern)
        session.flush()
        extend(session, centre, pattern, doing.now)
        written(session, centre, doing, "pattern_added", pattern.id, subject="pattern")
        return pattern.id

    return transact(centre, work)


def change_pattern(centre: Centre, doing: Doing, pattern_id: int, new: NewPattern, version: int | None = None) -> None:
    """Its shifts still to come are written anew; those that somebody changed by hand stay as they are."""

    def work(session: Session) -> None:
        pattern = _own_pattern(session, doing, pattern_id, version)
        check_place(session, centre, doing, new.role, new.area_id)
        _forget_planned(session, pattern, doing.now)
        pattern.role, pattern.area_id = new.role, new.area_id
        _shape(session, pattern, new)
        pattern.version += 1
        pattern.generated_to = None
        extend(session, centre, pattern, doing.now)
        written(session, centre, doing, "pattern_changed", pattern.id, subject="pattern")

    transact(centre, work)


def end_pattern(centre: Centre, doing: Doing, pattern_id: int, version: int | None = None) -> None:
    """No further shifts; those that have begun and those changed by hand stay."""

    def work(session: Session) -> None:
        pattern = _own_pattern(session, doing, pattern_id, version)
        _forget_planned(session, pattern, doing.now)
        pattern.ended_at = doing.now
        pattern.version += 1
        written(session, centre, doing, "pattern_ended", pattern.id, subject="pattern")

    transact(centre, work)


def tick(centre: Centre, now: datetime) -> None:
    """Write the roster on from its patterns, some weeks ahead."""
    if not is_due(centre, ROUND, now):
        return

    def work(session: Session) -> None:
        if begin(session, ROUND, EVERY, now):
            for pattern in session.scalars(select(ShiftPattern).where(ShiftPattern.ended_at.is_(None))):
                extend(session, centre, pattern, now)

    transact(centre, work)


def extend(session: Session, centre: Centre, pattern: ShiftPattern, now: datetime) -> None:
    """Add the days that are missing. Whoever is on duty then in the same role already is not put there twice."""
    today = now.astimezone(centre.zone).date()
    last = today + timedelta(days=centre.duty.plan_days)
    yesterday = today - timedelta(days=1)  # a night shift that runs now began then
    first = pattern.generated_to + timedelta(days=1) if pattern.generated_to else yesterday
    shape = Pattern(
        frozenset(pattern.weekdays),
        pattern.starts,
        pattern.ends,
        pattern.valid_from,
        pattern.valid_to,
        pattern.exceptions,
    )
    known = set(session.scalars(select(Shift.day).where(Shift.pattern_id == pattern.id, Shift.day >= first)))
    for planned in generate(shape, first, last, centre.zone):
        if planned.day in known or planned.ends_at <= now:
            continue
        shift = Shift(
            role=pattern.role,
            area_id=pattern.area_id,
            starts_at=planned.starts_at,
            ends_at=planned.ends_at,
            pattern_id=pattern.id,
            day=planned.day,
        )
        try:
            seat(session, centre, shift, Who(pattern.user_id, pattern.phone_id))
        except Conflict:
            continue
        session.add(shift)
        session.flush()
    pattern.generated_to = last


def _forget_planned(session: Session, pattern: ShiftPattern, now: datetime) -> None:
    """Plans that nobody touched are not history: they go without a trace."""
    session.execute(
        delete(Shift).where(Shift.pattern_id == pattern.id, Shift.starts_at > now, Shift.changed.is_(False)),
        execution_options={"synchronize_session": False},
    )


def _shape(session: Session, pattern: ShiftPattern, new: NewPattern) -> None:
    person_or_phone(session, new.who)
    if not new.weekdays <= frozenset(range(7)) or not (new.weekdays or new.exceptions):
        raise Invalid("weekdays", "out-of-range", "choose days of the week, 0 Monday to 6 Sunday")
    if new.valid_to is not None and new.valid_to < new.valid_from:
        raise Invalid("valid_to", "before-start", "the end lies before the beginning")
    for field, text in (("starts", new.starts), ("ends", new.ends), *_exception_times(new.exceptions or {})):
        try:
            clock(text)
        except ValueError:
            raise Invalid(field, "malformed", "write a time of day like 08:00") from None
    pattern.user_id, pattern.phone_id = new.who.user_id, new.who.phone_id
    pattern.weekdays = sorted(new.weekdays)
    pattern.starts, pattern.ends = new.starts, new.ends
    pattern.valid_from, pattern.valid_to = new.valid_from, new.valid_to
    pattern.exceptions = dict(new.exceptions or {})


def _exception_times(exceptions: dict[str, dict[str, str] | None]) -> list[tuple[str, str]]:
    found = []
    for day, times in exceptions.items():
        try:
            date.fromisoformat(day)
        except ValueError:
            raise Invalid("exceptions", "malformed", "name each exception by its day, like 2026-10-01") from None
        if times is not None:
            found += [("exceptions", times.get(name, "")) for name in ("starts", "ends")]
    return found


def _own_pattern(session: Session, doing: Doing, pattern_id: int, version: int | None) -> ShiftPattern:
    pattern = session.get(ShiftPattern, pattern_id, with_for_update=True)
    if pattern is None or pattern.ended_at is not None:
        raise NotFound(f"there is no pattern {pattern_id}")
    area_of(session, doing, pattern.area_id)
    if version is not None and version != pattern.version:
        raise VersionConflict("somebody changed this pattern in the meantime", version=pattern.version)
    return pattern
