"""Where an exchange brings what it has to say. Calls are no signals of devices, so they have a door of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dispatch.domain.calls import CallReport
from dispatch.domain.messages import Report


@dataclass(frozen=True)
class Seen:
    """The exchange at one moment."""

    connected: bool
    waiting: dict[str, datetime]
    agents: tuple[dict[str, Any], ...]


class Door(Protocol):
    """Each returns after its commit, and raises ``Unavailable`` while the database is away."""

    async def open_calls(self) -> list[str]:
        """Calls whose end nobody has told yet."""

    async def call(self, report: CallReport) -> None: ...

    async def heard(self, report: Report) -> None:
        """What became of a call that this centre has made; the door knows the name of the exchange."""

    async def text_of(self, channel: str) -> str | None:
        """What is to be read to whoever picks up this call of ours; None: nothing is known of it yet."""

    async def to_end(self) -> list[str]:
        """Calls that are to be ended, asked again until they have."""

    async def seen(self, seen: Seen, at: datetime) -> None: ...
