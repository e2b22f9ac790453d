"""A Mosquitto of the test's own, which can be killed and started again with what it had stored."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt import publish

from tests.support.parts import free_port, missing, program

CONFIGURATION = """
listener {port} 127.0.0.1
persistence true
persistence_location {home}/
queue_qos0_messages true
max_queued_messages 10000
{more}
"""


class Mosquitto:
    def __init__(self, home: Path, more: str = "allow_anonymous true") -> None:
        """``more`` of its configuration."""
        found = program("DISPATCH_TEST_MOSQUITTO", "mosquitto", "/usr/sbin/mosquitto")
        if found is None:
            missing("Mosquitto (Debian: apt-get install mosquitto)")
        home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._binary = found
        self._home = home
        self._configuration = home / "mosquitto.conf"
        user = "user root\n"
        self._configuration.write_text(user + CONFIGURATION.format(port=self.port, home=home, more=more))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with (self._home / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binary), "-c", str(self._configuration)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._home / "mosquitto.log").read_text()[-2000:]) from None
                time.sleep(0.05)
            else:
                return

    def say(self, topic: str, payload: Any, *, qos: int = 1, retain: bool = False, **more: Any) -> None:
        """As any device would. ``payload``: bytes as they are, everything else as JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        publish.single(
            topic, body, qos=qos, retain=retain, hostname="127.0.0.1", port=self.port, client_id="a device", **more
        )

    def stop(self, *, kill: bool = False) -> None:
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(10)
        self._process = None


def certified(home: Path) -> tuple[Path, Path, Path]:
    """An authority of the test's own, a certificate of it for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = home / "server.crt", home / "server.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, public, private
