"""An acknowledged alarm is never lost and never late in silence: proved while every part is killed under load.

DISPATCH_CHAOS_SECONDS and DISPATCH_CHAOS_RATE make it longer and harder; the figures are printed at the end.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from dispatch.models.engine import JobRun
from dispatch.models.outbox import Message
from dispatch.services import chain, live, spool
from dispatch.services.centre import Centre
from dispatch.settings import ROOT
from tests.chaos import checks
from tests.chaos.devices import Devices, post
from tests.chaos.follower import Follower
from tests.support.databases import migrate
from tests.support.load import City, build_city, centre_over
from tests.support.parts import missing
from tests.support.postgres import Postgres, find_binaries
from tests.support.product import Product
from tests.support.redis import Redis

SECONDS = float(os.environ.get("DISPATCH_CHAOS_SECONDS", "75"))
RATE = float(os.environ.get("DISPATCH_CHAOS_RATE", "20"))
HOMES = 600
QUICK = {  # the steps of the real policy, sooner: a short run must see them all
    "P1": {"steps": (5, 10, 20), "repeat_every": 30},
    "P2": {"steps": (8, 16, 40), "repeat_every": 60},
    "P3": {"steps": (12, 30), "repeat_every": 120},
}
BACK_WITHIN = 60.0
"""Seconds in which the centre is back in service after any one part dies: the product's promise."""

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.xdist_group("chaos"),  # two storms at once would be a measure of the machine
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.timeout(SECONDS + 1_200),
    # The server is killed under the test's own connections too; nobody is there to close them in order.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


@dataclass
class Scene:
    product: Product
    centre: Centre
    city: City
    redis: Redis
    postgres: Postgres | None = None
    recovered: list[tuple[str, float]] = field(default_factory=list)
    stopped_at: datetime | None = None

    def until(self, what: str, since: float, holds: Callable[[], Any]) -> None:
        """Wait until ``holds`` and note how long that took since ``since``."""
        while True:
            try:
                if holds():
                    break
            except (TimeoutError, SQLAlchemyError, OSError, ValueError, IndexError):
                pass  # not back yet
            assert time.time() - since < BACK_WITHIN, f"not back after {what}"
            time.sleep(0.05)
        self.recovered.append((what, time.time() - since))

    def kill_web(self, name: str) -> None:
        began = self._kill_and_start("web", name)
        self.until(f"web process {name}", began, lambda: self.stores(self.product.ports[name]))

    def kill_worker(self) -> None:
        began = self._kill_and_start("worker", "worker")
        self.until("worker", began, lambda: self.sent_since(began))

    def kill_active_clock(self) -> None:
        holder = self.holder()
        name = next(n for n, p in self.product.processes.items() if str(p.pid) == holder.rpartition(":")[2])
        began = time.time()
        self.product.kill(name)
        self.until("active clock", began, lambda: self.ticked_since(began))
        self.product.start("clock", name)

    def kill_redis(self, down: float = 4.0) -> None:
        began = time.time()
        self.redis.kill()
        time.sleep(down)
        self.redis.start()
        self.until("Redis", began, lambda: self.sent_since(began))

    def kill_postgres(self, *, both_webs: bool = False, down: float = 4.0) -> None:
        """With ``both_webs`` those who wrote the spool die too, while alarms lie in it."""
        assert self.postgres is not None
        began = time.time()
        self.postgres.kill()
        time.sleep(down)
        if both_webs:
            assert self.spooled() > 0
            for name in self.product.ports:
                self._kill_and_start("web", name, pause=0)
        self.postgres.start()
        what = "PostgreSQL and both webs" if both_webs else "PostgreSQL"
        self.until(what, began, lambda: all(self.stores(port) for port in self.product.ports.values()))
        self.until(f"{what}: clock ticks", began, lambda: self.ticked_since(began + down))
        self.until(f"{what}: spool brought in", began, lambda: self.spooled() == 0)

    def _kill_and_start(self, role: str, name: str, pause: float = 1.0) -> float:
        began = time.time()
        self.product.kill(name)
        time.sleep(pause)  # as long as a supervisor takes
        self.product.start(role, name)
        return began

    def stores(self, port: int) -> bool:
        body = {"device": City.device(0), "kind": "heartbeat"}
        status, answer = asyncio.run(asyncio.wait_for(post(port, self.city.token, body), 3))
        return status == 202 and not answer["spooled"]

    def spooled(self) -> int:
        return spool.waiting(self.centre.spool_dir)

    def holder(self) -> str:
        with self.centre.database.reads() as session:
            return str(session.scalar(select(JobRun.holder).where(JobRun.name == "tick")))

    def ticked_since(self, at: float) -> bool:
        with self.centre.database.reads() as session:
            last = session.scalar(select(JobRun.last_run_at).where(JobRun.name == "tick"))
            return last is not None and last.timestamp() > at

    def sent_since(self, at: float) -> bool:
        with self.centre.database.reads() as session:
            last = session.scalar(select(func.max(Message.sent_at)))
            return last is not None and last.timestamp() > at

    def settle(self, follower: Follower) -> None:
        """Let the spool drain and what is due fire; then stop time, so that everything can be compared."""
        began = time.time()
        self.until("the last alarm: spool empty", began, lambda: self.spooled() == 0)
        time.sleep(3)
        self.stopped_at = datetime.now(UTC)
        for name in [n for n in self.product.processes if n.startswith("clock") or n == "worker"]:
            self.product.processes[name].terminate()
            self.product.processes.pop(name).wait(15)
        self.until("everything numbered", time.time(), self._all_numbered)
        with self.centre.database.reads() as session:
            follower.wait_for(live.last_seq(session), within=60)

    def _all_numbered(self) -> bool:
        return not live.anything_waiting(self.centre)

    def seal(self) -> None:
        """The clock is stopped, so its job is done here once more, to its end."""
        while chain.seal(self.centre, chain.TIMELINE, datetime.now(UTC)):
            pass


@pytest.fixture
def durable_postgres() -> Iterator[Postgres]:
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL's server programs (Debian: apt-get install postgresql)")
    server = Postgres(binaries, fsync="on", full_page_writes="on", track_commit_timestamp="on")
    try:
        server.start()
        yield server
    finally:
        server.remove()


def quick_config(directory: Path) -> Path:
    shutil.copytree(ROOT / "config", directory)
    path = directory / "escalation.yaml"
    policies = yaml.safe_load(path.read_text())
    for name, quick in QUICK.items():
        for step, after in zip(policies[name]["steps"], quick["steps"], strict=True):
            step["after"] = after
        policies[name]["repeat_every"] = quick["repeat_every"]
    path.write_text(yaml.safe_dump(policies))
    return directory


def prepare(database_url: str, redis: Redis, home: Path) -> Scene:
    migrate(database_url, home)
    centre = centre_over(database_url, home / "product")
    city = build_city(centre, HOMES)
    config = quick_config(home / "config")
    product = Product(database_url, redis.url, home / "product", DISPATCH_CONFIG_DIR=str(config))
    return Scene(product, centre, city, redis)


def report(scene: Scene, devices: Devices, follower: Follower, found: dict[str, Any]) -> str:
    took = sorted(a.acknowledged - a.began for a in devices.alarms if a.acknowledged)
    late = sorted(found.pop("late"))
    longest = {what: max(s for w, s in scene.recovered if w == what) for what, _ in scene.recovered}
    lines = [
        f"alarms acknowledged        {len(took)} of {len(devices.alarms)} from {scene.city.homes} homes",
        f"  tried again              {sum(a.attempts - 1 for a in devices.alarms)}",
        f"  copies after the answer  {sum(a.again is not None for a in devices.alarms)}",
        f"  kept in the spool        {sum(bool(a.answer and a.answer['spooled']) for a in devices.alarms)}",
        f"  until acknowledged       {spread(took)}",
        f"escalations fired          {len(late)}, after their time: {spread(late)}",
        f"console                    cut off {follower.cuts} times, gaps read back {follower.gaps}",
        *(f"{name:<26} {value}" for name, value in found.items()),
        "back in service after (seconds from the kill)",
        *(f"  {what:<44} {seconds:6.2f}" for what, seconds in longest.items()),
    ]
    return "\n".join(lines)


def spread(ordered: list[float]) -> str:
    return f"p50 {at(ordered, 0.5) * 1000:.0f} ms, p99 {at(ordered, 0.99):.2f} s, max {ordered[-1]:.2f} s"


def at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def check(scene: Scene, devices: Devices, follower: Follower) -> dict[str, Any]:
    assert scene.stopped_at is not None
    scene.seal()
    return {
        **checks.stored_once(scene.centre, devices.alarms),
        "late": checks.escalated_once(scene.centre, scene.stopped_at),
        "messages sent, each once": checks.told_once(scene.centre),
        "links of the chain hold": checks.chain_holds(scene.centre),
        "rows on the console": checks.console_shows(scene.centre, follower.rows, scene.stopped_at),
    }


def kill_in_turn(kills: list[Callable[[], None]], seconds: float) -> int:
    """One kill after the other, spread evenly; round and round when there is more time."""
    start, gap, done = time.monotonic(), min(seconds, 75) / (len(kills) + 1), 0
    while done < len(kills) or time.monotonic() - start < seconds - gap:
        time.sleep(max(0.0, start + gap * (done + 1) - time.monotonic()))
        kills[done % len(kills)]()
        done += 1
    return done


def storm(scene: Scene, kills: list[Callable[[], None]], rate: float, seconds: float) -> str:
    ports = list(scene.product.ports.values())
    follower = Follower(ports, scene.city.token)
    follower.connect()
    devices = Devices(scene.city, ports, rate)
    try:
        devices.start()
        killed = kill_in_turn(kills, seconds)
        devices.no_more.set()
        devices.join(BACK_WITHIN)
        assert not devices.is_alive(), "there are alarms that nobody acknowledges"
        scene.settle(follower)
        found = check(scene, devices, follower)
        return report(scene, devices, follower, {"kills": killed, **found})
    finally:  # who failed must not go on beside the tests that follow
        devices.no_more.set()
        devices.given_up.set()
        follower.close()


@pytest.mark.postgres
def test_nothing_is_lost_doubled_or_silent_while_everything_is_killed(
    durable_postgres: Postgres, own_redis: Redis, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    scene = prepare(durable_postgres.url(durable_postgres.create_database()), own_redis, tmp_path)
    scene.postgres = durable_postgres
    with scene.product as product:
        product.start_all(webs=2)
        kills = [
            lambda: scene.kill_web("web1"),
            lambda: scene.kill_web("web2"),
            scene.kill_active_clock,
            scene.kill_worker,
            scene.kill_redis,
            scene.kill_postgres,
            lambda: scene.kill_postgres(both_webs=True),
        ]
        told = storm(scene, kills, RATE, SECONDS)
    scene.centre.database.engine.dispose()
    figures(f"PostgreSQL, two web processes\n{told}")


def test_on_sqlite_one_machine_keeps_the_same_promise(
    sqlite_url: str, own_redis: Redis, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    scene = prepare(sqlite_url, own_redis, tmp_path)
    with scene.product as product:
        product.start_all(webs=1)
        kills = [lambda: scene.kill_web("web1"), scene.kill_active_clock, lambda: scene.kill_web("web1")]
        told = storm(scene, kills, RATE / 2, 30)
    scene.centre.database.engine.dispose()
    figures(f"SQLite, one web process\n{told}")
