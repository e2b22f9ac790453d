"""A table of devices: known by the number that they send, their elder by identity number or external id."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.models.base import Base
from dispatch.models.bulk import insert_many
from dispatch.models.devices import Device
from dispatch.services.imports import known
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.kinds import Ground, fingerprint


class DeviceTable:
    held_against: tuple[type[Base], ...] = (Device,)
    names: tuple[str, str] | None = ("elder_identity_number", "elder_external_id")

    def look(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        numbers = {entry.values["number"] for entry in entries}
        there = {device.number: device for device in session.scalars(select(Device).where(Device.number.in_(numbers)))}
        owners = _owners(session, ground, entries)
        for entry in entries:
            number = entry.values["number"]
            first = ground.seen.setdefault(fingerprint("device", number), entry.number)
            if first != entry.number:
                entry.refuse("number", "twice_in_file", row=str(first))
            device = there.get(number)
            if entry.faults or device is None:
                continue
            entry.target = device.id
            owner = owners.get(entry.number)
            entry.changes = [key for key in ("model", "protocol", "location") if _differs(device, entry.values, key)]
            if owner is not None and (device.elder_id, device.household_id) != (owner.elder.id, owner.household.id):
                entry.changes.append("elder_external_id")

    def add(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        owners = _owners(session, ground, entries)
        insert_many(session, Device, [_device(entry.values, owners.get(entry.number)) for entry in entries])

    def change(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        owners = _owners(session, ground, entries)
        for entry in entries:
            device = session.get_one(Device, entry.target)
            for key in ("model", "protocol", "location"):
                if key in entry.changes:
                    setattr(device, key, entry.values[key])
            if "elder_external_id" in entry.changes:
                owner = owners[entry.number]
                device.elder_id, device.household_id = owner.elder.id, owner.household.id
        session.flush()

    def end(self, session: Session, ground: Ground) -> None:
        """Nothing is left."""


def _differs(device: Device, values: dict[str, Any], key: str) -> bool:
    return key in values and getattr(device, key) != values[key]


def _owners(session: Session, ground: Ground, entries: list[Entry]) -> dict[int, known.Found]:
    """The elder of each row that names one; rows that name nobody we know are refused."""
    keys = [(e.values.get("elder_identity_number"), e.values.get("elder_external_id")) for e in entries]
    elders = known.elders(session, [key[0] for key in keys if key[0]], [key[1] for key in keys if key[1]])
    found: dict[int, known.Found] = {}
    for entry, (identity, external) in zip(entries, keys, strict=True):
        if identity is None and external is None:
            continue
        column = "elder_identity_number" if identity else "elder_external_id"
        try:
            elder = elders.find(identity, external)
        except known.TwoElders:
            entry.refuse(column, "two_elders")
            continue
        if elder is None:
            entry.refuse(column, "unknown_elder")
        else:
            entry.person = elder.elder.id
            if elder.path.startswith(ground.paths):
                found[entry.number] = elder
            else:
                entry.refuse(column, "elder_not_yours")
    return found


def _device(values: dict[str, Any], owner: known.Found | None) -> dict[str, Any]:
    return {
        "number": values["number"],
        "model": values["model"],
        "protocol": values.get("protocol", "http"),
        "location": values.get("location"),
        "elder_id": None if owner is None else owner.elder.id,
        "household_id": None if owner is None else owner.household.id,
    }
