"""Homes: where they are, how one gets in, and who has a key."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.privacy import mask_address
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Area, Household, inside
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf, path_names
from dispatch.services.privacy import sight
from dispatch.services.register import doubles, edits
from dispatch.services.rows import stamp
from dispatch.services.visits import month
from dispatch.services.work import Act

SHORT = 80
VILLAGES = ("村", "屯", "嘎查")


@dataclass(frozen=True)
class Home:
    area_id: int
    address: str
    lat: float | None = None
    lon: float | None = None
    access_notes: str | None = None


@dataclass(frozen=True)
class Key:
    holder: str
    contact_id: int | None = None
    where: str | None = None


def plain(address: str) -> str:
    """As one writes it once: narrow digits and letters, no double blanks."""
    return " ".join(unicodedata.normalize("NFKC", address).split())


def short(address: str, names: list[str]) -> str:
    """Without the city, county and sub-district that everybody at the desk knows; at most 80 characters.

    A village stays: behind it stands only the number of a house, which says nothing alone and is masked in lists.
    """
    rest = address
    for name in names:
        rest = rest if name.endswith(VILLAGES) else rest.removeprefix(name)
    rest = rest.strip() or address
    return rest if len(rest) <= SHORT else "…" + rest[-(SHORT - 1) :]


def add(session: Session, act: Act, home: Home) -> Household:
    """In the caller's transaction. Raises ``Invalid`` for an area that is not the actor's, or half a point."""
    area = area_within(session, home.area_id, act.actor)
    check_point(home.lat, home.lon)
    address = plain(home.address)
    new = Household(
        area_id=area.id,
        address=address,
        address_short=short(address, path_names(session, area.path)),
        lat=home.lat,
        lon=home.lon,
        access_notes=home.access_notes,
        keys=[],
    )
    session.add(new)
    session.flush()
    return new


def within(session: Session, household_id: int, actor: Actor, *, lock: bool = False) -> Household:
    """Raises ``NotFound`` outside of the actor's areas."""
    statement = (
        select(Household)
        .join(Area, Area.id == Household.area_id)
        .where(Household.id == household_id, inside(actor.paths))
        .options(joinedload(Household.area))
    )
    if lock:
        statement = statement.with_for_update(of=Household).execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        raise NotFound(f"there is no household {household_id} in your areas")
    return found


def area_within(session: Session, area_id: int, actor: Actor) -> Area:
    found = session.scalar(select(Area).where(Area.id == area_id, inside(actor.paths)))
    if found is None:
        raise Invalid("area_id", "unknown", "there is no such area among yours")
    return found


def check_point(lat: float | None, lon: float | None) -> None:
    if (lat is None) != (lon is None):
        raise Invalid("lat", "half", "a point has both lat and lon")


def one(centre: Centre, household_id: int, actor: Actor) -> dict[str, Any]:
    with centre.database.reads() as session:
        home = within(session, household_id, actor)
        residents = session.execute(
            select(Elder.id, Elder.name).where(Elder.household_id == home.id, Elder.archived_at.is_(None))
        )
        card = home_json(session, home)
        clear = sight.unmasked(session, actor, home.id)
        return {
            **(card if clear else veiled(card)),
            "masked": not clear,
            "elders": [{"id": str(elder_id), "name": name} for elder_id, name in residents],
        }


@dataclass(frozen=True)
class Sought:
    q: str = ""
    """A part of the address."""
    area_id: int | None = None


def homes(centre: Centre, actor: Actor, sought: Sought, page: PageOf) -> Answer:
    """By id, as lists show an address. Raises ``Invalid`` for an area that is not there."""
    with centre.database.reads() as session:
        wanted = [inside(actor.paths)]
        if sought.q:
            wanted.append(Household.address.contains(plain(sought.q), autoescape=True))
        if sought.area_id is not None:
            wanted.append(inside_asked(session, sought.area_id))
        matching = select(Household).join(Area, Area.id == Household.area_id).where(*wanted)
        total = session.scalar(matching.with_only_columns(func.count(Household.id))) or 0
        rest = matching if page.before is None else matching.where(Household.id > page.before)
        statement = rest.options(joinedload(Household.area)).order_by(Household.id).limit(page.limit + 1)
        found = session.scalars(statement).all()
        items = [_line_json(home) for home in found[: page.limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None, "total": total}


def _line_json(home: Household) -> dict[str, Any]:
    return {
        "id": str(home.id),
        "version": home.version,
        "address_short": mask_address(home.address_short),
        "area": {"id": str(home.area_id), "name": home.area.name},
        "has_point": home.lat is not None,
        "has_key": bool(home.keys),
    }


def home_json(session: Session, home: Household) -> dict[str, Any]:
    return {
        "id": str(home.id),
        "version": home.version,
        "address": home.address,
        "address_short": home.address_short,
        "area": {
            "id": str(home.area_id),
            "name": home.area.name,
            "path_names": path_names(session, home.area.path),
        },
        "lat": home.lat,
        "lon": home.lon,
        "access_notes": home.access_notes,
        "keys": home.keys,
        "updated_at": stamp(home.updated_at),
    }


def veiled(card: dict[str, Any]) -> dict[str, Any]:
    """Who has a key may be known to all who may call them; where one lies, to nobody who need not go there."""
    return sight.veil_household(card) | {
        "address_masked": sight.veil_household(card)["address"],
        "keys": [key | {"where": None} for key in card["keys"]],
    }


def register(centre: Centre, act: Act, home: Home) -> Answer:
    """A home in which nobody lives yet. Raises as ``add``."""

    def work(session: Session) -> Answer:
        new = add(session, act, home)
        edits.touch_home(session, act, new, edits.of_home(new, "household_registered", {}))
        new.version = 1
        return {"id": str(new.id), "version": new.version}

    return once(centre, act, "households:new", work)


def change(centre: Centre, household_id: int, act: Act, wanted: Mapping[str, Any], *, even_if_double: bool) -> Answer:
    """``area_id``, ``address``, ``lat`` and ``lon``, ``access_notes``; what is not there stays.

    Raises ``VersionConflict``, ``Invalid``, and ``Conflict`` when the new address makes somebody look like another.
    """

    def work(session: Session) -> Answer:
        home = within(session, household_id, act.actor, lock=True)
        edits.check_version(session, act, home, "household")
        told = edits.apply(home, _columns(session, home, act, wanted))
        if told:
            residents = session.scalars(select(Elder.id).where(Elder.household_id == home.id))
            edits.touch_home(session, act, home, edits.of_home(home, "household_changed", told))
            session.flush()
            ids = list(residents)
            if "address" in told:
                doubles.refuse(session, ids, act, even_if_double=even_if_double)
            for elder_id in ids if "area_id" in told else ():
                month.of_elder(session, centre, elder_id, act.now)
        return {"id": str(home.id), "version": home.version}

    return once(centre, act, f"household:{household_id}:change", work)


def _columns(session: Session, home: Household, act: Act, wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: wanted[name] for name in ("lat", "lon", "access_notes") if name in wanted}
    check_point(columns.get("lat", home.lat), columns.get("lon", home.lon))
    area = home.area
    if wanted.get("area_id") is not None:
        area = area_within(session, wanted["area_id"], act.actor)
        columns["area_id"] = area.id
    if wanted.get("address") is not None:
        columns["address"] = plain(wanted["address"])
        columns["address_short"] = short(columns["address"], path_names(session, area.path))
    return columns


def put_keys(centre: Centre, household_id: int, act: Act, keys: list[Key]) -> Answer:
    """Who has a key and where it lies: the list as it is from now on. Raises ``Invalid`` for a contact of elsewhere."""

    def work(session: Session) -> Answer:
        home = within(session, household_id, act.actor, lock=True)
        edits.check_version(session, act, home, "household")
        own = set(
            session.scalars(
                select(Contact.id).join(Elder, Elder.id == Contact.elder_id).where(Elder.household_id == home.id)
            )
        )
        for key in keys:
            if key.contact_id is not None and key.contact_id not in own:
                raise Invalid("keys", "unknown-contact", "a key is held by a contact of somebody who lives there")
        told = edits.apply(home, {"keys": [_key_json(key) for key in keys]})
        if told:
            edits.touch_home(session, act, home, edits.of_home(home, "keys_changed", told))
        return {"id": str(home.id), "version": home.version}

    return once(centre, act, f"household:{household_id}:keys", work)


def _key_json(key: Key) -> dict[str, Any]:
    return {"holder": key.holder, "contact_id": key.contact_id and str(key.contact_id), "where": key.where}
