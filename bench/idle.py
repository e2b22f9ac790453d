"""What ./run costs when nothing happens: start-up seconds, processor time and memory of every process.

.venv/bin/python bench/idle.py [--seconds 60] [--no-demo]
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    name: str
    cpu_seconds: float
    pss_kib: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--settle", type=float, default=10, help="seconds between ready and the first reading")
    parser.add_argument("--no-demo", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dispatch-idle-") as data:
        first = start_and_stop(Path(data), options.no_demo)
        second, process = start(Path(data), options.no_demo)
        try:
            time.sleep(options.settle)
            before = usages(process.pid)
            time.sleep(options.seconds)
            after = usages(process.pid)
        finally:
            stopped = stop(process)
    print(f"start with an empty data directory {first:.1f} s, again {second:.1f} s, stop {stopped:.1f} s\n")
    print_table(before, after, options.seconds)


def start_and_stop(data: Path, no_demo: bool) -> float:
    seconds, process = start(data, no_demo)
    stop(process)
    return seconds


def start(data: Path, no_demo: bool) -> tuple[float, subprocess.Popen[bytes]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(ROOT / "run"), "--port", str(port), "--data", str(data), *(["--no-demo"] if no_demo else [])]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not ready(port):
        if process.poll() is not None or time.monotonic() - began > 120:
            stop(process)
            sys.exit(f"./run did not become ready; see the messages above (data in {data})")
        time.sleep(0.05)
    return time.monotonic() - began, process


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return time.monotonic() - began


def usages(top: int) -> dict[int, Usage]:
    found = {}
    for pid in [top, *descendants(top)]:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except OSError:
            continue
        pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        found[pid] = Usage(short_name(words), (int(stat[11]) + int(stat[12])) / TICKS, pss)
    return found


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *descendants(child))]


def short_name(words: list[str]) -> str:
    parts = [Path(word).name for word in words if word and not word.startswith("-")]
    return " ".join(part for part in parts if not part.startswith("python"))[:40]


def print_table(before: dict[int, Usage], after: dict[int, Usage], seconds: float) -> None:
    print(f"{'process':40} {'cpu %':>7} {'PSS MiB':>8}")
    total_cpu = total_pss = 0.0
    for pid, now in after.items():
        cpu = (now.cpu_seconds - before[pid].cpu_seconds) / seconds * 100 if pid in before else float("nan")
        print(f"{now.name:40} {cpu:7.2f} {now.pss_kib / 1024:8.1f}")
        total_cpu, total_pss = total_cpu + cpu, total_pss + now.pss_kib / 1024
    print(f"{'together':40} {total_cpu:7.2f} {total_pss:8.1f}")


if __name__ == "__main__":
    main()
