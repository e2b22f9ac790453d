"""The files themselves: private, sealed, in a folder of the data directory, removed when nobody needs them any more."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dispatch.domain.errors import Invalid
from dispatch.models.sealed import CannotOpen, keyring
from dispatch.services.centre import Centre
from dispatch.services.imports.limits import LARGEST_FILE, LARGEST_WORKBOOK, ZIP, Unreadable

PIECE = 1 << 20
LENGTH = 4


@dataclass(frozen=True)
class Stored:
    path: Path
    size: int
    digest: str
    start: bytes
    """Its first bytes, in which its kind shows."""


def folder(centre: Centre) -> Path:
    found = centre.data_dir / "imports"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(centre: Centre, import_id: int) -> Path:
    return folder(centre) / str(import_id)


def receive(centre: Centre, source: IO[bytes]) -> Stored:
    """Keep ``source`` sealed, under a name that nobody gave it. Raises ``Invalid`` for one that is too large."""
    descriptor, name = tempfile.mkstemp(prefix="new-", dir=folder(centre))
    path, hashed, size, start = Path(name), hashlib.sha256(), 0, b""
    mark = secrets.token_bytes(16)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(mark)
            number = 0
            while piece := source.read(PIECE):
                start = start or piece[:4096]
                size += len(piece)
                _refuse_large(size, start)
                hashed.update(piece)
                sealed = keyring().seal_bytes(piece, _place(mark, number))
                file.write(len(sealed).to_bytes(LENGTH, "big") + sealed)
                number += 1
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Stored(path, size, hashed.hexdigest(), start)


def _refuse_large(size: int, start: bytes) -> None:
    largest = LARGEST_WORKBOOK if start.startswith(ZIP) else LARGEST_FILE
    if size > largest:
        raise Invalid("file", "too-large", f"the largest is {largest // 1024**2} MB: send several")


def _place(mark: bytes, number: int) -> str:
    return f"imports:{mark.hex()}:{number}"


@contextmanager
def opened(centre: Centre, import_id: int, digest: str) -> Iterator[IO[bytes]]:
    """The file as it was sent, in a temporary file without a name. Raises ``Unreadable`` when it is gone or changed."""
    path = path_of(centre, import_id)
    if not path.exists():
        raise Unreadable("file_gone")
    with tempfile.TemporaryFile(dir=folder(centre)) as plain:
        hashed = hashlib.sha256()
        try:
            for piece in _pieces(path):
                hashed.update(piece)
                plain.write(piece)
        except CannotOpen as error:
            raise Unreadable("file_changed") from error
        if hashed.hexdigest() != digest:
            raise Unreadable("file_changed")
        plain.seek(0)
        yield plain


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        mark = file.read(16)
        number = 0
        while length := file.read(LENGTH):
            sealed = file.read(min(int.from_bytes(length, "big"), 2 * PIECE))
            yield keyring().open_bytes(sealed, _place(mark, number))
            number += 1


def remove(centre: Centre, import_id: int) -> None:
    path_of(centre, import_id).unlink(missing_ok=True)
