"""Programs of others that speak SIP: SIPp as a telecare unit, Kamailio as the relay that operators put in front."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.support.parts import free_port, missing, program

SCENARIOS = Path(__file__).resolve().parent.parent / "peers" / "scaip"
WITHIN = 60
UNIT = {"cid": "26317", "mty": "ME", "dty": "0003", "stc": "0010"}


def sipp() -> Path:
    found = program("DISPATCH_TEST_SIPP", "sipp")
    if found is None:
        missing("SIPp (Debian: apt-get install sip-tester)")
    return found


class Unit:
    """A telecare unit of SIPp's: ``says`` sends, and fails where the answer is not the wanted one."""

    def __init__(self, port: int, transport: str, home: Path, certificate: tuple[Path, Path] | None = None) -> None:
        """``transport`` as SIPp calls it: u1, t1 or l1 for TLS."""
        self._program = sipp()
        self._port = port
        self._transport = transport
        self._home = home
        self._certificate = certificate

    def says(self, scenario: str = "message", calls: int = 1, snu: str = "0", **values: str) -> None:
        """``snu``: the status that it expects; SIPp has no variables in what it looks for."""
        told = (SCENARIOS / f"{scenario}.xml").read_text().replace("SNU", snu)
        (self._home / "scenario.xml").write_text(told)
        given = [part for name, value in (UNIT | values).items() for part in ("-key", name, value)]
        tls = (
            ["-tls_cert", str(self._certificate[0]), "-tls_key", str(self._certificate[1])] if self._certificate else []
        )
        command = [
            *(str(self._program), f"127.0.0.1:{self._port}", "-sf", "scenario.xml"),
            *("-t", self._transport, "-m", str(calls), "-r", "20", "-i", "127.0.0.1", "-p", str(free_port())),
            *("-timeout", str(WITHIN), "-timeout_error", "-recv_timeout", "50000", "-nostdin", "-trace_err"),
            *("-error_file", "sipp.err", *tls, *given),
        ]
        done = subprocess.run(
            command,
            cwd=self._home,
            env={**os.environ, "TERM": "dumb"},
            capture_output=True,
            timeout=WITHIN + 10,
            check=False,
        )
        errors = self._home / "sipp.err"
        told = errors.read_text(errors="replace")[-3000:] if errors.exists() else ""
        assert done.returncode == 0, f"SIPp: {done.returncode}\n{told}\n{done.stdout.decode(errors='replace')[-1500:]}"


RELAY = """
debug=1
log_stderror=yes
fork=yes
children=1
auto_aliases=no
listen=udp:127.0.0.1:{udp}
listen=tcp:127.0.0.1:{tcp}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
request_route {{
    $du = "sip:127.0.0.1:{goal};transport=tcp";
    if (!t_relay()) {{ sl_reply_error(); }}
    exit;
}}
"""
MODULES = ":".join(f"/usr/lib/{place}/kamailio/modules/" for place in ("x86_64-linux-gnu", "aarch64-linux-gnu", "."))


class Relay:
    """Kamailio: UDP of the units in, TCP to us out."""

    def __init__(self, goal: int, home: Path) -> None:
        found = program("DISPATCH_TEST_KAMAILIO", "kamailio", "/usr/sbin/kamailio")
        if found is None:
            missing("Kamailio (Debian: apt-get install kamailio)")
        self.port = free_port()
        configuration = home / "kamailio.cfg"
        configuration.write_text(RELAY.format(udp=self.port, tcp=free_port(), goal=goal, modules=MODULES))
        self._log = home / "kamailio.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(found), "-DD", "-E", "-f", str(configuration), "-P", str(home / "kamailio.pid"), "-Y", str(home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, unit: Unit) -> None:
        """Until it relays."""
        until = time.monotonic() + WITHIN
        while True:
            try:
                return unit.says("options")
            except (AssertionError, subprocess.TimeoutExpired):
                assert self._process.poll() is None, self._log.read_text(errors="replace")[-3000:]
                assert time.monotonic() < until, self._log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)
