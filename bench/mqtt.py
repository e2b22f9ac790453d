"""Signs of life and alarms by Mosquitto into the gateway: how late an alarm is to be seen in the database.

.venv/bin/python bench/mqtt.py [--homes 20000] [--seconds 600] [--beats 1233] [--alarms 50]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import func, select

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.rig import durable_postgres  # noqa: E402 -- after the path
from dispatch.models.devices import Signal  # noqa: E402
from dispatch.models.listening import DeviceBeat  # noqa: E402
from dispatch.services.centre import Centre  # noqa: E402
from tests.support import load as city_support  # noqa: E402
from tests.support.databases import migrate  # noqa: E402
from tests.support.gateway import GatewayProcess  # noqa: E402
from tests.support.mosquitto import Mosquitto  # noqa: E402

TICK = 0.05
LATEST = 5.0
"""Seconds after the last message for which stragglers are waited for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--homes", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--beats", type=int, default=1233)
    parser.add_argument("--alarms", type=int, default=50)
    parser.add_argument("--say", type=int, help="only say it, to the broker on this port")
    options = parser.parse_args()
    if options.say:
        say(options)
    else:
        measure(options)


def measure(options: argparse.Namespace) -> None:
    with durable_postgres() as postgres, tempfile.TemporaryDirectory(prefix="dispatch-bench-") as where:
        home = Path(where)
        name = postgres.create_database()
        migrate(postgres.url(name), home)
        centre = city_support.centre_over(postgres.url(name), home / "data")
        city_support.build_city(centre, options.homes)
        postgres.execute("VACUUM ANALYZE", name)
        broker = Mosquitto(home / "mosquitto", "allow_anonymous true\nmax_inflight_messages 1000")
        try:
            announce(broker, options.homes)
            with GatewayProcess(centre, f"mqtt: {{on: true, port: {broker.port}}}") as gateway:
                gateway.port("mqtt")
                found = follow(centre, broker, options)
                print(json.dumps({**found, "gateway_cpu_seconds": _spent(gateway)}))
        finally:
            broker.stop()
            centre.database.engine.dispose()


def _spent(gateway: GatewayProcess) -> float:
    assert gateway.process is not None
    words = Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def announce(broker: Mosquitto, homes: int) -> None:
    definition = {"model": "HS1EB/HS1EB-E", "vendor": "bench", "description": "button"}
    inventory = [
        {
            "type": "EndDevice",
            "ieee_address": city_support.City.device(n),
            "friendly_name": f"home/{n}",
            "definition": definition,
        }
        for n in range(homes)
    ]
    broker.say("zigbee2mqtt/bridge/devices", inventory, retain=True)


def say(options: argparse.Namespace) -> None:
    """At a steady rate; a home that has cried does not cry again, so each alarm opens a case."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "bench")
    client.max_inflight_messages_set(5000)
    client.connect("127.0.0.1", options.say)
    client.loop_start()
    begun = time.monotonic()
    said = {"beats": 0, "alarms": 0}
    while (passed := time.monotonic() - begun) < options.seconds:
        for kind, rate in (("beats", options.beats), ("alarms", options.alarms)):
            while said[kind] < passed * rate:
                body: dict[str, Any] = {"battery": 77, "linkquality": 120, "last_seen": datetime.now(UTC).isoformat()}
                if kind == "alarms":
                    body["action"] = "single"
                client.publish(f"zigbee2mqtt/home/{said[kind] % options.homes}", json.dumps(body), qos=1)
                said[kind] += 1
        time.sleep(TICK / 5)
    client.loop_stop()
    print(json.dumps(said))


def follow(centre: Centre, broker: Mosquitto, options: argparse.Namespace) -> dict[str, Any]:
    """When each alarm is first to be seen, against when it was said."""
    asked = [f"--{name}={getattr(options, name)}" for name in ("homes", "seconds", "beats", "alarms")]
    speaker = subprocess.Popen(
        [sys.executable, __file__, f"--say={broker.port}", *asked], stdout=subprocess.PIPE, text=True
    )
    late: list[float] = []
    seen: set[str] = set()
    ends = None
    while ends is None or time.monotonic() < ends:
        with centre.database.reads() as session:
            fresh = select(Signal.device_number, Signal.occurred_at).where(
                Signal.kind == "sos", Signal.received_at > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 20)
            )
            found = session.execute(fresh).all()
        now = datetime.now(UTC)
        for number, said_at in found:
            if (key := f"{number} {said_at}") not in seen:
                seen.add(key)
                late.append((now - said_at).total_seconds())
        if ends is None and speaker.poll() is not None:
            ends = time.monotonic() + LATEST
        time.sleep(TICK)
    said = json.loads(speaker.communicate()[0])
    late.sort()
    with centre.database.reads() as session:
        beats = session.scalar(select(func.sum(DeviceBeat.beats)))
    return {
        "said": said,
        "alarms_stored": len(late),
        "beats_counted": beats,
        "late_ms": {f"p{p}": round(1000 * late[min(len(late) - 1, len(late) * p // 100)]) for p in (50, 95, 99, 100)},
    }


if __name__ == "__main__":
    main()
