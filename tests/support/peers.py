"""Programs of others that the gateways speak to: a message centre of SMPP, and Kannel between it and us."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from tests.support.parts import free_port, missing, program

PEERS = Path(__file__).resolve().parent.parent / "peers"
WITHIN = 60


class Transmitter:
    """``transmitter.py`` of a folder of ``tests/peers``: told what to do in a line of JSON, answers in one."""

    def __init__(self, python: Path, home: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), "transmitter.py"],
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def told(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


class MessageCentre:
    """``tests/peers/message_centre.js``: npm's ``smpp`` as a message centre."""

    def __init__(self) -> None:
        node = program("DISPATCH_TEST_NODE", "node")
        if node is None or not (PEERS / "node_modules" / "smpp").is_dir():
            missing("npm's smpp (./test installs it where Node is: cd tests/peers && npm ci)")
        self.port = free_port()
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process = subprocess.Popen(
            [str(node), "message_centre.js", str(self.port)],
            cwd=PEERS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.expect("ready")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))

    def expect(self, what: str, within: float = WITHIN) -> dict[str, Any]:
        """The next thing of this kind that it says; others in between are passed over."""
        until = time.monotonic() + within
        while True:
            said = self._said.get(timeout=max(0.01, until - time.monotonic()))
            if what in said:
                return said

    def do(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def behave(self, mode: str) -> None:
        """From now on; what it said before is passed over."""
        self.do(mode=mode)
        self.expect("mode")

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)
        self._process.stdout.close()


CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = test
admin-interface = 127.0.0.1
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"

group = smsc
smsc = smpp
smsc-id = test
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = "kannel"
smsc-password = "secret"
system-type = ""
address-range = ""

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
http-request-retry = 3
http-queue-delay = 1

group = sendsms-user
username = dispatch
password = secret
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
get-url = "{text_url}"
max-messages = 0
omit-empty = true
"""


class Kannel:
    """bearerbox and smsbox, between the product and ``smsc`` (a port)."""

    def __init__(self, home: Path, smsc: int, text_url: str) -> None:
        boxes = [program(f"DISPATCH_TEST_{name.upper()}", name) for name in ("bearerbox", "smsbox")]
        if None in boxes:
            missing("Kannel (Debian: apt-get install kannel)")
        self.port = free_port()
        configuration = home / "kannel.conf"
        ports = {"admin": free_port(), "box": free_port(), "sendsms": self.port, "smsc": smsc}
        configuration.write_text(CONFIGURATION.format(**ports, text_url=text_url))
        self._processes = []
        for box in boxes:
            with (home / f"{Path(str(box)).name}.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen([str(box), str(configuration)], cwd=home, stdout=log, stderr=log)
                )
            time.sleep(0.5)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
