"""How long it takes to find the 15-minute circle of every home of a city, and in how much memory.

Run: .venv/bin/python bench/circle.py [--homes 372000] [--stations 800] [--helpers 10000]
PostgreSQL of its own; homes lie in towns and villages as people do, helpers are based at the stations.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import func, select

from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.models.bulk import analyze, insert_many
from dispatch.models.circle import CircleRun, HomeCircle
from dispatch.models.places import Area, Household, add_area
from dispatch.models.workforce import Station, Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import circles
from tests.support import databases, factories
from tests.support.postgres import Postgres, find_binaries

PLACES = 300
CHUNK = 20_000


def fill(centre: Centre, homes: int, stations: int, helpers: int) -> None:
    chance = random.Random(5)
    middles = [(45.3 + chance.gauss(0, 0.25), 131.0 + chance.gauss(0, 0.4)) for _ in range(PLACES)]

    def spot(n: int) -> dict[str, float]:
        lat, lon = middles[n % PLACES]
        return {"lat": lat + chance.gauss(0, 0.008), "lon": lon + chance.gauss(0, 0.012)}

    with centre.database.sessions.begin() as session:
        city = add_area(session, Area(level=2, name="City", code="C"))
        names = [f"P{n}{'镇' if n % 3 else '街道'}" for n in range(PLACES)]
        areas = [add_area(session, Area(level=4, name=name, parent_id=city.id)).id for name in names]
        common = {"kind": "station", "functions": [], "active": True, "version": 1}
        found = [
            {"id": n + 1, "name": f"S{n}", "area_id": areas[n % PLACES], **spot(n), **common} for n in range(stations)
        ]
        insert_many(session, Station, found)
        more = {"sex": "F", "languages": [], "capacity": 6, "active": True, "version": 1}
        kinds = list(WorkerKind)
        insert_many(session, Worker, [
            {"id": n + 1, "name": f"W{n}", "phone": f"137{n:08d}", "kind": kinds[n % len(kinds)].value,
             "area_id": areas[n % PLACES], "station_id": n % stations + 1, **more} for n in range(helpers)
        ])  # fmt: skip
        for start in range(0, homes, CHUNK):
            some = range(start, min(start + CHUNK, homes))
            address = {"address": "No. 1", "address_short": "No. 1"}
            many = [{"id": n + 1, "area_id": areas[n % PLACES], **address, **spot(n)} for n in some]
            insert_many(session, Household, many)
        analyze(session, Household, Worker, Station)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=372_000)
    parser.add_argument("--stations", type=int, default=800)
    parser.add_argument("--helpers", type=int, default=10_000)
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
            centre = factories.make_centre(url, Path(directory))
            fill(centre, given.homes, given.stations, given.helpers)
            measure(centre, given.homes)
            centre.database.engine.dispose()
        finally:
            server.remove()


def measure(centre: Centre, homes: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in ("first", "again"):
        circles.refresh(centre, None, datetime.now(UTC))
        with centre.database.reads() as session:
            run_id = session.scalars(select(func.max(CircleRun.id))).one()
        wall, ours = time.perf_counter(), time.process_time()
        circles.work(centre, run_id, lambda: datetime.now(UTC))
        wall, ours = time.perf_counter() - wall, time.process_time() - ours
        print(f"{turn}: {homes} homes in {wall:.1f} s, of that {ours:.1f} s of this process's own work")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with centre.database.reads() as session:
        minutes = centre.matching.circle.minutes
        outside = session.scalar(
            select(func.count()).select_from(HomeCircle).where(HomeCircle.station_minutes > minutes)
        )
        all_ = session.scalar(select(func.count()).select_from(HomeCircle))
    print(
        f"{all_} homes stored, {outside} outside of {minutes} minutes on foot; {grown:.0f} MB more memory at the peak"
    )


if __name__ == "__main__":
    main()
