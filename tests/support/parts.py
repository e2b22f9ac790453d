"""Programs that tests need and that may be missing: locally a skip that says so, in CI a failure."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Bytes that must be free there: a database of the tests takes 13 MB, the log of its server up to 256."""


def missing(what: str) -> NoReturn:
    """In CI a missing part is a failure: a green run that tested nothing would lie."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must test this, and it is missing: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def program(variable: str, *names: str) -> Path | None:
    """What ./test found and put into ``variable``, else the first of the names on the PATH."""
    if given := os.environ.get(variable):
        return Path(given)
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def roomy_memory() -> Path | None:
    """Where files lie in memory, if there is room; a container often has but 64 MB."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None
