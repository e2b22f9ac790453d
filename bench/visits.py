"""How long a city takes to generate the check-in visits of a month, to do it again, to show its board, and to close it.

Run: .venv/bin/python bench/visits.py [--elders 75000] [--sqlite] [--save]
It makes a database of its own (a PostgreSQL server, or a SQLite file) with that many elders in the list.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig import report
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from dispatch.domain.visits.periods import month
from dispatch.models.places import Area, add_area
from dispatch.models.visits import CheckinRun
from dispatch.services import accounts
from dispatch.services.access import sessions
from dispatch.services.access.sessions import Door
from dispatch.services.desk import PageOf
from dispatch.services.visits import board, closing, coverage, generating, listing, numbers
from dispatch.services.work import Act
from tests.support import databases, factories
from tests.support.factories import START, Town
from tests.support.postgres import Postgres, find_binaries
from tests.support.visits import crowd

OF = "2026-12"
AFTER = datetime(2027, 1, 1, 1, tzinfo=UTC)
COMMUNITIES = 300


def fill(town: Town, number: int) -> None:
    """Elders alone in their homes, over communities of some sub-districts; every fifth in two groups."""
    with town.centre.database.sessions.begin() as session:
        places = []
        for n in range(COMMUNITIES):
            if n % 10 == 0:
                above = add_area(session, Area(name=f"S{n}", level=4, code=f"4-{n}", parent_id=town.areas["East"]))
            places.append(add_area(session, Area(name=f"C{n}", level=5, code=f"5-{n}", parent_id=above.id)).id)
    crowd(town, number, places)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elders", type=int, default=75_000)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--save", action="store_true")
    asked = parser.parse_args()
    with contextlib.ExitStack() as after:
        directory = Path(after.enter_context(tempfile.TemporaryDirectory()))
        if asked.sqlite:
            url = databases.copy_sqlite(databases.sqlite_template(directory), directory)
        else:
            server = Postgres(find_binaries() or Path())
            after.callback(server.remove)
            server.start()
            url = server.url(server.create_database(databases.postgres_template(server, directory)))
        town = factories.build_town(factories.make_centre(url, directory))
        fill(town, asked.elders)
        table = [{"database": "sqlite" if asked.sqlite else "postgresql", "elders": asked.elders, **measure(town)}]
        town.centre.database.engine.dispose()
    report("visits", table, save=asked.save)


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = work()
    return round(time.perf_counter() - began, 2), found


def measure(town: Town) -> dict[str, float]:
    centre, boss = town.centre, town.actor("boss")

    def generate() -> Any:
        return generating.generate(centre, Act(boss, START), OF, lambda: datetime.now(UTC))

    first, made = _seconds(generate)
    again, kept = _seconds(generate)
    assert (made["created"], kept["created"], kept["existing"]) == (made["elders"], 0, made["elders"]), (made, kept)
    rate, _ = _seconds(lambda: coverage.coverage(centre, boss, month(OF), None, START))
    page, _ = _seconds(lambda: listing.visits(centre, boss, listing.Wanted(month(OF)), PageOf(50, None), START))
    found = {"generate_s": first, "again_s": again, "coverage_s": rate, "page_s": page}
    return found | on_the_board(town) | closed(town) | {f"closed_{k}": v for k, v in on_the_board(town).items()}


def on_the_board(town: Town) -> dict[str, float]:
    centre, boss = town.centre, town.actor("boss")
    counted, _ = _seconds(lambda: numbers.numbers(centre, boss, month(OF), None, START))
    lines, _ = _seconds(lambda: board.board(centre, boss, board.OnBoard(month(OF)), PageOf(100, None), START))
    return {"numbers_s": counted, "lines_s": lines}


def closed(town: Town) -> dict[str, float]:
    """After its end, with all of it missed; how long another writer waits meanwhile; and counted again."""
    centre = town.centre
    person = accounts.person_named(centre, "boss")
    visit = sessions.find(centre, sessions.begin(centre, person, Door("", ""), AFTER), AFTER)
    signing = closing.Signing(person.actor.name, factories.PASSWORD)
    waits: list[float] = []
    over = threading.Event()
    writer = threading.Thread(target=_writes, args=(town, over, waits))
    writer.start()
    close, _ = _seconds(lambda: closing.close(centre, visit, OF, signing, lambda: AFTER))
    over.set()
    writer.join()
    check, found = _seconds(lambda: closing.check(centre, OF))
    assert found["intact"]
    return {"close_s": close, "others_wait_s": round(max(waits), 2), "check_s": check}


def _writes(town: Town, over: threading.Event, waits: list[float]) -> None:
    """Somebody else who writes meanwhile, as an alarm does: on SQLite there is one writer at a time."""
    while not over.wait(0.05):
        began = time.perf_counter()
        with contextlib.suppress(OperationalError), town.centre.database.sessions.begin() as session:
            session.execute(update(CheckinRun).where(CheckinRun.id == 0).values(done=0))
        waits.append(time.perf_counter() - began)


if __name__ == "__main__":
    main()
