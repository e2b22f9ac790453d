"""What a device said lately, read again: what it meant, and what it would mean under another mapping. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.overlay import is_alarm
from dispatch.domain.signals import SignalKind


@dataclass(frozen=True)
class Meaning:
    kind: SignalKind
    code: str | None = None


@dataclass(frozen=True)
class Kept:
    """One message as it was kept. ``source``: who handed it in; ``began``: states that were told as an alarm of it, and
    had therefore ended before, in messages that were not kept.
    """

    source: str
    raw: bytes
    at: datetime
    began: tuple[str, ...] = ()


@dataclass(frozen=True)
class Announcement:
    listener: str
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Whose:
    """The device whose messages they are, what it calls itself, and what it announced."""

    number: str
    model: str | None = None
    announced: tuple[Announcement, ...] = ()


@dataclass(frozen=True)
class Read:
    """One message, read under each of several mappings."""

    meant: tuple[tuple[Meaning, ...], ...] = ()
    """For each mapping in their order; signs of life are none."""
    words: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    """Properties a person may want to map, with their values."""
    models: tuple[str, ...] = ()
    """As the device calls itself in it, the most exact name first."""
    fault: str | None = None
    """Why it cannot be read."""


class Reader(Protocol):
    """Reads kept messages as the doors do by which they came."""

    def reads(self, source: str) -> str | None:
        """``mqtt`` or ``webhook``; None where what came by ``source`` is no matter of a mapping."""

    def read(self, whose: Whose, kept: Sequence[Kept], mappings: Sequence[DeviceMapping]) -> list[Read]:
        """Each of ``kept``, oldest first, after all before it. Raises nothing."""

    def classes(self, whose: Whose) -> dict[str, str]:
        """The device class that it announced for each property."""


@dataclass(frozen=True)
class Verdict:
    """Of one message: does the change touch it, and is an alarm lost or won by it?"""

    changed: bool
    lost: bool
    gained: bool

    @classmethod
    def of(cls, stored: Sequence[Meaning], before: Sequence[Meaning], after: Sequence[Meaning]) -> Verdict:
        was, would = _has_alarm([*stored, *before]), _has_alarm(after)
        return cls(list(before) != list(after), lost=was and not would, gained=would and not was)


def _has_alarm(meanings: Sequence[Meaning]) -> bool:
    return any(is_alarm(each.kind) for each in meanings)
