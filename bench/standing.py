"""How long it takes to plan the coming week of many standing orders, and to plan it again when nothing is missing.

Run: .venv/bin/python bench/standing.py [--orders 2000] [--postgres]
It makes a database of its own (a SQLite file, or a PostgreSQL server) and plans through the job of the clock.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dispatch.models.bulk import insert_many
from dispatch.models.standing import StandingOrder
from dispatch.services.ordering import calendar, counts, planning
from tests.support import databases, factories
from tests.support.factories import START, Town
from tests.support.postgres import Postgres, find_binaries


def fill(town: Town, number: int) -> None:
    elders = list(town.elders.values())
    rows = [
        {"id": n + 1, "elder_id": elders[n % len(elders)], "item": "meal_delivery", "minutes": 15, "agreed": False,
         "remind": False, "weekdays": list(range(7)), "every_weeks": 1, "starts": f"{10 + n % 3}:{n % 6}0",
         "first": START.date(), "skip_holidays": False, "channel": "hotline", "applicant": {}, "made_at": START,
         "made_by": "bench", "version": 1}
        for n in range(number)
    ]  # fmt: skip
    with town.centre.database.sessions.begin() as session:
        insert_many(session, StandingOrder, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    with contextlib.ExitStack() as after:
        directory = Path(after.enter_context(tempfile.TemporaryDirectory()))
        if asked.postgres:
            server = Postgres(find_binaries() or Path())
            after.callback(server.remove)
            server.start()
            url = server.url(server.create_database(databases.postgres_template(server, directory)))
        else:
            url = databases.copy_sqlite(databases.sqlite_template(directory), directory)
        town = factories.build_town(factories.make_centre(url, directory))
        fill(town, asked.orders)
        measure(town)
        town.centre.database.engine.dispose()


def measure(town: Town) -> None:
    centre, boss = town.centre, town.actor("boss")
    began = time.perf_counter()
    made = planning.tick(centre, START)
    print(f"planned: {made} in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    planning.tick(centre, START)
    print(f"again: {(time.perf_counter() - began) * 1000:.0f} ms")
    began = time.perf_counter()
    counts.board(centre, boss, counts.Period.WEEK, START.date(), None)
    print(f"board of a week: {(time.perf_counter() - began) * 1000:.0f} ms")
    began = time.perf_counter()
    calendar.calendar(centre, boss, calendar.View(START.date(), calendar.Unit.DAY, calendar.By.AREA))
    print(f"calendar of a week: {(time.perf_counter() - began) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
