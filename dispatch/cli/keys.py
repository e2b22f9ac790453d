"""`dispatch keys`: what telephones and identity numbers are sealed with."""

from __future__ import annotations

import click

from dispatch.domain.datakeys import new_key


@click.group()
def keys() -> None:
    """The data keys, which telephones and identity numbers are sealed with."""


@keys.command("new")
@click.argument("key_id", default="k1")
def new(key_id: str) -> None:
    """Print a fresh key for DISPATCH_DATA_KEYS; KEY_ID (k1) names it in what it seals."""
    try:
        click.echo(new_key(key_id))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
