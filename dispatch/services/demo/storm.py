"""A power cut in one community, as its devices tell it: sixty alarms at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.domain.signals import SignalKind
from dispatch.models.devices import Device
from dispatch.models.places import Area, Household
from dispatch.services.centre import Centre
from dispatch.services.demo.devices import HEROINE, alarm_of
from dispatch.services.demo.names import demo_random
from dispatch.services.intake import Incoming, new_signal_id

ALARMS = 60
COMMUNITY = 5


@dataclass(frozen=True)
class Storm:
    community: str
    devices: tuple[str, ...]


def plan_storm(centre: Centre, now: datetime) -> Storm:
    """Sixty devices of one community, another one each time; none of 王桂英's home."""
    chance = demo_random(int(now.timestamp()))
    with centre.database.reads() as session:
        communities = session.scalars(select(Area).where(Area.level == COMMUNITY).order_by(Area.id)).all()
        community = chance.choice(communities)
        numbers = session.scalars(
            select(Device.number)
            .join(Household, Household.id == Device.household_id)
            .join(Area, Area.id == Household.area_id)
            .where(Area.path.startswith(community.path), Device.number.not_like(f"{HEROINE}%"))
            .order_by(Device.number)
        ).all()
    return Storm(community.name, tuple(chance.sample(numbers, min(ALARMS, len(numbers)))))


def storm_alarm(device: str, now: datetime) -> Incoming:
    """What one device says in the storm."""
    event_id = f"storm-{now.timestamp():.3f}"
    return Incoming(
        device=device,
        kind=SignalKind(alarm_of(device)),
        event_id=event_id,
        occurred_at=now,
        data={"storm": True},
        raw=b'{"storm": true}',
        source="demo-storm",
        received_at=now,
        id=new_signal_id(device, event_id),
    )
