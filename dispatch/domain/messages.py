"""A message on its way out, and what the network says of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Text(str):
    """A text that knows what it was made of, for networks which send nothing but templates that they have approved.

    It is a string, so that nobody who writes one down has to think of it.
    """

    template: str
    """Its name in ``config/messages.yaml``."""
    values: Mapping[str, str]
    """What was put into it, as short as it was put in."""

    def __new__(cls, text: str, template: str = "", values: Mapping[str, object] | None = None) -> Text:
        made = super().__new__(cls, text)
        made.template = template
        made.values = {name: str(value) for name, value in (values or {}).items()}
        return made

    def named(self, template: str) -> Text:
        return Text(self, template, self.values)


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
    ways: tuple[str, ...] = ()
    """The gateways to try, best first."""
    urgent: bool = False
    """An emergency: it goes over all ways at once."""
    template: str = ""
    """The name of its template in ``config/messages.yaml``; empty: it has none."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the template was filled with."""
    desk: str = ""
    """A call between people: the extension that rings first. Nothing is read out."""
    joins: str = ""
    """The call into which this one brings a third person."""


@dataclass(frozen=True)
class Handed:
    """What became of a message at one gateway."""

    gateway: str
    provider_id: str | None
    """The gateway's own name for it, by which its receipt will be known; None: refused."""
    fault: str = ""


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

    ``send`` returns by which gateways it went, at least one of which has accepted it: a receipt will follow.
    ``Retryable``: the same message may be tried again. ``Permanent``: never, an operator must know. It may take
    seconds: no transaction is open.
    """

    def send(self, message: Outgoing, now: datetime) -> tuple[Handed, ...]: ...

    def withdraw(self, reference: str, now: datetime) -> None:
        """End a call that still rings or has not begun; nothing happens to one that is over. Raises as ``send``."""


@dataclass(frozen=True)
class Report:
    """What a gateway says by itself: a receipt (``provider_id``, ``state``) or a text (``phone``, ``text``)."""

    gateway: str
    sequence: str
    """The gateway's name for this report; told twice, it is kept once."""
    at: datetime
    provider_id: str | None = None
    state: ReceiptState | None = None
    phone: str | None = None
    text: str | None = None
    """Of a call: the digit that was pressed."""
    answered_by: str = "human"
