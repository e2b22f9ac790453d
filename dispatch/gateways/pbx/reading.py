"""A text is read to whoever picks up, and the digit that they press is heard.

The dialplan finds out first whether a machine has answered, and says so with the arguments of the application. Each
word is stored before it is acted on: whoever hears "thank you" has been heard by the centre.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import structlog

from dispatch.domain.errors import Unavailable
from dispatch.domain.messages import ReceiptState, Report
from dispatch.domain.pbx import Sort, sort_of
from dispatch.gateways.pbx.door import Door
from dispatch.gateways.pbx.speech import Mute, Speech

log = structlog.get_logger()
SECONDS = 5.0
TEXT_TRIES = 20
AGAIN = 0.25
"""The telephone may be picked up before the row of its message says so."""
MACHINE = "MACHINE"
DIGITS = frozenset("0123456789")
LISTEN = 15.0
"""Seconds after the last word in which a digit may still come."""
LONGEST = 180.0
OVER = frozenset({"StasisEnd", "ChannelDestroyed"})
THANKS = "-thanks"


@dataclass(frozen=True)
class Rest:
    """How the requests reach the exchange."""

    base: str
    user: str
    secret: str


@dataclass(frozen=True)
class Booth:
    """What is said, and where its sound lies: as we see it and as the exchange sees it."""

    sounds: Path
    sounds_there: str
    times: int
    thanks: str


class Reader:
    """All calls of one application, each with a task of its own."""

    def __init__(self, rest: Rest, speech: Speech, booth: Booth, door: Door) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{rest.base.rstrip('/')}/ari",
            auth=(rest.user, rest.secret),
            timeout=SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._speech = speech
        self._booth = booth
        self._door = door
        self._calls: dict[str, tuple[asyncio.Queue[dict[str, Any]], asyncio.Task[None]]] = {}

    def hear(self, event: Mapping[str, Any]) -> None:
        """One event of the application; what belongs to no call of ours is left alone."""
        channel = _channel(event)
        if sort_of(channel) is not Sort.READS:
            return
        if event.get("type") == "StasisStart" and channel not in self._calls:
            heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            arguments = [str(one) for one in event.get("args") or []]
            task = asyncio.create_task(self._call(channel, arguments, heard))
            self._calls[channel] = (heard, task)
            task.add_done_callback(lambda _: self._calls.pop(channel, None))
        elif channel in self._calls:
            self._calls[channel][0].put_nowait(dict(event))

    async def close(self) -> None:
        tasks = [task for _, task in self._calls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    async def _call(self, channel: str, arguments: list[str], heard: asyncio.Queue[dict[str, Any]]) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                await self._talk(channel, arguments, heard)
        except (TimeoutError, httpx.HTTPError) as error:
            log.warning("call_broken_off", error=type(error).__name__)
        except Mute as error:
            log.error("call_without_voice", reason=str(error))
            await self._tell(channel, ReceiptState.FAILED)
        except Exception:  # at a loop's edge: the other calls go on
            log.exception("call_failed")
        finally:
            for path in self._booth.sounds.glob(f"{channel}*"):
                path.unlink(missing_ok=True)
            await self._hang_up(channel)

    async def _talk(self, channel: str, arguments: list[str], heard: asyncio.Queue[dict[str, Any]]) -> None:
        if MACHINE in arguments:
            await self._tell(channel, ReceiptState.ANSWERED, answered_by="machine")
            return
        await self._tell(channel, ReceiptState.ANSWERED)
        text = await self._text(channel)
        if text is None:
            log.error("call_about_nothing")
            return
        await self._say(channel, text, self._booth.times)
        digit = await self._digit(heard)
        if digit is None:
            return
        await self._tell(channel, ReceiptState.ANSWERED, digit)
        await self._say(channel, self._booth.thanks, 1, THANKS)
        await self._until_said(heard)

    async def _text(self, channel: str) -> str | None:
        for _ in range(TEXT_TRIES):
            found = await self._door.text_of(channel)
            if found is not None:
                return found
            await asyncio.sleep(AGAIN)
        return None

    async def _say(self, channel: str, text: str, times: int, part: str = "") -> None:
        name = f"{channel}{part}"
        await self._speech.write(text, self._booth.sounds / f"{name}.sln16")
        media = ",".join([f"sound:{self._booth.sounds_there.rstrip('/')}/{name}"] * times)
        answer = await self._client.post(f"/channels/{channel}/play/{name}", params={"media": media})
        if not answer.is_success:
            raise Mute(f"the exchange answers {answer.status_code}: {answer.text[:120]}")

    async def _digit(self, heard: asyncio.Queue[dict[str, Any]]) -> str | None:
        """The first digit, during the reading or a while after it; None: nothing was pressed, or they hung up."""
        until: float | None = None
        while True:
            try:
                async with asyncio.timeout_at(until):
                    event = await heard.get()
            except TimeoutError:
                return None
            match event.get("type"):
                case "ChannelDtmfReceived" if str(event.get("digit")) in DIGITS:
                    return str(event["digit"])
                case "PlaybackFinished":
                    until = asyncio.get_running_loop().time() + LISTEN
                case kind if kind in OVER:
                    return None
                case _:
                    pass

    async def _until_said(self, heard: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            event = await heard.get()
            kind, playback = event.get("type"), event.get("playback") or {}
            if kind in OVER or (kind == "PlaybackFinished" and str(playback.get("id")).endswith(THANKS)):
                return

    async def _tell(
        self, channel: str, state: ReceiptState, digit: str | None = None, answered_by: str = "human"
    ) -> None:
        sequence = ":".join((channel, state.value, answered_by, digit or ""))
        report = Report("", sequence, datetime.now(UTC), channel, state, text=digit, answered_by=answered_by)
        while True:
            try:
                await self._door.heard(report)
            except Unavailable:
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _hang_up(self, channel: str) -> None:
        try:
            await self._client.delete(f"/channels/{channel}")
        except httpx.HTTPError as error:
            log.warning("call_not_ended", error=type(error).__name__)


def _channel(event: Mapping[str, Any]) -> str:
    """Of a playback the channel is in the address of what it plays to."""
    channel = event.get("channel")
    if isinstance(channel, Mapping):
        return str(channel.get("id", ""))
    playback = event.get("playback")
    target = str(playback.get("target_uri", "")) if isinstance(playback, Mapping) else ""
    return target.removeprefix("channel:") if target.startswith("channel:") else ""
