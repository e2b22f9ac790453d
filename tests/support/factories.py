"""A small town for tests: two districts, a few homes, those who work for them. Everything invented."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from dispatch.bootstrap.centre import centre_of
from dispatch.domain.actor import Actor
from dispatch.domain.datakeys import parse_keys
from dispatch.domain.permissions import SCOPES
from dispatch.models import sealed
from dispatch.models.care import ElderTag
from dispatch.models.database import connect
from dispatch.models.devices import Device
from dispatch.models.people import Contact, DutyPhone, Elder, User
from dispatch.models.places import Area, Household, add_area
from dispatch.services import accounts
from dispatch.services.centre import Centre
from dispatch.settings import Settings

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PASSWORD = "a long enough password"
SECRET = "0123456789abcdef" * 4
DATA_KEYS = "t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
DUTY_EAST = "13900000001"
DUTY_TOWN = "13900000002"


def settings(database_url: str, data_dir: Path, **more: object) -> Settings:
    given = {
        "database_url": database_url,
        "data_dir": data_dir,
        "secret_key": SECRET,
        "data_keys": DATA_KEYS,
        "callback_number": "000-0000-0000",
        "second_factor": False,  # tests of the second factor ask for it
        **more,
    }
    return Settings.model_validate(given)


def make_centre(database_url: str, data_dir: Path) -> Centre:
    return centre_for(settings(database_url, data_dir))


def centre_for(chosen: Settings) -> Centre:
    """``centre_of``, but ``config/`` is read once a run, and the engine of an address is made once.

    An engine keeps the statements that it has compiled, which took a third of a test that had to compile them anew.
    """
    read = _read(chosen.model_copy(update={"database_url": "sqlite:///none", "data_dir": Path("none")}))
    sealed.use(sealed.Keyring(parse_keys(chosen.data_keys)))
    return replace(read, database=_opened(chosen.database_url), spool_dir=chosen.spool_dir, data_dir=chosen.data_dir)


@functools.cache
def _read(chosen: Settings) -> Centre:
    return centre_of(chosen)


_opened = functools.lru_cache(maxsize=16)(connect)


@functools.cache
def password_hash() -> str:
    """Of ``PASSWORD``, cheap to check: what a hash must cost is a matter of `test_passwords`, not of each sign-in."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(repr=False)
class Town:
    """What the tests refer to by name. ``lin`` and ``mei`` see everything, ``west_op`` one district alone."""

    centre: Centre
    areas: dict[str, int] = field(default_factory=dict)
    households: dict[str, int] = field(default_factory=dict)
    elders: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    signals_token: str = ""
    calls_token: str = ""
    admin_token: str = ""

    def actor(self, username: str) -> Actor:
        return accounts.person_named(self.centre, username).actor


def build_town(centre: Centre) -> Town:
    town = Town(centre)
    with centre.database.sessions.begin() as session:
        _fill(session, town)
        _add_tokens(session, town)
    return town


def town_in_fresh(centre: Centre) -> Town:
    """``build_town`` where nothing was ever written: what made the first one is told to the database once more, word
    for word, and not worked out anew. The ids are the same, the tokens are not.
    """
    with centre.database.sessions.begin() as session:
        kind = session.connection().dialect.name
        town = Town(centre)
        if kind in _told:
            ids, statements = _told[kind]
            for name, known in ids.items():
                setattr(town, name, known.copy())
            _tell(session, statements)
        else:
            with _listening(centre.database.engine) as statements:
                _fill(session, town)
            ids = {name: getattr(town, name).copy() for name in ("areas", "households", "elders", "contacts", "users")}
            _told[kind] = (ids, statements)
        _add_tokens(session, town)
    return town


Statement = tuple[str, Any]
_told: dict[str, tuple[dict[str, dict[str, int]], list[Statement]]] = {}


@contextmanager
def _listening(engine: Engine) -> Iterator[list[Statement]]:
    """What changes the database meanwhile, as its driver is told it."""
    heard: list[Statement] = []

    def hear(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if not statement.startswith("SELECT"):
            heard.extend((statement, each) for each in (values if isinstance(values, list) else [values]))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def _tell(session: Session, statements: list[Statement]) -> None:
    driver: Any = session.connection().connection.driver_connection
    at_once = driver.pipeline() if hasattr(driver, "pipeline") else nullcontext()
    with at_once, closing(driver.cursor()) as cursor:
        for statement, values in statements:
            cursor.execute(statement, values)


def _fill(session: Session, town: Town) -> None:
    _places(session, town)
    _people(session, town)
    _homes(session, town)
    session.flush()


def _add_tokens(session: Session, town: Town) -> None:
    """Of each town its own: the web application remembers them for seconds."""
    every = {"signals": ["signals"], "calls": ["calls"], "admin": sorted(SCOPES)}
    for name, scopes in every.items():
        row, text = accounts.new_token(f"{name} of the tests", scopes, START, secrets.token_hex(16))
        session.add(row)
        setattr(town, f"{name}_token", text)


def _places(session: Session, town: Town) -> None:
    def area(name: str, level: int, parent: str | None = None) -> None:
        new = Area(name=name, level=level, code=f"{level}-{name}", parent_id=town.areas[parent] if parent else None)
        town.areas[name] = add_area(session, new).id

    area("Town", 2)
    area("East", 3, "Town")
    area("West", 3, "Town")
    area("Elm", 5, "East")
    area("Oak", 5, "West")


def _people(session: Session, town: Town) -> None:
    def user(username: str, name: str, roles: list[str], area: str = "Town") -> None:
        new = User(
            username=username,
            name=name,
            roles=roles,
            area_ids=[town.areas[area]],
            password_hash=password_hash(),
            locale="en",
        )
        session.add(new)
        session.flush()
        town.users[username] = new.id

    user("lin", "Lin", ["operator"])
    user("mei", "Mei", ["operator"])
    user("boss", "Boss", ["supervisor"])
    user("west_op", "Wen", ["operator"], "West")
    user("duty", "Dong", ["dispatcher"])
    user("helper", "Hua", ["provider"])
    for area, label, phone, username in (
        ("East", "East on duty", DUTY_EAST, "duty"),
        ("Town", "Town on duty", DUTY_TOWN, None),
    ):
        user_id = town.users[username] if username else None
        session.add(DutyPhone(area_id=town.areas[area], label=label, phone=phone, user_id=user_id))


def _homes(session: Session, town: Town) -> None:
    home(session, town, "Wang", "Elm", devices=["SOS-1", "FALL-1", "SMOKE-1", "WATER-1", "BED-1"])
    home(session, town, "Zhao", "Elm", devices=["SOS-2"])
    home(session, town, "Qian", "Oak", devices=["SOS-W"])
    away = home(session, town, "Sun", "Elm", devices=["SOS-H"])
    away.absence_kind = "hospital"
    home(session, town, "Family", "Elm", devices=[f"HOME-{n}" for n in range(1, 9)])
    for position, name in enumerate(("Daughter", "Neighbour")):
        contact = Contact(
            elder_id=town.elders["Wang"], position=position, name=name, relation="kin", phone=f"1370000000{position}"
        )
        session.add(contact)
        session.flush()
        town.contacts[name] = contact.id


def home(session: Session, town: Town, name: str, area: str, devices: list[str]) -> Elder:
    """A household with one elder and its devices."""
    place = Household(area_id=town.areas[area], address=f"{area} Road 1, {name}", address_short=f"{area} 1 {name}")
    session.add(place)
    session.flush()
    number = 1000 + len(town.elders)
    elder = Elder(
        household_id=place.id,
        name=name,
        pinyin=name.lower(),
        initials=name[0].lower(),
        sex="F",
        birth_date=date(1940, 1, 2),
        phone=f"1380000{number}",
        flags=["living_alone"],
        languages=["zh"],
    )
    session.add(elder)
    session.flush()
    alone = {"elder_id": elder.id, "code": "living_alone", "source": "community", "recorded_by": "Mei"}
    session.add(ElderTag(**alone, valid_from=START.date(), recorded_at=START))
    for device in devices:
        session.add(
            Device(number=device, model="T1", household_id=place.id, elder_id=elder.id, location=device.split("-")[0])
        )
    town.households[name] = place.id
    town.elders[name] = elder.id
    return elder
