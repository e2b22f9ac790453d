"""Fifty emergencies within one minute on the whole product: each confirmed to three helpers, until the message is out.

.venv/bin/python bench/offers.py [--emergencies 50] [--seconds 60] [--helpers 2000] [--save]

PostgreSQL, Redis, two web processes, the clock and a Celery worker; the telephone network is the simulated one. For
each alarm an operator reads the list of whom to ask and sends to the first three. Measured from the confirm until the
short message lies in the gateway, as seen by somebody who looks 50 times a second. Nobody answers, so that calls and
next rounds of the earlier ones go on beside the later ones; how late the machine takes those steps is measured too.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
from rig import Rig, percentile, report, rig
from sqlalchemy import select, update

from dispatch.models.bulk import analyze, insert_many
from dispatch.models.cases import CaseEvent
from dispatch.models.places import Area, Household
from dispatch.models.workforce import Worker, WorkerArea, WorkerPosition, WorkerShift, WorkerSkill
from tests.support.load import centre_over

LOOK = 0.02
GATEWAY = "SELECT reference, phone FROM sim_traffic WHERE reference LIKE 'offer_urgent:%%:sms' AND direction = 'in'"
AFTER = 20
"""Seconds that are waited for what the last ones still do."""


@dataclass
class Seen:
    """What happened to one emergency. Seconds."""

    case_id: int = 0
    asked: list[int] = field(default_factory=list)
    listed: float = 0.0
    confirmed: float = 0.0
    """The moment of the confirm."""
    answered: float = 0.0
    """How long the answer to it took."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emergencies", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--helpers", type=int, default=2_000)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    with rig(given.emergencies, webs=2) as ours:
        employ(ours, given.helpers)
        table, note = measure(ours, given.emergencies, given.seconds)
    report("offers", table, save=given.save, note=note)


def employ(ours: Rig, helpers: int) -> None:
    """Helpers for emergencies all over a city of some kilometres, on shift all day, each with a fresh place."""
    chance = random.Random(7)
    centre = centre_over(ours.postgres.url(ours.database), ours.product.data_dir)
    now = datetime.now(UTC)
    with centre.database.sessions.begin() as session:
        area = session.scalars(select(Area.id).where(Area.level == 5)).first()
        ids = range(1, helpers + 1)
        common = {"kind": "rescue", "sex": "F", "languages": [], "capacity": 9, "active": True, "version": 1}
        workers = [{"id": n, "name": f"W{n}", "phone": f"137{n:08d}", "area_id": area, **common} for n in ids]
        insert_many(session, Worker, workers)
        skill = {"skill": "emergency", "level": 2, "certificate": "N", "valid_until": None}
        insert_many(session, WorkerSkill, [{"worker_id": n, **skill} for n in ids])
        insert_many(session, WorkerArea, [{"worker_id": n, "area_id": area} for n in ids])
        day = {"starts": "00:00", "ends": "00:00"}
        insert_many(session, WorkerShift, [{"worker_id": n, "weekday": d, **day} for n in ids for d in range(7)])
        spots = [{"worker_id": n, **_spot(chance), "accuracy_m": 20.0, "at": now + timedelta(minutes=2)} for n in ids]
        insert_many(session, WorkerPosition, spots)
        for home in session.scalars(select(Household.id)).all():
            session.execute(update(Household).where(Household.id == home).values(_spot(chance)))
        analyze(session, Worker, WorkerSkill, WorkerArea, WorkerShift, WorkerPosition, Household)
    centre.database.engine.dispose()


def _spot(chance: random.Random) -> dict[str, float]:
    return {"lat": 30 + chance.uniform(-0.04, 0.04), "lon": 120 + chance.uniform(-0.04, 0.04)}


def measure(ours: Rig, emergencies: int, seconds: float) -> tuple[list[dict[str, Any]], str]:
    gateway = Gateway(ours.postgres.dsn(ours.database))
    gateway.start()
    chance = random.Random(3)
    starts = sorted(chance.uniform(0, seconds) for _ in range(emergencies))
    began = time.time()

    def one(home: int) -> Seen:
        time.sleep(max(0.0, began + starts[home] - time.time()))
        url = ours.product.url(f"web{home % 2 + 1}")
        return emergency(url, ours, home)

    with ThreadPoolExecutor(emergencies) as desks:
        seen = list(desks.map(one, range(emergencies)))
    time.sleep(AFTER)
    arrived = gateway.stop()
    offers, late = asked(ours)
    sent, wrong = [], 0
    for one_ in seen:
        found = {worker: arrived.get(reference) for worker, reference in offers.get(one_.case_id, {}).items()}
        wrong += set(found) != set(one_.asked) or None in found.values()
        sent += [at - one_.confirmed for at in found.values() if at is not None]
    rows = [
        line("the list of whom to ask", [one_.listed for one_ in seen]),
        line("answer to the confirm", [one_.answered for one_ in seen]),
        line("confirm to message in the gateway", sent),
        line("the machine's own steps, after their time", late),
    ]
    return rows, f"{emergencies} emergencies in {seconds:g} s; asked others than confirmed, or not reached: {wrong}"


def line(what: str, seconds: list[float]) -> dict[str, Any]:
    shares = {"p50 ms": 0.5, "p99 ms": 0.99, "max ms": 1.0}
    found = {name: percentile(seconds, share) * 1000 for name, share in shares.items()}
    return {"measured": what, "n": len(seconds), **found}


def emergency(url: str, ours: Rig, home: int) -> Seen:
    """The alarm, and an operator who looks and sends."""
    found = Seen()
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {ours.city.token}"
        alarm = http.post("/signals", json={"device": ours.city.device(home), "kind": "sos"}).raise_for_status()
        found.case_id = int(alarm.json()["case_id"])
        at = time.perf_counter()
        best = http.get(f"/cases/{found.case_id}/candidates").raise_for_status().json()["items"][:3]
        found.listed = time.perf_counter() - at
        found.asked = [int(one["worker"]["id"]) for one in best]
        found.confirmed = time.time()
        wanted = {"mode": "parallel", "workers": [str(one) for one in found.asked]}
        http.post(f"/cases/{found.case_id}/offers", json=wanted).raise_for_status()
        found.answered = time.time() - found.confirmed
    return found


class Gateway(threading.Thread):
    """Looks which messages have come, and when."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self._dsn = dsn
        self._arrived: dict[str, float] = {}
        self._over = threading.Event()

    def run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._over.wait(LOOK):
                rows = connection.execute(GATEWAY).fetchall()
                at = time.time()
                for reference, _ in rows:
                    self._arrived.setdefault(reference, at)

    def stop(self) -> dict[str, float]:
        self._over.set()
        self.join()
        return self._arrived


def asked(ours: Rig) -> tuple[dict[int, dict[int, str]], list[float]]:
    """By case: the first helpers and the reference of their message; and by how much each later step was late."""
    with psycopg.connect(ours.postgres.dsn(ours.database)) as connection:
        rows = connection.execute("SELECT case_id, worker_id, id FROM offers WHERE round = 1").fetchall()
    offers: dict[int, dict[int, str]] = {}
    for case_id, worker_id, offer_id in rows:
        offers.setdefault(case_id, {})[worker_id] = f"offer_urgent:{offer_id}:sms"
    centre = centre_over(ours.postgres.url(ours.database), ours.product.data_dir)
    with centre.database.reads() as session:
        steps = select(CaseEvent).where(CaseEvent.kind.in_(("offers_sent", "offer_call"))).order_by(CaseEvent.id)
        events = session.scalars(steps).all()
    centre.database.engine.dispose()
    due: dict[int, datetime] = {}
    late = []
    for event in events:
        if event.case_id in due:
            late.append((event.at - due[event.case_id]).total_seconds())
        due[event.case_id] = datetime.fromisoformat(event.data["until"])
    return offers, late


if __name__ == "__main__":
    main()
