"""The self-test's hands: it rings at our own door as a device does, and looks at the screen as a console does."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import simple_websocket

from dispatch.domain.selftest import DEVICE, WITHIN, SelftestFailed

API = "/api/v1"
NAMESPACE = "/console"


class HttpWay:
    """``POST /signals`` at one web process, and back by the push that this same process sends to its consoles.

    So it notices a process that answers and pushes no more, which a look at the database would not.
    """

    def __init__(self, url: str, token: str, within: float = WITHIN) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._within = within

    @property
    def name(self) -> str:
        return f"http {urlsplit(self._url).netloc}"

    def go_down(self, event_id: str) -> None:
        until = time.monotonic() + self._within
        before = {row["id"]: row["version"] for row in self._ask("/live/snapshot", None, until)["cases"]}
        console = _Console(self._url, self._token, until)
        try:
            kept = self._ask("/signals", {"device": DEVICE, "kind": "sos", "event_id": event_id}, until)
            case_id = kept.get("case_id")
            if case_id is None:
                raise SelftestFailed("spooled" if kept.get("spooled") else "no_case")
            console.wait_for(case_id, before.get(case_id, -1))
        finally:
            console.close()

    def _ask(self, path: str, body: dict[str, Any] | None, until: float) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 -- our own address, from the settings
            f"{self._url}{API}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=max(0.1, until - time.monotonic())) as answer:  # noqa: S310
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise SelftestFailed(f"http_{error.code}") from error
        except (OSError, ValueError) as error:
            raise SelftestFailed(f"unreachable: {type(error).__name__}") from error
        assert isinstance(found, dict)
        return found


class _Console:
    """As much of Socket.IO as a listener needs: connect to the namespace, answer pings, read events."""

    def __init__(self, url: str, token: str, until: float) -> None:
        self._until = until
        address = f"ws{url.removeprefix('http')}/socket.io/?EIO=4&transport=websocket"
        context = ssl.create_default_context() if address.startswith("wss:") else None
        try:
            self._socket = simple_websocket.Client(address, ssl_context=context)
        except (OSError, simple_websocket.ConnectionError) as error:
            raise SelftestFailed(f"no_socket: {type(error).__name__}") from error
        try:
            self._receive()  # the handshake of the transport
            self._socket.send(f"40{NAMESPACE},{json.dumps({'token': token})}")
            answer = self._receive()
            if not answer.startswith(f"40{NAMESPACE}"):
                raise SelftestFailed("socket_refused")
        except BaseException:
            self.close()
            raise

    def wait_for(self, case_id: str, version: int) -> None:
        """Return when a push shows the case newer than ``version``."""
        head = f"42{NAMESPACE},"
        while True:
            said = self._receive()
            if not said.startswith(head):
                continue
            event, payload = json.loads(said.removeprefix(head))
            if event == "live" and any(
                op["row"]["id"] == case_id and op["row"]["version"] > version for op in payload["ops"]
            ):
                return

    def _receive(self) -> str:
        """The next packet that is not a ping."""
        while (left := self._until - time.monotonic()) > 0:
            try:
                said = self._socket.receive(timeout=left)
            except simple_websocket.ConnectionClosed as error:
                raise SelftestFailed("socket_closed") from error
            if said == "2":
                self._socket.send("3")
            elif said is not None:
                return str(said)
        raise SelftestFailed("not_seen")

    def close(self) -> None:
        try:
            self._socket.close()
        except (OSError, simple_websocket.ConnectionClosed):
            return  # it was gone already, which is what was wanted
