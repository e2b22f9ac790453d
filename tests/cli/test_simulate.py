"""The demo's robot: what it decides from the rows, and that it leaves everything but a demo alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dispatch.cli.colleague import FEW, MANY, PATIENCE, VISITORS, Move, moves, share
from dispatch.cli.simulate import Away, NoDemo, Site, Town
from dispatch.services.demo.devices import HEROINE, alarm_of
from dispatch.services.demo.names import demo_random

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ME = "2"
ROBOTS = next(str(n) for n in range(100) if share(str(n), "visitor") >= 0.5)
VISITORS_OWN = next(str(n) for n in range(100) if share(str(n), "visitor") < 0.5)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


def row(case_id: str = ROBOTS, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": case_id,
        "state": "new",
        "priority": 2,
        "cause": "water",
        "version": 3,
        "owner": None,
        "elder": {"name": "李长贵"},
        "held_until": None,
        "next_due_at": None,
        "waiting_since": ago(PATIENCE + 1),
        "last_event": {"kind": "opened", "at": ago(5)},
    }
    return made | more


def mine(since: float, **more: Any) -> dict[str, Any]:
    return row(state="owned", owner={"id": ME, "since": ago(since)}, **more)


def acts(*rows: dict[str, Any]) -> list[str]:
    return [move.act for move in moves(list(rows), ME, NOW)]


def test_it_takes_what_has_waited_and_leaves_every_second_case_to_the_visitor() -> None:
    assert list(moves([row()], ME, NOW)) == [Move(ROBOTS, "take")]
    assert acts(row(waiting_since=ago(PATIENCE - 1))) == []
    assert acts(row(VISITORS_OWN)) == []
    assert acts(row(VISITORS_OWN, waiting_since=ago(VISITORS[2] + 1))) == ["take"]
    assert acts(row(held_until=ago(-60))) == []
    halves = sum(share(str(n), "visitor") < 0.5 for n in range(1000))
    assert 430 < halves < 570


def test_wang_guiying_is_left_to_the_visitor() -> None:
    hers = {"elder": {"name": "王桂英"}, "priority": 1}
    assert acts(row(waiting_since=ago(600), **hers)) == []
    assert acts(row(waiting_since=ago(901), **hers)) == ["take"], "nobody sits there any more"


def test_it_takes_one_case_at_a_time_the_most_urgent_first() -> None:
    rows = [row(ROBOTS, priority=3), row("x" + ROBOTS, priority=1, waiting_since=ago(500))]
    assert list(moves(rows, ME, NOW)) == [Move("x" + ROBOTS, "take")]


def test_it_writes_notes_and_closes_within_minutes() -> None:
    assert acts(mine(5)) == []
    assert acts(mine(50)) == ["notes"]
    assert acts(mine(50, last_event={"kind": "note", "at": ago(10)})) == []
    assert acts(mine(190)) == ["close"]
    assert acts(mine(190, held_until=ago(-60))) == []
    assert acts(row(state="owned", owner={"id": "9", "since": ago(900)})) == []


def test_it_makes_return_calls_that_are_overdue() -> None:
    pending = {"state": "pending_follow_up", "last_event": {"kind": "follow_up_due", "at": ago(90)}}
    assert acts(row(**pending)) == ["follow-up"]
    assert acts(row(**pending, next_due_at=ago(-10))) == []


class Centre:
    """A centre that only writes down what it is told."""

    def __init__(self, *, demo: bool = True) -> None:
        self.demo = demo
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.walks = 0
        self.beats = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if path == "/session":
            return httpx.Response(200, json={"user": {"id": ME}, "csrf_token": "c", "demo": self.demo})
        if path == "/elders":
            return httpx.Response(200, json={"items": [{"id": "7"}]})
        if path == "/elders/7":
            return httpx.Response(200, json={"elder": {"phone": "13800000001"}})
        if path == "/demo/positions":
            self.walks += 1
            return httpx.Response(200, json={"helpers": 3})
        if path == "/demo/beats":
            self.beats += 1
            return httpx.Response(200, json={"devices": 30})
        self.told.append((path, httpx.Response(200, content=request.content).json()))
        return httpx.Response(202, json={})

    def site(self) -> Site:
        return Site(httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(self)))


def hour(open_cases: int) -> list[tuple[str, dict[str, Any]]]:
    centre = Centre()
    site, town = centre.site(), Town(demo_random(1))
    for second in range(0, 3600, 2):
        town.step(site, second, open_cases)
    assert centre.beats == 6, "one writing for all devices every ten minutes"
    assert centre.walks == 60, "the helpers' telephones say where they are, or the map grows old"
    return centre.told


def test_an_hour_brings_about_a_signal_a_minute_and_a_few_urgent_ones() -> None:
    told = hour(FEW + 2)
    begun = [body for path, body in told if path == "/signals" or body.get("event") == "ringing"]
    assert 45 < len(begun) < 75
    urgent = [body for body in begun if body.get("kind") in ("sos", "fall", "smoke", "gas")]
    assert 6 <= len(urgent) <= 14
    assert {body.get("event") for _, body in told} >= {"ringing", "answered", "hangup"}
    devices = {body["device"] for path, body in told if path == "/signals"}
    assert not any(device.startswith(HEROINE) for device in devices)
    for _, body in told:
        if body.get("kind") in ("fall", "water", "bed", "door"):
            assert alarm_of(body["device"]) == body["kind"]


def test_many_open_cases_bring_no_more_and_few_bring_them_sooner() -> None:
    assert {body["kind"] for _, body in hour(MANY)} <= {"heartbeat", "test", "low_battery"}
    assert len(hour(FEW - 1)) > 200


def test_what_is_no_demo_is_left_alone() -> None:
    with pytest.raises(NoDemo):
        Centre(demo=False).site().sign_in()


def test_a_centre_that_is_away_is_not_an_error() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    site = Site(httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(refuse)))
    with pytest.raises(Away):
        site.sign_in()
