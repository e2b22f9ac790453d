"""How late escalations are: 10,000 cases wait with their deadlines spread over one minute.

.venv/bin/python bench/timers.py [--pending 10000] [--seconds 60] [--save]

Late is measured to the commit of the firing, as PostgreSQL itself stamped it, not to the moment the clock looked. Two
web processes push what fires to the consoles, as they do in production. Each case waits since ten minutes under the
policy of P3, so its first step falls due once within the minute.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from rig import Rig, percentile, report, rig
from sqlalchemy import insert, text

from dispatch.domain.case import Channel, Kind, State
from dispatch.domain.escalation import Due
from dispatch.models.cases import Case
from tests.support.load import centre_over

PRIORITY = 3
LEAD = 12.0
"""Seconds between the insert and the first deadline."""
COMMITTED = text(
    "SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - (data->>'due_at')::timestamptz),"
    " extract(epoch FROM at - (data->>'due_at')::timestamptz)"
    " FROM case_events WHERE once_key LIKE 'escalate:%'"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pending", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    with rig(options.pending, webs=2, track_commit_timestamp="on") as ours:
        late = run(ours, options.pending, options.seconds)
    table = [{"lateness of": what, "fired": len(values), **row(values)} for what, values in late.items()]
    report("timers", table, save=options.save, note=f"{options.pending} deadlines over {options.seconds:.0f} s")


def run(ours: Rig, pending: int, seconds: float) -> dict[str, list[float]]:
    centre = centre_over(ours.postgres.url(ours.database), ours.product.data_dir)
    start = datetime.now(UTC) + timedelta(seconds=LEAD)
    policy = centre.policies[PRIORITY]
    cases = [
        waiting_case(home, start + timedelta(seconds=seconds * home / pending), policy.steps[0].after)
        | {"policy": policy.dump()}
        for home in range(pending)
    ]
    with centre.database.sessions.begin() as session:
        session.execute(insert(Case), cases)
    with centre.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE cases"))
    if datetime.now(UTC) > start:
        raise RuntimeError("the machine is too slow to insert the cases before the first deadline")
    time.sleep((start - datetime.now(UTC)).total_seconds() + seconds + 5)
    with centre.database.reads() as session:
        found = [(float(commit), float(look)) for commit, look in session.execute(COMMITTED)]
    centre.database.engine.dispose()
    if len(found) != pending:
        raise RuntimeError(f"{len(found)} of {pending} fired")
    return {"the commit": [commit for commit, _ in found], "the look": [look for _, look in found]}


def waiting_case(home: int, due_at: datetime, after: int) -> dict[str, Any]:
    since = due_at - timedelta(seconds=after)
    return {
        "kind": Kind.EMERGENCY,
        "cause": "door",
        "channel": Channel.DEVICE,
        "priority": PRIORITY,
        "state": State.NEW,
        "version": 1,
        "household_id": home + 1,
        "opened_at": since,
        "waiting_since": since,
        "changed_at": since,
        "due": Due.ESCALATE,
        "next_due_at": due_at,
        "flags": [],
        "signals": 1,
    }


def row(seconds: list[float]) -> dict[str, float]:
    shares = {"p50 ms": 0.5, "p99 ms": 0.99, "p99.9 ms": 0.999}
    return {name: percentile(seconds, share) * 1000 for name, share in shares.items()} | {"max ms": max(seconds) * 1000}


if __name__ == "__main__":
    main()
