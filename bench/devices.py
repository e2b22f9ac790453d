"""What one round of the devices costs when 400,000 of them stand in the homes, and which statement costs most.

.venv/bin/python bench/devices.py [--devices 400000] [--rounds 4] [--plans]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text

from dispatch.services.centre import Centre
from dispatch.services.devices import gateways, supervise
from tests.support import databases
from tests.support.load import centre_over
from tests.support.postgres import Postgres, find_binaries

GATEWAYS = 2_000
FILL = """
INSERT INTO areas (id, level, name, path) VALUES (1, 5, 'bench', '/1/');
INSERT INTO households (id, area_id, address, address_short, version)
  SELECT n, 1, 'home ' || n, 'home ' || n, 1 FROM generate_series(1, {devices} / 2) n;
INSERT INTO devices (id, number, model, protocol, area_id, registered_at, last_seen_at, version)
  SELECT n, 'G' || n, '{gateway}', 'http', 1, now() - interval '400 days',
    now() - CASE WHEN n % 500 = 0 THEN interval '3 days' ELSE interval '1 minute' END, 1
  FROM generate_series(1, {gateways}) n;
INSERT INTO devices (id, number, model, protocol, household_id, gateway_id, registered_at, last_seen_at,
    battery_percent, low_battery_at, fault_at, last_test_at, version)
  SELECT {gateways} + n, 'D' || n, CASE n % 4 WHEN 0 THEN '{sensor}' ELSE '{button}' END, 'http',
    1 + n % ({devices} / 2), CASE WHEN n % 4 = 0 THEN 1 + n % {gateways} END, now() - interval '400 days',
    now() - CASE WHEN n % 200 = 0 THEN interval '5 days' ELSE (n % 600) * interval '1 second' END,
    CASE WHEN n % 300 = 0 THEN 5 ELSE 80 END, CASE WHEN n % 300 = 0 THEN now() - interval '1 day' END,
    CASE WHEN n % 5000 = 0 THEN now() - interval '1 day' END,
    now() - CASE WHEN n % 50 = 0 THEN interval '80 days' ELSE interval '1 day' END, 1
  FROM generate_series(1, {devices}) n;
INSERT INTO signals (id, device_number, device_id, kind, received_at, clock_off, raw, raw_size, source, understood,
    spooled) SELECT gen_random_uuid(), 'D' || n, {gateways} + 1 + n % {devices}, 'door',
    now() - (n % 43200) * interval '1 minute', false, '', 0, 'bench', true, false
  FROM generate_series(1, {devices}) n;
ANALYZE;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--plans", action="store_true", help="Explain what took longest.")
    options = parser.parse_args()
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL's server programs are needed")
    postgres = Postgres(binaries)
    try:
        postgres.start()
        with tempfile.TemporaryDirectory() as home:
            name = postgres.create_database(databases.postgres_template(postgres, Path(home)))
            centre = centre_over(postgres.url(name), Path(home))
            fill(centre, options.devices)
            measure(centre, options)
            centre.database.engine.dispose()
    finally:
        postgres.remove()


def fill(centre: Centre, devices: int) -> None:
    rules = centre.devices.models
    (gateway, *_) = (name for name, one in rules.items() if one.kind == "gateway")
    (button, *_) = (name for name, one in rules.items() if one.monthly_test)
    (sensor, *_) = (name for name, one in rules.items() if one.kind == "sensor")
    statement = FILL.format(devices=devices, gateways=GATEWAYS, gateway=gateway, button=button, sensor=sensor)
    with centre.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for one in filter(str.strip, statement.split(";")):
            connection.execute(text(one))


def measure(centre: Centre, options: argparse.Namespace) -> None:
    spent: dict[str, float] = defaultdict(float)
    asked: dict[str, Any] = {}

    @event.listens_for(centre.database.engine, "before_cursor_execute")
    def begin(connection: Connection, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    @event.listens_for(centre.database.engine, "after_cursor_execute")
    def end(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        spent[statement] += time.perf_counter() - connection.info["began"]
        asked[statement] = parameters

    print(f"{options.devices} devices; memory before: {memory()} MB")
    now = datetime.now(UTC)
    for number in range(1, options.rounds + 1):
        spent.clear()
        began = time.perf_counter()
        gateways.watch(centre, now)
        between = time.perf_counter()
        supervise.look(centre, now)
        took = time.perf_counter()
        print(f"round {number}: gateways {between - began:.2f} s, look {took - between:.2f} s, memory {memory()} MB")
        now += timedelta(minutes=1)
    for statement, seconds in sorted(spent.items(), key=lambda one: -one[1])[:4]:
        print(f"--- {seconds:.2f} s: {' '.join(statement.split())[:300]}")
        if options.plans:
            with centre.database.engine.connect() as connection:
                plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", asked[statement])
                print("\n".join(line for (line,) in plan))


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
