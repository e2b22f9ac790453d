"""`dispatch web`, `worker`, `clock`: the production processes, one each."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from dispatch import bootstrap
from dispatch.settings import Settings


def checked_settings() -> Settings:
    try:
        return bootstrap.settings()
    except bootstrap.StartRefused as error:
        raise click.ClickException(str(error)) from error


@click.command()
def web() -> None:
    """HTTP and Socket.IO on DISPATCH_HOST and DISPATCH_PORT."""
    from dispatch.web import run  # noqa: PLC0415 -- gunicorn reads the command line when imported elsewhere

    run(checked_settings())


@click.command()
@click.option("--queues", default="urgent,default,bulk", show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 64), default=8, show_default=True)
def worker(queues: str, concurrency: int) -> None:
    """Outward work: messages, calls."""
    from dispatch.worker import run_worker  # noqa: PLC0415 -- the web process must not load Celery's worker

    run_worker(checked_settings(), queues.split(","), concurrency)


@click.command()
def clock() -> None:
    """Deadlines, hand-over of messages, auditor. Start two: one works, the other stands by."""
    from dispatch.worker import run_clock  # noqa: PLC0415 -- as above

    signal.signal(signal.SIGTERM, _leave)
    run_clock(checked_settings())


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
