"""Socket.IO with real web processes: an urgent alarm is on every screen within a second, and no number is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import socketio
from sqlalchemy import select

from dispatch.models.cases import Case
from tests.support.factories import PASSWORD, Town
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.timeout(600)]
API = "/api/v1"


class Console:
    """What an operator's browser keeps: numbers in the order they came, and the newest row of each case."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.numbers: list[int] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.seen_at: dict[str, float] = {}
        self.beats: list[dict[str, Any]] = []
        self.client = socketio.Client(reconnection=False)
        self.client.on("live", self._live, namespace="/console")
        self.client.on("beat", self.beats.append, namespace="/console")

    def connect(self) -> Console:
        self.client.connect(self.url, namespaces=["/console"], auth={"token": self.token}, transports=["websocket"])
        return self

    def close(self) -> None:
        self.client.disconnect()

    def apply(self, ops: list[dict[str, Any]]) -> None:
        for op in ops:
            row = op["row"]
            self.seen_at.setdefault(row["id"], time.monotonic())
            if row["version"] >= self.rows.get(row["id"], {"version": 0})["version"]:
                self.rows[row["id"]] = row

    def catch_up(self) -> None:
        seq = self.numbers[-1] if self.numbers else 0
        found = self.get(f"live/since?seq={seq}")
        self.apply(found["ops"])
        self.numbers.append(found["seq"])

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.url}{API}/{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _live(self, message: dict[str, Any]) -> None:
        self.numbers.append(message["seq"])
        self.apply(message["ops"])


def wait_for(what: Callable[[], bool], within: float = 15) -> None:
    until = time.monotonic() + within
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def two_webs(town: Town, product: Callable[..., Product]) -> Iterator[Product]:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    with product(url) as made:
        made.start("web", "web1")
        made.start("web", "web2")
        made.wait_ready()
        yield made


def press(product: Product, web: str, town: Town, device: str, event_id: str | None = None) -> str:
    answer = httpx.post(
        f"{product.url(web)}{API}/signals",
        json={"device": device, "kind": "sos", "event_id": event_id},
        headers={"Authorization": f"Bearer {town.signals_token}"},
        timeout=20,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["case_id"])


def test_two_web_processes_push_the_same_numbers(two_webs: Product, town: Town) -> None:
    first, second = (Console(two_webs.url(web), town.admin_token).connect() for web in ("web1", "web2"))
    wait_for(lambda: bool(first.beats and second.beats))
    assert {"server_time", "seq", "engine", "build"} <= set(first.beats[0])
    delays = []
    for number in range(12):
        began = time.monotonic()
        case = press(two_webs, ("web1", "web2")[number % 2], town, f"S{number}")
        wait_for(lambda case=case: case in first.rows and case in second.rows)  # type: ignore[misc]
        delays.append(max(first.seen_at[case], second.seen_at[case]) - began)
    assert max(delays) < 1.0, delays
    newest = first.get("live/since?seq=0")["seq"]
    wait_for(lambda: first.numbers[-1] == second.numbers[-1] == newest)
    for console in (first, second):
        assert console.numbers == list(range(console.numbers[0], newest + 1))
    assert first.rows == second.rows

    # One is cut off for a while, and catches up by reading.
    second.close()
    for number in range(20):
        press(two_webs, "web1", town, f"S{number % 15}")
    wait_for(lambda: len(first.rows) == 15)
    wait_for(lambda: first.get(f"live/since?seq={first.numbers[-1]}")["ops"] == [])
    second.catch_up()
    snapshot = {row["id"]: row for row in first.get("live/snapshot")["cases"]}
    assert second.rows == snapshot
    with town.centre.database.reads() as session:
        assert {str(c.id): c.version for c in session.scalars(select(Case))} == {
            i: row["version"] for i, row in second.rows.items()
        }
    first.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_may_not_listen_is_refused_and_a_district_hears_numbers_and_not_the_cases_of_others(
    two_webs: Product, town: Town
) -> None:
    url = two_webs.url("web1")
    for token in ("guess", town.signals_token):
        with pytest.raises(socketio.exceptions.ConnectionError):
            Console(url, token).connect()
    with httpx.Client(base_url=url) as browser:
        browser.post(f"{API}/session", json={"username": "west_op", "password": PASSWORD})
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    console = Console(url, "")
    console.client.connect(url, namespaces=["/console"], headers={"Cookie": cookie}, transports=["websocket"])
    wait_for(lambda: bool(console.beats))
    east = press(two_webs, "web2", town, "SOS-1")
    west = press(two_webs, "web2", town, "SOS-W")
    wait_for(lambda: west in console.rows)
    assert east not in console.rows
    assert console.numbers == list(range(console.numbers[0], console.numbers[-1] + 1))
    console.close()
