"""`dispatch gateway`."""

from __future__ import annotations

import asyncio

import click

from dispatch.bootstrap.gateway import forget_gateway, gateway_of
from dispatch.bootstrap.process import StartRefused
from dispatch.cli.serving import serving_settings


@click.command()
@click.option("--forget", is_flag=True, help="Expect nothing of this process any more, and end. Its case is closed.")
def gateway(forget: bool) -> None:
    """Listeners for devices that do not speak HTTP: those that config/gateways.yaml switches on."""
    chosen = serving_settings()
    try:
        if forget:
            forget_gateway(chosen)
            return
        found = gateway_of(chosen)
    except StartRefused as error:
        raise click.ClickException(str(error)) from error
    asyncio.run(found.run())
