"""What a file of ``config/`` may say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def only(body: Mapping[str, Any], keys: Iterable[str]) -> Mapping[str, Any]:
    """``body``, if it has no other keys. A comma without quotes makes keys that nobody meant: 120, 119 and 110."""
    foreign = sorted(set(map(str, body)) - set(keys))
    if foreign:
        raise ValueError(f"{foreign[0]!r} is unknown here: is a text with a comma or a colon in quotes?")
    return body
