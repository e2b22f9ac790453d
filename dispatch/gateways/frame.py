"""What the protocols of devices have in common: bytes come in, messages go on, and the answer follows the storing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from dispatch.domain.signals import SignalKind

OURS = "it could not be handled: a fault of this program, which its log describes"
"""Why a message is kept that nothing is wrong with but its reader."""


@dataclass(frozen=True)
class Message:
    """One thing that a device said, understood. A parser makes it of bytes and of nothing else.

    ``device`` is the number under which it is registered, as the device itself sends it. ``event_id`` is the same for
    every copy of one event and different for the next one (a sequence number alone is not: it comes round again);
    None where the protocol has nothing of the kind. ``data`` is shown to people: ``battery`` in percent, ``lat`` and
    ``lon`` in degrees, ``code`` as the protocol calls it, and whatever else the message says.
    """

    device: str
    kind: SignalKind
    event_id: str | None = None
    occurred_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)


class Outcome(StrEnum):
    """What became of a message, and with it what its sender may be told. Of several messages the last in this order."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """This very event is stored already: answered as the first time."""
    UNKNOWN = "unknown"
    """Stored, with a case where it is an alarm; but nobody has registered the device."""
    NOT_TREATED = "not_treated"
    """Neither the database nor the disk took it: the sender must try its next receiver."""


class Corridor(Protocol):
    """The way in, for every listener. ``source`` is the protocol and, where it helps, the peer: ``dc09 10.0.0.7``."""

    async def take(self, source: str, raw: bytes, messages: Sequence[Message], at: datetime) -> Outcome:
        """Store ``messages``, which were read out of ``raw``; returns after the commit or after the spool's fsync.

        Heartbeats are folded: that the device has spoken is written with those of others, a moment later.
        Never raises but for cancellation: what cannot be stored is ``NOT_TREATED``.
        """

    async def unreadable(
        self, source: str, raw: bytes, reason: str, at: datetime, about: Mapping[str, str] | None = None
    ) -> Outcome:
        """Keep what no parser could read, for an operator to see. ``STORED`` or ``NOT_TREATED``.

        ``about``: the ``device`` that said it and the ``word`` that nobody knows, where that much is known.
        """

    def at_work(self, where: str) -> None:
        """Say that messages can come from now on: the port is open, the broker answers. ``where``: the address."""

    def connected(self, more: int) -> None:
        """Say that so many peers more hold a connection: 0 where a server begins, -1 where one has gone."""

    def interrupted(self, reason: str) -> None:
        """Say that none can come for the moment, where the listener itself tries again without ending."""


class Listener(Protocol):
    """One protocol at work: a server, or a client of a broker or an exchange.

    Made by ``bootstrap/gateway.py`` out of its ``domain.listening.Setup`` alone; raises ``ValueError`` for options
    that it cannot work with, in words for whoever wrote them into ``config/gateways.yaml``.
    """

    async def run(self, corridor: Corridor) -> None:
        """Serve until cancelled. Raises ``OSError`` where its port or its broker cannot be had: it is started again.

        No message ends it, however broken; what one peer sends never holds up another.
        """
