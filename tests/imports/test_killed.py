"""kill -9 in the middle of writing: nothing half applied, and the next worker brings it to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dispatch.models.care import ElderTag
from dispatch.models.imports import ElderOrigin
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.imports import check, uploads
from dispatch.services.imports.claims import LEASE
from tests.support.factories import SECRET, Town
from tests.support.tables import ELDERS, Importer, numbers, row

ROOT = Path(__file__).resolve().parents[2]
WRITES_AND_STOPS = """
    import sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    from dispatch.bootstrap.centre import centre_of
    from dispatch.services.imports import run
    from dispatch.services.imports.elders import ElderTable
    from tests.support.factories import settings

    url, home, secret, number = sys.argv[1:]
    add, chunks = ElderTable.add, []

    def add_and_wait(self, *given):
        add(self, *given)
        chunks.append(1)
        if len(chunks) == 3:
            print("two chunks are written and the third one too", flush=True)
            time.sleep(60)

    ElderTable.add = add_and_wait
    centre = centre_of(settings(url, Path(home), secret_key=secret))
    run.run(centre, int(number), lambda: datetime.now(UTC))
"""
TABLES = (Elder, Household, Contact, ElderTag, ElderOrigin)


def counts(importer: Importer) -> list[int]:
    with importer.centre.database.reads() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def test_a_worker_that_is_killed_leaves_nothing_and_its_work_is_done_by_another(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "CHUNK", 10)
    boss = Importer(town)
    boss.now = datetime.now(UTC)
    head = [*ELDERS, "对象类别"]
    lines = [
        [
            *row(f"老人{n}", phone=f"1380000{n:04d}", address=f"Elm {n}", contact="女儿", contact_phone="13900000001"),
            "高龄",
        ]
        for n in range(50)
    ]
    checked = boss.check([head, *lines])
    uploads.apply(boss.centre, boss.actor, int(checked["id"]), None, boss.now)
    before = counts(boss)
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    code = textwrap.dedent(WRITES_AND_STOPS)
    arguments = [url, str(town.centre.data_dir), SECRET, str(checked["id"])]
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, cwd=ROOT) as worker:
        assert worker.stdout is not None
        assert b"third" in worker.stdout.readline()
        assert counts(boss) == before, "nobody sees what is not whole"
        os.kill(worker.pid, signal.SIGKILL)
    assert (boss.look(checked)["state"], counts(boss)) == ("applying", before)
    assert boss.work(checked)["state"] == "applying", "its lease has not run out"
    boss.now = datetime.now(UTC) + LEASE + timedelta(seconds=1)
    done = boss.work(checked)
    assert (done["state"], numbers(done)) == ("applied", (50, 0, 0, 0))
    assert [after - start for after, start in zip(counts(boss), before, strict=True)] == [50] * 5
