"""`dispatch keys`: what telephones and identity numbers are sealed with."""

from __future__ import annotations

import sys

import click

from dispatch.cli.admin import open_centre
from dispatch.cli.serving import serving_settings
from dispatch.domain.datakeys import new_key
from dispatch.models.sealed import keyring
from dispatch.services.register import keys as register


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


@keys.command("check")
def check() -> None:
    """Fail unless DISPATCH_DATA_KEYS opens what this database holds. What serves does the same at its start."""
    serving_settings()


@keys.command("rotate")
def rotate() -> None:
    """Seal everything again under the first of DISPATCH_DATA_KEYS.

    Put the new key in front of the old one, restart all processes, run this, and take the old key away when
    `dispatch doctor` says that nothing needs it. It may be interrupted and run again; the centre works meanwhile.
    """
    centre = open_centre()
    click.echo(f"The active key is {keyring().active.id}.")
    broken = 0
    last = None
    for step in register.rotate(centre):
        if last is not None and last.column != step.column:
            click.echo()
            broken += last.broken
        click.echo(f"\r{step.column}: {step.done} of {step.total}", nl=False)
        last = step
    if last is not None:
        click.echo()
        broken += last.broken
    click.echo("Done." if not broken else f"Done, but {broken} values could not be opened and stay as they are.")
    if broken:
        sys.exit(1)
