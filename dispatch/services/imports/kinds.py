"""What each kind of table must be able to do; how it is done for elders, devices and workers stands beside this."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from dispatch.models.base import Base
from dispatch.services.centre import Centre
from dispatch.services.imports.areas import Areas
from dispatch.services.imports.bodies import Entry


@dataclass
class Ground:
    """What the rows of one import are held against, kept from chunk to chunk. Bounded: numbers alone, never texts."""

    centre: Centre
    import_id: int
    actor: tuple[str, str, str]
    """Kind, id and name of who brought the file."""
    paths: tuple[str, ...]
    areas: Areas
    today: date
    now: datetime
    seen: dict[int, int] = field(default_factory=dict)
    """Fingerprints of what must be unique in the file, with the number of the row that had it first."""
    homes: dict[int, int] | None = None
    """Fingerprints of area and address, with the household's id."""
    hung: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Devices that come out of the stock or move along, with the elder and the household they belong to from now on."""


class Table(Protocol):
    held_against: tuple[type[Base], ...]
    """What ``look`` asks."""
    names: tuple[str, str] | None
    """The columns in which a row names an elder: by identity number and by external id."""

    def look(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        """Find out who each row is about and what it would change: sets ``target``, ``changes`` and ``faults``."""

    def add(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        """Insert the rows that are new."""

    def change(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        """Write what ``changes`` names of rows that are there already."""

    def end(self, session: Session, ground: Ground) -> None:
        """Last of all, what an alarm would have to wait for: the row of a device is written by each of its messages."""


def fingerprint(*parts: object) -> int:
    """64 bits for what must be unique: the thing itself, a million times, would not fit into the memory we allow."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
