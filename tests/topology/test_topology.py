"""The production topology, natively: proxy, two webs, a worker, a clock and its standby, PostgreSQL and Redis.

What docker-compose.yml describes, with the same commands and the same proxy configuration, minus the containers.
"""

from __future__ import annotations

import os
import queue
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio

from tests.support.parts import missing, program
from tests.support.postgres import Postgres
from tests.support.product import DISPATCH, Product
from tests.support.proxy import Proxy
from tests.support.redis import Redis

pytestmark = [
    pytest.mark.topology,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("topology"),  # one centre for all of them
]

PASSWORD = "correct-horse-battery-staple"


@dataclass
class Centre:
    product: Product
    proxy: Proxy
    device_token: str

    def session(self) -> requests.Session:
        session = requests.Session()
        # Else an authority of the environment wins over the one named here.
        session.trust_env = False
        session.verify = str(self.proxy.authority)
        return session

    def signed_in(self, username: str = "operator") -> requests.Session:
        session = self.session()
        answer = session.post(f"{self.proxy.url}/api/v1/session", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return session

    def alarm(self, device: str) -> str:
        body = {"device": device, "kind": "sos"}
        bearer = {"Authorization": f"Bearer {self.device_token}"}
        answer = self.session().post(f"{self.proxy.url}/api/v1/signals", json=body, headers=bearer, timeout=10)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["case_id"])


class Console:
    """An operator's live connection through the proxy."""

    def __init__(self, centre: Centre, session: requests.Session, transport: str = "websocket") -> None:
        self.client = socketio.Client(http_session=session, reconnection=False)
        self.rows: queue.Queue[dict[str, Any]] = queue.Queue()
        self.client.on("live", self._live, namespace="/console")
        for attempt in range(5):
            try:
                self.client.connect(centre.proxy.url, namespaces=["/console"], transports=[transport], wait_timeout=2)
                return
            except socketio.exceptions.ConnectionError:
                # Caddy before 2.8, which Debian still ships, loses the first byte of one WebSocket in a hundred
                # (caddyserver/caddy#6273). Browsers connect again by themselves; so does this.
                if attempt == 4:
                    raise

    def _live(self, message: dict[str, Any]) -> None:
        for op in message["ops"]:
            self.rows.put(op["row"])

    def expect(self, case_id: str, within: float) -> float:
        """Wait for that case; answers how long it took."""
        began = time.monotonic()
        while True:
            row = self.rows.get(timeout=max(0.01, began + within - time.monotonic()))
            if row["id"] == case_id:
                return time.monotonic() - began


@pytest.fixture(scope="module")
def centre(
    postgres: Postgres, redis_server: Redis, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Centre]:
    caddy = program("DISPATCH_TEST_CADDY", "caddy")
    if caddy is None:
        missing("Caddy (Debian: apt-get install caddy)")
    home = tmp_path_factory.mktemp("topology")
    database = postgres.url(postgres.create_database(postgres_template))
    production = {
        "DISPATCH_DEMO": "false",
        "DISPATCH_SECURE_COOKIES": "true",
        "DISPATCH_TRUSTED_PROXIES": "1",
        "DISPATCH_CALLBACK_NUMBER": "000-0000-0000",
    }
    redis_server.flush()
    with Product(database, redis_server.url, home, **production) as product:
        product.command("user", "add", "operator", "--name", "Li", "--role", "operator", "--password", PASSWORD)
        token = product.command("token", "add", "estate", "--scope", "signals").stdout.strip()
        product.start_all(webs=2)
        upstreams = [f"127.0.0.1:{product.ports[name]}" for name in ("web1", "web2")]
        with Proxy(caddy, home / "proxy", upstreams) as proxy:
            yield Centre(product, proxy, token)


@pytest.fixture
def console(centre: Centre) -> Iterator[Callable[..., Console]]:
    open_ones: list[Console] = []

    def connect(transport: str = "websocket") -> Console:
        open_ones.append(Console(centre, centre.signed_in(), transport))
        return open_ones[-1]

    yield connect
    for one in open_ones:
        one.client.disconnect()


def test_two_migrations_at_once_on_an_empty_database_both_succeed(
    postgres: Postgres, redis_server: Redis, tmp_path: Path
) -> None:
    product = Product(postgres.url(postgres.create_database()), redis_server.url, tmp_path)
    both = [
        subprocess.Popen([DISPATCH, "db", "upgrade"], env=product.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    outputs = [one.communicate(timeout=60)[0].decode() for one in both]
    assert [one.returncode for one in both] == [0, 0], outputs


def test_an_alarm_reaches_consoles_on_both_webs(centre: Centre, console: Callable[..., Console]) -> None:
    consoles = [console() for _ in range(6)]
    case_id = centre.alarm("topology-both-webs")
    for one in consoles:
        assert one.expect(case_id, within=5) < 5
    routes = {dict(one.client.eio.http.cookies)["dispatch_web"] for one in consoles}
    assert len(routes) == 2, "six browsers, and all went to one web"


def test_whoever_takes_alarms_in_comes_first(centre: Centre) -> None:
    nice = {name: os.getpriority(os.PRIO_PROCESS, one.pid) for name, one in centre.product.processes.items()}
    assert {"web1", "worker", "clock1", "clock2"} <= nice.keys()
    assert all((level > nice["web1"]) == name.startswith(("worker", "clock")) for name, level in nice.items())


def test_long_polling_stays_on_one_web(centre: Centre, console: Callable[..., Console]) -> None:
    consoles = [console(transport="polling") for _ in range(4)]
    case_id = centre.alarm("topology-polling")
    for one in consoles:
        assert one.expect(case_id, within=5) < 5


def test_metrics_are_for_the_inside_only(centre: Centre) -> None:
    assert centre.session().get(f"{centre.proxy.url}/metrics").status_code == 404
    assert requests.get(f"{centre.product.url('web1')}/metrics", timeout=5).status_code == 200


def test_the_proxy_hardens_what_browsers_see(centre: Centre) -> None:
    answer = centre.session().get(f"{centre.proxy.url}/console/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_session_cookie_goes_over_tls_only(centre: Centre) -> None:
    cookies = [c for c in centre.signed_in().cookies if c.name != "dispatch_web"]
    assert cookies
    assert all(c.secure and c.has_nonstandard_attr("HttpOnly") for c in cookies)


@pytest.mark.chaos
def test_the_standby_clock_takes_over_within_ten_seconds(centre: Centre, console: Callable[..., Console]) -> None:
    operator = console()
    operator.expect(centre.alarm("topology-before-kill"), within=5)
    # One of the two is active; killing both in turn kills the active one, whichever it is.
    for name in ("clock1", "clock2"):
        centre.product.kill(name)
        took = operator.expect(centre.alarm(f"topology-{name}"), within=10)
        print(f"{name} killed: next alarm on the screen after {took:.2f} s")
        centre.product.start("clock", name)
        time.sleep(3)


@pytest.mark.chaos
def test_one_web_less_and_people_work_on(centre: Centre, console: Callable[..., Console]) -> None:
    sessions = [centre.signed_in() for _ in range(4)]
    centre.product.kill("web1")
    try:
        deadline = time.monotonic() + 10
        for session in sessions:
            while session.get(f"{centre.proxy.url}/api/v1/live/snapshot", timeout=10).status_code != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        console().expect(centre.alarm("topology-one-web"), within=5)
    finally:
        centre.product.start("web", "web1")
        centre.product.wait_ready()
