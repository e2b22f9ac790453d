"""The background processes: Celery's worker and the clock."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.bootstrap.background import bind_tasks, clock_of
from dispatch.bootstrap.process import configure_logging
from dispatch.settings import Settings
from dispatch.workers import tasks


def run_worker(settings: Settings, queues: Sequence[str], concurrency: int) -> None:
    """Threads rather than processes: the tasks wait for the network, and a process costs 60 MB."""
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
    configure_logging()
    clock_of(settings).run()
