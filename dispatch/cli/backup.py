"""`dispatch backup` and `dispatch restore`: one consistent file, taken while the centre works."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import click
from sqlalchemy import inspect
from sqlalchemy.engine import URL

from dispatch.cli.admin import open_centre
from dispatch.models.database import Database


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database into FILE, which must not exist. Signals in the spool are not part of it."""
    if file.exists():
        raise click.ClickException(f"{file} exists: name a new file")
    database = open_centre().database
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    if database.is_postgresql:
        _run("pg_dump", database.engine.url, "--format=custom", f"--file={part}")
    else:
        with closing(sqlite3.connect(_path(database))) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
    part.chmod(0o600)
    part.rename(file)  # a backup that was cut off does not bear the name of a backup
    click.echo(f"Wrote {file} ({file.stat().st_size:,} bytes).")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill an empty database from FILE. Nothing is ever overwritten: give it a new database or data directory."""
    database = open_centre().database
    if database.is_postgresql:
        if inspect(database.engine).get_table_names():
            raise click.ClickException(
                "this database is not empty: create a new one and point DISPATCH_DATABASE_URL to it"
            )
        _run("pg_restore", database.engine.url, "--exit-on-error", "--no-owner", str(file))
    else:
        path = _path(database)
        if path.exists():
            raise click.ClickException(f"{path} exists: give an empty DISPATCH_DATA_DIR")
        part = path.with_name(path.name + ".part")
        shutil.copyfile(file, part)
        with closing(sqlite3.connect(part)) as copy:
            if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise click.ClickException(f"{file} is damaged: use another backup")
        part.rename(path)
    click.echo("Restored. Run `dispatch db upgrade`, then `dispatch doctor`.")


def _path(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def _run(program: str, url: URL, *arguments: str) -> None:
    """PostgreSQL's own tool; the password goes by the environment, where other users of the machine cannot read it."""
    found = shutil.which(program)
    if found is None:
        raise click.ClickException(f"{program} is not installed (Debian: apt-get install postgresql-client)")
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(
        [found, f"--dbname={plain}", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(f"{program}: {done.stderr.strip().splitlines()[-1]}")
