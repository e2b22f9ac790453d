"""What is wrong with which device, said to the database: one condition a kind of task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, literal, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import aliased

from dispatch.domain.supervision import DeviceModel, DeviceRules, TaskKind, month_before, month_of, month_span
from dispatch.models.base import Utc
from dispatch.models.devices import Device, DeviceTask, Signal
from dispatch.services.centre import Centre

Gateway = aliased(Device, name="gateway")
Sibling = aliased(Device, name="sibling")
Away = aliased(DeviceTask, name="away")
GRACE = timedelta(minutes=1)
"""By which a beat may be late without being missed."""


def by_model(rules: DeviceRules, model: Any, value: Any, type_: Any) -> ColumnElement[Any]:
    """What ``value`` says of each model, for the model that stands in the column ``model``."""
    known = {name: literal(value(one), type_) for name, one in rules.models.items()}
    default = literal(value(rules.default), type_)
    return sql_case(known, value=model, else_=default) if known else default


def silent_since(centre: Centre, model: Any, now: datetime) -> ColumnElement[datetime]:
    """Before which a device of ``model`` must have spoken last to be called silent now."""
    return by_model(centre.devices, model, lambda one: now - one.silent_after, Utc())


def fresh_since(centre: Centre, model: Any, now: datetime) -> ColumnElement[datetime]:
    def beat(one: DeviceModel) -> datetime:
        return now - one.heartbeat - GRACE

    return by_model(centre.devices, model, beat, Utc())


def supervised(now: datetime) -> ColumnElement[bool]:
    return and_(Device.retired_at.is_(None), or_(Device.on_test_until.is_(None), Device.on_test_until <= now))


def is_gateway(centre: Centre) -> ColumnElement[bool]:
    return Device.model.in_(centre.devices.named("gateway"))


def _heard(device: Any, since: ColumnElement[datetime]) -> ColumnElement[bool]:
    """It spoke, or somebody behind it did."""
    behind = exists().where(Sibling.gateway_id == device.id, Sibling.last_seen_at >= since)
    return or_(device.last_seen_at >= since, behind)


def away() -> ColumnElement[bool]:
    """It was said of it that it cannot be reached, and it has not spoken since."""
    unheard = or_(Device.last_seen_at.is_(None), Device.last_seen_at <= Device.away_since)
    return and_(Device.away_since.is_not(None), unheard)


def silent(centre: Centre, now: datetime) -> ColumnElement[bool]:
    """Nothing was heard since the allowed misses; of one that never spoke, since it was registered. Or it is away."""
    since = silent_since(centre, Device.model, now)
    unheard = or_(Device.last_seen_at < since, and_(Device.last_seen_at.is_(None), Device.registered_at < since))
    return or_(unheard, away())


def gateway_silent(centre: Centre, now: datetime) -> ColumnElement[bool]:
    since = silent_since(centre, Device.model, now)
    gone = and_(away(), ~exists().where(Sibling.gateway_id == Device.id, Sibling.last_seen_at > Device.away_since))
    return and_(is_gateway(centre), or_(gone, and_(silent(centre, now), ~_heard(Device, since))))


def offline(centre: Centre, now: datetime) -> ColumnElement[bool]:
    """Silent although its gateway is not; after the return of a gateway it gets its own time to speak again."""
    since = silent_since(centre, Device.model, now)
    gateway_lives = exists().where(
        Gateway.id == Device.gateway_id, _heard(Gateway, fresh_since(centre, Gateway.model, now))
    )
    gateway_was_away = exists().where(
        Away.device_id == Device.gateway_id,
        Away.kind == TaskKind.GATEWAY,
        or_(Away.closed_at.is_(None), Away.closed_at >= since),
    )
    by_itself = or_(Device.gateway_id.is_(None), and_(gateway_lives, ~gateway_was_away))
    return and_(~is_gateway(centre), silent(centre, now), by_itself)


def weak(centre: Centre) -> ColumnElement[bool]:
    low = by_model(centre.devices, Device.model, lambda one: one.battery_low, Device.battery_percent.type)
    return or_(Device.low_battery_at.is_not(None), Device.battery_percent < low)


def charged(centre: Centre) -> ColumnElement[bool]:
    low = by_model(centre.devices, Device.model, lambda one: one.battery_low, Device.battery_percent.type)
    return Device.battery_percent >= low


def mended() -> ColumnElement[bool]:
    """It has said since its fault that all is well again."""
    return (
        select(Signal.id)
        .where(Signal.device_id == Device.id, Signal.kind == "restore", Signal.received_at > Device.fault_at)
        .exists()
    )


def untested(centre: Centre, since: datetime) -> ColumnElement[bool]:
    """A button whose press was not heard since then, neither as a test nor as an alarm."""
    models = centre.devices.tested_monthly()
    if not models:
        return false()
    return and_(
        Device.model.in_(models),
        or_(Device.last_test_at.is_(None), Device.last_test_at < since),
        or_(Device.last_alarm_at.is_(None), Device.last_alarm_at < since),
    )


def test_overdue(centre: Centre, now: datetime) -> ColumnElement[bool]:
    """A whole calendar month went by without a test."""
    since, _ = month_span(month_before(month_of(now, centre.zone)), centre.zone)
    there = or_(Device.registered_at.is_(None), Device.registered_at < since)
    return and_(Device.household_id.is_not(None), there, untested(centre, since))


def unassigned(centre: Centre) -> ColumnElement[bool]:
    return and_(Device.household_id.is_(None), ~is_gateway(centre))
