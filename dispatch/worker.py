"""The background processes: Celery's worker and the clock."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch import bootstrap
from dispatch.settings import Settings
from dispatch.workers import tasks


def run_worker(settings: Settings, queues: Sequence[str], concurrency: int) -> None:
    """Threads rather than processes: the tasks wait for the network, and a process costs 60 MB."""
    bootstrap.configure_logging()
    bootstrap.bind_tasks(settings)
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
    bootstrap.configure_logging()
    bootstrap.clock(settings).run()
