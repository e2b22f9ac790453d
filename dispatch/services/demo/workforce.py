"""Those who go to the invented homes: providers and stations as a tree, and what each helper can do, when and where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.models.simnet import SimPhone
from dispatch.models.workforce import (
    Organisation,
    Station,
    StationSeat,
    Wish,
    Worker,
    WorkerArea,
    WorkerDay,
    WorkerPosition,
    WorkerShift,
    WorkerSkill,
)
from dispatch.services.demo.people import Home
from dispatch.services.demo.places import District

CERTIFIED = frozenset({"bath", "nursing", "driving", "emergency"})
TEAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("worker", ("meal", "clean", "shopping")),
    ("worker", ("bath", "clean", "lifting")),
    ("nurse", ("medical", "nursing", "emergency")),
    ("volunteer", ("mobility", "driving", "shopping", "meal", "visits")),
    ("social_worker", ("chat", "leisure", "learning", "visits")),
    ("rescue", ("emergency", "lifting", "driving")),
    ("grid_worker", ("devices", "emergency", "shopping", "medical", "visits")),
)
FIRST = ("meal", "bath", "clean", "shopping", "mobility", "chat", "emergency", "medical", "visits")
"""What the one can do who signs in as ``provider``: the visitor of the demo gets to see every kind of visit."""
RESCUE = -1
IMPORTED = 37
"""Came in by a table without hours, and is never asked until somebody notices."""
ALL_DAY = ("00:00", "00:00")
DAYTIME = ("07:30", "20:00")
ORGANISATIONS = (
    # Name, kind, ownership, days until the licence and the contract end. The first three send people.
    ("银杏区社会福利院居家服务部", "institution", "public", 400, 500),
    ("安康居家养老服务有限公司", "company", "private", 600, 420),
    ("邻里互助社", "social", "private", 500, 480),
    ("银铃蓝天救援队", "rescue", "public_private", 700, 600),
    ("夕阳红家政服务部", "company", "private", 23, 52),
    ("暖心送餐合作社", "social", "private", -12, 5),
)
SENDING = 3
PRICES = {"bath_point": 6800, "clean_home": 4500, "meal_delivery": 1400}
"""Of the companies, in fen; the others ask what the catalogue says."""


def build(session: Session, chance: Random, district: District, homes: Sequence[Home], now: datetime) -> None:
    """Give every worker of the demo a kind, skills, hours, a station and a place. Some certificates are over."""
    stations = _stations(session, district, now)
    workers = list(session.scalars(select(Worker).order_by(Worker.id)))
    for n, worker in enumerate(workers):
        first = n == 0
        kind, skills = TEAMS[n % len(TEAMS)]
        worker.kind = "worker" if first else kind
        worker.sex = chance.choice("FFM")
        worker.languages = ["mandarin"] if n % 4 else ["mandarin", "wenzhou"]
        worker.capacity = 8 if kind == "worker" else 4
        worker.station_id = stations[RESCUE if kind == "rescue" else worker.area_id].id
        _skills(session, worker, FIRST if first else skills, n, now)
        always = first or kind == "rescue" or n % 5 == 2
        if n != IMPORTED:
            _hours(session, worker, always=always)
        served = district.city.id if first or kind == "rescue" else worker.area_id
        session.add(WorkerArea(worker_id=worker.id, area_id=served))
        place = homes[0].household if first else homes[(n * 29) % len(homes)].household
        _position(session, chance, worker, (place.lat or 0.0, place.lon or 0.0), now - timedelta(minutes=n % 20))
        session.add(SimPhone(number=worker.phone, label=worker.name, kind="worker", robot=not first))
    elder = homes[0].elders[0]
    session.add(Wish(elder_id=elder.id, worker_id=workers[0].id, wanted=True, at=now, recorded_by="陈晓"))
    session.add(Wish(elder_id=elder.id, worker_id=workers[7].id, wanted=False, at=now, recorded_by="陈晓"))
    _absences(session, workers, now)
    _desk(session, stations)
    session.flush()


def _stations(session: Session, district: District, now: datetime) -> dict[int, Station]:
    """By area; 0 is the centre above all, -1 the rescue team's."""
    day = now.date()
    providers = [
        Organisation(
            name=name,
            kind=kind,
            ownership=ownership,
            area_id=district.city.id,
            licence=f"99-{n:04d}",
            licence_until=day + timedelta(days=licence),
            contract=f"HT-{n:03d}",
            contract_from=day - timedelta(days=200),
            contract_until=day + timedelta(days=contract),
            prices=_prices(day) if kind == "company" else {},
        )
        for n, (name, kind, ownership, licence, contract) in enumerate(ORGANISATIONS, 1)
    ]
    session.add_all(providers)
    session.flush()
    top = Station(name="区养老服务中心", kind="centre", organisation_id=providers[0].id, area_id=district.city.id)
    top.lat, top.lon = district.city.lat, district.city.lon
    session.add(top)
    session.flush()
    rescue = Station(name="蓝天救援站", kind="point", organisation_id=providers[3].id, area_id=district.city.id)
    rescue.parent_id, rescue.functions, rescue.lat, rescue.lon = top.id, ["emergency"], top.lat, top.lon
    session.add(rescue)
    found = {0: top, RESCUE: rescue}
    below = session.scalars(select(Area).where(Area.level.in_((4, 5))).order_by(Area.path))
    for n, area in enumerate(below):
        complex_ = area.level == 4
        station = Station(
            name=f"{area.name}{'综合服务中心' if complex_ else '服务站'}",
            kind="complex" if complex_ else "station",
            organisation_id=providers[n % SENDING].id,
            parent_id=top.id if complex_ else found[area.parent_id or 0].id,
            area_id=area.id,
            lat=area.lat,
            lon=area.lon,
            functions=["day_care", "meals", "home_service"] if complex_ else ["meals"],
        )
        session.add(station)
        session.flush()
        found[area.id] = station
    return found


def _desk(session: Session, stations: dict[int, Station]) -> None:
    """Somebody who sits at the first complex, and sees its people and those of the stations below."""
    complex_ = next(one for one in stations.values() if one.kind == "complex")
    hashed = session.scalars(select(User.password_hash).where(User.username == "operator")).one()
    fang = User(username="station", name="刘芳", roles=["station"], area_ids=[complex_.area_id], password_hash=hashed)
    session.add(fang)
    session.flush()
    session.add(StationSeat(user_id=fang.id, station_id=complex_.id))


def _prices(day: date) -> dict[str, Any]:
    since = (day - timedelta(days=100)).isoformat()
    return {item: [{"from": since, "fen": fen}] for item, fen in PRICES.items()}


def _absences(session: Session, workers: Sequence[Worker], now: datetime) -> None:
    """One is in training today, one is ill for days, one leaves early tomorrow."""
    day = now.date()
    session.add(WorkerDay(worker_id=workers[14].id, day=day, reason="培训"))
    session.add_all(
        WorkerDay(worker_id=workers[9].id, day=day + timedelta(days=n), reason="病假") for n in range(-1, 4)
    )
    session.add(WorkerDay(worker_id=workers[3].id, day=day + timedelta(days=1), starts="08:00", ends="12:00"))


def _skills(session: Session, worker: Worker, skills: Sequence[str], n: int, now: datetime) -> None:
    """Every eighth certificate is over, and every eighth soon will be; never one of the first, who is shown."""
    for skill in skills:
        certified = skill in CERTIFIED
        days = 500 if n == 0 else {3: -24, 6: 20}.get(n % 8, 300)
        session.add(
            WorkerSkill(
                worker_id=worker.id,
                skill=skill,
                level=1 + (n + len(skill)) % 3,
                certificate=f"{skill[:2].upper()}-{2000 + n}" if certified else None,
                valid_until=now.date() + timedelta(days=days) if certified else None,
            )
        )


def _hours(session: Session, worker: Worker, *, always: bool) -> None:
    starts, ends = ALL_DAY if always else DAYTIME
    for weekday in range(7 if always or worker.id % 3 else 5):
        session.add(WorkerShift(worker_id=worker.id, weekday=weekday, starts=starts, ends=ends))


def _position(session: Session, chance: Random, worker: Worker, place: tuple[float, float], at: datetime) -> None:
    lat, lon = (round(value + chance.uniform(-0.004, 0.004), 6) for value in place)
    session.add(WorkerPosition(worker_id=worker.id, lat=lat, lon=lon, accuracy_m=25, at=at))
