"""Several gateways as one network: the best first, the next where it refuses, all at once for an emergency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol

import structlog

from dispatch.domain.errors import Permanent, Retryable, SendFailed
from dispatch.domain.messages import Handed, Outgoing

log = structlog.get_logger()
AT_ONCE = 16
"""Emergencies that are handed over at the same moment, for each gateway."""


class SmsGateway(Protocol):
    """A way for short messages.

    ``send`` returns the gateway's own name for the text, by which its receipt will be known. ``Retryable``: it may be
    tried again; ``Permanent``: never. It may take seconds, and is called by several threads.
    """

    def send(self, message: Outgoing) -> str: ...

    def listen(self) -> None:
        """Begin to hear receipts and texts, where they come by a connection of the gateway's own."""


class VoiceGateway(Protocol):
    """A way to call. ``send`` returns the gateway's name for the call. Both raise as ``SmsGateway.send``."""

    def send(self, message: Outgoing) -> str: ...

    def withdraw(self, reference: str) -> None:
        """End the call, if it is not over."""


class Ways:
    """Implements ``PhoneNetwork``. What comes back is heard elsewhere and kept in the database."""

    def __init__(self, gateways: Mapping[str, SmsGateway], voice: Mapping[str, VoiceGateway]) -> None:
        """``voice``: at most one."""
        self.gateways = gateways
        self._voice = voice
        self._pool = ThreadPoolExecutor(AT_ONCE * max(1, len(gateways)), thread_name_prefix="sms")

    def send(self, message: Outgoing, now: datetime) -> tuple[Handed, ...]:
        if message.channel == "voice":
            for name, gateway in self._voice.items():
                return (Handed(name, gateway.send(message)),)
        if message.channel != "sms" or not self.gateways:
            raise Permanent(f"no gateway for {message.channel} is set up")
        handed: list[Handed] = []
        hopeless = True
        for name, outcome in self._outcomes(message):
            if isinstance(outcome, str):
                handed.append(Handed(name, outcome))
                if not message.urgent:
                    break
            else:
                log.warning("gateway_refused", gateway=name, reason=outcome.code)
                handed.append(Handed(name, None, outcome.detail))
                hopeless = hopeless and isinstance(outcome, Permanent)
        if all(each.provider_id is None for each in handed):
            said = "; ".join(f"{each.gateway}: {each.fault}" for each in handed)
            raise Permanent(said) if hopeless else Retryable(said)
        return tuple(handed)

    def _outcomes(self, message: Outgoing) -> Iterable[tuple[str, str | SendFailed]]:
        """One after the other, as far as somebody asks for the next; of an emergency all at the same time."""

        def outcome(name: str) -> tuple[str, str | SendFailed]:
            return name, self._try(name, message)

        return self._pool.map(outcome, message.ways) if message.urgent else map(outcome, message.ways)

    def _try(self, name: str, message: Outgoing) -> str | SendFailed:
        try:
            return self.gateways[name].send(message)
        except SendFailed as fault:
            return fault

    def listen(self) -> None:
        for gateway in self.gateways.values():
            gateway.listen()

    def withdraw(self, reference: str, now: datetime) -> None:
        """A short message that has left cannot be called back."""
        for gateway in self._voice.values():
            gateway.withdraw(reference)
