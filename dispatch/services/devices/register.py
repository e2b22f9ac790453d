"""The register of devices: search, add, change, retire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.privacy import mask_address
from dispatch.models.devices import Device, DeviceTask
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.services.areas_asked import inside_asked
from dispatch.services.centre import Centre
from dispatch.services.desk import COUNT_UP_TO, PageOf, device_json
from dispatch.services.devices import conditions
from dispatch.services.devices.scope import Doing, Gateway, own, reachable, seen, where_it_is
from dispatch.services.devices.sweep import queue_up, sweep_in
from dispatch.services.register import search
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact


class NumberTaken(Conflict):
    code = "number-taken"


@dataclass(frozen=True)
class DeviceFilter:
    q: str = ""
    model: str | None = None
    area_id: int | None = None
    gateway_id: int | None = None
    state: str | None = None
    """``offline``, ``on_test``, ``unassigned``, ``retired``; None: all that are in use."""


@dataclass(frozen=True)
class DeviceFields:
    """What is given is set; ``clear`` names what is to be empty."""

    number: str | None = None
    model: str | None = None
    protocol: str | None = None
    household_id: int | None = None
    elder_id: int | None = None
    location: str | None = None
    gateway_id: int | None = None
    area_id: int | None = None
    clear: frozenset[str] = frozenset()


def devices(centre: Centre, actor: Actor, wanted: DeviceFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """Devices by id. ``q``: a number, or what finds the elder (name, initials, telephone ending, address)."""
    with centre.database.reads() as session:
        matching = _matching(session, centre, wanted, actor, now)
        total = session.scalar(
            select(func.count()).select_from(matching.with_only_columns(Device.id).limit(COUNT_UP_TO).subquery())
        )
        if page.before is not None:
            matching = matching.where(Device.id > page.before)
        found = session.execute(matching.order_by(Device.id).limit(page.limit + 1)).all()
        items = [card(row, centre, now) for row in found[: page.limit]]
        _with_tasks(session, items)
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None, "total": total}


def cards() -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = select(Device, Household, Area, Elder, Gateway.number).outerjoin(
        Gateway, Gateway.id == Device.gateway_id
    )
    return where_it_is(statement)


def card(found: Any, centre: Centre, now: datetime) -> dict[str, Any]:
    device, household, area, elder, gateway_number = found
    model = centre.devices.of(device.model)
    return {
        **device_json(device, now),
        "version": device.version,
        "kind": model.kind,
        "monthly_test": model.monthly_test,
        "online": _is_heard(device, model.silent_after, now),
        "last_alarm_at": stamp(device.last_alarm_at),
        "registered_at": stamp(device.registered_at),
        "retired_at": stamp(device.retired_at),
        "household": household and {"id": str(household.id), "address_short": mask_address(household.address_short)},
        "elder": elder and {"id": str(elder.id), "name": elder.name},
        "area": area and {"id": str(area.id), "name": area.name},
        "gateway": device.gateway_id and {"id": str(device.gateway_id), "number": gateway_number},
        "tasks": [],
    }


def _is_heard(device: Device, silent_after: timedelta, now: datetime) -> bool:
    return device.last_seen_at is not None and now - device.last_seen_at <= silent_after and not device.is_away


def _with_tasks(session: Session, items: list[dict[str, Any]]) -> None:
    by_id = {int(item["id"]): item for item in items}
    found = session.execute(
        select(DeviceTask.device_id, DeviceTask.kind).where(
            DeviceTask.device_id.in_(by_id), DeviceTask.closed_at.is_(None)
        )
    )
    for device_id, kind in found:
        by_id[device_id]["tasks"].append(kind)


def _matching(
    session: Session, centre: Centre, wanted: DeviceFilter, actor: Actor, now: datetime
) -> Select[*tuple[Any, ...]]:
    statement = cards().where(seen(actor))
    states = {
        None: Device.retired_at.is_(None),
        "retired": Device.retired_at.is_not(None),
        "offline": Device.retired_at.is_(None) & conditions.silent(centre, now),
        "on_test": Device.on_test_until > now,
        "unassigned": Device.retired_at.is_(None) & conditions.unassigned(centre),
    }
    if wanted.state not in states:
        raise Invalid("state", "unknown", "choose offline, on_test, unassigned or retired")
    statement = statement.where(states[wanted.state])
    if wanted.model is not None:
        statement = statement.where(Device.model == wanted.model)
    if wanted.gateway_id is not None:
        statement = statement.where(Device.gateway_id == wanted.gateway_id)
    if wanted.area_id is not None:
        statement = statement.where(inside_asked(session, wanted.area_id))
    if wanted.q:
        statement = statement.where(_text_match(session, wanted.q))
    return statement


def _text_match(session: Session, q: str) -> Any:
    """Whoever types the number of a device wants that device, and not all that stand in its home."""
    by_number = Device.number.startswith(q, autoescape=True)
    if session.scalar(select(Device.id).where(by_number).limit(1)) is not None:
        return by_number
    homes = select(Elder.household_id).where(Elder.id.in_(search.look(session, q).ids))
    places = select(Household.id).where(Household.address.contains(q, autoescape=True)) if len(q) >= 2 else None
    return or_(
        Device.household_id.in_(homes),
        Device.household_id.in_(places) if places is not None else false(),
    )


def device(centre: Centre, actor: Actor, device_id: int, now: datetime) -> dict[str, Any]:
    """Raises ``NotFound``."""
    with centre.database.reads() as session:
        found = session.execute(cards().where(Device.id == device_id, seen(actor))).first()
        if found is None:
            raise NotFound(f"there is no device {device_id} in your areas")
        item = card(found, centre, now)
        _with_tasks(session, [item])
        return item


def add(centre: Centre, doing: Doing, given: DeviceFields) -> int:
    """Register a device; what it has sent before and the case that waits because of it find their home.

    Raises ``Invalid``, ``NotFound`` (a home or area that is not the actor's) or ``NumberTaken``.
    """
    if not given.number or not given.model:
        raise Invalid("number" if not given.number else "model", "required", "a device needs a number and a model")

    def work(session: Session) -> int:
        queue_up(session, centre, given.number)
        device = Device(registered_at=doing.now)
        _set(session, centre, doing, device, given)
        session.add(device)
        _flush(session)
        sweep_in(session, centre, doing, device)
        write(session, doing.actor, Deed("device_added", Subject("device", device.id)), doing.now)
        return device.id

    return transact(centre, work)


def change(centre: Centre, doing: Doing, device_id: int, given: DeviceFields, version: int | None = None) -> None:
    def work(session: Session) -> None:
        queue_up(session, centre, given.number)
        device = own(session, doing, device_id, version)
        _set(session, centre, doing, device, given)
        device.version += 1
        _flush(session)
        sweep_in(session, centre, doing, device)
        write(session, doing.actor, Deed("device_changed", Subject("device", device_id)), doing.now)

    transact(centre, work)


def retire(centre: Centre, doing: Doing, device_id: int, version: int | None = None) -> None:
    """Out of use: it is supervised no longer and leaves its gateway. If it cries all the same, it is an alarm."""

    def work(session: Session) -> None:
        device = own(session, doing, device_id, version)
        device.retired_at = device.retired_at or doing.now
        device.gateway_id = None
        device.version += 1
        write(session, doing.actor, Deed("device_retired", Subject("device", device_id)), doing.now)

    transact(centre, work)


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise NumberTaken("there is a device with this number already") from None


def _free(session: Session, doing: Doing, number: str) -> None:
    """Raises ``NumberTaken`` by which device, for whoever may see it: a colleague may have registered it just now."""
    taken = session.scalar(select(Device.id).where(Device.number == number))
    if taken is None:
        return
    statement: Select[*tuple[Any, ...]] = select(Device.id).where(Device.id == taken, seen(doing.actor))
    visible = session.scalar(where_it_is(statement)) is not None
    extra = {"device": {"id": str(taken), "number": number}} if visible else {}
    raise NumberTaken("there is a device with this number already", **extra)


def _set(session: Session, centre: Centre, doing: Doing, device: Device, given: DeviceFields) -> None:
    _check(session, centre, doing, device, given)
    for name in given.clear & {"household_id", "elder_id", "location", "gateway_id", "area_id"}:
        setattr(device, name, None)
    if "household_id" in given.clear or given.household_id not in (None, device.household_id):
        device.elder_id = None  # who wore it lives in the other home
    for name in ("number", "model", "protocol", "household_id", "elder_id", "location", "gateway_id", "area_id"):
        value = getattr(given, name)
        if value is not None:
            setattr(device, name, value)


def _check(session: Session, centre: Centre, doing: Doing, device: Device, given: DeviceFields) -> None:
    """Its number must be free, and whatever it is tied to must be there and the actor's own."""
    if given.household_id is not None:
        _own_home(session, doing, given.household_id)
    if given.area_id is not None:
        _own_area(session, doing, given.area_id)
    if given.elder_id is not None:
        elder = session.get(Elder, given.elder_id)
        if elder is None or elder.household_id != (given.household_id or device.household_id):
            raise Invalid("elder_id", "not-in-this-home", "choose somebody who lives in the home of the device")
    if given.gateway_id is not None:
        gateway = reachable(session, doing, given.gateway_id)
        if centre.devices.of(gateway.model).kind != "gateway" or gateway is device:
            raise Invalid("gateway_id", "no-gateway", "this device is no gateway")
    if given.number is not None and given.number != device.number:
        _free(session, doing, given.number)


def _own_home(session: Session, doing: Doing, household_id: int) -> None:
    path = session.scalar(
        select(Area.path).join(Household, Household.area_id == Area.id).where(Household.id == household_id)
    )
    if path is None or not path.startswith(doing.actor.paths):
        raise NotFound(f"there is no household {household_id} in your areas")


def _own_area(session: Session, doing: Doing, area_id: int) -> None:
    area = session.get(Area, area_id)
    if area is None or not area.path.startswith(doing.actor.paths):
        raise NotFound(f"there is no area {area_id} in yours")
