"""Durable alarms a second, side by side with Alerta 9.1 on the same PostgreSQL settings, client and connections.

.venv/bin/python bench/intake_vs_alerta.py [--seconds 15] [--connections 16] [--save]

Alerta is installed into an environment of its own under the user's cache the first time. Both run as two web processes;
ours with its clock and worker beside them. Every alarm is a new one of another home (another resource), in rounds that
take turns, so that a noisy neighbour hits both. After the warm-up both databases are analysed, as autovacuum does it
within a minute in a running centre: until then plans that were made for empty tables are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig import Rig, durable_postgres, failures, generate, report, rig, summary

from bench.client import Load
from tests.support.parts import free_port
from tests.support.postgres import Postgres
from tests.support.product import answers

VERSION = "9.1.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dispatch-bench" / f"alerta-{VERSION}"
ALERT = {
    "resource": "home-$n",
    "event": "sos",
    "environment": "Production",
    "severity": "critical",
    "service": ["care"],
    "text": "button pressed",
}
RACE = 1000


@dataclass(frozen=True)
class Contender:
    name: str
    load: Callable[..., Load]
    races: dict[str, Load]
    """The same alarm, or alarms of one home, sent a thousand times at once."""
    analyse: Callable[[], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    with rig(60_000, webs=2) as ours, alerta() as theirs:
        contenders = [dispatch_contender(ours, options.connections), alerta_contender(*theirs, options.connections)]
        table = [row for contender in contenders for row in race(contender)]
        rounds = take_turns(contenders, options.rounds, options.seconds)
    report("intake_vs_alerta", [*rounds, *table], save=options.save, note=verdict(rounds))


def dispatch_contender(ours: Rig, connections: int) -> Contender:
    def load(**fields: Any) -> Load:
        return ours.load(connections=connections, **fields)

    def one_home(event: str) -> str:
        return json.dumps({"device": "LOAD-059999-0", "kind": "sos", "event_id": event})

    return Contender(
        "dispatch",
        load,
        {
            "the same event": load(requests=RACE, seconds=60, body=one_home("same")),
            "one home, events of its own": load(requests=RACE, seconds=60, body=one_home("$n")),
        },
        lambda: ours.postgres.execute("VACUUM ANALYZE", ours.database),
    )


def alerta_contender(port: int, postgres: Postgres, connections: int) -> Contender:
    def load(**fields: Any) -> Load:
        defaults: dict[str, Any] = {
            "targets": [("127.0.0.1", port)],
            "path": "/alert",
            "headers": {},
            "body": json.dumps(ALERT),
            "connections": connections,
        }
        return Load(**{**defaults, **fields})

    same = json.dumps({**ALERT, "resource": "same"})
    return Contender(
        f"Alerta {VERSION}",
        load,
        {"the same event": load(requests=RACE, seconds=60, body=same)},
        lambda: postgres.execute("VACUUM ANALYZE", "monitoring"),
    )


def race(contender: Contender) -> list[dict[str, Any]]:
    rows = []
    for what, load in contender.races.items():
        result = generate(load)
        rows.append({"who": contender.name, "what": f"{RACE} x {what}", **summary(result)})
    return rows


def take_turns(contenders: list[Contender], rounds: int, seconds: float) -> list[dict[str, Any]]:
    """The median of the rounds for each; ``5xx or broken`` is the sum."""
    found: dict[str, list[dict[str, Any]]] = {contender.name: [] for contender in contenders}
    sent = dict.fromkeys(found, 0)
    for number in range(rounds + 1):
        for contender in contenders:
            first = sent[contender.name]
            result = generate(contender.load(seconds=seconds if number else 3, first=first))
            sent[contender.name] += sum(result["statuses"].values()) + result["broken"]
            if not number:  # the first round only warms up
                contender.analyse()
            else:
                found[contender.name].append(summary(result) | {"5xx or broken": failures(result)})
    return [{"who": name, "what": f"new alarms, median of {rounds}", **median(runs)} for name, runs in found.items()]


def median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return middle | {"5xx or broken": sum(run["5xx or broken"] for run in runs)}


def verdict(rounds: list[dict[str, Any]]) -> str:
    ours, theirs = rounds
    return (
        f"{ours['per second'] / theirs['per second']:.1f} times the throughput, "
        f"p99 {ours['p99 ms']:.0f} ms against {theirs['p99 ms']:.0f} ms"
    )


@contextmanager
def alerta() -> Iterator[tuple[int, Postgres]]:
    """Alerta with two gunicorn workers of eight threads on a PostgreSQL of its own; answers its port and that."""
    install()
    with durable_postgres() as postgres:
        postgres.execute("CREATE DATABASE monitoring")
        port = free_port()
        config = postgres.home / "alertad.conf"
        uri = f"postgresql://dispatch@127.0.0.1:{postgres.port}/monitoring"
        config.write_text(f"DATABASE_URL = '{uri}'\nSECRET_KEY = 'of-the-benchmark'\n")
        env = {**os.environ, "ALERTA_SVR_CONF_FILE": str(config), "DATABASE_URL": uri}
        # Its workers race each other on an empty database: one process makes the tables first.
        subprocess.run([CACHE / "bin" / "python", "-c", MAKE_TABLES], env=env, check=True, capture_output=True)
        command = [CACHE / "bin" / "gunicorn", "-w", "2", "-k", "gthread", "--threads", "8", "--keep-alive", "30"]
        command += ["-b", f"127.0.0.1:{port}", "alerta:create_app()"]
        with (postgres.home / "alerta.log").open("wb") as log:
            process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not answers(f"http://127.0.0.1:{port}/management/gtg"):
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit((postgres.home / "alerta.log").read_text()[-2000:])
                time.sleep(0.1)
            yield port, postgres
        finally:
            process.terminate()
            process.wait(20)


MAKE_TABLES = """
from alerta import create_app
with create_app().app_context():
    from alerta.app import db
    db.get_db()
"""


def install() -> None:
    if (CACHE / "bin" / "gunicorn").exists():
        return
    print(f"Installing Alerta {VERSION} into {CACHE} ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", CACHE], check=True)
    packages = [f"alerta-server=={VERSION}", "psycopg2-binary", "gunicorn", "setuptools<81"]
    subprocess.run([CACHE / "bin" / "pip", "install", "-q", *packages], check=True)


if __name__ == "__main__":
    main()
