"""Settings for a command: refused in one line where they are missing or unsafe."""

from __future__ import annotations

import click

from dispatch import bootstrap
from dispatch.settings import Settings


def checked_settings() -> Settings:
    try:
        return bootstrap.settings()
    except bootstrap.StartRefused as error:
        raise click.ClickException(str(error)) from error


def serving_settings() -> Settings:
    """Of a process that serves: refused too where its data keys are not those of the database."""
    chosen = checked_settings()
    bootstrap.configure_logging()
    try:
        bootstrap.refuse_wrong_keys(chosen)
    except bootstrap.StartRefused as error:
        raise click.ClickException(str(error)) from error
    return chosen
