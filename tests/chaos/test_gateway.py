"""The gateway process and the database are killed in mid-stream: what a panel was told is stored, all of it, once."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dispatch.gateways.dc09 import frames
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services import spool
from dispatch.services.centre import Centre
from tests.support import databases, factories
from tests.support.gateway import GatewayProcess
from tests.support.parts import free_port, missing
from tests.support.postgres import Postgres, find_binaries

SECONDS = float(os.environ.get("DISPATCH_CHAOS_SECONDS", "30")) / 2
PANELS = 8
ACCOUNTS = ("SOS-1", "SOS-2", "HOME-1", "HOME-2", "HOME-3", "FALL-1", "SMOKE-1", "WATER-1")

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.timeout(2 * SECONDS + 600),
    # Servers are killed under connections of the test's own; nobody is there to close them in order.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


class Panel:
    """Says an alarm until somebody acknowledges it, as the norm wants; then the next one."""

    def __init__(self, account: str, port: int) -> None:
        self._account = account
        self._port = port
        self.acknowledged: list[str] = []
        self.said = Counter[str]()

    async def run(self, until: float) -> None:
        number = 0
        while time.monotonic() < until:
            number += 1
            body = f'"SIA-DCS"{number % 9999:04d}R1L1#{self._account}[#{self._account}|Nri1/MA{number}]'
            while time.monotonic() < until + 20:
                self.said[str(number)] += 1
                if await self._say(frames.written(body)) == "ACK":
                    self.acknowledged.append(str(number))
                    break
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.02)

    async def _say(self, frame: bytes) -> str:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(frame)
                    return frames.read(await reader.readuntil(b"\r")).token
                finally:
                    writer.close()
        return ""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL's server programs (Debian: apt-get install postgresql)")
    one = Postgres(binaries)
    try:
        one.start()
        one.execute("CREATE DATABASE stream")
        databases.migrate(one.url("stream"), tmp_path)
        yield one
    finally:
        one.remove()


async def kill(gateway: GatewayProcess, server: Postgres, until: float) -> Counter[str]:
    killed = Counter[str]()
    chance = random.Random(1)
    while time.monotonic() < until - 4:
        await asyncio.sleep(chance.uniform(1.5, 3))
        if killed.total() % 3 == 2:
            server.kill()
            await asyncio.sleep(2)
            gateway.kill()  # what lies on the disk belongs to nobody now
            gateway.start()
            server.start()
            killed["database"] += 1
        else:
            gateway.kill()
            gateway.start()
        killed["gateway"] += 1
        await asyncio.sleep(1)
    return killed


def test_what_was_acknowledged_is_stored_once(server: Postgres, tmp_path: Path) -> None:
    centre: Centre = factories.make_centre(server.url("stream"), tmp_path / "data")
    factories.build_town(centre)
    with centre.database.sessions.begin() as session:
        for index, number in enumerate(ACCOUNTS):
            session.execute(update(Device).where(Device.number == number).values(number=f"10{index}"))
    port = free_port()
    began = datetime.now(UTC)
    with GatewayProcess(centre, f"dc09: {{on: true, host: 127.0.0.1, port: {port}}}\n") as gateway:
        gateway.port("dc09", began)
        panels = [Panel(f"10{index}", port) for index in range(PANELS)]
        until = time.monotonic() + SECONDS

        async def stream() -> Counter[str]:
            killing = asyncio.create_task(kill(gateway, server, until))
            await asyncio.gather(*(panel.run(until) for panel in panels))
            return await killing

        killed = asyncio.run(stream())
        gateway.wait(lambda: spool.waiting(centre.spool_dir) == 0)
    centre.database.engine.dispose()  # its own connections died with the server
    with centre.database.reads() as session:
        stored = Counter(
            (number, data["zone"])
            for number, data in session.execute(select(Signal.device_number, Signal.data).where(Signal.understood))
        )
        without = session.scalars(select(Signal.id).where(Signal.understood, Signal.case_id.is_(None))).all()
        case_count = len(session.scalars(select(Case.id)).all())
    told = [(f"10{index}", number) for index, panel in enumerate(panels) for number in panel.acknowledged]
    repeated = sum(count - 1 for panel in panels for count in panel.said.values())
    print(f"{len(told)} acknowledged, {repeated} said again, killed {dict(killed)}, {case_count} cases")
    assert killed["gateway"] >= 2
    assert killed["database"] >= 1 or SECONDS < 15
    assert [one for one in told if one not in stored] == []
    assert spool.rejected(centre.spool_dir) == 0
    assert not without
    assert all(count == 1 for count in stored.values()), stored.most_common(3)
    assert case_count <= PANELS
    centre.database.engine.dispose()
