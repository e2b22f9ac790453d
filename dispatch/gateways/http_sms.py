"""Short messages by HTTP, the way of Kannel's sendsms: everything in the query, the receipt at an address we name.

Kannel answers 202 as soon as it has the text and gives no name for it. So we give one, in the address for the receipt,
and nobody else can know it.
"""

from __future__ import annotations

import secrets

import httpx

from dispatch.domain.errors import Permanent, Retryable
from dispatch.domain.messages import Outgoing
from dispatch.domain.sms import Gateway

SECONDS = 5.0
RECEIPTS = 1 | 2 | 16
"""Delivered, failed, refused by the message centre. Not 4 and 8: it is still on its way."""
UCS2 = 2
ACCEPTED = frozenset({200, 202})
HOPELESS = frozenset({400, 404, 413})
"""It will not take this text, ever. Wrong credentials (401, 403) are mended by a person, and until then it waits."""


class HttpSms:
    """Implements ``SmsGateway``. ``receipts``: the address where they are brought, with its secret."""

    def __init__(self, gateway: Gateway, password: str, receipts: str) -> None:
        self._gateway = gateway
        self._password = password
        self._receipts = receipts
        # A connection for each text: one that was kept may have died unnoticed, and then an emergency pays for it.
        self._client = httpx.Client(timeout=SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    def send(self, message: Outgoing) -> str:
        name = secrets.token_urlsafe(18)
        query: dict[str, str | int] = {
            "username": self._gateway.user,
            "password": self._password,
            "from": self._gateway.sender,
            "to": message.phone,
            "text": message.body,
            "charset": "UTF-8",
            "coding": UCS2,
            "dlr-mask": RECEIPTS,
            # %d is replaced by Kannel: which kind of receipt it is.
            "dlr-url": f"{self._receipts}&id={name}&type=%d",
        }
        try:
            answer = self._client.get(self._gateway.address, params=query)
        except httpx.HTTPError as error:
            raise Retryable(f"the gateway does not answer ({type(error).__name__})") from error
        if answer.status_code in ACCEPTED:
            return name
        said = f"the gateway answers {answer.status_code}: {answer.text[:120]}"
        raise Permanent(said) if answer.status_code in HOPELESS else Retryable(said)

    def listen(self) -> None:
        """Kannel calls us."""
