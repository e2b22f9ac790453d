"""The devices of the demo speak by themselves: for a month before it began, and as long as somebody keeps it alive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from dispatch.domain.supervision import beats_due
from dispatch.models.base import Utc
from dispatch.models.devices import Device
from dispatch.models.listening import DeviceBeat
from dispatch.services.centre import Centre
from dispatch.services.demo.devices import BUTTON, HEROINE, KITS, falls_silent, number_of
from dispatch.services.demo.house import GATEWAY_MODEL
from dispatch.services.demo.names import demo_random
from dispatch.services.devices.beats import KEPT, Beat, fold

DAYS = 30
SOURCE = "demo-device"
RAW = b'{"kind": "heartbeat"}'
ALMOST_EMPTY = number_of(1, KITS[3])
"""In the home that everybody looks at first."""
WEAK = 15
"""Percent below which a battery has sunk fast: its trend is to be seen."""
SINKS = 0.12
"""Of the heartbeats so many tell one percent less than the last."""
EMPTY = 5
"""Percent at which somebody changes the battery."""
CHUNK = 500
MODELS = sorted({GATEWAY_MODEL, *(kit.model for kit in (BUTTON, *KITS))})


@dataclass(frozen=True)
class Day:
    """One day of the centre, ``back`` days before the demo begins."""

    date: date
    back: int
    begins: datetime
    ends: datetime

    @classmethod
    def before(cls, centre: Centre, now: datetime, back: int) -> Day:
        day = now.astimezone(centre.zone).date() - timedelta(days=back)
        begins, ends = (datetime.combine(d, time.min, centre.zone) for d in (day, day + timedelta(days=1)))
        return cls(day, back, begins, min(ends, now))


def build(session: Session, centre: Centre, now: datetime) -> None:
    """The folded heartbeats of the last month, of the heroine's home as far back as they are kept.

    A statement for each day that makes the rows inside of the database: 90,000 of them one by one would cost seconds at
    the first start.
    """
    weak = update(Device).where(Device.number == ALMOST_EMPTY)
    session.execute(weak.values(battery_percent=WEAK - 3, low_battery_at=now - timedelta(days=1)))
    for back in range(DAYS):
        _write(session, centre, Day.before(centre, now, back), Device.number.startswith("DEMO-"))
    for back in range(DAYS, KEPT.days - 1):
        _write(session, centre, Day.before(centre, now, back), Device.number.startswith(HEROINE))


def _write(session: Session, centre: Centre, day: Day, whose: ColumnElement[bool]) -> None:
    """A device that has fallen silent has spoken up to the day on which it was last heard."""
    beats = _beats(centre, day)
    battery = _battery(day.back)
    rows = select(
        literal(day.date),
        Device.id,
        beats,
        literal(day.begins + timedelta(minutes=7), Utc),
        case((Device.last_seen_at < day.ends, Device.last_seen_at), else_=literal(day.ends, Utc)),
        battery,
        battery,
        literal(SOURCE),
        literal(RAW),
    ).where(whose, Device.last_seen_at >= day.begins, beats > 0)
    columns = ["day", "device_id", "beats", "first_at", "last_at", "battery", "battery_least", "source", "raw"]
    session.execute(insert(DeviceBeat).from_select(columns, rows))


def _beats(centre: Centre, day: Day) -> ColumnElement[int]:
    """As many as its model owes; now and then one gets lost on the way."""
    due = {model: beats_due(centre.devices.of(model).heartbeat, day.begins, day.ends) for model in MODELS}
    owed = case(due, value=Device.model, else_=1)
    if day.back == 0:  # it was heard of today, at whatever hour that is
        return case((owed < 1, 1), else_=owed)
    return owed - case(((Device.id * 7 + day.back * 11) % 23 == 0, 1), else_=0)


def _battery(back: int) -> ColumnElement[int]:
    """It sank to what it is now, each at its own pace."""
    fast = Device.battery_percent + back * 2
    slow = Device.battery_percent + (back * (1 + Device.id % 5)) // 10
    then = case((Device.battery_percent < WEAK, fast), else_=slow)
    return case((then > 100, literal(100, Integer)), else_=then)


def breathe(centre: Centre, now: datetime) -> int:
    """Whoever owes a heartbeat sends it, but for those that have fallen silent. Returns how many spoke."""
    chance = demo_random(int(now.timestamp()))
    beats = [
        Beat(number, 1, now, now, told, told, SOURCE, None, RAW)
        for number, percent in _due(centre, now)
        if not falls_silent(number)
        for told in [_told(chance, percent)]
    ]
    for at in range(0, len(beats), CHUNK):
        fold(centre, beats[at : at + CHUNK])
    return len(beats)


def _due(centre: Centre, now: datetime) -> Sequence[Any]:
    owes = [
        and_(Device.model == model, Device.last_seen_at <= now - centre.devices.of(model).heartbeat) for model in MODELS
    ]
    mine = Device.number.startswith("DEMO-") & Device.retired_at.is_(None)
    with centre.database.reads() as session:
        return session.execute(select(Device.number, Device.battery_percent).where(mine, or_(*owes))).all()


def _told(chance: Random, percent: int | None) -> int:
    if percent is None or percent <= EMPTY:
        return 100
    return percent - (chance.random() < SINKS)
