"""The register of a whole city: how long an operator waits for a search, a page of the list, the counts of the map.

.venv/bin/python bench/register.py [--elders 372500] [--queries 200] [--sqlite] [--save] [--keep] [--data DIR]

Asked over HTTP as the console does, one question after the other by a signed-in person, of one web process. Each query
is drawn from the data, and the elder it was drawn from must be among those that are found.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from rig import durable_postgres, percentile, report
from sqlalchemy import func, select

from bench import jixi
from dispatch.models.devices import Device
from dispatch.models.people import Elder, User
from dispatch.models.places import Area, Household, inside
from dispatch.services.access.users import add_by_hand
from dispatch.services.centre import Centre
from tests.support import load as city_support
from tests.support.databases import migrate
from tests.support.product import Product
from tests.support.redis import Redis

PAGE = 100
"""Rows that the console asks for at once."""
SEARCHBOX = 8
OF_A_DISTRICT = "district-operator"
DISTRICT = "230382"
"""Of whose operator the same is asked again: 84,100 elders, at the end of the register."""
TARGET_MS = 100
NAME = "register"
FILLED = "filled"
"""A file that says that the database beside it is whole."""
Query = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """What an operator may be told of one elder."""

    id: int
    name: str
    pinyin: str
    initials: str
    phone: str | None
    identity: str
    county: str
    street: str
    device: str | None


class Door:
    """A signed-in person at the HTTP interface, on one kept-alive connection."""

    def __init__(self, port: int, username: str = city_support.OPERATOR) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        body = json.dumps({"username": username, "password": city_support.PASSWORD})
        self._connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(answer.read().decode())
        answer.read()
        cookies = answer.headers.get_all("Set-Cookie") or []
        self._headers = {"Cookie": "; ".join(one.partition(";")[0] for one in cookies)}

    def ask(self, path: str, query: Query) -> tuple[float, dict[str, Any]]:
        """Milliseconds to the last byte, and what was answered."""
        began = time.perf_counter()
        self._connection.request("GET", f"/api/v1{path}?{urlencode(query)}", headers=self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path} {query}: {raw.decode()[:300]}")
        found: dict[str, Any] = json.loads(raw)
        return took, found


def people(centre: Centre, chance: Random, number: int, areas: tuple[int, ...] = ()) -> list[Person]:
    """``areas``: only of homes in these."""
    with centre.database.reads() as session:
        here = select(Elder.id).join(Household, Household.id == Elder.household_id)
        known = list(session.scalars(here.where(Household.area_id.in_(areas)) if areas else select(Elder.id)))
        ids = chance.sample(known, min(number, len(known)))
        rows = session.execute(
            select(Elder, Household, Device.number)
            .join(Household, Household.id == Elder.household_id)
            .outerjoin(Device, Device.elder_id == Elder.id)
            .where(Elder.id.in_(ids))
        ).all()
    found = [
        Person(e.id, e.name, e.pinyin, e.initials, e.phone, e.identity_number or "", *_address(home), device)
        for e, home, device in rows
    ]
    chance.shuffle(found)
    return found


def _address(home: Household) -> tuple[str, str]:
    """What tens of thousands have in it, after the name of the city, and what few have."""
    return home.address[3:6], home.address_short.partition("号")[0] + "号"


Way = Callable[[Random, Person], str | None]
WAYS: dict[str, Way] = {
    "name": lambda _, one: one.name,
    "one character of the name": lambda chance, one: chance.choice(one.name),
    "pinyin": lambda _, one: one.pinyin,
    "initials": lambda _, one: one.initials,
    "telephone ending": lambda _, one: one.phone and one.phone[-4:],
    "telephone": lambda _, one: one.phone,
    "street and number": lambda _, one: one.street,
    "street": lambda _, one: one.street.partition("路")[0] + "路" if "路" in one.street else None,
    "county": lambda _, one: one.county,
    "device": lambda _, one: one.device,
    "identity number": lambda _, one: one.identity,
    "identity number's ending": lambda _, one: one.identity[-6:],
    "name and street": lambda _, one: f"{one.name} {one.street}",
    "surname and pinyin": lambda _, one: f"{one.name[0]} {one.pinyin[:4]}",
    "as it is typed": lambda chance, one: one.pinyin[: chance.randint(1, len(one.pinyin))],
}


def searches(door: Door, found: list[Person], chance: Random, queries: int) -> Iterator[dict[str, Any]]:
    yield from _drawn("search", door, found, chance, queries)
    box = [door.ask("/elders", {"q": one.name, "limit": SEARCHBOX})[0] for one in found[:queries]]
    yield row("search box: name", box)
    nobody = []
    for one in found[:queries]:
        ms, answer = door.ask("/elders", {"q": f"{one.name}{one.name[::-1]}龘", "limit": PAGE})
        if answer["items"]:
            raise RuntimeError("nobody is called that")
        nobody.append(ms)
    yield row("search: nothing found", nobody)


def _drawn(where: str, door: Door, found: list[Person], chance: Random, queries: int) -> Iterator[dict[str, Any]]:
    for what, way in WAYS.items():
        drawn = [(one, q) for one in found if (q := way(chance, one))][:queries]
        took = []
        for one, q in drawn:
            ms, answer = door.ask("/elders", {"q": q, "limit": PAGE})
            took.append(ms)
            ids = {item["id"] for item in answer["items"]}
            if answer["next_cursor"] is None and str(one.id) not in ids:
                raise RuntimeError(f"{what}: {q!r} does not find elder {one.id}")
        yield row(f"{where}: {what}", took)


def lists(door: Door, last: int, areas: list[int], chance: Random, queries: int) -> Iterator[dict[str, Any]]:
    def pages(what: str, wanted: Callable[[], Query]) -> dict[str, Any]:
        return row(what, [door.ask("/elders", {"limit": PAGE, **wanted()})[0] for _ in range(queries)])

    yield pages("list: first page", dict)
    yield pages("list: a page further down", lambda: {"cursor": chance.randrange(last)})
    yield pages("list: an area", lambda: {"area": chance.choice(areas)})
    for name, values in (
        ("level", ("none", "0", "1", "2", "3", "4")),
        ("tag", tuple(jixi.GROUPS)),
        ("form", ("none", "home_community", "home_care_bed", "institution")),
        ("missing", ("assessment", "phone", "contact", "key", "doctor", "point")),
        ("absent", ("true",)),
    ):
        yield pages(f"list: by {name}", lambda name=name, values=values: {name: chance.choice(values)})


def counts(door: Door, top: int, areas: list[int], chance: Random, queries: int) -> Iterator[dict[str, Any]]:
    for by in ("area", "level", "tag", "form"):
        few = max(10, queries // 10)
        yield row(f"counts of the city by {by}", [_count(door, by, top) for _ in range(few)])
        yield row(f"counts of an area by {by}", [_count(door, by, chance.choice(areas)) for _ in range(queries)])


def _count(door: Door, by: str, area: int) -> float:
    ms, answer = door.ask("/register/counts", {"by": by, "area": area})
    if by != "tag" and sum(item["count"] for item in answer["items"]) + answer.get("here", 0) != answer["total"]:
        raise RuntimeError(f"the counts by {by} of area {area} are not its total")
    return ms


def row(what: str, took: list[float]) -> dict[str, Any]:
    found = {f"p{round(share * 100)} ms": percentile(took, share) for share in (0.5, 0.95, 0.99)}
    late = sum(ms >= TARGET_MS for ms in took)
    print(what, len(took), {name: round(ms, 1) for name, ms in found.items()}, "late", late, file=sys.stderr)
    return {"what": what, "asked": len(took), **found, "max ms": max(took), f">= {TARGET_MS} ms": late}


@contextmanager
def database(folder: Path, *, sqlite: bool, keep: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    """Its URL, and what is done to it once it is filled."""
    if sqlite:
        yield f"sqlite:///{folder}/bench.db", int
        return
    with durable_postgres(folder / "postgres" if keep else None) as server:
        if not (folder / FILLED).exists():
            server.execute(f"CREATE DATABASE {NAME}")
        yield server.url(NAME), partial(server.execute, "VACUUM ANALYZE", NAME)


def fill(url: str, folder: Path, elders: int, settle: Callable[[], object]) -> None:
    """The city and its two operators; nothing, where a kept folder says that they are there."""
    migrate(url, folder)
    if (folder / FILLED).exists():
        settle()
        return
    began = time.perf_counter()
    centre = city_support.centre_over(url, folder)
    made = jixi.build(centre, elders)
    with centre.database.reads() as session:
        district = session.scalars(select(Area.id).where(Area.code == DISTRICT)).one()
    for username, areas in ((city_support.OPERATOR, []), (OF_A_DISTRICT, [district])):
        person = User(username=username, name=username, roles=["operator"], area_ids=areas, locale="zh-CN")
        add_by_hand(centre, person, city_support.PASSWORD, datetime.now(UTC))
    centre.database.engine.dispose()
    settle()
    (folder / FILLED).touch()
    print(f"{made:,} elders in {time.perf_counter() - began:.0f} s", file=sys.stderr)


@dataclass(frozen=True)
class Drawn:
    """What is asked about."""

    city: list[Person]
    district: list[Person]
    top: int
    below: list[int]
    elders: int


def draw(centre: Centre, chance: Random, number: int) -> Drawn:
    with centre.database.reads() as session:
        district = session.scalars(select(Area).where(Area.code == DISTRICT)).one()
        communities = tuple(session.scalars(select(Area.id).where(inside((district.path,)))))
        top = session.scalars(select(Area.id).where(Area.level == 2)).one()
        below = list(session.scalars(select(Area.id).where(Area.level.in_((3, 4)))))
        elders = session.scalar(select(func.count()).select_from(Elder)) or 0
    return Drawn(people(centre, chance, number), people(centre, chance, number, communities), top, below, elders)


def measure(options: argparse.Namespace, folder: Path) -> tuple[list[dict[str, Any]], str]:
    with ExitStack() as stack:
        kept = options.data is not None
        url, settle = stack.enter_context(database(folder, sqlite=options.sqlite, keep=kept))
        fill(url, folder, options.elders, settle)
        centre = city_support.centre_over(url, folder)
        chance = Random(372)
        drawn = draw(centre, chance, options.queries * 10)
        centre.database.engine.dispose()
        redis = Redis()
        stack.callback(redis.remove)
        redis.start()
        product = stack.enter_context(Product(url, redis.url, folder / "product"))
        product.start("web", "web1")
        product.wait_ready()
        door = Door(product.ports["web1"])
        for one in drawn.city[:20]:  # the first of each question are not what an operator waits for
            door.ask("/elders", {"q": one.name})
        table = [*searches(door, drawn.city, chance, options.queries)]
        theirs = Door(product.ports["web1"], OF_A_DISTRICT)
        table += _drawn("of a district", theirs, drawn.district, chance, options.queries)
        door = Door(product.ports["web1"])  # the first was silent for so long that the server has hung up
        table += lists(door, drawn.elders, drawn.below, chance, options.queries)
        table += counts(door, drawn.top, drawn.below, chance, options.queries)
        if options.keep:
            print(f"{url} {product.url()} -- Enter ends it", file=sys.stderr)
            sys.stdin.readline()
    kind = "SQLite" if options.sqlite else "PostgreSQL"
    return table, f"{drawn.elders:,} elders on {kind}; target {TARGET_MS} ms for a search"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elders", type=int, default=sum(jixi.ELDERS.values()))
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the centre up until Enter, to look at it")
    parser.add_argument("--data", type=Path, help="a folder whose filled database is used again next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        table, note = measure(options, options.data or Path(folder))
    report("register-sqlite" if options.sqlite else "register", table, save=options.save, note=note)


if __name__ == "__main__":
    main()
