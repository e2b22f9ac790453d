"""Invented elders of Jixi: as many in each county as its census figures make likely, one household after the other.

Nobody of them exists. Divisions are real (config/areas/jixi.csv), communities, streets, names and numbers are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice
from random import Random
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder, sealed_phone
from dispatch.models.places import Area, Household, add_area
from dispatch.models.sealed import identity_index, phone_index
from dispatch.services.centre import Centre
from dispatch.services.demo.names import OLD_FEMALE, OLD_MALE, SURNAMES, YOUNG_FEMALE, YOUNG_MALE, words
from dispatch.services.register import areas
from dispatch.services.register.names import called
from dispatch.settings import ROOT

ELDERS = {
    "230302": 99_800,
    "230303": 21_800,
    "230304": 16_400,
    "230305": 9_900,
    "230306": 17_300,
    "230307": 4_300,
    "230321": 52_500,
    "230381": 66_400,
    "230382": 84_100,
}
"""Aged 60 and more by county: its census of 2020 times 24.8 %, the city's share."""
COMMUNITIES = 8
"""Invented in each sub-district or town."""
STREETS = words("兴国 红旗 文化 中心 电工 园丁 康新 和平 东山 西山 祥光 南星 北环 矿工 铁路 建设 振兴 光明 新华 学府")
CHUNK = 2_000
TODAY = date(2026, 11, 24)
CHECKS = "10X98765432"
FACTORS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Spot:
    area_id: int
    county: str
    prefix: str
    rural: bool


def build(centre: Centre, most: int, seed: int = 20260101) -> int:
    """Fill an empty database with at most ``most`` elders; memory stays that of one chunk. How many there are now."""
    areas.load(centre, areas.read_divisions(ROOT / "config" / "areas" / "jixi.csv"))
    with centre.database.sessions.begin() as session:
        spots = _communities(session)
    share = min(1.0, most / sum(ELDERS.values()))
    made = 0
    homes = count(1)
    chance = Random(seed)
    wanted = [(spots[county], max(1, round(number * share))) for county, number in ELDERS.items()]
    people = (row for places, number in wanted for row in _county(chance, places, number, homes))
    ids = count(1)
    while chunk := tuple(islice(people, CHUNK)):
        with centre.database.sessions.begin() as session:
            made += _write(session, centre, chunk, ids)
    _catch_up(centre)
    return made


def _communities(session: Session) -> dict[str, list[Spot]]:
    """An invented community below each division of level 4, by county."""
    found: dict[str, list[Spot]] = {code: [] for code in ELDERS}
    names = {area.id: area for area in session.scalars(select(Area))}
    for place in [area for area in names.values() if area.level == 4]:
        county = names[place.parent_id or 0]
        rural = place.name.endswith(("镇", "乡"))
        for number in range(1, COMMUNITIES + 1):
            name = f"{STREETS[number]}{'村' if rural else '社区'}"
            area = add_area(session, Area(name=name, level=5, parent_id=place.id, code=f"{place.code}{number:03d}"))
            prefix = f"鸡西市{county.name}{place.name}"
            found[county.code or ""].append(Spot(area.id, county.code or "", prefix + (name if rural else ""), rural))
    return found


def _county(chance: Random, spots: list[Spot], number: int, homes: Iterator[int]) -> Iterator[tuple[Any, ...]]:
    """``number`` elders in homes of one or two: the home, the elder and the contacts of each."""
    left = number
    while left:
        home = _home(chance, chance.choice(spots), next(homes))
        together = min(left, 2 if chance.random() < 0.35 else 1)
        for which in range(together):
            yield home if which == 0 else None, *_elder(chance, home, "FM"[which] if together == 2 else None)
        left -= together


def _home(chance: Random, spot: Spot, key: int) -> dict[str, Any]:
    street = f"{chance.choice(STREETS)}路"
    if spot.rural:
        door = f"{chance.randint(1, 12)}组{chance.randint(1, 200)}号"
    else:
        flat = f"{chance.randint(1, 7)}0{chance.randint(1, 4)}"
        door = f"{street}{chance.randint(1, 300)}号{chance.randint(1, 30)}幢{chance.randint(1, 6)}单元{flat}室"
    return {
        "id": key,
        "area_id": spot.area_id,
        "address": spot.prefix + door,
        "address_short": door,
        "keys": [],
        "version": 1,
        "county": spot.county,
    }


def _elder(chance: Random, home: dict[str, Any], sex: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    sex = sex or ("F" if chance.random() < 0.55 else "M")
    born = TODAY - timedelta(days=int((60 + chance.betavariate(1.3, 2.6) * 45) * 365.25))
    given = chance.choice(OLD_FEMALE if sex == "F" else OLD_MALE)
    if chance.random() < 0.6:  # the lists alone would make too many namesakes
        given = given[0] + chance.choice(chance.choice(OLD_FEMALE if sex == "F" else OLD_MALE))
    phone = f"1{chance.choice('3578')}{chance.randrange(10**9):09d}" if chance.random() < 0.8 else None
    number = identity_number(home["county"], born, sex, chance.randrange(500))
    level = chance.choices((None, 0, 1, 2, 3, 4), (55, 25, 11, 5, 3, 1))[0]
    elder = {
        "household_id": home["id"],
        **called(chance.choice(SURNAMES) + given),
        "sex": sex,
        "birth_date": born,
        **sealed_phone(phone),
        "identity_number": number,
        "identity_index": identity_index(number),
        "flags": ["advanced_age"] if (TODAY - born).days > 80 * 365.25 else [],
        "languages": ["zh"],
        "ability_level": level,
        "version": 1,
    }
    return elder, [_contact(chance, position) for position in range(1, chance.randint(1, 2) + 1)]


def _contact(chance: Random, position: int) -> dict[str, Any]:
    phone = f"1{chance.choice('3578')}{chance.randrange(10**9):09d}"
    sex = chance.choice("FM")
    return {
        "position": position,
        "name": chance.choice(SURNAMES) + chance.choice(YOUNG_FEMALE if sex == "F" else YOUNG_MALE),
        "relation": "daughter" if sex == "F" else "son",
        "phone": phone,
        "phone_index": phone_index(phone),
        "has_key": chance.random() < 0.3,
        "answered": 0,
        "tried": 0,
    }


def identity_number(county: str, born: date, sex: str, order: int) -> str:
    """Of nobody: valid by its check digit alone."""
    body = f"{county}{born:%Y%m%d}{order * 2 + (sex == 'M'):03d}"
    return body + CHECKS[sum(int(digit) * factor for digit, factor in zip(body, FACTORS, strict=True)) % 11]


def _write(session: Session, centre: Centre, chunk: tuple[tuple[Any, ...], ...], ids: Iterator[int]) -> int:
    homes, elders, contacts, devices = [], [], [], []
    for home, elder, own in chunk:
        key = next(ids)
        if home is not None:
            homes.append({name: value for name, value in home.items() if name != "county"})
        elders.append({"id": key, **elder})
        contacts += [{"elder_id": key, **one} for one in own]
        if key % 4 == 0:
            devices.append(
                {"number": f"JX{key:08d}", "model": "B2", "household_id": elder["household_id"], "elder_id": key}
            )
    for table, rows in ((Household, homes), (Elder, elders), (Contact, contacts), (Device, devices)):
        session.execute(insert(table.__table__), rows)
    return len(elders)


def _catch_up(centre: Centre) -> None:
    """The ids above were given, so the sequences of PostgreSQL do not know of them."""
    if not centre.database.is_postgresql:
        return
    with centre.database.engine.begin() as connection:
        for table in (Household.__table__, Elder.__table__):
            assert isinstance(table, Table)
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))"
            )
