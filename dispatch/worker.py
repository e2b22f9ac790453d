"""The background processes: Celery's worker and the clock."""

from __future__ import annotations

import os
from collections.abc import Sequence

from dispatch.bootstrap.background import bind_tasks, clock_of
from dispatch.bootstrap.process import configure_logging
from dispatch.settings import Settings
from dispatch.workers import tasks

BEHIND = 5
"""Niceness: where there is not processor enough for all, an alarm is taken in before an older one is escalated, and
whoever takes in gets three times what these get. They are never starved by it.
"""


def run_worker(settings: Settings, queues: Sequence[str], concurrency: int) -> None:
    """Threads rather than processes: the tasks wait for the network, and a process costs 60 MB."""
    os.nice(BEHIND)
    configure_logging()
    bind_tasks(settings)
    tasks.app.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=threads",
            f"--concurrency={concurrency}",
            f"--queues={','.join(queues)}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=WARNING",
        ]
    )


def run_clock(settings: Settings) -> None:
    os.nice(BEHIND)
    configure_logging()
    clock_of(settings).run()
