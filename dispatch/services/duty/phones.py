"""The duty telephones: which there are, who carries them, which ring in the last resort."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from dispatch.domain.errors import Invalid, NotFound
from dispatch.models.people import DutyPhone, User
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.duty.board import phone_json
from dispatch.services.duty.coverage import check
from dispatch.services.duty.seats import Doing, area_of
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact


@dataclass(frozen=True)
class PhoneFields:
    """What is given is set; a telephone is never deleted, but it can be put out of use."""

    label: str | None = None
    phone: str | None = None
    area_id: int | None = None
    user_id: int | None = None
    nobody: bool = False
    """No person carries it any more."""
    active: bool | None = None
    last_resort: bool | None = None


def save(centre: Centre, doing: Doing, phone_id: int | None, given: PhoneFields) -> dict[str, object]:
    """Add a duty telephone, or change one. Raises ``Invalid`` and ``NotFound``."""

    def work(session: Session) -> dict[str, object]:
        phone = DutyPhone(active=True, last_resort=False) if phone_id is None else session.get(DutyPhone, phone_id)
        if phone is None:
            raise NotFound(f"there is no duty telephone {phone_id}")
        if phone_id is not None:
            area_of(session, doing, phone.area_id)
        if phone_id is None and not (given.label and given.phone and given.area_id):
            raise Invalid("phone", "required", "a telephone needs a label, a number and an area")
        _set(session, doing, phone, given)
        session.add(phone)
        session.flush()
        write(session, doing.actor, Deed("duty_phone", Subject("duty_phone", phone.id)), doing.now)
        check(session, centre, doing.now)
        return phone_json(phone, session.get_one(Area, phone.area_id).name)

    return transact(centre, work)


def _set(session: Session, doing: Doing, phone: DutyPhone, given: PhoneFields) -> None:
    if given.area_id is not None:
        phone.area_id = area_of(session, doing, given.area_id).id
    if given.user_id is not None and session.get(User, given.user_id) is None:
        raise Invalid("user_id", "unknown", "there is no such person")
    for name in ("label", "phone", "user_id", "active", "last_resort"):
        value = getattr(given, name)
        if value is not None:
            setattr(phone, name, value)
    if given.nobody:
        phone.user_id = None
