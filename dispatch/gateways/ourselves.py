"""The self-test's hands: it rings at our own door as a device does, and looks at the screen as a console does."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import simple_websocket

from dispatch.domain.selftest import DEVICE, NUMBER, WITHIN, SelftestFailed, card_of

API = "/api/v1"
NAMESPACE = "/console"


@dataclass(frozen=True)
class Knock:
    """One request at a door."""

    path: str
    body: dict[str, Any]
    form: bool = False


Door = Callable[[str, str, str], Knock]
"""Of an id that was never sent before, the token, and the id of the test elder."""


def _signal(event_id: str, _token: str, _elder_id: str) -> Knock:
    return Knock(f"{API}/signals", {"device": DEVICE, "kind": "sos", "event_id": event_id})


def _call(event_id: str, _token: str, _elder_id: str) -> Knock:
    return Knock(f"{API}/calls", {"call_id": event_id, "event": "ringing", "caller": NUMBER})


def _request(_event_id: str, _token: str, elder_id: str) -> Knock:
    return Knock(f"{API}/cases", {"kind": "emergency", "channel": "hotline", "elder_id": elder_id})


def _press(_event_id: str, token: str, _elder_id: str) -> Knock:
    return Knock(f"/e/{card_of(token)}/help", {}, form=True)


DOORS: dict[str, Door] = {"signals": _signal, "calls": _call, "cases": _request, "elder page": _press}
"""By which alarms come in over HTTP: devices, the telephone exchange, somebody at the desk, an elder's own page."""


class HttpWay:
    """One door of one web process, and back by the push that this same process sends to its consoles.

    So it notices a process that answers and pushes no more, which a look at the database would not.
    """

    def __init__(self, url: str, token: str, door: str = "signals", within: float = WITHIN) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._door = door
        self._within = within

    @property
    def name(self) -> str:
        return f"{self._door} {urlsplit(self._url).netloc}"

    def go_down(self, event_id: str) -> None:
        until = time.monotonic() + self._within
        standing = self._ask(f"{API}/live/snapshot", None, until)["cases"]
        if len(standing) != 1:  # without its case the synthetic alarm would open one that people see
            raise SelftestFailed("no_case")
        (row,) = standing
        console = _Console(self._url, self._token, until)
        try:
            knock = DOORS[self._door](event_id, self._token, row["elder"]["id"])
            kept = self._ask(knock.path, knock, until)
            if kept.get("spooled"):
                raise SelftestFailed("spooled")
            console.wait_for(row["id"], row["version"])
        finally:
            console.close()

    def _ask(self, path: str, knock: Knock | None, until: float) -> dict[str, Any]:
        """What was answered, if it is JSON: a page that comes back has said all by its status."""
        kind = "application/x-www-form-urlencoded" if knock is not None and knock.form else "application/json"
        body = None if knock is None else (b"" if knock.form else json.dumps(knock.body).encode())
        request = urllib.request.Request(  # noqa: S310 -- our own address, from the settings
            f"{self._url}{path}",
            data=body,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
        )
        try:
            with urllib.request.urlopen(request, timeout=max(0.1, until - time.monotonic())) as answer:  # noqa: S310
                found = json.load(answer) if answer.headers.get_content_type() == "application/json" else {}
                kept = answer.status == 202 and knock is not None and knock.form
        except urllib.error.HTTPError as error:
            raise SelftestFailed(f"http_{error.code}") from error
        except (OSError, ValueError) as error:
            raise SelftestFailed(f"unreachable: {type(error).__name__}") from error
        assert isinstance(found, dict)
        return found | {"spooled": True} if kept else found


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
