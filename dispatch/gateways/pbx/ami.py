"""One connection to the Asterisk Manager Interface, and what is done when it breaks: come again, and read anew."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import structlog

from dispatch.domain.calls import CallReport
from dispatch.domain.errors import Unavailable
from dispatch.domain.messages import Report
from dispatch.gateways.pbx.door import Door, Seen
from dispatch.gateways.pbx.following import Exchange
from dispatch.gateways.pbx.wire import Feed, Garbled, Packet, action

log = structlog.get_logger()
CHUNK = 64 * 1024
PATIENCE = 10.0
"""Seconds for a connection and for the answer to the login."""
PING = 5.0
SILENT = 16.0
"""So long without a byte, and three questions unanswered: the line is dead, whatever TCP believes."""
LOOK = 1.0
END = 0.5
"""Seconds between two looks at what is to be ended."""
ENDS = "end-"
"""Begins the name of each action that hangs up, by which its refusal is known."""
AT_LEAST = 5.0
"""Seconds after which the state of the exchange is written again even if nothing has changed."""
AGAIN = 1.0
MOST_WAITING = 10_000
"""Reports that wait for the database. More, and nothing more is read until some have gone."""


@dataclass(frozen=True)
class Access:
    host: str
    port: int
    user: str
    secret: str
    tls: bool = False


class Manager:
    """Follows one exchange over any number of connections."""

    def __init__(self, access: Access, exchange: Exchange, door: Door) -> None:
        self._access = access
        self._exchange = exchange
        self._door = door
        self._reports: asyncio.Queue[CallReport | Report] = asyncio.Queue(MOST_WAITING)
        self._ids = count(1)

    async def bring(self) -> None:
        """Store what has been heard, in its order, until cancelled."""
        while True:
            report = await self._reports.get()
            while not await self._stored(report):
                await asyncio.sleep(AGAIN)

    async def _stored(self, report: CallReport | Report) -> bool:
        try:
            await (self._door.heard(report) if isinstance(report, Report) else self._door.call(report))
        except Unavailable as error:
            log.warning("call_waits", reason=error.code, waiting=self._reports.qsize() + 1)
            return False
        except Exception:  # one poisoned report must not hold up all others
            log.exception("call_not_stored")
        return True

    async def follow(self, connected: Callable[[], None]) -> None:
        """One connection. Raises ``OSError`` when it cannot be had or has ended."""
        access = self._access
        tls = ssl.create_default_context() if access.tls else None
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(access.host, access.port, ssl=tls)
        except TimeoutError as error:
            raise ConnectionError("the exchange does not answer") from error
        try:
            feed = Feed()
            await self._log_in(reader, writer, feed)
            connected()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(reader, feed))
                group.create_task(self._ping(writer))
                group.create_task(self._show())
                group.create_task(self._end(writer))
        except* OSError as errors:
            raise ConnectionError(str(errors.exceptions[0])) from errors
        except* Garbled as errors:
            raise ConnectionError(str(errors.exceptions[0])) from errors
        finally:
            writer.close()
            await self._tell(connected=False)

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, feed: Feed) -> None:
        access = self._access
        login = {"Username": access.user, "Secret": access.secret, "Events": "on"}
        answers = await self._ask(reader, writer, feed, action("Login", "login", **login))
        if not any(one.get("Response") == "Success" for one in answers):
            said = next((one["Message"] for one in answers if "Message" in one), "no answer")
            raise PermissionError(f"the exchange refuses {access.user}: {said}")
        self._exchange.listing()
        for name in ("CoreShowChannels", "QueueStatus"):
            writer.write(action(name, self._next_id()))
        await writer.drain()
        await self._hear(answers)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, feed: Feed, asked: bytes
    ) -> list[Packet]:
        """Everything up to the answer."""
        writer.write(asked)
        found: list[Packet] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while not any("Response" in packet for packet in found):
                    found += feed.push(await _some(reader))
        except TimeoutError as error:
            raise ConnectionError("the exchange does not answer") from error
        return found

    async def _read(self, reader: asyncio.StreamReader, feed: Feed) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENT):
                    data = await _some(reader)
            except TimeoutError as error:
                raise ConnectionError("the exchange has fallen silent") from error
            await self._hear(feed.push(data))

    async def _hear(self, packets: list[Packet]) -> None:
        at = datetime.now(UTC)
        for packet in packets:
            if packet.get("Response") == "Error" and packet.get("ActionID", "").startswith(ENDS):
                log.warning("call_not_ended", said=packet.get("Message", ""))
            try:
                reports = list(self._exchange.hear(packet, at))
            except Exception:  # the calls of all others are still followed
                log.exception("packet_not_read", of=packet.get("Event", ""))
                continue
            for report in reports:
                await self._reports.put(report)

    async def _ping(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(PING)
            writer.write(action("Ping", self._next_id()))
            await writer.drain()

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        """Hang up what an operator wants ended. Until the exchange tells of the end it is said again."""
        while True:
            try:
                wanted = await self._door.to_end()
            except Unavailable as error:
                log.warning("ends_wait", reason=error.code)
                wanted = []
            channels = [channel for channel in map(self._exchange.channel_of, wanted) if channel is not None]
            for channel in channels:
                writer.write(action("Hangup", f"{ENDS}{self._next_id()}", Channel=channel))
            await writer.drain()
            await asyncio.sleep(LOOK if channels else END)

    async def _show(self) -> None:
        """Let others see the queue, soon after it has changed."""
        shown: tuple[object, object] | None = None
        ago = 0.0
        while True:
            now_is = (dict(self._exchange.waiting), dict(self._exchange.agents))
            if now_is != shown or ago >= AT_LEAST:
                shown, ago = now_is, 0.0
                await self._tell(connected=True)
            await asyncio.sleep(LOOK)
            ago += LOOK

    async def _tell(self, *, connected: bool) -> None:
        agents = sorted(self._exchange.agents.values(), key=lambda one: one.extension)
        listed = tuple({"extension": one.extension, "name": one.name, "state": one.state} for one in agents)
        try:
            await self._door.seen(Seen(connected, self._exchange.waiting, listed), datetime.now(UTC))
        except Unavailable as error:
            log.warning("exchange_state_waits", reason=error.code)

    def _next_id(self) -> str:
        return f"dispatch-{next(self._ids)}"


async def _some(reader: asyncio.StreamReader) -> bytes:
    data = await reader.read(CHUNK)
    if not data:
        raise ConnectionError("the exchange has closed the connection")
    return data
