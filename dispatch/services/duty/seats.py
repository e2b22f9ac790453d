"""A place in the roster: who may have it, and that nobody has two at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.roster import double_booked
from dispatch.models.duty import Shift
from dispatch.models.people import DutyPhone, User
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.duty.coverage import as_on_duty, check
from dispatch.services.trail import Deed, Subject, write


@dataclass(frozen=True)
class Who:
    """A person, or the telephone of a team."""

    user_id: int | None = None
    phone_id: int | None = None


@dataclass(frozen=True)
class Doing:
    """Who changes the roster, and when."""

    actor: Actor
    now: datetime


class DoubleBooked(Conflict):
    code = "double-booked"


def seat(session: Session, centre: Centre, shift: Shift, who: Who, beside: set[int] | None = None) -> None:
    """Give ``shift`` to ``who``, unless the same one has such a shift at that time. ``beside``: not looked at."""
    person_or_phone(session, who)
    if not timedelta(0) < shift.ends_at - shift.starts_at <= centre.duty.longest_shift:
        hours = centre.duty.longest_shift.total_seconds() / 3600
        raise Invalid("ends_at", "bad-length", f"a shift ends after it begins and lasts at most {hours:g} hours")
    shift.user_id, shift.phone_id = who.user_id, who.phone_id
    same = Shift.user_id == who.user_id if who.user_id is not None else Shift.phone_id == who.phone_id
    with session.no_autoflush:
        others = session.execute(
            select(Shift, Area.path)
            .join(Area, Area.id == Shift.area_id)
            .where(
                same,
                Shift.cancelled_at.is_(None),
                Shift.starts_at < shift.ends_at,
                Shift.ends_at > shift.starts_at,
                Shift.id.not_in({shift.id or 0, *(beside or ())}),
            )
        )
        other = double_booked(as_on_duty(shift, "/"), [as_on_duty(found, path) for found, path in others])
    if other is not None:
        raise DoubleBooked("the same one is on duty then already", shift=str(other.id))


def person_or_phone(session: Session, who: Who) -> None:
    """Lock whom it concerns, so that two who plan at once cannot put one person in two places."""
    if (who.user_id is None) == (who.phone_id is None):
        raise Invalid("who", "one-of", "name a person or a duty telephone, and not both")
    if who.user_id is not None:
        user = session.scalar(select(User).where(User.id == who.user_id, User.active).with_for_update())
        if user is None:
            raise Invalid("user_id", "unknown", "there is no such person at work here")
    elif (
        session.scalar(select(DutyPhone.id).where(DutyPhone.id == who.phone_id, DutyPhone.active).with_for_update())
        is None
    ):
        raise Invalid("phone_id", "unknown", "there is no such duty telephone in use")


def check_place(session: Session, centre: Centre, doing: Doing, role: str, area_id: int) -> None:
    if role not in centre.duty.roles:
        raise Invalid("role", "unknown", f"choose one of: {', '.join(centre.duty.roles)}")
    area_of(session, doing, area_id)


def area_of(session: Session, doing: Doing, area_id: int) -> Area:
    area = session.get(Area, area_id)
    if area is None or not area.path.startswith(doing.actor.paths):
        raise NotFound(f"there is no area {area_id} in yours")
    return area


def written(
    session: Session, centre: Centre, doing: Doing, action: str, subject_id: int, *, subject: str = "shift"
) -> None:
    """Into the trail; and what the change does to the coverage shows at once and not in ten minutes."""
    write(session, doing.actor, Deed(action, Subject(subject, subject_id)), doing.now)
    session.flush()
    check(session, centre, doing.now)
