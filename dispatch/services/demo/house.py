"""The invented centre's house: who is on duty, and the devices that want looking after. From a chance of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.supervision import month_of, month_span
from dispatch.models.devices import Device
from dispatch.models.duty import ShiftPattern
from dispatch.models.people import DutyPhone, User
from dispatch.services.centre import Centre
from dispatch.services.demo.names import demo_random
from dispatch.services.demo.people import Home
from dispatch.services.demo.places import District
from dispatch.services.duty.patterns import extend

SEED = 20260309
DAILY = list(range(7))
SHIFTS = (
    ("operator", "operator", "08:00", "20:00"),
    ("operator2", "operator", "20:00", "08:00"),
    ("supervisor", "supervisor", "08:00", "08:00"),
    ("admin", "supervisor", "08:00", "08:00"),
)
TEAMS = (("救援一队", "13700000003", "07:00", "19:00"), ("救援二队", "13700000004", "19:00", "07:00"))
GATEWAYS = (("DEMO-GW-1", 7, 19), ("DEMO-GW-2", 20, 40))
"""Number, and the first and last home that speaks through it."""
GATEWAY_MODEL = "银铃 N2 楼栋网关"


def build(session: Session, centre: Centre, district: District, homes: list[Home], now: datetime) -> None:
    users = {user.username: user for user in session.scalars(select(User))}
    _roster(session, centre, district, users, now)
    _gateways(session, district, homes, now)
    _buttons(centre, demo_random(SEED), homes, now)
    _odd_ones(session, district, homes, now)


def _roster(session: Session, centre: Centre, district: District, users: dict[str, User], now: datetime) -> None:
    first = now.astimezone(centre.zone).date() - timedelta(days=7)
    teams = [DutyPhone(area_id=district.city.id, label=label, phone=phone) for label, phone, _, _ in TEAMS]
    session.add_all(teams)
    session.flush()
    patterns = [
        ShiftPattern(role=role, user_id=users[username].id, starts=starts, ends=ends)
        for username, role, starts, ends in SHIFTS
    ] + [
        ShiftPattern(role="rescue", phone_id=team.id, starts=starts, ends=ends)
        for team, (_, _, starts, ends) in zip(teams, TEAMS, strict=True)
    ]
    for pattern in patterns:
        pattern.area_id, pattern.weekdays = district.city.id, DAILY
        pattern.valid_from, pattern.exceptions = first, {}
        session.add(pattern)
        session.flush()
        extend(session, centre, pattern, now)


def _gateways(session: Session, district: District, homes: list[Home], now: datetime) -> None:
    area_id = district.places[0].grid.parent_id
    for number, first, last in GATEWAYS:
        gateway = Device(
            number=number,
            model=GATEWAY_MODEL,
            location="弱电间",
            area_id=area_id,
            registered_at=now - timedelta(days=300),
            last_seen_at=now - timedelta(minutes=4),
        )
        session.add(gateway)
        session.flush()
        for one in homes[first - 1 : last]:
            for device in one.devices.values():
                device.gateway_id = gateway.id


def _buttons(centre: Centre, chance: Random, homes: list[Home], now: datetime) -> None:
    """Most have pressed this month; some have not yet, and a few did not last month either."""
    since, _ = month_span(month_of(now, centre.zone), centre.zone)
    this_month = max((now - since).total_seconds(), 1.0)
    for one in homes:
        button = one.devices["sos"]
        luck = chance.random()
        if luck < 0.9:
            button.last_test_at = now - timedelta(seconds=chance.uniform(0, this_month))
        elif luck < 0.985:
            button.last_test_at = since - timedelta(days=chance.uniform(0.1, 25))
        else:
            button.last_test_at = since - timedelta(days=chance.uniform(45, 90))


def _odd_ones(session: Session, district: District, homes: list[Home], now: datetime) -> None:
    """One of each: on test, broken, and one that waits in a cupboard for its home."""
    tested, broken = homes[93].devices["sos"], homes[14].devices["sos"]
    tested.on_test_since, tested.on_test_until = now - timedelta(minutes=20), now + timedelta(hours=6)
    tested.on_test_reason = "installation"
    broken.fault_at = now - timedelta(hours=9)
    session.add(
        Device(
            number="DEMO-9001",
            model="银铃 B2 求助按钮",
            area_id=district.places[0].grid.parent_id,
            registered_at=now - timedelta(days=3),
            last_seen_at=now - timedelta(minutes=30),
        )
    )
