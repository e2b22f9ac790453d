"""A real Asterisk, with the samples of config/asterisk, inside of a directory that holds a Debian with its packages.

``DISPATCH_TEST_ASTERISK`` names that directory; ./test has it made by tests/peers/asterisk/place. It must be root who
runs it, since it is entered by chroot.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.settings import ROOT
from tests.support.parts import free_port

WITHIN = 60
SAMPLES = ROOT / "config" / "asterisk"
AMI, ARI = "test-ami", "test-ari"


class Asterisk:
    def __init__(self) -> None:
        root = os.environ.get("DISPATCH_TEST_ASTERISK", "")
        if not root:  # also in CI: not every machine can have one, and ./test has said why
            pytest.skip("MISSING: a real Asterisk. ./test makes one where it is root: docs/protocols/hotline.md")
        if not (Path(root) / "usr/sbin/asterisk").exists() or os.geteuid() != 0:
            pytest.fail(f"DISPATCH_TEST_ASTERISK={root}: there is no Asterisk, or you are not root", pytrace=False)
        self.root = Path(root)
        self.place = Path(tempfile.mkdtemp(prefix="dispatch-", dir=self.root / "tmp"))
        self.inside = Path("/") / self.place.relative_to(self.root)
        self.sip, self.ami, self.ari, self.trunk, self.desk = (free_port() for _ in range(5))
        self.recordings = self.place / "recordings"
        self.sounds = self.place / "sounds"
        self._programs: list[subprocess.Popen[bytes]] = []
        self._configure()
        self._program = self._start(["asterisk", "-C", str(self.inside / "etc/asterisk.conf"), "-f"], "asterisk.log")
        self._wait(lambda: _answers(self.ami) and _answers(self.ari), "Asterisk does not start")
        self._wait(lambda: "fully booted" in self.command("core waitfullybooted"), "Asterisk does not start")

    def _configure(self) -> None:
        for name in ("etc", "var", "spool", "run", "log", "recordings", "sounds"):
            (self.place / name).mkdir()
        for sample in SAMPLES.glob("*.conf"):
            text = sample.read_text("utf-8")
            for old, new in {
                "127.0.0.1:5060": f"127.0.0.1:{self.sip}",
                "127.0.0.1:5080": f"127.0.0.1:{self.trunk}",
                "127.0.0.1:5081": f"127.0.0.1:{self.desk}",
                "port = 5038": f"port = {self.ami}",
                "bindport = 8088": f"bindport = {self.ari}",
                "change-me-ami": AMI,
                "change-me-ari": ARI,
                "/var/spool/asterisk/monitor/dispatch": str(self.inside / "recordings"),
            }.items():
                text = text.replace(old, new)
            (self.place / "etc" / sample.name).write_text(text, "utf-8")
        rtp = 20_000 + self.sip % 2_000 * 10
        (self.place / "etc/rtp.conf").write_text(f"[general]\nrtpstart={rtp}\nrtpend={rtp + 100}\n")
        (self.place / "etc/logger.conf").write_text("[general]\n[logfiles]\nconsole => error,warning,notice\n")
        directories = {
            "astetcdir": "etc", "astvarlibdir": "var", "astdbdir": "var", "astspooldir": "spool",
            "astrundir": "run", "astlogdir": "log",
        }  # fmt: skip
        lines = [f"{name} => {self.inside / directory}" for name, directory in directories.items()]
        modules = re.sub(str(self.root), "", str(next(self.root.glob("usr/lib/**/asterisk/modules"))))
        lines += [f"astmoddir => {modules}", "astdatadir => /usr/share/asterisk"]
        (self.place / "etc/asterisk.conf").write_text("[directories]\n" + "\n".join(lines) + "\n[options]\nverbose=3\n")

    def sipp(self, scenario: str, *arguments: str) -> None:
        """SIPp with this scenario, until ``close``."""
        name = f"sipp-{len(self._programs)}"
        (self.place / f"{name}.xml").write_text(scenario, "utf-8")
        command = ["sipp", "-sf", str(self.inside / f"{name}.xml"), "-i", "127.0.0.1", "-nostdin"]
        self._start([*command, *arguments], f"{name}.log")

    def command(self, said: str) -> str:
        """At its own prompt."""
        config = str(self.inside / "etc/asterisk.conf")
        asked = ["chroot", str(self.root), "asterisk", "-C", config, "-rx", said]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return done.stdout

    def log(self) -> str:
        return (self.place / "asterisk.log").read_text(errors="replace")[-6000:]

    def _start(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self.place / log).open("wb") as file:
            program = subprocess.Popen(
                ["chroot", str(self.root), *command], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip
        self._programs.append(program)
        return program

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + WITHIN
        while not ready():
            if time.monotonic() > until or self._program.poll() is not None:
                raise RuntimeError(f"{what}:\n{self.log()}")
            time.sleep(0.1)

    def close(self) -> None:
        for program in reversed(self._programs):
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGTERM)
        for program in self._programs:
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait(10)
        shutil.rmtree(self.place, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0
