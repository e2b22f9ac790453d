"""One connection to a broker: a session that outlives it, and a message acknowledged when it is stored, not before."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from dispatch.gateways.mqtt.reading import Heard

log = structlog.get_logger()
QOS = 1
KEEPALIVE = 30
AT_ONCE = 2000
"""Messages under way. While so many are, no more are read: the broker keeps them."""
ASKED_AT_ONCE = 100
"""Topics in one request."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    filters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class Connection:
    """``hear(heard, acknowledge)`` is called in the loop, ``acknowledge`` may be called from there at any time."""

    def __init__(self, address: Address, hear: Callable[[Heard, Callable[[], None]], object]) -> None:
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with an ``OSError`` when the connection does."""
        self._address = address
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._room = threading.Semaphore(AT_ONCE)
        self._closing = threading.Event()
        self._asked: dict[int | None, list[str]] = {}
        self._client = self._made()

    def _made(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.client_id,
            clean_session=False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.tls is not None:
            client.tls_set_context(self._address.tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    async def open(self, topics: Iterable[str]) -> None:
        """Connect and ask for the filters and ``topics``. Raises ``OSError``."""
        self._topics = [*self._address.filters, *topics]
        await asyncio.to_thread(self._client.connect, self._address.host, self._address.port, KEEPALIVE)
        self._client.loop_start()
        done, _ = await asyncio.wait({self.subscribed, self.lost}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        if not done:
            raise OSError("the broker took the connection and says nothing")
        for each in done:
            each.result()

    def ask(self, topics: Iterable[str]) -> None:
        wanted = list(topics)
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            part = wanted[start : start + ASKED_AT_ONCE]
            _, mid = self._client.subscribe([(topic, QOS) for topic in part])
            self._asked[mid] = part

    def pause(self) -> None:
        """Hear no more. What was heard may still be acknowledged."""
        self._closing.set()

    async def close(self) -> None:
        self._closing.set()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        for future in (self.subscribed, self.lost):
            if future.done():
                future.exception()  # seen
            else:
                future.cancel()

    # The rest is called in paho's own thread.

    def _on_connect(self, client: paho.Client, _: Any, __: paho.ConnectFlags, code: ReasonCode, ___: Any) -> None:
        if code.is_failure:
            self._lose(f"the broker refuses us: {code}")
        else:
            self.ask(self._topics)

    def _on_disconnect(self, _: Any, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        self._lose(f"the broker has gone: {code}")

    def _on_subscribe(self, _: Any, __: Any, mid: int, codes: list[ReasonCode], ___: Any) -> None:
        asked = self._asked.pop(mid, [])
        refused = [topic for topic, code in zip(asked, codes, strict=False) if code.is_failure]
        for topic in refused:
            log.warning("mqtt_topic_refused", broker=str(self._address), topic=topic)
        if refused and len(refused) == len(asked):
            self._lose("the broker lets us read nothing: look at its access list")
        else:
            self._call(lambda: None if self.subscribed.done() else self.subscribed.set_result(None))

    def _on_message(self, client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        while not self._room.acquire(timeout=1):
            if self._closing.is_set():
                return
        if self._closing.is_set():
            return
        mid, qos = message.mid, message.qos
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\ufffd"
        heard = Heard(topic, bytes(message.payload), datetime.now(UTC), message.retain)
        self._call(lambda: self._hear(heard, lambda: self._acknowledge(mid, qos)))

    def _acknowledge(self, mid: int, qos: int) -> None:
        self._room.release()
        if qos:
            self._client.ack(mid, qos)

    def _lose(self, reason: str) -> None:
        self._call(lambda: None if self.lost.done() else self.lost.set_exception(ConnectionError(reason)))

    def _call(self, what: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)
