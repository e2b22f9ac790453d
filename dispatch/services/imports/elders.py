"""A table of elders: who of them is known, what would change, and how those who are new come into the register."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.doubles import address_key
from dispatch.domain.imports.cells import Refused
from dispatch.models.base import Base
from dispatch.models.care import Assessment
from dispatch.models.devices import Device
from dispatch.models.imports import ElderOrigin
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.imports import elder_care, elder_changes, elder_news, known
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.kinds import Ground, fingerprint

NAMES = ("identity_number", "external_id")


class ElderTable:
    held_against: tuple[type[Base], ...] = (Elder, Household, ElderOrigin, Contact, Assessment, Device)
    names: tuple[str, str] | None = NAMES

    def look(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        _once_in_file(ground, entries)
        there = known.elders(
            session,
            [entry.values["identity_number"] for entry in entries if "identity_number" in entry.values],
            [entry.values["external_id"] for entry in entries if "external_id" in entry.values],
        )
        devices = devices_of(session, entries)
        found = {entry.number: _who(ground, there, entry) for entry in entries}
        matched = [one for one in found.values() if one is not None]
        contacts = contacts_of(session, [one.elder.id for one in matched])
        origins = elder_changes.origins_of(session, [one.elder.id for one in matched])
        assessed = elder_care.held_by(session, ground, [one.elder.id for one in matched])
        for entry in entries:
            one = found[entry.number]
            if entry.faults:
                continue
            home = homes(session, ground).get(home_of(ground, entry)) if one is None else one.household.id
            _devices_fit(ground, entry, devices, home)
            if one is not None:
                entry.target = one.elder.id
                if elder_care.overrules(entry.values, one.elder, assessed.get(one.elder.id, set())):
                    entry.refuse("ability_level", "level_without_day")
                entry.changes = elder_changes.compare(
                    ground,
                    entry.values,
                    elder_changes.Has(
                        found=one,
                        contacts=contacts.get(one.elder.id, []),
                        origin=origins.get(one.elder.id),
                        devices=devices,
                        assessed=assessed.get(one.elder.id, set()),
                    ),
                )

    def add(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        elder_news.add(session, ground, entries, homes(session, ground), devices_of(session, entries))

    def change(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        elder_changes.change(session, ground, entries, devices_of(session, entries))

    def end(self, session: Session, ground: Ground) -> None:
        elder_news.hang_all(session, ground)


def _once_in_file(ground: Ground, entries: list[Entry]) -> None:
    for entry in entries:
        for key in NAMES:
            if key in entry.values:
                first = ground.seen.setdefault(fingerprint(key, entry.values[key]), entry.number)
                if first != entry.number:
                    entry.refuse(key, "twice_in_file", row=str(first))


def _who(ground: Ground, there: known.Known, entry: Entry) -> known.Found | None:
    """Whom the row is about; refuses it when that or its area is not for whoever brought the file."""
    values = entry.values
    try:
        ground.areas.find(values["area"], ground.paths)
        one = there.find(values.get("identity_number"), values.get("external_id"))
    except Refused as refused:
        entry.refuse("area", refused.code, **refused.data)
        return None
    except known.TwoElders:
        entry.refuse("external_id", "two_elders")
        return None
    entry.person = None if one is None else one.elder.id
    if one is not None and not one.path.startswith(ground.paths):
        entry.refuse("", "elder_not_yours")
    elif one is not None and one.elder.archived_at is not None:
        entry.refuse("", "elder_archived")
    return one


def _devices_fit(ground: Ground, entry: Entry, devices: dict[str, Device], home: int | None) -> None:
    """A device hangs in one home: known to hang in another one, or named by two homes of the file, it is refused."""
    here = home_of(ground, entry)
    for number in entry.values.get("devices", []):
        device = devices.get(number)
        elsewhere = device is not None and device.household_id is not None and device.household_id != home
        if elsewhere or ground.seen.setdefault(fingerprint("device", number), here) != here:
            entry.refuse("devices", "device_elsewhere", number=number)


def devices_of(session: Session, entries: list[Entry]) -> dict[str, Device]:
    numbers = {number for entry in entries for number in entry.values.get("devices", [])}
    if not numbers:
        return {}
    return {device.number: device for device in session.scalars(select(Device).where(Device.number.in_(numbers)))}


def contacts_of(session: Session, elder_ids: list[int]) -> dict[int, list[Contact]]:
    found: dict[int, list[Contact]] = {}
    if elder_ids:
        statement = select(Contact).where(Contact.elder_id.in_(elder_ids)).order_by(Contact.position)
        for contact in session.scalars(statement):
            found.setdefault(contact.elder_id, []).append(contact)
    return found


def home_of(ground: Ground, entry: Entry) -> int:
    """The fingerprint of area and address: who has the same lives in one household."""
    area = ground.areas.find(entry.values["area"], ground.paths)
    return fingerprint(area.id, address_key(entry.values["address"]))


def homes(session: Session, ground: Ground) -> dict[int, int]:
    """Every household's fingerprint, read once: 40 MB for 372,000 of them, and no query for each row."""
    if ground.homes is None:
        ground.homes = {}
        rows = session.execute(
            select(Household.id, Household.area_id, Household.address).order_by(Household.id),
            execution_options={"yield_per": 5_000},
        )
        for household_id, area_id, address in rows:
            ground.homes.setdefault(fingerprint(area_id, address_key(address)), household_id)
    return ground.homes
