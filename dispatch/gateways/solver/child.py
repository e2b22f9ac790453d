"""The child process: a task on standard input, lines of progress and the answer on standard output."""

from __future__ import annotations

import json
import logging
import resource
import sys
import warnings

from dispatch.gateways.solver.engine import solve
from dispatch.gateways.solver.task import Task


def main() -> None:
    """``python -m dispatch.gateways.solver.child``; ended by its parent when nobody wants the answer."""
    logging.getLogger("pyvrp").handlers.clear()  # it logs to standard output, which is the answer's
    warnings.simplefilter("ignore")  # "a penalty reached its maximum": some tasks hold more than fits
    for line in sys.stdin:
        asked = json.loads(line)
        resource.setrlimit(resource.RLIMIT_DATA, (asked["megabytes"] * 1_000_000, resource.RLIM_INFINITY))
        _say({"answer": solve(Task.of(asked["task"]), _tell).packed()})


def _tell(share: float) -> bool:
    _say({"share": share})
    return True


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
