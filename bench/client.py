"""Posts alarms over kept-alive connections, in a process of its own: it shares the processors with what it measures.

Reads one JSON object (the fields of ``Load``) from standard input and writes the result to standard output. Compiled
generators do not tell when each request should have begun; this one costs some 100 microseconds a request and says so.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Load:
    targets: list[tuple[str, int]]
    path: str
    headers: dict[str, str]
    body: str
    """The text to post; ``$n`` is replaced by the number of the request, ``$h`` by its home's, six digits wide."""
    connections: int
    seconds: float
    rate: float | None = None
    """Requests a second, begun on time whether or not earlier ones are answered; None: as fast as answers come."""
    requests: int | None = None
    """Stop after so many."""
    first: int = 0
    kinds: list[str] = field(default_factory=lambda: ["sos"])
    """Take turns as ``$k`` in the body."""
    homes: int | None = None
    """After so many the homes begin again; None: each request is of another home."""
    keep: str | None = None
    """Name of the member of the answer to report for each request."""


@dataclass
class Result:
    statuses: Counter[int] = field(default_factory=Counter)
    began: list[float] = field(default_factory=list)
    """Wall-clock time at which each request began, or should have."""
    took: list[float] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    broken: int = 0


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection with one request under way at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return
        self._buffer = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), rest))
        if b"connection: close" in head.lower() and self.transport is not None:
            self.transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        if self.transport is None:
            raise ConnectionError("the server closed the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


class Client:
    def __init__(self, load: Load) -> None:
        self.load = load
        self.result = Result()
        self._number = load.first
        head = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
        self._head = f"POST {load.path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{head}"
        self._idle: list[Connection] = []
        self._opened = 0

    async def run(self) -> None:
        if self.load.rate is None:
            await asyncio.gather(*(self._as_fast_as_possible() for _ in range(self.load.connections)))
        else:
            await self._on_time(self.load.rate)

    async def _as_fast_as_possible(self) -> None:
        until = time.time() + self.load.seconds
        while time.time() < until and self._left():
            await self._one(time.time())

    async def _on_time(self, rate: float) -> None:
        start, under_way = time.time(), set()
        for number in range(int(self.load.seconds * rate)):
            due = start + number / rate
            if (pause := due - time.time()) > 0:
                await asyncio.sleep(pause)
            task = asyncio.create_task(self._one(due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    def _left(self) -> bool:
        return self.load.requests is None or self._number - self.load.first < self.load.requests

    async def _one(self, began: float) -> None:
        request = self._request()
        try:
            connection = await self._connection()
            status, body = await connection.ask(request)
        except OSError:
            self.result.broken += 1
            await asyncio.sleep(0.01)
            return
        self.result.took.append(time.time() - began)
        self.result.began.append(began)
        self.result.statuses[status] += 1
        if self.load.keep is not None:
            self.result.kept.append(json.loads(body).get(self.load.keep) if status < 300 else None)
        if connection.transport is not None and not connection.transport.is_closing():
            self._idle.append(connection)

    def _request(self) -> bytes:
        home = self._number % (self.load.homes or 1_000_000)
        body = self.load.body.replace("$n", f"{self._number:06d}").replace("$h", f"{home:06d}")
        body = body.replace("$k", self.load.kinds[self._number % len(self.load.kinds)])
        self._number += 1
        return f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    async def _connection(self) -> Connection:
        while self._idle:
            if (connection := self._idle.pop()).transport is not None:  # the server closes what idles for long
                return connection
        return await self._connect()

    async def _connect(self) -> Connection:
        host, port = self.load.targets[self._opened % len(self.load.targets)]
        self._opened += 1
        _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
        return connection


def main() -> None:
    load = Load(**json.load(sys.stdin))
    client, began = Client(load), time.time()
    asyncio.run(client.run())
    found = client.result
    json.dump(
        {
            "statuses": {str(status): count for status, count in found.statuses.items()},
            "broken": found.broken,
            "began": found.began,
            "took": found.took,
            "kept": found.kept,
            "seconds": time.time() - began,
            "cpu_seconds": time.process_time(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
