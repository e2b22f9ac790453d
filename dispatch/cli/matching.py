"""`dispatch matching`: try other points on past matches before they are put in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from dispatch.cli.admin import open_centre
from dispatch.domain.helps.rules import REPLAYED
from dispatch.services.helps.replay import MOST, Trial
from dispatch.services.helps.replay import replay as over_again

LINES = 20


@click.group()
def matching() -> None:
    """Whom to ask: the points of config/matching.yaml."""


@matching.command("replay")
@click.option(
    "--weights", "file", metavar="FILE", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--last", type=click.IntRange(1, MOST), default=200, show_default=True, help="So many matches.")
@click.option("--emergency", is_flag=True, help="Matches of emergencies, whose points stand under `emergency`.")
def replay(file: Path, last: int, emergency: bool) -> None:
    """Who would have been first in the last matches under the points of FILE: matching.yaml, changed, or a part of it.

    Nothing is changed. To put them in force, change config/matching.yaml and start the centre again.
    """
    centre = open_centre()
    trial = Trial(last, emergency)
    try:
        said = yaml.safe_load(file.read_text("utf-8")) or {}
        tuned = trial.in_force(centre).tuned(said.get("emergency", {}) if emergency else said)
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    found = over_again(centre, tuned, trial)
    click.echo(f"{found['matches']} matches; another one first in {found['changed']}. Tried: {', '.join(REPLAYED)}.")
    click.echo(f"{'':10}{'minutes':>10}{'continuity':>12}{'Gini':>8}")
    for name in ("before", "after"):
        click.echo(_line(name, found[name]))
    for one in found["cases"][:LINES]:
        before, after = one["before"], one["after"]
        click.echo(f"case {one['case_id']}: {_who(before)} -> {_who(after)}")


def _line(name: str, one: dict[str, Any]) -> str:
    minutes = "-" if one["minutes"] is None else f"{one['minutes']:.1f}"
    return f"{name:10}{minutes:>10}{one['continuity']:>12.0%}{one['gini']:>8.2f}"


def _who(one: dict[str, Any]) -> str:
    """By number: a terminal's log is no place for names."""
    minutes = "?" if one["minutes"] is None else f"{one['minutes']:g}"
    return f"helper {one['id']} ({minutes} min, {one['visits']} visits)"
