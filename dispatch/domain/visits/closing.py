"""What closing a month means: who may sign it, what the signature is of, and what a correction may say. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class MonthFault(StrEnum):
    """What was wrong in a closed month."""

    VISITED = "visited"
    """Was visited, and it was not written down."""
    NOT_VISITED = "not_visited"
    """Was written down, and there was no visit."""
    NOT_LISTED = "not_listed"
    """Should not have been in the list."""
    LISTED = "listed"
    """Should have been in the list."""
    OTHER = "other"


OF_A_DAY = frozenset({MonthFault.VISITED, MonthFault.NOT_VISITED})


class SnapshotPurpose(StrEnum):
    """What a snapshot is for."""

    MID_TERM = "mid_term"
    FINAL = "final"
    OTHER = "other"


def signs(signature: str, name: str) -> bool:
    """Whether ``signature`` is the name of who signs, however it is spaced."""
    return "".join(signature.split()).casefold() == "".join(name.split()).casefold() != ""


def digest(parts: Iterable[Any]) -> str:
    """Of values that JSON can say, in their order: the same for the same, whatever wrote them down."""
    found = hashlib.sha256()
    for part in parts:
        found.update(json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
        found.update(b"\n")
    return found.hexdigest()
