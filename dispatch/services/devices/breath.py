"""How a device breathes: by the day how often it spoke, how often it should have, and how its battery sinks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.supervision import beats_due
from dispatch.models.devices import Signal
from dispatch.models.listening import DeviceBeat
from dispatch.services.centre import Centre
from dispatch.services.devices import register

MOST = 20_000
"""Messages that are counted: of one that sends more the oldest days stay empty."""


@dataclass
class Day:
    heard: int = 0
    battery: int | None = None
    """As it said last that day, in percent."""
    battery_least: int | None = None
    told_at: datetime | None = None

    def tell(self, at: datetime, percent: int | None, least: int | None) -> None:
        if percent is None:
            return
        if self.told_at is None or at >= self.told_at:
            self.battery, self.told_at = percent, at
        least = percent if least is None else least
        self.battery_least = least if self.battery_least is None else min(self.battery_least, least)


def breath(centre: Centre, actor: Actor, device_id: int, days: int, now: datetime) -> dict[str, Any]:
    """The last ``days`` days of the centre, today included, the oldest first. Raises ``NotFound``."""
    found = register.device(centre, actor, device_id, now)
    model = centre.devices.of(found["model"])
    today = now.astimezone(centre.zone).date()
    dates = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    registered = found["registered_at"] and datetime.fromisoformat(found["registered_at"])
    with centre.database.reads() as session:
        heard = _heard(session, centre, device_id, dates)
    items = []
    for day in dates:
        since, until = _midnight(centre, day), _midnight(centre, day + timedelta(days=1))
        one = heard[day]
        items.append(
            {
                "day": day.isoformat(),
                "heard": one.heard,
                "due": beats_due(model.heartbeat, max(since, registered or since), min(until, now)),
                "battery": one.battery,
                "battery_least": one.battery_least,
            }
        )
    return {
        "days": items,
        "heartbeat_minutes": model.heartbeat.total_seconds() / 60,
        "battery_low": model.battery_low,
    }


def heard_today(session: Session, centre: Centre, device_id: int, now: datetime) -> int:
    """Messages since midnight in the centre, heartbeats among them."""
    today = now.astimezone(centre.zone).date()
    return _heard(session, centre, device_id, [today])[today].heard


def _midnight(centre: Centre, day: date) -> datetime:
    return datetime.combine(day, time.min, centre.zone)


def _heard(session: Session, centre: Centre, device_id: int, dates: list[date]) -> dict[date, Day]:
    """From the days of folded heartbeats and from the messages that are kept one by one.

    By its days, since the key begins with the day: thousands of devices write today's.
    """
    days = {day: Day() for day in dates}
    folded = select(DeviceBeat.day, DeviceBeat.beats, DeviceBeat.last_at, DeviceBeat.battery, DeviceBeat.battery_least)
    for row in session.execute(folded.where(DeviceBeat.device_id == device_id, DeviceBeat.day.in_(dates))):
        days[row.day].heard += row.beats
        days[row.day].tell(row.last_at, row.battery, row.battery_least)
    kept = (
        select(Signal.received_at, Signal.data)
        .where(Signal.device_id == device_id, Signal.received_at >= _midnight(centre, dates[0]))
        .order_by(Signal.received_at.desc())
        .limit(MOST)
    )
    for at, data in session.execute(kept):
        day = days.get(at.astimezone(centre.zone).date())
        if day is not None:
            percent = data.get("battery") if isinstance(data, dict) else None
            day.heard += 1
            day.tell(at, percent if type(percent) is int and 0 <= percent <= 100 else None, None)
    return days
