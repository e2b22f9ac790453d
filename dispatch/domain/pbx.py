"""The calls that this centre makes through an exchange: how they are named, and how their ends are told. Pure."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

OURS = "dispatch-"
SOURCE = "asterisk:"
"""Before the Linkedid of each call that comes in, so that no other exchange can mean the same call."""
DIALABLE = re.compile(r"\+?[0-9*#]{2,20}")
"""Anything else could be a word of the exchange's own."""


class Sort(StrEnum):
    """What a call of ours is."""

    READS = "v"
    """A text is read to whoever picks up."""
    TALKS = "c"
    """The telephone at a desk rings first, then the other."""
    JOINS = "j"
    """A third one comes into a conversation."""


def channel_of(reference: str) -> str:
    """The name under which the exchange knows the call of this message: the same for every try, so that two cannot ring
    at once."""
    sort = {"call": Sort.TALKS, "join": Sort.JOINS}.get(reference.partition(":")[0], Sort.READS)
    return f"{OURS}{sort.value}-{hashlib.sha256(reference.encode()).hexdigest()[:24]}"


def sort_of(channel: str) -> Sort | None:
    """None: it is not ours."""
    if not channel.startswith(OURS):
        return None
    letter = channel.removeprefix(OURS)[:1]
    return Sort(letter) if letter in set(Sort) else None
