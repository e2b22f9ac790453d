"""Who is on duty now: nobody else is woken, and somebody always is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from dispatch.models.duty import Shift
from dispatch.models.people import DutyPhone
from dispatch.models.places import Area, ids_in
from dispatch.services.centre import Centre


@dataclass(frozen=True)
class Reach:
    """The telephones to ring."""

    phones: list[DutyPhone]
    last_resort: bool = False
    """Nobody is on duty: these ring because somebody has to, and it must be said loudly."""


def reach(session: Session, centre: Centre, area_id: int | None, now: datetime) -> Reach:
    """Whom to page for an area, or for a case without a place.

    Those who are on duty in a paged role, for the area or any around it. An area for which no such roster was ever
    written is paged as it always was: all its active telephones. With a roster and nobody on duty the telephones of
    last resort ring; without those, all of the area; without those, all there are.
    """
    chain = chain_of(session, area_id)
    paged = tuple(sorted(centre.duty.paged))
    if not _has_roster(session, paged, chain):
        return Reach(_phones(session, _of_area(chain)))
    found = phones_on_duty(session, paged, chain, now)
    if found:
        return Reach(found)
    last_resort = DutyPhone.last_resort.is_(True)
    for where in (and_(last_resort, _of_area(chain)), last_resort, _of_area(chain), DutyPhone.active.is_(True)):
        found = _phones(session, where)
        if found:
            break
    return Reach(found, last_resort=True)


def chain_of(session: Session, area_id: int | None) -> list[int] | None:
    """The area and all around it; None for a case without a place, which concerns everybody."""
    if area_id is None:
        return None
    return ids_in(session.get_one(Area, area_id).path)


def phones_on_duty(session: Session, roles: tuple[str, ...], chain: list[int] | None, now: datetime) -> list[DutyPhone]:
    """Active telephones whose team, or whose bearer, is on duty now in one of ``roles``."""
    on_duty = select(Shift.id).where(
        current(now),
        Shift.role.in_(roles),
        _of_chain(chain),
        or_(Shift.phone_id == DutyPhone.id, and_(Shift.user_id.is_not(None), Shift.user_id == DutyPhone.user_id)),
    )
    return _phones(session, on_duty.exists())


def current(now: datetime) -> ColumnElement[bool]:
    return and_(Shift.cancelled_at.is_(None), Shift.starts_at <= now, Shift.ends_at > now)


def _has_roster(session: Session, roles: tuple[str, ...], chain: list[int] | None) -> bool:
    wanted = select(Shift.id).where(Shift.cancelled_at.is_(None), Shift.role.in_(roles), _of_chain(chain))
    return session.scalar(wanted.limit(1)) is not None


def _of_chain(chain: list[int] | None) -> ColumnElement[bool]:
    return Shift.area_id.in_(chain) if chain is not None else Shift.id.is_not(None)


def _of_area(chain: list[int] | None) -> ColumnElement[bool]:
    return DutyPhone.area_id.in_(chain) if chain is not None else DutyPhone.id.is_not(None)


def _phones(session: Session, *where: ColumnElement[bool]) -> list[DutyPhone]:
    return list(session.scalars(select(DutyPhone).where(DutyPhone.active, *where).order_by(DutyPhone.id)))
