"""What ./run starts: everything answers, what dies comes back, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support.parts import free_port
from tests.support.product import DISPATCH, answers

pytestmark = [pytest.mark.topology, pytest.mark.slow, pytest.mark.timeout(900)]


class Running:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{free_port()}"
        env = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")}
        command = [DISPATCH, "serve", "--port", self.url.rpartition(":")[2], "--data", str(data)]
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def wait(self, condition: Callable[[], object], within: float) -> float:
        began = time.monotonic()
        while not condition():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() - began < within, self.logs()
            time.sleep(0.05)
        return time.monotonic() - began

    def ready(self) -> bool:
        return answers(f"{self.url}/readyz")

    def children(self) -> dict[int, str]:
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = {}
        for pid in pids:
            words = Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
            found[int(pid)] = Path(words[0]).name if len(words) == 1 else words[-1]
        return found

    def stop(self) -> float:
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began

    def output(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()

    def logs(self) -> str:
        return "\n".join(f"{p.name}: {p.read_text()[-800:]}" for p in sorted((self.data / "logs").glob("*.log")))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    if not Path("/proc/self/task").exists():
        pytest.skip("reads /proc")
    one = Running(tmp_path / "data")
    try:
        one.wait(one.ready, within=300)
        yield one
    finally:
        one.stop()
        assert one.process.stdout is not None
        one.process.stdout.close()


def test_everything_starts_comes_back_and_goes(running: Running, figures: Callable[[str], None]) -> None:
    answer = requests.post(
        f"{running.url}/api/v1/signals",
        json={"device": "run-1", "kind": "sos", "event_id": "1"},
        headers={"Authorization": "Bearer demo-device-token"},
        timeout=60,
    )
    assert answer.status_code == 202

    roles = list(running.children().values())
    assert roles.count("clock") == 2
    assert {"web", "worker"} <= set(roles)

    web = next(pid for pid, role in running.children().items() if role == "web")
    os.killpg(web, signal.SIGKILL)
    running.wait(lambda: not Path(f"/proc/{web}").exists(), within=5)
    took = running.wait(running.ready, within=20)

    family = running.children()
    stopped = running.stop()
    figures(f"./run: web killed, answers again after {took:.1f} s; stopped in {stopped:.1f} s")
    assert running.process.returncode == 0
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
    text = running.output()
    assert running.url in text
    assert "operator" in text
    assert str(running.data) in text


def test_a_second_start_finds_what_the_first_one_promised(tmp_path: Path) -> None:
    body = {"device": "run-2", "kind": "sos", "event_id": "once"}
    headers = {"Authorization": "Bearer demo-device-token"}
    seen = []
    for _ in range(2):
        one = Running(tmp_path / "data")
        try:
            one.wait(one.ready, within=300)
            answer = requests.post(f"{one.url}/api/v1/signals", json=body, headers=headers, timeout=60)
            seen.append((answer.json()["case_id"], answer.json()["duplicate"]))
        finally:
            one.stop()
            one.output()
            one.process.stdout.close()  # type: ignore[union-attr]
    assert seen == [(seen[0][0], False), (seen[0][0], True)]
