"""Writing the roster: shifts by hand, a week copied, two shifts swapped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.models.duty import Shift
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.duty.seats import Doing, Who, area_of, check_place, seat, written
from dispatch.services.transact import transact


@dataclass(frozen=True)
class ShiftChange:
    """What is to be other than it was; None: as it is."""

    version: int | None = None
    who: Who | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def add_shift(
    centre: Centre, doing: Doing, *, role: str, area_id: int, who: Who, starts_at: datetime, ends_at: datetime
) -> int:
    """Put somebody on duty. Raises ``Invalid``, ``NotFound`` (not your area) or ``Conflict`` (there already)."""

    def work(session: Session) -> int:
        check_place(session, centre, doing, role, area_id)
        shift = Shift(role=role, area_id=area_id, starts_at=starts_at, ends_at=ends_at, changed=True)
        seat(session, centre, shift, who)
        session.add(shift)
        session.flush()
        written(session, centre, doing, "shift_added", shift.id)
        return shift.id

    return transact(centre, work)


def change_shift(centre: Centre, doing: Doing, shift_id: int, change: ShiftChange) -> None:
    """Other times or somebody else. What is over is history and stays. Raises ``Conflict`` and the like."""

    def work(session: Session) -> None:
        shift = _own(session, doing, shift_id, change.version)
        if shift.ends_at <= doing.now:
            raise Conflict("this shift is over: what was cannot be planned")
        shift.starts_at = change.starts_at or shift.starts_at
        shift.ends_at = change.ends_at or shift.ends_at
        seat(session, centre, shift, change.who or Who(shift.user_id, shift.phone_id))
        _touched(shift)
        session.flush()
        written(session, centre, doing, "shift_changed", shift.id)

    transact(centre, work)


def cancel_shift(centre: Centre, doing: Doing, shift_id: int, version: int | None = None) -> None:
    """Take it out of the plan. One that has begun ends now: who was on duty until then was on duty."""

    def work(session: Session) -> None:
        shift = _own(session, doing, shift_id, version)
        if shift.ends_at <= doing.now:
            raise Conflict("this shift is over: what was cannot be planned")
        if shift.starts_at < doing.now:
            shift.ends_at = doing.now
        else:
            shift.cancelled_at = doing.now
        _touched(shift)
        session.flush()
        written(session, centre, doing, "shift_cancelled", shift.id)

    transact(centre, work)


def swap(centre: Centre, doing: Doing, first_id: int, second_id: int) -> None:
    """Each takes the other's shift; both must be still to come."""
    if first_id == second_id:
        raise Invalid("second", "same-shift", "choose two shifts")

    def work(session: Session) -> None:
        one, other = (_own(session, doing, i, None) for i in sorted((first_id, second_id)))
        if min(one.starts_at, other.starts_at) <= doing.now:
            raise Conflict("a shift that has begun cannot be swapped: change it, or add another")
        if one.role != other.role:
            raise Invalid("second", "other-role", "only shifts of the same role can be swapped")
        first, second = Who(one.user_id, one.phone_id), Who(other.user_id, other.phone_id)
        both = {one.id, other.id}
        seat(session, centre, one, second, beside=both)
        seat(session, centre, other, first, beside=both)
        for shift in (one, other):
            _touched(shift)
        session.flush()
        written(session, centre, doing, "shifts_swapped", one.id)

    transact(centre, work)


def copy_week(centre: Centre, doing: Doing, *, source: date, target: date, area_id: int) -> tuple[int, int]:
    """Write the shifts of seven days from ``source`` again from ``target`` on, for an area and all in it.

    Returns how many were written, and how many were left out because their people are on duty then already.
    """
    if target <= source or (target - source).days % 7:
        raise Invalid("target", "not-a-later-week", "choose the same day of a later week")
    days = target - source
    midnight = datetime.min.time()
    first = datetime.combine(source, midnight, centre.zone)
    last = datetime.combine(source + timedelta(days=7), midnight, centre.zone)

    def work(session: Session) -> tuple[int, int]:
        area = area_of(session, doing, area_id)
        inside = select(Area.id).where(Area.path.startswith(area.path, autoescape=True))
        week = select(Shift).where(
            Shift.cancelled_at.is_(None), Shift.starts_at >= first, Shift.starts_at < last, Shift.area_id.in_(inside)
        )
        copied = skipped = 0
        for old in list(session.scalars(week.order_by(Shift.starts_at))):
            new = Shift(role=old.role, area_id=old.area_id, changed=True)
            new.starts_at, new.ends_at = (_later(at, days, centre) for at in (old.starts_at, old.ends_at))
            try:
                seat(session, centre, new, Who(old.user_id, old.phone_id))
            except Conflict:
                skipped += 1
                continue
            session.add(new)
            session.flush()
            copied += 1
        written(session, centre, doing, "week_copied", area_id, subject="area")
        return copied, skipped

    return transact(centre, work)


def _later(at: datetime, days: timedelta, centre: Centre) -> datetime:
    """The same time of day some days on, by the clock on the wall."""
    return at.astimezone(centre.zone) + days


def _own(session: Session, doing: Doing, shift_id: int, version: int | None) -> Shift:
    shift = session.get(Shift, shift_id, with_for_update=True)
    if shift is None or shift.cancelled_at is not None:
        raise NotFound(f"there is no shift {shift_id}")
    area_of(session, doing, shift.area_id)
    if version is not None and version != shift.version:
        raise VersionConflict("somebody changed this shift in the meantime: look at it again", version=shift.version)
    return shift


def _touched(shift: Shift) -> None:
    shift.changed = True
    shift.version += 1
