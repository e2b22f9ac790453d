"""What the benchmarks share: servers of their own, the load generator, the words about the machine, tables, results."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.client import Load  # noqa: E402 -- after the path
from tests.support import load as city_support  # noqa: E402
from tests.support.databases import migrate  # noqa: E402
from tests.support.postgres import Postgres, find_binaries  # noqa: E402
from tests.support.product import Product  # noqa: E402
from tests.support.redis import Redis  # noqa: E402

RESULTS = ROOT / "bench" / "results"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}
"""As in production: every commit waits for the disk."""

MIX = ["sos", *["inactivity"] * 3, *["bed", "door"] * 8]
"""5 % P1, 15 % P2, 80 % P3: the mix that EEMUA 191 asks of an alarm system."""


@dataclass
class Rig:
    postgres: Postgres
    redis: Redis
    product: Product
    city: city_support.City
    database: str

    def load(self, **fields: Any) -> Load:
        """Alarms of fresh homes, spread over the web processes; ``fields`` are those of ``Load``."""
        defaults: dict[str, Any] = {
            "targets": [("127.0.0.1", port) for port in self.product.ports.values()],
            "path": "/api/v1/signals",
            "headers": {"Authorization": f"Bearer {self.city.token}"},
            "body": json.dumps({"device": "LOAD-$h-0", "kind": "$k", "event_id": "$n"}),
            "kinds": MIX,
        }
        return Load(**{**defaults, **fields})


@contextmanager
def durable_postgres(kept: Path | None = None, **options: str) -> Iterator[Postgres]:
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL's server programs are missing (Debian: apt-get install postgresql)")
    server = Postgres(binaries, kept, **{**DURABLE, **options})
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextmanager
def rig(homes: int, webs: int = 2, roles: Sequence[str] = ("clock", "worker"), **options: str) -> Iterator[Rig]:
    """The product over servers of its own: ``webs`` web processes and the other ``roles``."""
    with ExitStack() as stack:
        postgres = stack.enter_context(durable_postgres(**options))
        redis = Redis()
        stack.callback(redis.remove)
        redis.start()
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dispatch-bench-")))
        name = postgres.create_database()
        migrate(postgres.url(name), home)
        centre = city_support.centre_over(postgres.url(name), home)
        city = city_support.build_city(centre, homes)
        centre.database.engine.dispose()
        postgres.execute("VACUUM ANALYZE", name)
        product = stack.enter_context(Product(postgres.url(name), redis.url, home / "product"))
        for number in range(1, webs + 1):
            product.start("web", f"web{number}")
        for role in roles:
            product.start(role)
        product.wait_ready()
        yield Rig(postgres, redis, product, city, name)


def generate(load: Load) -> dict[str, Any]:
    """Run the load generator to its end."""
    return finish(begin(load))


def begin(load: Load) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "bench" / "client.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(load)).encode())
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("the load generator failed: see above")
    result: dict[str, Any] = json.loads(output)
    return result


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def failures(result: dict[str, Any]) -> int:
    """Answers of 5xx, and connections that broke."""
    return int(result["broken"]) + sum(n for status, n in result["statuses"].items() if int(status) >= 500)


def machine() -> dict[str, str]:
    cpu = next((s for s in Path("/proc/cpuinfo").read_text().splitlines() if s.startswith("model name")), "?")
    binaries = find_binaries()
    postgres = subprocess.run([f"{binaries}/postgres", "--version"], capture_output=True, text=True, check=False)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": f"{os.cpu_count()} x {cpu.partition(':')[2].strip()}",
        "load_before": f"{os.getloadavg()[0]:.2f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": postgres.stdout.strip(),
        **{name: version(name) for name in ("flask", "gunicorn", "sqlalchemy", "psycopg", "flask-socketio")},
    }


def report(name: str, table: list[dict[str, Any]], *, save: bool, note: str = "") -> None:
    """Print the machine and the table; with ``save`` write both into ``bench/results/NAME.json``."""
    about = machine()
    print("\n" + " | ".join(f"{key} {value}" for key, value in about.items()))
    if note:
        print(note)
    print_table(table)
    if save:
        RESULTS.mkdir(exist_ok=True)
        body = {"machine": about, "note": note, "table": table}
        (RESULTS / f"{name}.json").write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n")


def print_table(table: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for row in table for name in row))
    cells = [[_cell(row.get(name)) for name in columns] for row in table]
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(columns)]
    print()
    for row in [columns, ["-" * width for width in widths], *cells]:
        print(
            "  ".join(
                text.rjust(width) if i else text.ljust(width)
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Requests a second and milliseconds of one run."""
    took = [seconds * 1000 for seconds in result["took"]]
    return {
        "per second": len(took) / result["seconds"],
        "p50 ms": percentile(took, 0.5),
        "p99 ms": percentile(took, 0.99),
        "max ms": max(took, default=float("nan")),
        "5xx or broken": failures(result),
        "client cpu %": 100 * result["cpu_seconds"] / result["seconds"],
    }
