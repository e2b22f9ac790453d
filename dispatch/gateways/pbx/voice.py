"""Calls that this centre makes by an Asterisk: one request each, by its REST interface. What becomes of them is heard
by the gateway process, which must be there before anything rings: nobody may pick up and hear nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from dispatch.domain.errors import Permanent, Retryable
from dispatch.domain.listening import Setup
from dispatch.domain.messages import Outgoing
from dispatch.domain.pbx import DIALABLE, channel_of

SECONDS = 5.0
GONE = 404
THERE = 409
"""A channel of this name: the call of an earlier try goes on."""
HOPELESS = frozenset({400, 422})
DIALS: Mapping[str, Any] = {
    "ari": "",
    "ari_user": "dispatch",
    "app": "dispatch",
    "trunk": "PJSIP/{number}@trunk",
    "desk": "PJSIP/agent{extension}",
    "caller_id": "12349",
    "rings_seconds": 45,
    "reads_in": "dispatch-read",
    "talks_in": "dispatch-dial",
    "joins_in": "dispatch-join",
}
"""Options of the listener in ``config/gateways.yaml``. The last three are contexts of the dialplan."""


class AsteriskVoice:
    """Implements ``VoiceGateway``."""

    def __init__(self, setup: Setup, options: Mapping[str, Any]) -> None:
        """Raises ``ValueError``."""
        self._options = options
        secret = setup.secrets.get("ari", "")
        if not options["ari"] or not secret:
            raise ValueError(f"calls need the option ari, and {setup.name}/ari:<password> in DISPATCH_GATEWAY_SECRETS")
        self._client = httpx.Client(
            base_url=f"{options['ari'].rstrip('/')}/ari",
            auth=(options["ari_user"], secret),
            timeout=SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def send(self, message: Outgoing) -> str:
        """The name of the call. Raises ``Retryable`` or ``Permanent``."""
        if not DIALABLE.fullmatch(message.phone):
            raise Permanent("this is no number that an exchange can dial")
        channel = channel_of(message.reference)
        asked, variables = self._asked(message)
        answer = self._ask(
            "POST",
            f"/channels/{channel}",
            params={
                **asked,
                "priority": "1",
                "callerId": self._options["caller_id"],
                "timeout": str(self._options["rings_seconds"]),
            },
            json={"variables": variables},
        )
        if answer.is_success or answer.status_code == THERE:
            return channel
        said = f"the exchange answers {answer.status_code}: {answer.text[:120]}"
        raise Permanent(said) if answer.status_code in HOPELESS else Retryable(said)

    def _asked(self, message: Outgoing) -> tuple[dict[str, str], dict[str, str]]:
        """Whom to ring and what happens when they pick up, and what the dialplan must know for it."""
        options = self._options
        outside = options["trunk"].format(number=message.phone)
        if message.joins:
            return {"endpoint": outside, "context": options["joins_in"], "extension": "s"}, {
                "DISPATCH_JOINS": self._name_of(message.joins)
            }
        if message.desk:
            desk = options["desk"].format(extension=message.desk)
            return {"endpoint": desk, "context": options["talks_in"], "extension": message.phone}, {}
        self._must_be_heard()
        return {"endpoint": outside, "context": options["reads_in"], "extension": "s"}, {}

    def _must_be_heard(self) -> None:
        if self._ask("GET", f"/applications/{self._options['app']}").status_code == GONE:
            raise Retryable("no gateway process listens to the exchange: start `dispatch gateway`")

    def _name_of(self, call: str) -> str:
        answer = self._ask("GET", f"/channels/{call}")
        if answer.status_code == GONE:
            raise Permanent("the conversation is over")
        if not answer.is_success:
            raise Retryable(f"the exchange answers {answer.status_code}")
        return str(answer.json()["name"])

    def withdraw(self, reference: str) -> None:
        answer = self._ask("DELETE", f"/channels/{channel_of(reference)}")
        if not answer.is_success and answer.status_code != GONE:
            raise Retryable(f"the exchange answers {answer.status_code}")

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Retryable(f"the exchange does not answer ({type(error).__name__})") from error
