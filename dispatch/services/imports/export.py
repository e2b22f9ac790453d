"""The register as a table: masked unless somebody says why not, always with a line that says who took it and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.imports.template import Column
from dispatch.domain.privacy import mask_address, mask_name, mask_phone
from dispatch.models.devices import Device
from dispatch.models.imports import ElderOrigin
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Area, Household, inside
from dispatch.services.centre import Centre
from dispatch.services.imports.elders import contacts_of
from dispatch.services.imports.watermark import watermark
from dispatch.services.trail import Deed, Subject, write

PIECE = 1_000


@dataclass(frozen=True)
class Wanted:
    language: str
    area_id: int | None
    masked: bool
    identity: bool
    reason: str | None


def elders(centre: Centre, actor: Actor, wanted: Wanted, now: datetime) -> Iterator[list[str]]:
    """Rows in the columns of the import's template. Raises ``Invalid`` for an unmasked export without a reason.

    What is asked for is written into the trail before the first row is given.
    """
    if not wanted.masked and wanted.reason is None:
        raise Invalid("reason", "missing", "say why the full values are needed: it is written down")
    if wanted.identity and wanted.masked:
        raise Invalid("identity", "masked", "identity numbers are part of an unmasked export alone")
    with centre.database.sessions.begin() as session:
        paths = _paths(session, actor, wanted.area_id)
        subject = Subject("register", wanted.area_id or "all")
        data = {"masked": wanted.masked, "identity": wanted.identity}
        write(session, actor, Deed("export", subject, wanted.reason, data), now)
    return _rows(centre, wanted, paths, watermark(wanted.language, actor.name, now.astimezone(centre.zone)))


def _paths(session: Session, actor: Actor, area_id: int | None) -> tuple[str, ...]:
    if area_id is None:
        return actor.paths
    path = session.scalar(select(Area.path).where(Area.id == area_id, inside(actor.paths)))
    if path is None:
        raise NotFound("there is no such area")
    return (path,)


def _rows(centre: Centre, wanted: Wanted, paths: tuple[str, ...], mark: str) -> Iterator[list[str]]:
    template = centre.templates.templates["elders"]
    columns = [column for column in template.columns if column.key != "identity_number" or wanted.identity]
    yield [mark]
    yield [column.heading(wanted.language) for column in columns]
    with centre.database.reads() as session:
        areas = _area_names(session)
    after = 0
    while True:
        # Short transactions by keyset: whoever downloads slowly holds nothing open.
        with centre.database.reads() as session:
            found = session.execute(_some(paths, after)).all()
            around = _around(session, [elder.id for elder, *_ in found])
        for elder, home, external_id in found:
            values = _values(elder, home, areas[home.area_id], around) | {"external_id": external_id}
            shown = _masked(values) if wanted.masked else values
            yield [_said(column, shown.get(column.key), wanted.language == "zh") for column in columns]
        if len(found) < PIECE:
            return
        after = found[-1][0].id


def _some(paths: tuple[str, ...], after: int) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(Elder, Household, ElderOrigin.external_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(ElderOrigin, ElderOrigin.elder_id == Elder.id)
        .where(inside(paths), Elder.archived_at.is_(None), Elder.id > after)
        .order_by(Elder.id)
        .limit(PIECE)
    )
    return statement


def _area_names(session: Session) -> dict[int, str]:
    names: dict[int, str] = {}
    for area in session.scalars(select(Area).order_by(Area.level, Area.id)):
        above = names.get(area.parent_id or 0)
        names[area.id] = f"{above}/{area.name}" if above else area.name
    return names


@dataclass(frozen=True)
class Around:
    contacts: dict[int, list[Contact]]
    devices: dict[int, list[str]]


def _around(session: Session, ids: list[int]) -> Around:
    devices: dict[int, list[str]] = {}
    if ids:
        rows = session.execute(
            select(Device.elder_id, Device.number).where(Device.elder_id.in_(ids)).order_by(Device.id)
        )
        for elder_id, number in rows:
            assert elder_id is not None
            devices.setdefault(elder_id, []).append(number)
    return Around(contacts_of(session, ids), devices)


def _values(elder: Elder, home: Household, area: str, around: Around) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": elder.name,
        "sex": elder.sex,
        "birth_date": elder.birth_date,
        "identity_number": elder.identity_number,
        "phone": elder.phone,
        "area": area,
        "address": home.address,
        "lat": home.lat,
        "lon": home.lon,
        "groups": [flag for flag in elder.flags if flag != "living_alone"],
        "ability_level": elder.ability_level,
        "languages": elder.languages,
        "dialect": elder.dialect,
        "living_alone": "living_alone" in elder.flags,
        "devices": around.devices.get(elder.id, []),
    }
    for order, contact in enumerate(around.contacts.get(elder.id, [])[:3], 1):
        values |= {
            f"contact{order}_name": contact.name,
            f"contact{order}_relation": contact.relation,
            f"contact{order}_phone": contact.phone,
        }
    return values


def _masked(values: dict[str, Any]) -> dict[str, Any]:
    """A file leaves our hands: names are masked in it too, and where exactly somebody lives is not in it at all."""
    masked = {**values, "name": mask_name(values["name"]), "address": mask_address(values["address"])}
    masked["birth_date"] = f"{values['birth_date']:%Y}"
    for key in ("phone", "contact1_phone", "contact2_phone", "contact3_phone"):
        masked[key] = mask_phone(values.get(key))
    for order in (1, 2, 3):
        key = f"contact{order}_name"
        if values.get(key):
            masked[key] = mask_name(values[key])
    for key in ("lat", "lon", "identity_number"):
        masked[key] = None
    return masked


def _said(column: Column, value: Any, zh: bool) -> str:
    """As the template takes it back: words of the language, not codes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("是" if value else "否") if zh else ("yes" if value else "no")
    if isinstance(value, list):
        return ("、" if zh else ", ").join(_word(column, one, zh) for one in value)
    return _word(column, str(value), zh)


def _word(column: Column, code: str, zh: bool) -> str:
    for choice in column.choices:
        if choice.code == code:
            return choice.zh if zh else choice.en
    return code
