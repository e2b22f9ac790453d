"""Elders who are in the register already: what a row says differently, and writing that and nothing else.

An empty cell says nothing. A table never takes a contact, a group or a device away, but for 独居 = 否.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.doubles import address_key
from dispatch.models.devices import Device
from dispatch.models.imports import ElderOrigin
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.imports import elder_care, elder_news, person
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.kinds import Ground
from dispatch.services.imports.known import Found
from dispatch.services.trail import Deed, Subject, write

PLAIN = ("name", "sex", "birth_date", "phone", "identity_number", "dialect")
NEAR = 1e-5
"""Degrees: a metre. Spreadsheets round."""


@dataclass(frozen=True)
class Has:
    """What the register knows of somebody."""

    found: Found
    contacts: list[Contact]
    origin: ElderOrigin | None
    devices: dict[str, Device]
    assessed: set[tuple[date, int]]


def origins_of(session: Session, elder_ids: list[int]) -> dict[int, ElderOrigin]:
    if not elder_ids:
        return {}
    rows = session.scalars(select(ElderOrigin).where(ElderOrigin.elder_id.in_(elder_ids)))
    return {row.elder_id: row for row in rows}


def compare(ground: Ground, values: dict[str, Any], has: Has) -> list[str]:
    """Keys of the columns that say something else than the register."""
    elder = has.found.elder
    return [key for key in PLAIN if key in values and values[key] != getattr(elder, key)] + [
        key for key, differs in DIFFERENCES.items() if key in values and differs(ground, values, has)
    ]


def _address(ground: Ground, values: dict[str, Any], has: Has) -> bool:
    home = has.found.household
    moved = ground.areas.find(values["area"], ground.paths).id != home.area_id
    return moved or address_key(values["address"]) != address_key(home.address)


def _position(_ground: Ground, values: dict[str, Any], has: Has) -> bool:
    home = has.found.household
    if home.lat is None or home.lon is None:
        return True
    return bool(abs(home.lat - values["lat"]) > NEAR or abs(home.lon - values["lon"]) > NEAR)


def _groups(_ground: Ground, values: dict[str, Any], has: Has) -> bool:
    return not set(values["groups"]) <= set(has.found.elder.flags)


def _level(_ground: Ground, values: dict[str, Any], has: Has) -> bool:
    if "ability_on" in values:
        return (values["ability_on"], values["ability_level"]) not in has.assessed
    return bool(values["ability_level"] != has.found.elder.ability_level)


def _alone(_ground: Ground, values: dict[str, Any], has: Has) -> bool:
    return bool(values["living_alone"]) != ("living_alone" in has.found.elder.flags)


def _contacts(_ground: Ground, values: dict[str, Any], has: Has) -> bool:
    known = {contact.phone: contact for contact in has.contacts}
    return any(_says_more(one, known.get(one["phone"])) for one in values["contacts"])


def _says_more(one: dict[str, Any], contact: Contact | None) -> bool:
    if contact is None or contact.name != one["name"]:
        return True
    return one["relation"] is not None and contact.relation != one["relation"]


DIFFERENCES: dict[str, Callable[[Ground, dict[str, Any], Has], bool]] = {
    "address": _address,
    "lat": _position,
    "groups": _groups,
    "living_alone": _alone,
    "ability_level": _level,
    "contacts": _contacts,
    "languages": lambda _, values, has: set(values["languages"]) != set(has.found.elder.languages),
    "external_id": lambda _, values, has: has.origin is None or has.origin.external_id != values["external_id"],
    "devices": lambda _, values, has: any(
        number not in has.devices or has.devices[number].household_id is None for number in values["devices"]
    ),
}


def change(session: Session, ground: Ground, entries: list[Entry], devices: dict[str, Device]) -> None:
    if not entries:
        return
    ids = [entry.target for entry in entries if entry.target is not None]
    statement = select(Elder, Household).join(Household, Household.id == Elder.household_id).where(Elder.id.in_(ids))
    # In the order of their ids: two imports, or an import and a merge, never wait for each other in a circle. An alarm
    # opens a case that points to the elder, which a lock on the key would forbid until the whole file is written.
    locked = statement.order_by(Elder.id).with_for_update(of=Elder, key_share=True)
    rows = session.execute(locked.execution_options(populate_existing=True)).all()
    found = {elder.id: (elder, home) for elder, home in rows}
    origins = origins_of(session, ids)
    by = Actor(*ground.actor)
    for entry in entries:
        assert entry.target is not None
        elder, home = found[entry.target]
        if elder.archived_at is not None:  # erased or merged since we looked: there is nobody to change
            continue
        _write(session, ground, entry, elder, home)
        if "external_id" in entry.changes:
            _origin(session, ground, entry, origins.get(elder.id))
        if "devices" in entry.changes:
            elder_news.hang(session, ground, entry.values["devices"], devices, (elder.id, elder.household_id))
        elder.version += 1
        elder.updated_at = ground.now
        deed = Deed("elder_changed", Subject("elder", elder.id), data=_told(ground, entry))
        write(session, by, deed, ground.now)
    session.flush()


def _told(ground: Ground, entry: Entry) -> dict[str, Any]:
    return {"import": str(ground.import_id), "fields": entry.changes}


def _write(session: Session, ground: Ground, entry: Entry, elder: Elder, home: Household) -> None:
    values, changes = entry.values, entry.changes
    for key in set(COLUMNS) & set(changes):
        for column, value in COLUMNS[key](values[key]).items():
            setattr(elder, column, value)
    if {"groups", "living_alone"} & set(changes):
        elder_care.regroup(session, ground, elder, values)
    if "ability_level" in changes:
        elder_care.level(session, ground, elder, values)
    if "address" in changes:
        _move(session, ground, values, elder, home)
    elif "lat" in changes:
        home.lat, home.lon = values["lat"], values["lon"]
    if "contacts" in changes:
        _stand_by(session, elder, values["contacts"])


COLUMNS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "name": person.named,
    "phone": person.with_phone,
    "identity_number": person.with_identity,
    "sex": lambda value: {"sex": value},
    "birth_date": lambda value: {"birth_date": value},
    "dialect": lambda value: {"dialect": value},
    "languages": lambda value: {"languages": value},
}
"""In which columns the register keeps what a column of the table says."""


def _move(session: Session, ground: Ground, values: dict[str, Any], elder: Elder, home: Household) -> None:
    """Whoever lives alone gets the address of their home mended; of two, one has moved out, with what they wear."""
    others = session.scalar(
        select(func.count()).where(Elder.household_id == home.id, Elder.id != elder.id, Elder.archived_at.is_(None))
    )
    columns = elder_news.household(ground, values, home.id)
    if not others:
        for key in ("area_id", "address", "address_short"):
            setattr(home, key, columns[key])
        if "lat" in values:
            home.lat, home.lon = values["lat"], values["lon"]
        return
    columns.pop("id")
    new = Household(**columns)
    session.add(new)
    session.flush()
    elder.household_id = new.id
    for device_id in session.scalars(select(Device.id).where(Device.elder_id == elder.id)):
        ground.hung[device_id] = (elder.id, new.id)


def _stand_by(session: Session, elder: Elder, named: list[dict[str, Any]]) -> None:
    """Known telephones get what is new about their owner; others are called after those who are there already."""
    there = list(session.scalars(select(Contact).where(Contact.elder_id == elder.id).order_by(Contact.position)))
    by_phone = {contact.phone: contact for contact in there}
    last = max((contact.position for contact in there), default=0)
    for one in named:
        contact = by_phone.get(one["phone"])
        if contact is None:
            last += 1
            contact = Contact(**elder_news.contact(elder.id, last, one))
            by_phone[one["phone"]] = contact
            session.add(contact)
        else:
            contact.name = one["name"]
            contact.relation = one["relation"] or contact.relation


def _origin(session: Session, ground: Ground, entry: Entry, origin: ElderOrigin | None) -> None:
    assert entry.target is not None
    if origin is None:
        origin = ElderOrigin(elder_id=entry.target, import_id=ground.import_id)
        session.add(origin)
    origin.external_id = entry.values["external_id"]
