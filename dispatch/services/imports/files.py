"""The files themselves: private, sealed, in a folder of the data directory, removed when nobody needs them any more."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dispatch.domain.errors import Invalid
from dispatch.models.sealed import CannotOpen, keyring
from dispatch.services.centre import Centre
from dispatch.services.imports.limits import LARGEST_FILE, LARGEST_WORKBOOK, ZIP, Unreadable

PIECE = 1 << 20
MARK, LENGTH = 16, 4
"""Bytes in front of a file, which tell it from all others, and in front of each of its pieces."""


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
    hashed, size, start = hashlib.sha256(), 0, b""

    def pieces() -> Iterator[bytes]:
        nonlocal size, start
        while piece := source.read(PIECE):
            start = start or piece[:4096]
            size += len(piece)
            _refuse_large(size, start)
            hashed.update(piece)
            yield piece

    path = _keep(centre, secrets.token_bytes(MARK), pieces())
    return Stored(path, size, hashed.hexdigest(), start)


def _keep(centre: Centre, mark: bytes, pieces: Iterable[bytes]) -> Path:
    """A new file, on the disk when this returns; nothing is left of one that fails."""
    descriptor, name = tempfile.mkstemp(prefix="new-", dir=folder(centre))
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(mark)
            for number, piece in enumerate(pieces):
                sealed = keyring().seal_bytes(piece, _place(mark, number))
                file.write(len(sealed).to_bytes(LENGTH, "big") + sealed)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


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
        mark = file.read(MARK)
        for number, sealed in enumerate(_sealed(file)):
            yield keyring().open_bytes(sealed, _place(mark, number))


def _sealed(file: IO[bytes]) -> Iterator[bytes]:
    while length := file.read(LENGTH):
        yield file.read(min(int.from_bytes(length, "big"), 2 * PIECE))


def stored(centre: Centre) -> list[Path]:
    """Everything that lies there: files by the ids of their imports, and such as are still being received."""
    return sorted(folder(centre).iterdir())


def keys(centre: Centre) -> dict[str, str]:
    """By the name of each waiting file, the id of the data key that has sealed it."""
    found = {}
    for path in stored(centre):
        with suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(MARK)
            if path.name.isdigit() and (first := next(_sealed(file), None)):
                found[path.name] = first.partition(b".")[0].decode("ascii", "replace")
    return found


def resealed(centre: Centre, import_id: int) -> Path:
    """A copy under the active key, to be put in the file's place. Raises ``CannotOpen``, ``FileNotFoundError``."""
    path = path_of(centre, import_id)
    with path.open("rb") as file:
        return _keep(centre, file.read(MARK), _pieces(path))


def remove(centre: Centre, import_id: int) -> None:
    path_of(centre, import_id).unlink(missing_ok=True)
