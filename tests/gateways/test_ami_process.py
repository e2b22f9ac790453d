"""`dispatch gateway` as a process of its own, listening to npm's asterisk-ami-test-server."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.models.cases import Call, Case
from dispatch.models.exchange import ExchangeState
from dispatch.services.centre import Centre
from tests.support import factories
from tests.support.parts import free_port, missing, program
from tests.support.product import Product

pytestmark = [pytest.mark.peers, pytest.mark.slow]
PEER = Path(__file__).resolve().parent.parent / "peers" / "ami"
RECORDED = Path(__file__).parent / "recorded"
SECRET = "only-for-tests"
WITHIN = 120


class Server:
    def __init__(self) -> None:
        node = program("DISPATCH_TEST_NODE", "node")
        if node is None or not (PEER / "node_modules").is_dir():
            missing("npm's asterisk-ami-test-server (./test installs it where Node is: see tests/peers/ami)")
        self.port = free_port()
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        command = [str(node), "server.js", str(self.port), SECRET]
        self._process = subprocess.Popen(
            command, cwd=PEER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.expect("ready")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))

    def expect(self, what: str) -> None:
        while what not in self._said.get(timeout=WITHIN):
            pass

    def tell(self, raw: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(raw) + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)
        self._process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def until(true: Callable[[], object], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, log()
        time.sleep(0.1)


def connected(centre: Centre) -> bool:
    with centre.database.reads() as session:
        found = session.get(ExchangeState, "asterisk")
        return found is not None and found.connected


def raw_of(name: str) -> str:
    """Without the greeting and the answer to its login, which this server says itself."""
    return (RECORDED / name).read_text("utf-8").partition("\n\n")[2]


def test_a_recorded_call_goes_the_whole_way_from_the_wire_to_the_case(
    server: Server, sqlite_url: str, tmp_path: Path
) -> None:
    centre = factories.make_centre(sqlite_url, tmp_path)
    town = factories.build_town(centre)
    secrets = f"asterisk/ami:{SECRET}"
    own = {"DISPATCH_GATEWAYS": f"asterisk:{server.port}", "DISPATCH_GATEWAY_SECRETS": secrets}

    def calls() -> list[Call]:
        with centre.database.reads() as session:
            return list(session.scalars(select(Call).order_by(Call.id)))

    with Product(sqlite_url, "redis://127.0.0.1:9/0", tmp_path, DISPATCH_CALLBACK_NUMBER="000", **own) as product:
        product.start("gateway")
        server.expect("connected")
        server.tell(raw_of("ami_abandoned_call_raw.txt"))
        until(lambda: calls() and calls()[0].ended_at, lambda: product.log("gateway"))
        call = calls()[0]
        assert (call.call_id, call.caller, call.missed, call.waited) == (
            "asterisk:1795468551.5",
            "13800138000",
            True,
            4,
        )
        with centre.database.reads() as session:
            case = session.get_one(Case, call.case_id)
            assert (case.flags, case.priority) == (["missed_call"], 2)
        product.kill("gateway")
        product.start("gateway")
        server.expect("connected")
        server.tell("Event: QueueCallerJoin\r\nLinkedid: 7.1\r\nQueue: hotline\r\nCallerIDNum: 13800001000\r\n\r\n")
        until(lambda: len(calls()) > 1, lambda: product.log("gateway"))
        with centre.database.reads() as session:
            case = session.get_one(Case, calls()[1].case_id)
            assert (case.elder_id, case.rings_for) == (town.elders["Wang"], [])
        until(lambda: connected(centre), lambda: product.log("gateway"))  # a word of its own, beside those of calls
    centre.database.engine.dispose()
