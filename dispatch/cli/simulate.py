"""`dispatch simulate`: keeps a demo alive through its own front doors, until it is stopped."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import FrameType
from typing import Any

import click
import httpx
from pydantic import ValidationError

from dispatch.cli.colleague import FEW, MANY, moves
from dispatch.services.demo.devices import BUTTON, HOMES, KITS, Kit, equipment, number_of
from dispatch.services.demo.names import demo_random
from dispatch.settings import Settings

USERNAME, PASSWORD = "operator2", "demo"
DEVICE_TOKEN, CALLS_TOKEN = "demo-device-token", "demo-admin-token"  # printed on the demo's front page
LOOK_EVERY = 2.0
SIGNAL_EVERY = 60.0
URGENT_EVERY = 360.0
WALK_EVERY = 60.0
"""The centre lets each telephone speak every five minutes; asked more often, they do not all speak at once."""
BEATS_EVERY = 600.0
"""All that owe a heartbeat then send it, in one writing."""
LONGEST_BACKOFF = 15.0
URGENT = ("sos", "fall", "smoke", "gas")
CALM = ("inactivity", "water", "vitals", "bed", "door", "bed", "door")
CHATTER = ("heartbeat", "heartbeat", "test", "low_battery")


class NoDemo(Exception):
    """What answers is not a demo: it is left alone."""


class Away(Exception):
    """The centre cannot be reached at the moment."""


@dataclass
class Site:
    """The centre as its clients see it; signs in again by itself when its session has ended."""

    http: httpx.Client
    me: str = ""
    csrf: str = ""

    def sign_in(self) -> None:
        answer = self._send("POST", "/session", json={"username": USERNAME, "password": PASSWORD})
        if answer.status_code != 200 or answer.json().get("demo") is not True:
            raise NoDemo("this is no demo (or its sign-ins were changed): nothing was done")
        self.me, self.csrf = answer.json()["user"]["id"], answer.json()["csrf_token"]

    def get(self, path: str) -> Any:
        answer = self._send("GET", path)
        if answer.status_code == 401:
            self.sign_in()
            answer = self._send("GET", path)
        return answer.json() if answer.is_success else None

    def command(self, path: str, body: dict[str, Any]) -> None:
        """A refusal (a person was quicker) is no concern of ours."""
        self._send("POST", path, json=body, headers={"X-CSRF-Token": self.csrf})

    def machine(self, path: str, token: str, body: dict[str, Any]) -> None:
        self._send("POST", path, json=body, headers={"Authorization": f"Bearer {token}"})

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self.http.request(method, f"/api/v1{path}", **more)
        except httpx.TransportError as error:
            raise Away(type(error).__name__) from error
        if answer.status_code in (502, 503, 504):
            raise Away(f"HTTP {answer.status_code}")
        return answer


@dataclass
class Town:
    """The homes and callers: what they send, and when next. Seconds are the simulation's own."""

    chance: Random
    next_at: float = 5.0
    next_urgent_at: float = 120.0
    next_walk_at: float = 0.0
    next_beats_at: float = 0.0
    later: list[tuple[float, Callable[[Site], None]]] = field(default_factory=list)
    """What a call that rings now does in some seconds."""

    def step(self, site: Site, at: float, open_cases: int) -> None:
        due = [item for item in self.later if item[0] <= at]
        self.later = [item for item in self.later if item[0] > at]
        for _, act in due:
            act(site)
        if at >= self.next_walk_at:
            self.next_walk_at = at + WALK_EVERY
            site.machine("/demo/positions", DEVICE_TOKEN, {})
        if at >= self.next_beats_at:
            self.next_beats_at = at + BEATS_EVERY
            site.machine("/demo/beats", DEVICE_TOKEN, {})
        if at < self.next_at:
            return
        few, many = open_cases < FEW, open_cases >= MANY
        self.next_at = at + (self.chance.uniform(6, 12) if few else self.chance.uniform(0.5, 1.5) * SIGNAL_EVERY)
        if at >= self.next_urgent_at and not many:
            self.next_urgent_at = at + self.chance.uniform(0.7, 1.3) * URGENT_EVERY
            self._device(site, self.chance.choice(URGENT))
        elif many or (not few and self.chance.random() < 0.3):
            self._device(site, self.chance.choice(CHATTER))
        elif self.chance.random() < 0.2:
            self._call(site, at)
        else:
            self._device(site, self.chance.choice(CALM))

    def _device(self, site: Site, kind: str) -> None:
        body: dict[str, Any] = {
            "device": number_of(*self._home_with(kind)),
            "kind": kind,
            "event_id": str(uuid.uuid4()),
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        if kind in ("heartbeat", "low_battery"):
            body["data"] = {
                "battery": self.chance.randint(5, 14) if kind == "low_battery" else self.chance.randint(40, 99)
            }
        site.machine("/signals", DEVICE_TOKEN, body)

    def _home_with(self, kind: str) -> tuple[int, Kit]:
        """A home, not 王桂英's, and its device for such a signal."""
        kit = next((kit for kit in KITS if kit.alarm == kind), BUTTON)
        while True:
            home = self.chance.randint(2, HOMES)
            if kit in equipment(home):
                return home, kit

    def _call(self, site: Site, at: float) -> None:
        """Somebody rings; the robot answers after some seconds, or the caller gives up first."""
        found = site.get(f"/elders?limit=1&cursor={self.chance.randint(2, HOMES)}")
        file = site.get(f"/elders/{found['items'][0]['id']}") if found and found["items"] else None
        if not file or not file["elder"]["phone"]:
            return
        call = {"call_id": str(uuid.uuid4()), "caller": file["elder"]["phone"]}
        site.machine("/calls", CALLS_TOKEN, {**call, "event": "ringing"})
        wait = self.chance.uniform(6, 20)
        if self.chance.random() < 0.25:
            self._after(at + wait, {**call, "event": "missed"})
            return
        self._after(at + wait, {**call, "event": "answered", "agent": USERNAME})
        self._after(at + wait + self.chance.uniform(30, 90), {**call, "event": "hangup"})

    def _after(self, at: float, body: dict[str, Any]) -> None:
        self.later.append((at, lambda site: site.machine("/calls", CALLS_TOKEN, body)))


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same order of events.")
@click.option("--speed", type=click.FloatRange(0.1, 50), default=1.0, show_default=True, help="How fast life goes.")
@click.option("--url", default="", help="Of the centre; by default the one of DISPATCH_HOST and DISPATCH_PORT.")
def simulate(seed: int, speed: float, url: str) -> None:
    """Keep a demo alive: signals from invented homes, calls, and a colleague at the second desk."""
    settings = _settings()
    if not settings.demo:
        raise click.ClickException("only a demo is kept alive: set DISPATCH_DEMO=true")
    signal.signal(signal.SIGTERM, _leave)
    base = url or f"http://{settings.host}:{settings.port}"
    with httpx.Client(base_url=base, timeout=5, trust_env=False) as http:
        try:
            live(Site(http), Town(demo_random(seed)), speed)
        except NoDemo as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            return


def _settings() -> Settings:
    """Without the rest of the product, which this process does not need in its memory."""
    try:
        return Settings()
    except ValidationError as error:
        raise click.ClickException("; ".join(str(e["msg"]) for e in error.errors())) from error


def live(site: Site, town: Town, speed: float) -> None:
    """Go on for ever; a centre that is away is asked again, ever more patiently. Raises ``NoDemo``."""
    began = time.monotonic()
    failures = 0
    while True:
        try:
            if not site.me:
                site.sign_in()
            _turn(site, town, (time.monotonic() - began) * speed, speed)
            failures = 0
        except Away as away:
            if not failures:
                click.echo(f"The centre is away ({away}); trying again.", err=True)
            failures += 1
        time.sleep(min(LOOK_EVERY * 2 ** min(failures, 5), LONGEST_BACKOFF) / max(speed, 1.0))


def _turn(site: Site, town: Town, at: float, speed: float) -> None:
    seen = site.get("/live/snapshot")
    if seen is None:
        return
    now = datetime.fromisoformat(seen["server_time"])
    for move in moves(seen["cases"], site.me, now, speed):
        site.command(f"/cases/{move.case_id}/{move.act}", move.body)
    town.step(site, at, len(seen["cases"]))


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)  # at once: there is nothing to put in order
