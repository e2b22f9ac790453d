"""`dispatch areas`: the tree of divisions."""

from __future__ import annotations

from pathlib import Path

import click

from dispatch.cli.admin import open_centre
from dispatch.domain.errors import DispatchError
from dispatch.services.register import areas as register
from dispatch.services.register import outlines as register_outlines


@click.group()
def areas() -> None:
    """The tree of divisions: city, counties, sub-districts, communities, grids."""


@areas.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Add what FILE (code,name,level,parent,lon,lat) has and the tree has not, and mend names and points by code.

    All or nothing, and safe to repeat. config/areas/jixi.csv holds the divisions of Jixi down to the sub-districts.
    """
    try:
        done = register.load(open_centre(), register.read_divisions(file))
    except (DispatchError, UnicodeDecodeError) as error:
        raise click.ClickException(error.detail if isinstance(error, DispatchError) else "not UTF-8") from error
    click.echo(f"{done.new} new, {done.changed} changed, {done.same} as they were.")


@areas.command("outlines")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--publish", is_flag=True, help="Show it on the map from now on.")
def outlines(file: Path, publish: bool) -> None:
    """Check the outlines of areas in FILE: GeoJSON, polygons with `code` or `name`. The map draws what is published."""
    centre = open_centre()
    try:
        found, unknown = register_outlines.check(centre, file)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(found['features'])} outlines.")
    if unknown:
        click.echo(f"No area of this centre has the code {', '.join(unknown[:20])}.")
    if publish:
        register_outlines.publish(centre, found)
        click.echo("Published.")
