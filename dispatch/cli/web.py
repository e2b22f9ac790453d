"""`dispatch web`."""

from __future__ import annotations

import click

from dispatch.cli.checked import checked_settings
from dispatch.web import run


@click.command()
def web() -> None:
    """HTTP and Socket.IO on DISPATCH_HOST and DISPATCH_PORT."""
    run(checked_settings())
