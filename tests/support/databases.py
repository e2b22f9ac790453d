"""Fresh databases with the present schema, quickly: migrated once per run, copied for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.factories import DATA_KEYS, SECRET
from tests.support.postgres import Postgres

DISPATCH = str(Path(sys.executable).with_name("dispatch"))
TEMPLATE = "dispatch_template"


def migrate(url: str, data_dir: Path) -> None:
    env = {
        **os.environ,
        "DISPATCH_DATABASE_URL": url,
        "DISPATCH_DATA_DIR": str(data_dir),
        "DISPATCH_SECRET_KEY": SECRET,
        "DISPATCH_DATA_KEYS": DATA_KEYS,
    }
    done = subprocess.run([DISPATCH, "db", "upgrade"], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"dispatch db upgrade on {url}:\n{done.stdout}{done.stderr}")


def sqlite_template(directory: Path) -> Path:
    path = directory / "template.db"
    migrate(f"sqlite:///{path}", directory)
    return path


def copy_sqlite(template: Path, directory: Path) -> str:
    path = directory / "dispatch.db"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    for suffix in ("", "-wal"):
        source = template.with_name(template.name + suffix)
        if source.exists():
            shutil.copyfile(source, path.with_name(path.name + suffix))
    return f"sqlite:///{path}"


def postgres_template(server: Postgres, directory: Path) -> str:
    server.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(server.url(TEMPLATE), directory)
    return TEMPLATE
