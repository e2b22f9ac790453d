"""How long one match takes among many helpers: candidates with their points, for homes all over a city, on PostgreSQL.

Run: .venv/bin/python bench/matching.py [--workers 10000] [--matches 500]
It makes a database of its own, fills it with an invented city, and asks for candidates through the use case.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

import dispatch.models.tables  # noqa: F401 -- one table points to another that nobody here names
from dispatch.domain.case import Channel, Help, Kind, State
from dispatch.models.bulk import analyze, insert_many
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, OfferPlan
from dispatch.models.places import Area, add_area
from dispatch.models.workforce import Worker, WorkerArea, WorkerPosition, WorkerShift, WorkerSkill
from dispatch.services import requests
from dispatch.services.helps.candidates import candidates
from dispatch.services.work import Act
from tests.support import databases, factories
from tests.support.factories import START, Town
from tests.support.postgres import Postgres, find_binaries

SKILLS = [help_.value for help_ in Help]
CERTIFIED = {"bath", "emergency"}
PLACES = 60
"""Sub-districts; a helper serves one of them, as in a city of 370,000 elders."""
HOMES = 100
OFFERS = 60_000
"""Of the last month, with every third a visit."""
EARLIER = 20_000
"""Cases that they were for; every home has had some of them."""


def fill(town: Town, workers: int, chance: random.Random) -> None:
    with town.centre.database.sessions.begin() as session:
        areas = [
            add_area(session, Area(name=f"Place {n}", level=4, code=f"4-{n}", parent_id=town.areas["East"])).id
            for n in range(PLACES)
        ]
        middle = [(46.2 + n // 8 * 0.03, 130.4 + n % 8 * 0.04) for n in range(PLACES)]
        insert_many(
            session,
            Worker,
            [
                {"id": n + 1, "name": f"W{n}", "phone": f"137{n:08d}", "kind": "worker", "sex": "FM"[n % 2],
                 "languages": [], "area_id": areas[n % PLACES], "capacity": 6, "active": True, "version": 1}
                for n in range(workers)
            ],
        )  # fmt: skip
        rows: dict[type, list[dict[str, object]]] = {
            WorkerSkill: [],
            WorkerArea: [],
            WorkerShift: [],
            WorkerPosition: [],
        }
        for n in range(workers):
            one = {"worker_id": n + 1}
            rows[WorkerArea].append({**one, "area_id": areas[n % PLACES]})
            for skill in chance.sample(SKILLS, 3):
                number = "N1" if skill in CERTIFIED else None
                rows[WorkerSkill].append(
                    {**one, "skill": skill, "level": 2, "certificate": number, "valid_until": None}
                )
            hours = ("08:00", "22:00") if n % 3 else ("20:00", "08:00")
            rows[WorkerShift] += [{**one, "weekday": day, "starts": hours[0], "ends": hours[1]} for day in range(7)]
            lat, lon = middle[n % PLACES]
            spot = {"lat": lat + chance.gauss(0, 0.01), "lon": lon + chance.gauss(0, 0.01)}
            rows[WorkerPosition].append({**one, **spot, "accuracy_m": 20.0, "at": START - timedelta(minutes=n % 20)})
        for model, many in rows.items():
            insert_many(session, model, many)
        for n in range(HOMES):
            place = n % PLACES
            elder = factories.home(session, town, f"E{n}", "Elm", [])
            home = session.get_one(factories.Household, elder.household_id)
            home.area_id = areas[place]
            home.lat, home.lon = (value + chance.gauss(0, 0.01) for value in middle[place])
        analyze(session, Worker, *rows)


def remember(town: Town, workers: int, chance: random.Random) -> None:
    """What was asked in the last month, and who went: a match counts it for each of those in reach."""
    with town.centre.database.sessions.begin() as session:
        cases = earlier(session, town)
        plan = {"mode": "sequential", "size": 1, "seconds": 60, "queue": [], "alone": 0, "started_by": "Lin"}
        insert_many(
            session,
            OfferPlan,
            [
                {**plan, "id": n, "case_id": case, "state": "exhausted", "started_at": START}
                for n, case in enumerate(cases, 1)
            ],
        )
        asked: list[dict[str, object]] = []
        went: list[dict[str, object]] = []
        for n in range(1, OFFERS + 1):
            at = START - timedelta(minutes=chance.randrange(60, 43_200))
            plan_id, worker = chance.randrange(len(cases)) + 1, chance.randrange(workers) + 1
            one = {"id": n, "case_id": cases[plan_id - 1], "plan_id": plan_id, "worker_id": worker}
            state = chance.choice(("expired", "declined", "withdrawn"))
            asked.append({**one, "state": state, "mode": "sequential", "round": 1, "number": f"137{worker:08d}",
                          "code": "101", "open": False, "offered_at": at, "expires_at": at})  # fmt: skip
            if n % 3 == 0:
                del one["plan_id"], one["id"]
                times = dict.fromkeys(("accepted_at", "due_at", "starts_at", "ends_at", "ended_at"), at)
                went.append({**one, "offer_id": n, "state": "completed", "emergency": False, "channel": "app",
                             "flags": [], **times})  # fmt: skip
        insert_many(session, Offer, asked)
        insert_many(session, Assignment, went)
        analyze(session, Offer, Assignment)


def earlier(session: Session, town: Town) -> list[int]:
    """Closed cases, each like one of those that are there; answers their ids."""
    like = session.execute(select(Case.__table__).order_by(Case.id)).mappings().all()
    first = like[-1]["id"] + 1
    closed = {"state": State.CLOSED, "due": None, "next_due_at": None, "answer_due_at": None}
    insert_many(session, Case, [{**like[n % len(like)], **closed, "id": first + n} for n in range(EARLIER)])
    analyze(session, Case)
    return list(range(first, first + EARLIER))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--matches", type=int, default=500)
    given = parser.parse_args()
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL's server programs are needed (Debian: apt-get install postgresql)")
    server = Postgres(binaries)
    with tempfile.TemporaryDirectory() as directory:
        try:
            server.start()
            databases.postgres_template(server, Path(directory))
            url = server.url(server.create_database(databases.TEMPLATE))
            measure(factories.build_town(factories.make_centre(url, Path(directory))), given.workers, given.matches)
        finally:
            server.remove()


def measure(town: Town, workers: int, matches: int) -> None:
    chance = random.Random(7)
    fill(town, workers, chance)
    lin = town.actor("lin")
    cases = []
    for n in range(HOMES):
        help_ = Help.EMERGENCY if n % 2 else chance.choice(list(Help))
        kind = Kind.EMERGENCY if help_ is Help.EMERGENCY else Kind.SERVICE
        wanted = requests.Request(kind=kind, channel=Channel.HOTLINE, elder_id=town.elders[f"E{n}"], help=help_)
        cases.append(int(requests.open_case(town.centre, Act(lin, START), wanted)[0]["id"]))
    remember(town, workers, chance)
    with town.centre.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")  # as the server does by itself, some minutes later
    gc.collect()
    gc.freeze()  # as a web process does when it has started
    for case in cases:
        candidates(town.centre, case, lin, START)
    asked = Asked(town.centre.database.engine)
    took, found = [], []
    ours = time.process_time()
    for n in range(matches):
        begin = time.perf_counter()
        answer = candidates(town.centre, cases[n % HOMES], lin, START)
        took.append((time.perf_counter() - begin) * 1000)
        found.append(len(answer["items"]))
    ours = time.process_time() - ours
    took.sort()
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99) - 1]
    town.centre.database.engine.dispose()
    print(f"{workers} helpers, {matches} matches, {statistics.mean(found):.0f} candidates each on average")
    print(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {took[-1]:.1f} ms")
    print(f"{ours * 1000 / matches:.1f} ms of this process's own work each")
    print(f"{asked.seconds * 1000 / matches:.1f} ms of waiting for {asked.statements / matches:.1f} statements each")


class Asked:
    """How long the database was waited for."""

    def __init__(self, engine: Engine) -> None:
        self.seconds, self.statements, self._since = 0.0, 0, 0.0
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    def _before(self, *_: object) -> None:
        self._since = time.perf_counter()

    def _after(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._since
        self.statements += 1


if __name__ == "__main__":
    main()
