"""Settings for a command: refused in one line where they are missing or unsafe."""

from __future__ import annotations

import click

from dispatch.bootstrap.process import StartRefused, settings
from dispatch.settings import Settings


def checked_settings() -> Settings:
    try:
        return settings()
    except StartRefused as error:
        raise click.ClickException(str(error)) from error
