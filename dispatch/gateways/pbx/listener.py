"""An Asterisk that is listened to, from the start of the process to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from dispatch.domain.errors import Unavailable
from dispatch.domain.listening import Setup
from dispatch.gateways.frame import Corridor
from dispatch.gateways.pbx.ami import Access, Manager
from dispatch.gateways.pbx.door import Door
from dispatch.gateways.pbx.events import events
from dispatch.gateways.pbx.following import Exchange
from dispatch.gateways.pbx.reading import Booth, Reader, Rest
from dispatch.gateways.pbx.speech import Speech
from dispatch.gateways.pbx.voice import DIALS

PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds before the next try, the last of them again and again: a caller may wait behind it."""
OPTIONS: Mapping[str, Any] = {
    "user": "dispatch",
    "tls": False,
    "queues": ["hotline"],
    "extension": r"/(?:agent)?(\d+)",
    **DIALS,
    "speech": ["espeak-ng", "-v", "cmn", "-s", "150", "--stdin", "--stdout"],
    "sounds": "/var/lib/asterisk/sounds/dispatch",
    "sounds_there": "",
    "times": 2,
    "thanks": "收到，谢谢。",
}


class AsteriskListener:
    """Implements ``Listener``; what it hears goes by the door, for calls are no signals of devices."""

    def __init__(self, setup: Setup, door: Door) -> None:
        """Raises ``ValueError``."""
        options = setup.chosen(OPTIONS)
        secret = setup.secrets.get("ami", "")
        if not secret:
            raise ValueError(f"DISPATCH_GATEWAY_SECRETS has no password: add {setup.name}/ami:<password>")
        self._access = Access(setup.host, setup.port, options["user"], secret, options["tls"])
        self._options = options
        self._door = door
        self._exchange(())
        self._rest = Rest(options["ari"], options["ari_user"], setup.secrets.get("ari", ""))
        if self._rest.base:
            self._speech, self._booth = _booth(options)
            if not self._rest.secret:
                raise ValueError(f"DISPATCH_GATEWAY_SECRETS has no password: add {setup.name}/ari:<password>")

    def _exchange(self, known: tuple[str, ...]) -> Exchange:
        return Exchange(self._options["queues"], self._options["extension"], known)

    async def run(self, corridor: Corridor) -> None:
        manager = Manager(self._access, self._exchange(await self._open_calls()), self._door)
        where = f"{self._access.host}:{self._access.port}"
        async with asyncio.TaskGroup() as group:
            group.create_task(manager.bring())
            group.create_task(_again(manager.follow, lambda: corridor.at_work(where), corridor))
            if self._rest.base:
                group.create_task(_again(self._read, lambda: None, corridor))

    async def _open_calls(self) -> tuple[str, ...]:
        while True:
            try:
                return tuple(await self._door.open_calls())
            except Unavailable:
                await asyncio.sleep(PAUSES[-1])

    async def _read(self, connected: Callable[[], None]) -> None:
        """One connection to the events of our own calls."""
        reader = Reader(self._rest, self._speech, self._booth, self._door)
        try:
            async for event in events(self._rest.base, self._options["app"], self._rest.user, self._rest.secret):
                if event:
                    reader.hear(event)
                else:
                    connected()
        finally:
            await reader.close()


async def _again(
    follow: Callable[[Callable[[], None]], Awaitable[None]], connected: Callable[[], None], corridor: Corridor
) -> None:
    """One connection after the other, until cancelled."""
    failed = 0

    def up() -> None:
        nonlocal failed
        failed = 0
        connected()

    while True:
        try:
            await follow(up)
        except OSError as error:
            corridor.interrupted(str(error))
        await asyncio.sleep(PAUSES[min(failed, len(PAUSES) - 1)])
        failed += 1


def _booth(options: Mapping[str, Any]) -> tuple[Speech, Booth]:
    """Raises ``ValueError``."""
    sounds = Path(options["sounds"])
    if not sounds.is_dir():
        raise ValueError(f"sounds: {sounds} is no directory: make one that the exchange can read")
    speech = Speech(options["speech"])
    return speech, Booth(sounds, options["sounds_there"] or str(sounds), options["times"], options["thanks"])
