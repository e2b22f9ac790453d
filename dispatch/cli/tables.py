"""`dispatch import`: a table into the register, with its progress on the terminal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from dispatch.cli.admin import open_centre
from dispatch.domain.actor import Actor
from dispatch.domain.errors import DispatchError
from dispatch.domain.imports.state import ImportState
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.imports import row_faults, run, sheets, uploads

SHOWN = 20


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["elders", "devices", "workers"]), required=True)
@click.option("--apply/--dry-run", "apply_it", default=False, help="Write it, or only say what would happen (default).")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write the wrong rows into this .csv.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def import_(file: Path, kind: str, apply_it: bool, errors: Path | None, lang: str) -> None:
    """Check FILE (.xlsx or .csv) and bring it in: all of its right rows, or nothing."""
    centre = open_centre()
    who = _administrator(centre)
    try:
        with file.open("rb") as source:
            brought = uploads.upload(centre, who, uploads.Upload(kind, file.name, source), _now())
        found = _work(centre, who, brought, lang)
        _say(found)
        if found["summary"]["errors"]:
            _wrong_rows(centre, who, found, lang, errors)
        if not apply_it:
            uploads.cancel(centre, who, int(found["id"]), None, _now())
            return
        uploads.apply(centre, who, int(found["id"]), None, _now())
        found = _work(centre, who, found, lang)
    except DispatchError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Applied. {found['summary']['duplicates']} pairs of elders look alike.")


def _now() -> datetime:
    return datetime.now(UTC)


def _administrator(centre: Centre) -> Actor:
    """Whoever can run commands on the server may write in every area; the trail says that it was a command."""
    with centre.database.reads() as session:
        paths = tuple(session.scalars(select(Area.path).where(Area.parent_id.is_(None))))
    return Actor("command", "import", "dispatch import", paths=paths)


def _work(centre: Centre, who: Actor, brought: dict[str, Any], lang: str) -> dict[str, Any]:
    """Here and now, in this process; raises ClickException for a file that cannot be used."""
    terminal = sys.stderr.isatty()

    def tick() -> datetime:
        # The work asks for the time with each chunk: a good moment to say how far it is.
        if terminal:
            progress = uploads.find(centre, who, int(brought["id"]))["progress"]
            click.echo(f"\r{progress['done']:,} rows", nl=False, err=True)
        return _now()

    run.run(centre, int(brought["id"]), tick)
    if terminal:
        click.echo("\r", nl=False, err=True)
    found = uploads.find(centre, who, int(brought["id"]))
    if found["state"] not in (ImportState.CHECKED, ImportState.APPLIED):
        fault = found["fault"] or {"code": "gave_up", "data": {}}
        raise click.ClickException(centre.templates.say(fault["code"], fault["data"], lang))
    return found


def _say(found: dict[str, Any]) -> None:
    summary = found["summary"]
    click.echo(
        f"{summary['rows']:,} rows: {summary['new']:,} new, {summary['changed']:,} changed,"
        f" {summary['same']:,} the same, {summary['errors']:,} errors"
    )


def _wrong_rows(centre: Centre, who: Actor, found: dict[str, Any], lang: str, errors: Path | None) -> None:
    import_id = int(found["id"])
    if errors is not None:
        with errors.open("xb") as file:
            sheets.written(sheets.as_csv(row_faults.to_mend(centre, who, import_id, lang, _now())), file)
        click.echo(f"Wrote the wrong rows to {errors}.")
        return
    wanted = row_faults.Wanted(import_id, "error", PageOf(SHOWN, None), lang)
    for row in row_faults.page(centre, who, wanted)["items"]:
        click.echo(f"  row {row['row']}: " + "; ".join(fault["text"] for fault in row["faults"]))
