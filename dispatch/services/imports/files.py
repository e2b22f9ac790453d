"""The files themselves: private, in a folder of the data directory, removed when nobody needs them any more."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dispatch.domain.errors import Invalid
from dispatch.services.centre import Centre
from dispatch.services.imports.limits import LARGEST_FILE

PIECE = 1 << 20


@dataclass(frozen=True)
class Stored:
    path: Path
    size: int
    digest: str


def folder(centre: Centre) -> Path:
    found = centre.data_dir / "imports"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(centre: Centre, import_id: int) -> Path:
    return folder(centre) / str(import_id)


def receive(centre: Centre, source: IO[bytes]) -> Stored:
    """Keep ``source`` under a name that nobody gave it. Raises ``Invalid`` for one that is too large."""
    descriptor, name = tempfile.mkstemp(prefix="new-", dir=folder(centre))
    path, hashed, size = Path(name), hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            while piece := source.read(PIECE):
                size += len(piece)
                if size > LARGEST_FILE:
                    raise Invalid(
                        "file", "too-large", f"the largest file is {LARGEST_FILE // 1024**2} MB: send several"
                    )
                hashed.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Stored(path, size, hashed.hexdigest())


def unchanged(path: Path, digest: str) -> bool:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hashed.update(piece)
    return hashed.hexdigest() == digest


def remove(centre: Centre, import_id: int) -> None:
    path_of(centre, import_id).unlink(missing_ok=True)
