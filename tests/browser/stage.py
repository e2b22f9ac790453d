"""The whole product with its demo data, for a browser to look at and for the tests to act behind the browser's back."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Browser, Playwright

from tests.support import databases
from tests.support.parts import missing, program
from tests.support.postgres import Postgres, find_binaries
from tests.support.product import Product
from tests.support.redis import Redis

ROOT = Path(__file__).resolve().parents[2]
DEVICES = {"Authorization": "Bearer demo-device-token"}
WEB = "web1"
PUBLIC_URL = "https://care.example.cn"
"""Nobody follows a link there; the tests read it."""
QUIET_HOME = """SELECT min(d.number) FROM devices d JOIN households h ON h.id = d.household_id
  WHERE d.number LIKE 'DEMO-%%' AND d.number > 'DEMO-0200' AND d.number <> ALL(%s)
  AND NOT EXISTS
  (SELECT 1 FROM cases c WHERE c.household_id = h.id AND c.state NOT IN ('closed', 'merged', 'planned'))"""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--autoplay-policy=document-user-activation-required",
]


class Stage:
    def __init__(self, product: Product, postgres: Postgres, dsn: str) -> None:
        self.product = product
        self._postgres = postgres
        self.dsn = dsn
        self._desks: dict[str, httpx.Client] = {}
        self._lent: list[str] = []

    @property
    def url(self) -> str:
        return self.product.url(WEB)

    def desk(self, username: str = "supervisor") -> httpx.Client:
        """Somebody signed in without a browser."""
        if username not in self._desks:
            client = httpx.Client(base_url=f"{self.url}/api/v1", trust_env=False, timeout=60)
            self._desks[username] = client
            answer = client.post("/session", json={"username": username, "password": "demo"})
            answer.raise_for_status()
            client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return self._desks[username]

    def alarm(self, device: str, kind: str = "sos", **data: Any) -> str:
        """A device's signal; answers the id of its case."""
        body = {"device": device, "kind": kind, **({"data": data} if data else {})}
        answer = httpx.post(f"{self.url}/api/v1/signals", json=body, headers=DEVICES, trust_env=False)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["case_id"])

    def quiet_device(self) -> str:
        """Of a home from which nothing is open. The demo lives: one named beforehand may have pressed by itself."""
        ((number,),) = self.query(QUIET_HOME, self._lent)
        self._lent.append(number)
        return str(number)

    def garble(self) -> None:
        """A message that nobody can read."""
        content = b'{"device": "DEMO-0003", "kind": "s\xc3'
        answer = httpx.post(f"{self.url}/api/v1/signals", content=content, headers=DEVICES, trust_env=False)
        assert answer.status_code == 400, answer.text

    def close(self, case_id: str) -> None:
        """Somebody else settles that case."""
        act(self.desk(), case_id, "take", force=True, reason="elsewhere")
        act(self.desk(), case_id, "close", outcome="helped_on_site", script_reason="elsewhere")

    def snapshot(self) -> list[dict[str, Any]]:
        answer = self.desk("operator").get("/live/snapshot")
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["cases"]
        return found

    def settle(self) -> None:
        self._settle_emergencies()
        self._hang_up()

    def _settle_emergencies(self) -> None:
        """No P1 waits or is in hand afterwards, so that the next one is the one that F2 takes."""
        for row in self.snapshot():
            if row["priority"] == 1 and row["state"] != "pending_follow_up":
                self.close(row["id"])

    def _hang_up(self) -> None:
        desk = self.desk()
        for phone in desk.get("/sim/phones").json()["items"]:
            for _ in filter(None, (phone["talking"], phone["ringing"])):
                # A call may end by itself in the same moment.
                assert desk.post(f"/sim/phones/{phone['number']}/hangup").status_code in {200, 404}

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]  # the tests' own

    @contextlib.contextmanager
    def without_database(self) -> Iterator[None]:
        self._postgres.stop()
        try:
            yield
        finally:
            self._postgres.start()
            self.product.wait_ready()

    def freeze_web(self) -> None:
        """It neither answers nor closes its connections."""
        self._signal_web(signal.SIGSTOP)

    def thaw_web(self) -> None:
        self._signal_web(signal.SIGCONT)

    def restart_web(self) -> None:
        self.product.start("web", WEB)
        self.product.wait_ready()

    def end(self) -> None:
        for client in self._desks.values():
            client.close()

    def _signal_web(self, how: signal.Signals) -> None:
        os.killpg(self.product.processes[WEB].pid, how)


def act(desk: httpx.Client, case_id: str, verb: str, **body: object) -> dict[str, Any]:
    answer = desk.post(f"/cases/{case_id}/{verb}", json=body)
    assert answer.is_success, answer.text
    row: dict[str, Any] = answer.json()
    return row


@contextlib.contextmanager
def open_stage(home: Path) -> Iterator[Stage]:
    """Servers of its own. The console is copied first: a build in the meantime must not pull it away."""
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL's server programs (Debian: apt-get install postgresql)")
    shutil.copytree(ROOT / "console" / "dist", home / "dist")
    postgres, redis = Postgres(binaries), Redis()
    with contextlib.ExitStack() as after:
        after.callback(postgres.remove)
        postgres.start()
        after.callback(redis.remove)
        redis.start()
        name = postgres.create_database(databases.postgres_template(postgres, home))
        more = {"DISPATCH_CONSOLE_DIR": str(home / "dist"), "DISPATCH_PUBLIC_URL": PUBLIC_URL}
        product = Product(postgres.url(name), redis.url, home, **more)
        after.enter_context(product)
        product.command("seed", "--demo")
        product.start_all()
        stage = Stage(product, postgres, postgres.dsn(name))
        after.callback(stage.end)
        yield stage


def launch(playwright: Playwright) -> Browser:
    chromium = program("DISPATCH_TEST_CHROMIUM", "chromium", "chromium-browser", "google-chrome")
    if chromium is None:
        missing("Chromium (Debian: apt-get install chromium)")
    return playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
