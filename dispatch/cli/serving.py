"""Settings for a command that serves: refused too where its data keys are not those of the database."""

from __future__ import annotations

import click

from dispatch.bootstrap.centre import refuse_wrong_keys
from dispatch.bootstrap.process import StartRefused, configure_logging
from dispatch.cli.checked import checked_settings
from dispatch.settings import Settings


def serving_settings() -> Settings:
    chosen = checked_settings()
    configure_logging()
    try:
        refuse_wrong_keys(chosen)
    except StartRefused as error:
        raise click.ClickException(str(error)) from error
    return chosen
