"""A message on its way out, and what the network says of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Outgoing:
    reference: str
    """The same for every try of one message, so that the network can drop a double."""
    channel: str
    """``sms`` or ``voice``."""
    phone: str
    body: str
    withdraw: bool = False
    """Not to be sent: what was sent under this reference and may still ring is to end."""


class ReceiptState(StrEnum):
    DELIVERED = "delivered"
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


@dataclass(frozen=True)
class NetworkReceipt:
    reference: str
    state: ReceiptState
    at: datetime
    reply: str | None = None
    """A pressed digit or the text of a reply."""
    answered_by: str = "human"
    """``machine``: a mailbox has answered, and that is no answer."""


class PhoneNetwork(Protocol):
    """A way to telephones.

    ``send`` returns the network's own id: the message was accepted and a receipt will follow. ``Retryable``: the same
    message may be tried again. ``Permanent``: never, an operator must know. It may take
    seconds: no transaction is open.
    """

    def send(self, message: Outgoing, now: datetime) -> str: ...

    def withdraw(self, reference: str, now: datetime) -> None:
        """End a call that still rings or has not begun; nothing happens to one that is over. Raises as ``send``."""
