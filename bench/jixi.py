"""Invented elders of Jixi: as many in each county as its census figures make likely, one household after the other.

Nobody of them exists. Divisions are real (config/areas/jixi.csv), communities, streets, names and numbers are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, select, text
from sqlalchemy.orm import Session

from dispatch.models.base import Base
from dispatch.models.bulk import insert_many
from dispatch.models.care import Assessment, AssessmentState, ElderTag
from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder, sealed_identity, sealed_phone
from dispatch.models.places import Area, Household, add_area
from dispatch.models.sealed import phone_index
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
CHUNK = 10_000
NOW = datetime(2026, 11, 24, tzinfo=UTC)
TODAY = NOW.date()
CHECKS = "10X98765432"
FACTORS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
GROUPS = {
    "empty_nest": 0.24,
    "left_behind": 0.03,
    "subsistence_allowance": 0.05,
    "near_subsistence": 0.02,
    "destitute": 0.012,
    "severe_disability": 0.03,
    "dementia": 0.025,
    "family_planning_special": 0.004,
}
"""What share of the elders belongs to a group, beside those that follow from the age, the home or the ability."""
SURNAME_WEIGHTS = [1 / (rank + 3) for rank in range(len(SURNAMES))]
"""So that the five most frequent are 31 % of all, as they are in China."""
FORMS = (None, "home_community", "home_care_bed", "institution")
TABLES: tuple[type[Base], ...] = (Household, Elder, Contact, Device, ElderTag, Assessment, AssessmentState)
Rows = dict[type[Base], list[dict[str, Any]]]


@dataclass(frozen=True)
class Spot:
    area_id: int
    county: str
    prefix: str
    rural: bool
    point: tuple[float, float] | None


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
    with _without_search(centre):
        while chunk := tuple(islice(people, CHUNK)):
            with centre.database.sessions.begin() as session:
                made += _write(session, chunk, ids)
    _catch_up(centre)
    return made


@contextmanager
def _without_search(centre: Centre) -> Iterator[None]:
    """PostgreSQL builds an index over what is there many times faster than it keeps one row by row."""
    if not centre.database.is_postgresql:
        yield
        return
    with centre.database.engine.begin() as connection:
        found = connection.execute(
            text(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '%USING gin%'"
            )
        ).all()
        _all(connection, [f"DROP INDEX {name}" for name, _ in found])
    yield
    with centre.database.engine.begin() as connection:
        _all(connection, [definition for _, definition in found])


def _all(connection: Connection, statements: list[str]) -> None:
    """However long it takes: an index over a city is more than a question of a web process may cost."""
    for statement in ("SET LOCAL statement_timeout = 0", *statements):
        connection.exec_driver_sql(statement)


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
            point = None if county.lat is None or county.lon is None else (county.lat, county.lon)
            whole = prefix + (name if rural else "")
            found[county.code or ""].append(Spot(area.id, county.code or "", whole, rural, point))
    return found


def _county(chance: Random, spots: list[Spot], number: int, homes: Iterator[int]) -> Iterator[tuple[Any, ...]]:
    """``number`` elders in homes of one or two: the home, the elder, the contacts and the groups of each."""
    left = number
    while left:
        home = _home(chance, chance.choice(spots), next(homes))
        together = min(left, 2 if chance.random() < 0.35 else 1)
        for which in range(together):
            sex = "FM"[which] if together == 2 else None
            yield home if which == 0 else None, *_elder(chance, home, sex), _groups(chance, alone=together == 1)
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
        **_point(chance, spot),
    }


def _point(chance: Random, spot: Spot) -> dict[str, float | None]:
    """Most homes are on the map, within some kilometres of their county's middle."""
    if spot.point is None or chance.random() < 0.2:
        return {"lat": None, "lon": None}
    lat, lon = spot.point
    return {"lat": round(lat + chance.gauss(0, 0.05), 6), "lon": round(lon + chance.gauss(0, 0.07), 6)}


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
        **called(chance.choices(SURNAMES, SURNAME_WEIGHTS)[0] + given),
        "sex": sex,
        "birth_date": born,
        **sealed_phone(phone),
        **sealed_identity(number),
        "flags": [],
        "languages": ["zh"],
        "ability_level": level,
        "service_form": chance.choices(FORMS, (60, 35, 2, 3))[0],
        "absence_kind": chance.choices((None, "hospital", "away"), (985, 6, 9))[0],
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


def _groups(chance: Random, *, alone: bool) -> list[str]:
    found = [code for code, share in GROUPS.items() if chance.random() < share]
    return [*found, "living_alone"] if alone and chance.random() < 0.35 else found


def _write(session: Session, chunk: tuple[tuple[Any, ...], ...], ids: Iterator[int]) -> int:
    rows: Rows = {table: [] for table in TABLES}
    for home, elder, own, groups in chunk:
        key = next(ids)
        if home is not None:
            rows[Household].append({name: value for name, value in home.items() if name != "county"})
        belongs = [*groups, *_follow(elder)]
        rows[Elder].append({"id": key, **elder, "flags": belongs})
        rows[Contact] += [{"elder_id": key, **one} for one in own]
        rows[ElderTag] += [_tag(key, code) for code in belongs]
        if elder["ability_level"] is not None:
            _assessed(rows, key, elder["ability_level"])
        if key % 4 == 0:
            rows[Device].append(
                {"number": f"JX{key:08d}", "model": "B2", "household_id": elder["household_id"], "elder_id": key}
            )
    for table, ours in rows.items():
        insert_many(session, table, ours)
    return len(chunk)


def _follow(elder: dict[str, Any]) -> list[str]:
    old = (TODAY - elder["birth_date"]).days > 80 * 365.25
    unable = (elder["ability_level"] or 0) >= 2
    return ["advanced_age"] * old + ["disabled_ability"] * unable


def _tag(elder_id: int, code: str) -> dict[str, Any]:
    first = TODAY - timedelta(days=elder_id % 900)
    return {
        "elder_id": elder_id,
        "code": code,
        "source": "register",
        "valid_from": first,
        "recorded_at": NOW,
        "recorded_by": "bench",
    }


def _assessed(rows: Rows, elder_id: int, level: int) -> None:
    on = TODAY - timedelta(days=elder_id % 700)
    due = on + timedelta(days=365)
    rows[Assessment].append(
        {
            "id": elder_id,
            "elder_id": elder_id,
            "standard": "GB/T 42195-2022",
            "standard_version": "2022",
            "reason": "first",
            "assessed_on": on,
            "next_due_on": due,
            "assessors": [],
            "scores": {},
            "answers": {},
            "by_group": {},
            "changes": [],
            "final_level": level,
            "source": "import",
            "recorded_at": NOW,
            "recorded_by": "bench",
        }
    )
    rows[AssessmentState].append({"elder_id": elder_id, "assessment_id": elder_id, "next_due_on": due})


def _catch_up(centre: Centre) -> None:
    """The ids above were given, so the sequences of PostgreSQL do not know of them."""
    if not centre.database.is_postgresql:
        return
    with centre.database.engine.begin() as connection:
        for table in (Household.__table__, Elder.__table__, Assessment.__table__):
            assert isinstance(table, Table)
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))"
            )
