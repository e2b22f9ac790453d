"""Elders who were not in the register: they, their homes, contacts and devices, a thousand at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from dispatch.domain.doubles import address_key
from dispatch.models.bulk import insert_many
from dispatch.models.devices import Device
from dispatch.models.imports import ElderOrigin
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.imports import elder_care, person
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.ids import take_ids
from dispatch.services.imports.kinds import Ground, fingerprint

UNKNOWN_MODEL = "unknown"
SHORT = 80
DEVICES: Table = Device.__table__  # type: ignore[assignment]


def add(
    session: Session, ground: Ground, entries: list[Entry], homes: dict[int, int], devices: dict[str, Device]
) -> None:
    places = _households(session, ground, entries, homes)
    ids = take_ids(session, Elder, len(entries))
    insert_many(
        session,
        Elder,
        [elder(ground, entry, id_, places[entry.number]) for entry, id_ in zip(entries, ids, strict=True)],
    )
    contacts = [
        contact(id_, position, one)
        for entry, id_ in zip(entries, ids, strict=True)
        for position, one in enumerate(entry.values.get("contacts", []), 1)
    ]
    if contacts:
        insert_many(session, Contact, contacts)
    insert_many(
        session,
        ElderOrigin,
        [
            {"elder_id": id_, "import_id": ground.import_id, "external_id": entry.values.get("external_id")}
            for entry, id_ in zip(entries, ids, strict=True)
        ],
    )
    elder_care.add(session, ground, dict(zip(ids, (entry.values for entry in entries), strict=True)))
    for entry, id_ in zip(entries, ids, strict=True):
        hang(session, ground, entry.values.get("devices", []), devices, (id_, places[entry.number]))


def _households(session: Session, ground: Ground, entries: list[Entry], homes: dict[int, int]) -> dict[int, int]:
    """The household of each row: one that is there, or a new one that it shares with its neighbours of the file."""
    missing: dict[int, Entry] = {}
    keys = {}
    for entry in entries:
        area = ground.areas.find(entry.values["area"], ground.paths)
        keys[entry.number] = key = fingerprint(area.id, address_key(entry.values["address"]))
        if key not in homes:
            missing.setdefault(key, entry)
    ids = take_ids(session, Household, len(missing))
    if missing:
        insert_many(
            session,
            Household,
            [household(ground, entry.values, id_) for entry, id_ in zip(missing.values(), ids, strict=True)],
        )
    homes.update(zip(missing, ids, strict=True))
    return {number: homes[key] for number, key in keys.items()}


def household(ground: Ground, values: dict[str, Any], id_: int) -> dict[str, Any]:
    return {
        "id": id_,
        "area_id": ground.areas.find(values["area"], ground.paths).id,
        "address": values["address"],
        "address_short": short(values["address"]),
        "lat": values.get("lat"),
        "lon": values.get("lon"),
    }


def short(address: str) -> str:
    """The end of a long address is what tells one door from another."""
    return address if len(address) <= SHORT else "…" + address[-(SHORT - 1) :]


def elder(ground: Ground, entry: Entry, id_: int, household_id: int) -> dict[str, Any]:
    values = entry.values
    return {
        "id": id_,
        "household_id": household_id,
        **person.named(values["name"]),
        **person.with_phone(values.get("phone")),
        **person.with_identity(values.get("identity_number")),
        "sex": values["sex"],
        "birth_date": values["birth_date"],
        "flags": elder_care.flags_of(ground, values),
        "languages": values.get("languages", []),
        "dialect": values.get("dialect"),
        "ability_level": values.get("ability_level"),
        "updated_at": ground.now,
    }


def contact(elder_id: int, position: int, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "elder_id": elder_id,
        "position": position,
        "name": one["name"],
        "relation": one["relation"] or "other",
        **person.contact_phone(one["phone"]),
    }


def hang(
    session: Session, ground: Ground, numbers: list[str], devices: dict[str, Device], place: tuple[int, int]
) -> None:
    """A device that somebody named for the first time is added; one from the stock, or of this home, gets its place.

    ``place`` is the elder and the household.
    """
    elder_id, household_id = place
    for number in numbers:
        device = devices.get(number)
        if device is None:
            device = Device(number=number, model=UNKNOWN_MODEL, household_id=household_id, elder_id=elder_id)
            devices[number] = device
            session.add(device)
        elif device.household_id is None:
            ground.hung.setdefault(device.id, place)


def hang_all(session: Session, ground: Ground) -> None:
    """In the order of their ids, as an alarm would lock them."""
    rows = [
        {"which": id_, "elder": elder_id, "home": household_id}
        for id_, (elder_id, household_id) in sorted(ground.hung.items())
    ]
    if rows:
        session.flush()
        place: dict[str, Any] = {"elder_id": bindparam("elder"), "household_id": bindparam("home")}
        session.connection().execute(update(DEVICES).where(DEVICES.c.id == bindparam("which")).values(place), rows)
