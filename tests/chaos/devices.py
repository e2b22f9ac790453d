"""Devices that behave as real ones: they send an alarm again, to the next receiver, until it is acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.load import City

TIMEOUT = 5.0
PAUSES = (0.3, 0.6, 1.2, 2.5, 5.0)
"""Seconds, growing as those of devices do: all at once and without end they would keep down whoever gets up."""
ANSWER_LOST = 0.1
"""Share of the acknowledged alarms that are sent once more, as if the answer had not arrived."""


@dataclass
class Alarm:
    device: str
    event_id: str
    kind: str
    began: float
    attempts: int = 0
    acknowledged: float | None = None
    answer: dict[str, Any] | None = None
    again: dict[str, Any] | None = None
    """What the second copy was answered."""


class Devices(threading.Thread):
    """``rate`` alarms a second from random homes of ``city`` until ``no_more``; ends when all are acknowledged."""

    def __init__(self, city: City, ports: Sequence[int], rate: float) -> None:
        super().__init__(name="devices", daemon=True)
        self.alarms: list[Alarm] = []
        self.no_more = threading.Event()
        self.given_up = threading.Event()
        self._city = city
        self._ports = ports
        self._rate = rate
        self._random = random.Random(7)

    def run(self) -> None:
        asyncio.run(self._stream())

    async def _stream(self) -> None:
        start, tasks = time.time(), set()
        for number in itertools.count():
            if self.no_more.is_set():
                break
            await asyncio.sleep(max(0.0, start + number / self._rate - time.time()))
            task = asyncio.create_task(self._insist(self._press(number)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    def _press(self, number: int) -> Alarm:
        home = self._random.randrange(self._city.homes)
        device = self._city.device(home, self._random.randrange(2))
        kind = ("sos", "inactivity", "bed", "bed", "door", "bed", "water")[home % 7]
        self.alarms.append(Alarm(device, f"event-{number}", kind, time.time()))
        return self.alarms[-1]

    async def _insist(self, alarm: Alarm) -> None:
        first = self._random.randrange(len(self._ports))
        while alarm.answer is None and not self.given_up.is_set():
            alarm.answer = await self._try(alarm, self._ports[(first + alarm.attempts) % len(self._ports)])
            alarm.attempts += 1
            if alarm.answer is None:
                await asyncio.sleep(PAUSES[min(alarm.attempts, len(PAUSES)) - 1] * self._random.uniform(0.7, 1.3))
        if alarm.answer is None:
            return
        alarm.acknowledged = time.time()
        if self._random.random() < ANSWER_LOST:
            alarm.again = await self._try(alarm, self._ports[(first + alarm.attempts) % len(self._ports)])

    async def _try(self, alarm: Alarm, port: int) -> dict[str, Any] | None:
        body = {"device": alarm.device, "kind": alarm.kind, "event_id": alarm.event_id}
        with contextlib.suppress(OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, IndexError, ValueError):
            status, answer = await asyncio.wait_for(post(port, self._city.token, body), TIMEOUT)
            if status == 202:
                return answer
        return None


async def post(port: int, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """One signal over a connection of its own. Raises ``OSError`` or ``ValueError`` when the answer is not whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        content = json.dumps(body)
        writer.write(
            f"POST /api/v1/signals HTTP/1.1\r\nHost: centre\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}".encode()
        )
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(rest)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
