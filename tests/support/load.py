"""A city of any size for chaos tests and benchmarks: homes with an elder and two devices, an operator, a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import insert, text

from dispatch.bootstrap.centre import centre_of
from dispatch.models.devices import Device
from dispatch.models.people import DutyPhone, Elder, User, sealed_phone
from dispatch.models.places import Area, Household, add_area
from dispatch.services import accounts
from dispatch.services.access.users import add_by_hand
from dispatch.services.centre import Centre
from tests.support.factories import SECRET, settings

TOKEN = "load-device-token-0123456789"
PASSWORD = "load-password"
OPERATOR = "load-operator"
HOMES_PER_AREA = 500
CHUNK = 5_000


@dataclass(frozen=True)
class City:
    homes: int
    token: str = TOKEN
    operator: str = OPERATOR
    password: str = PASSWORD

    @staticmethod
    def device(home: int, which: int = 0) -> str:
        """Number of a device of ``home`` (from 0); each home has two."""
        return f"LOAD-{home:06d}-{which}"


def centre_over(database_url: str, data_dir: Path, secret: str = SECRET) -> Centre:
    """The services over a database, in this process, to seed it and to look at it."""
    return centre_of(settings(database_url, data_dir, secret_key=secret))


def build_city(centre: Centre, homes: int) -> City:
    """Fill an empty database: areas of 500 homes, each home with one elder and two devices, one duty telephone."""
    areas = _areas(centre, -(-homes // HOMES_PER_AREA))
    for start in range(0, homes, CHUNK):
        _homes(centre, areas, range(start, min(start + CHUNK, homes)))
    _count_on(centre)
    person = User(username=OPERATOR, name="Operator", roles=["operator"], area_ids=[], locale="en", active=True)
    add_by_hand(centre, person, PASSWORD, datetime.now(UTC))
    accounts.add_token(centre, "load", ["signals", "calls", "cases"], datetime.now(UTC), TOKEN)
    return City(homes)


def _areas(centre: Centre, streets: int) -> list[int]:
    with centre.database.sessions.begin() as session:
        city = add_area(session, Area(level=2, name="City", code="LOAD"))
        session.add(DutyPhone(area_id=city.id, label="Duty", phone="13900000000", active=True))
        return [add_area(session, Area(level=5, name=f"Street {n}", parent_id=city.id)).id for n in range(streets)]


def _homes(centre: Centre, areas: list[int], homes: range) -> None:
    households, elders, devices = [], [], []
    for home in homes:
        key = home + 1
        area = areas[home // HOMES_PER_AREA]
        households.append(
            {
                "id": key,
                "area_id": area,
                "address": f"No. {home}",
                "address_short": f"No. {home}",
                "lat": 30,
                "lon": 120,
            }
        )
        elders.append(_elder(key))
        devices += [
            {"number": City.device(home, which), "model": "Button", "household_id": key, "elder_id": key}
            for which in (0, 1)
        ]
    with centre.database.sessions.begin() as session:
        session.execute(insert(Household), households)
        session.execute(insert(Elder), elders)
        session.execute(insert(Device), devices)


def _count_on(centre: Centre) -> None:
    """The homes brought their ids along; whoever comes next must get later ones."""
    if centre.database.is_postgresql:
        with centre.database.sessions.begin() as session:
            for name in ("households", "elders"):
                newest = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
                session.execute(text(newest))


def _elder(key: int) -> dict[str, object]:
    return {
        "id": key,
        "household_id": key,
        "name": f"Elder {key}",
        "pinyin": f"elder{key}",
        "initials": "e",
        "sex": "F" if key % 2 else "M",
        "birth_date": date(1940, 1, 1),
        **sealed_phone(f"136{key:08d}"),
        "flags": ["living_alone"],
        "languages": [],
    }
