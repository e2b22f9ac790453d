"""Those who stand by an elder, and what is known that lasts. Each change raises the version of the elder's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.models.outbox import Message
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Household
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.phone_numbers import normal_number
from dispatch.services.register import edits
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

MOST_CONTACTS = 20
MOST_FACTS = 200
Row = TypeVar("Row", Contact, Fact)


@dataclass(frozen=True)
class Told:
    action: str
    data: Mapping[str, Any]


def add_contact(centre: Centre, elder_id: int, act: Act, new: Mapping[str, Any]) -> Answer:
    """``name``, ``relation``, ``phone`` and, if wanted, ``minutes_away``, ``has_key`` and ``order`` (from 1).

    Raises ``Conflict`` for a telephone that another contact of this elder has.
    """

    def work(session: Session) -> Answer:
        elder = _elder(session, elder_id, act)
        others = _contacts(session, elder)
        if len(others) >= MOST_CONTACTS:
            raise Conflict(f"an elder has at most {MOST_CONTACTS} contacts: take one away first")
        columns = _contact_columns(new)
        _refuse_known(others, columns["phone"], None)
        contact = Contact(elder_id=elder.id, position=len(others) + 1, answered=0, tried=0, **columns)
        session.add(contact)
        if new.get("order") is not None:
            _place(others, contact, new["order"])
        session.flush()
        return _done(session, act, elder, contact.id, Told("contact_added", {"contact": contact.id}))

    return once(centre, act, f"elder:{elder_id}:contact", work)


def change_contact(centre: Centre, elder_id: int, contact_id: int, act: Act, wanted: Mapping[str, Any]) -> Answer:
    def work(session: Session) -> Answer:
        elder = _elder(session, elder_id, act)
        contact = _one(session, Contact, contact_id, elder)
        others = [other for other in _contacts(session, elder) if other.id != contact.id]
        columns = _contact_columns(wanted)
        if "phone" in columns:
            _refuse_known(others, columns["phone"], contact)
        told = edits.apply(contact, columns)
        if wanted.get("order") is not None:
            before = contact.position
            _place(others, contact, wanted["order"])
            if contact.position != before:
                told["position"] = {"from": before, "to": contact.position}
        return _done(session, act, elder, contact.id, Told("contact_changed", {"contact": contact.id, "fields": told}))

    return once(centre, act, f"elder:{elder_id}:contact:{contact_id}", work)


def remove_contact(centre: Centre, elder_id: int, contact_id: int, act: Act) -> Answer:
    """Messages that went to them keep their label and forget whose row it was; their key of the home goes too."""

    def work(session: Session) -> Answer:
        elder = _elder(session, elder_id, act)
        contact = _one(session, Contact, contact_id, elder)
        session.execute(
            update(Message).where(Message.contact_id == contact.id).values(contact_id=None),
            execution_options={"synchronize_session": False},
        )
        home = session.get_one(Household, elder.household_id, with_for_update=True)
        kept = [key for key in home.keys if key.get("contact_id") != str(contact.id)]
        if kept != home.keys:
            home.keys = kept
            edits.touch_home(session, act, home, edits.of_home(home, "keys_changed", {"keys": {}}))
        others = [other for other in _contacts(session, elder) if other.id != contact.id]
        session.delete(contact)
        for position, other in enumerate(others, 1):
            other.position = position
        return _done(session, act, elder, contact.id, Told("contact_removed", {"contact": contact.id}))

    return once(centre, act, f"elder:{elder_id}:contact:{contact_id}:remove", work)


def add_fact(centre: Centre, elder_id: int, act: Act, new: Mapping[str, Any]) -> Answer:
    """``kind``, ``text``, ``source`` and, if it was learned earlier, ``confirmed_at``."""

    def work(session: Session) -> Answer:
        elder = _elder(session, elder_id, act)
        if len(session.scalars(select(Fact.id).where(Fact.elder_id == elder.id)).all()) >= MOST_FACTS:
            raise Conflict(f"an elder has at most {MOST_FACTS} facts: take some away first")
        confirmed = _confirmed(new.get("confirmed_at"), act)
        fact = Fact(elder_id=elder.id, kind=new["kind"], text=new["text"], source=new["source"], confirmed_at=confirmed)
        session.add(fact)
        session.flush()
        return _done(session, act, elder, fact.id, Told("fact_added", {"fact": fact.id, "kind": fact.kind}))

    return once(centre, act, f"elder:{elder_id}:fact", work)


def change_fact(
    centre: Centre, elder_id: int, fact_id: int, act: Act, wanted: Mapping[str, Any], *, confirm: bool
) -> Answer:
    """``confirm``: it was said again that it is so; then it is young again."""

    def work(session: Session) -> Answer:
        elder = _elder(session, elder_id, act)
        fact = _one(session, Fact, fact_id, elder)
        columns = {name: wanted[name] for name in ("kind", "text", "source") if wanted.get(name) is not None}
        if confirm or wanted.get("confirmed_at") is not None:
            columns["confirmed_at"] = _confirmed(wanted.get("confirmed_at"), act)
        told = edits.apply(fact, columns)
        return _done(session, act, elder, fact.id, Told("fact_changed", {"fact": fact.id, "fields": told}))

    return once(centre, act, f"elder:{elder_id}:fact:{fact_id}", work)


def remove_fact(centre: Centre, elder_id: int, fact_id: int, act: Act) -> Answer:
    def work(session: Session) -> Answer:
        elder = _elder(session, elder_id, act)
        fact = _one(session, Fact, fact_id, elder)
        session.delete(fact)
        return _done(session, act, elder, fact.id, Told("fact_removed", {"fact": fact.id, "kind": fact.kind}))

    return once(centre, act, f"elder:{elder_id}:fact:{fact_id}:remove", work)


def _elder(session: Session, elder_id: int, act: Act) -> Elder:
    elder = elder_within(session, elder_id, act.actor, lock=True)
    edits.check_version(session, act, elder, "elder")
    if elder.archived_at is not None:
        raise Conflict("this elder has left the register: take them back in first")
    return elder


def _one(session: Session, table: type[Row], row_id: int, elder: Elder) -> Row:
    found = session.get(table, row_id)
    if found is None or found.elder_id != elder.id:
        raise NotFound(f"elder {elder.id} has no {table.__name__.lower()} {row_id}")
    return found


def _contacts(session: Session, elder: Elder) -> list[Contact]:
    statement = select(Contact).where(Contact.elder_id == elder.id).order_by(Contact.position, Contact.id)
    return list(session.scalars(statement))


def _contact_columns(wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: wanted[name] for name in ("name", "relation", "minutes_away", "has_key") if name in wanted}
    if wanted.get("phone") is not None:
        number = normal_number(wanted["phone"])
        if not number:
            raise Invalid("phone", "missing", "a contact is somebody who can be called")
        columns["phone"] = number
    return columns


def _refuse_known(others: list[Contact], phone: str, own: Contact | None) -> None:
    for other in others:
        if other.phone == phone and other is not own:
            raise Conflict("another contact of this elder has this telephone: change that one", contact=str(other.id))


def _place(others: list[Contact], contact: Contact, order: int) -> None:
    """Number all anew, with ``contact`` at ``order`` (from 1)."""
    at = min(max(order, 1), len(others) + 1) - 1
    for position, one in enumerate([*others[:at], contact, *others[at:]], 1):
        one.position = position


def _confirmed(given: datetime | None, act: Act) -> datetime:
    if given is not None and given > act.now:
        raise Invalid("confirmed_at", "ahead", "it cannot have been confirmed later than now")
    return given or act.now


def _done(session: Session, act: Act, elder: Elder, row_id: int, told: Told) -> Answer:
    if told.data.get("fields") != {}:  # a change of nothing leaves no trace
        deed = Deed(told.action, Subject("elder", elder.id), data=dict(told.data))
        edits.touch(session, act, elder, deed)
    return {"id": str(row_id), "version": elder.version}
