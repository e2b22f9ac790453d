"""Heartbeats and alarms of a city over SIA DC-09: how long until a case is committed, and until its panel hears so.

.venv/bin/python bench/gateway.py [--seconds 60] [--beats 1233] [--alarms 50] [--homes 40000] [--save]

What is to be held is ten minutes (--seconds 600). Gateway, PostgreSQL, web, clock, worker and panels share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import rig as rigs
from dispatch.gateways.dc09 import frames
from dispatch.settings import ROOT
from tests.support.load import centre_over
from tests.support.parts import free_port

CODES = ["MA", *["NA"] * 3, *["BA"] * 16]
"""5 % P1, 15 % P2, 80 % P3."""
TICK = 0.005
LINES = {"beats": 200, "alarms": 20}
"""Connections."""
NUMBER = "LOAD-{account}-0"


class Panel(asyncio.Protocol):
    """One connection. Answers come in the order of the questions."""

    def __init__(self, answered: Any) -> None:
        self._answered = answered
        self._asked: deque[tuple[str, float, float]] = deque()
        self._rest = b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def say(self, account: str, frame: bytes) -> None:
        self._asked.append((account, time.time(), time.monotonic()))
        self.transport.write(frame)

    def data_received(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\r")
        for answer in whole:
            account, at, since = self._asked.popleft()
            self._answered(account, at, time.monotonic() - since, answer[10:13].decode("latin-1"))


async def talk(order: dict[str, Any]) -> dict[str, Any]:
    took: dict[str, list[float]] = {"beats": [], "alarms": []}
    words: Counter[str] = Counter()
    sent_at: dict[str, float] = {}
    alarmed = 0

    def answered(kind: str) -> Any:
        def one(account: str, at: float, seconds: float, word: str) -> None:
            took[kind].append(seconds)
            words[f"{kind} {word}"] += 1
            if kind == "alarms":
                sent_at[account] = at

        return one

    loop = asyncio.get_running_loop()
    lines: dict[str, Any] = {}
    for kind, number in LINES.items():
        made = [
            await loop.create_connection(lambda kind=kind: Panel(answered(kind)), "127.0.0.1", order["port"])  # type: ignore[misc]
            for _ in range(number)
        ]
        lines[kind] = cycle([panel for _, panel in made])
    homes, began, beaten, lag = order["homes"], loop.time(), 0, 0.0
    while (now := loop.time() - began) < order["seconds"]:
        while beaten < now * order["beats"]:
            account = f"{beaten % homes:06d}"
            next(lines["beats"]).say(account, frames.written(f'"NULL"0000R1L1#{account}[]'))
            beaten += 1
        while alarmed < now * order["alarms"]:
            account, code = f"{alarmed:06d}", CODES[alarmed % len(CODES)]
            body = f'"SIA-DCS"{alarmed % 9999 + 1:04d}R1L1#{account}[#{account}|Nri1/{code}1]'
            next(lines["alarms"]).say(account, frames.written(body))
            alarmed += 1
        before = loop.time()
        await asyncio.sleep(TICK)
        lag = max(lag, loop.time() - before - TICK)
    until = loop.time() + 30
    while (len(took["beats"]), len(took["alarms"])) < (beaten, alarmed) and loop.time() < until:
        await asyncio.sleep(0.05)
    return {
        "took": took,
        "words": words,
        "sent_at": sent_at,
        "asked": {"beats": beaten, "alarms": alarmed},
        "lag": lag,
        "cpu": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
    }


def configuration(home: Path) -> Path:
    shutil.copytree(ROOT / "config", home / "config")
    (home / "config" / "gateways.yaml").write_text(
        f'dc09: {{on: true, host: 127.0.0.1, port: 0, options: {{number: "{NUMBER}"}}}}\n'
    )
    return home / "config"


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def committed(rig: rigs.Rig, home: Path) -> dict[str, float]:
    """When the transaction of each alarm was committed, by account."""
    centre = centre_over(rig.postgres.url(rig.database), home)
    with centre.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT device_number, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM signals"
            " WHERE case_id IS NOT NULL"
        ).all()
        beats, devices = connection.exec_driver_sql("SELECT coalesce(sum(beats), 0), count(*) FROM device_beats").one()
    centre.database.engine.dispose()
    print(f"{len(rows)} alarms with a case, {beats} heartbeats of {devices} devices in the database")
    return {number.split("-")[1]: at for number, at in rows}


def row(what: str, seconds: list[float], each: float) -> dict[str, Any]:
    ms = [value * 1000 for value in seconds]
    return {
        "what": what,
        "number": len(ms),
        "per second": len(ms) / each,
        "p50 ms": rigs.percentile(ms, 0.5),
        "p99 ms": rigs.percentile(ms, 0.99),
        "max ms": max(ms, default=float("nan")),
    }


def by_minute(sent: dict[str, float], commits: dict[str, float]) -> list[dict[str, Any]]:
    """Until its case is committed, for the alarms of each minute: a pause of the database hides in a whole run."""
    began = min(sent.values())
    minutes: defaultdict[int, list[float]] = defaultdict(list)
    for account, at in sent.items():
        if account in commits:
            minutes[int((at - began) // 60)].append(commits[account] - at)
    if len(minutes) < 2:
        return []
    return [row(f"  in minute {minute + 1}", minutes[minute], 60) for minute in sorted(minutes)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--beats", type=int, default=1233, help="a second")
    parser.add_argument("--alarms", type=int, default=50, help="a second, each of another home")
    parser.add_argument("--homes", type=int, default=40_000)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        print(json.dumps(asyncio.run(talk(json.loads(sys.stdin.read())))))
        return
    if options.alarms * options.seconds > options.homes:
        sys.exit(f"each alarm needs a home of its own: --homes {options.alarms * options.seconds}")
    with (
        tempfile.TemporaryDirectory(prefix="dispatch-bench-") as temporary,
        rigs.rig(options.homes, webs=1, track_commit_timestamp="on") as rig,
    ):
        measure(options, rig, Path(temporary))


def measure(options: argparse.Namespace, rig: rigs.Rig, home: Path) -> None:
    port = free_port()
    env = {
        "DISPATCH_CONFIG_DIR": str(configuration(home)),
        "DISPATCH_GATEWAYS": f"dc09:{port}",
        "DISPATCH_DEMO": "false",
        "DISPATCH_CALLBACK_NUMBER": "own",
    }
    rig.product.start("gateway", **env)
    wait_for(port)
    pid = rig.product.processes["gateway"].pid
    order = {name: getattr(options, name) for name in ("seconds", "beats", "alarms", "homes")} | {"port": port}
    before = cpu_seconds(pid)
    done = subprocess.run(
        [sys.executable, __file__, "--client"], input=json.dumps(order), capture_output=True, text=True, check=True
    )
    used = cpu_seconds(pid) - before
    found = json.loads(done.stdout)
    commits = committed(rig, home)
    sent = found["sent_at"]
    lost = [account for account in sent if account not in commits]
    until_commit = [commits[account] - at for account, at in sent.items() if account in commits]
    print(f"answers {found['words']}, asked {found['asked']}, acknowledged and not stored: {len(lost)}")
    rigs.report(
        "gateway",
        [
            row("alarm, until its case is committed", until_commit, options.seconds),
            *by_minute(sent, commits),
            row("alarm, until it is answered", found["took"]["alarms"], options.seconds),
            row("heartbeat, until it is answered", found["took"]["beats"], options.seconds),
        ],
        save=options.save,
        note=(
            f"{options.seconds} s, {options.homes} homes; gateway {100 * used / options.seconds:.0f} % of a core, "
            f"panels {100 * found['cpu'] / options.seconds:.0f} %, late by {1000 * found['lag']:.0f} ms at most"
        ),
    )


def wait_for(port: int) -> None:
    async def connect() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    until = time.monotonic() + 30
    while True:
        try:
            asyncio.run(connect())
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main()
