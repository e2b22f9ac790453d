"""`dispatch worker` and `dispatch clock`."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from dispatch.cli.serving import serving_settings
from dispatch.worker import run_clock, run_worker


@click.command()
@click.option("--queues", default="urgent,default,bulk", show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 64), default=8, show_default=True)
def worker(queues: str, concurrency: int) -> None:
    """Outward work: messages, calls."""
    run_worker(serving_settings(), queues.split(","), concurrency)


@click.command()
def clock() -> None:
    """Deadlines, hand-over of messages, auditor. Start two: one works, the other stands by."""
    signal.signal(signal.SIGTERM, _leave)
    run_clock(serving_settings())


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
