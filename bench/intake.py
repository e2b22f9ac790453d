"""Durable alarms a second: each opens a case of its own home and is answered after the commit is on the disk.

.venv/bin/python bench/intake.py [--webs 2] [--connections 16] [--seconds 15] [--save]
"""

from __future__ import annotations

import argparse

from rig import generate, report, rig, summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--webs", type=int, default=2)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--homes", type=int, default=60_000)
    parser.add_argument("--only-web", action="store_true", help="without clock and worker")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    table, first = [], 0
    with rig(options.homes, options.webs, () if options.only_web else ("clock", "worker")) as ours:
        first = len(generate(ours.load(connections=4, seconds=3))["took"])
        ours.postgres.execute("VACUUM ANALYZE", ours.database)  # as autovacuum does within a minute
        for connections in options.connections:
            result = generate(ours.load(connections=connections, seconds=options.seconds, first=first))
            first += sum(result["statuses"].values())
            table.append({"connections": connections, "webs": options.webs, **summary(result)})
    report("intake", table, save=options.save)


if __name__ == "__main__":
    main()
