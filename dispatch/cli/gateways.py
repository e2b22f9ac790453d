"""`dispatch gateways`: the addresses that a gateway of HTTP must be told."""

from __future__ import annotations

import click

from dispatch.cli.checked import checked_settings
from dispatch.domain.sms import CLOUDS, Kind
from dispatch.settings import load_sms

FIELDS = "from=%p&text=%b&charset=%C&id=%I"


@click.command()
def gateways() -> None:
    """The chosen ways for short messages, and where each brings texts. It shows secrets: mind who looks on."""
    chosen = checked_settings()
    known = load_sms(chosen.config_dir).gateways
    for name in chosen.ways:
        if name not in known:
            click.echo(f"{name}: nothing to set up")
        elif known[name].kind is Kind.SMPP:
            click.echo(f"{name}: {known[name].address}, texts come by the same connection")
        elif known[name].kind in CLOUDS:
            for what in ("receipts", "texts"):
                base = f"{chosen.sms_callback_url.rstrip('/')}/gateways/sms/{name}"
                click.echo(f"{name}: {what} = {base}/{what}?secret={chosen.callback_secret(name)}")
        else:
            base = f"{chosen.sms_callback_url.rstrip('/')}/gateways/sms/{name}"
            click.echo(f'{name}: get-url = "{base}/text?secret={chosen.callback_secret(name)}&{FIELDS}"')
