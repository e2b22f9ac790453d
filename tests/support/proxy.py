"""The production proxy with its production configuration, on ports of the tests' own."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.parts import free_port

ROOT = Path(__file__).resolve().parents[2]


class Proxy:
    def __init__(self, program: Path, home: Path, upstreams: list[str]) -> None:
        self.program = program
        self.home = home
        self.upstreams = upstreams
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        """Who signed the certificate: the proxy itself, since `localhost` is no public name."""
        return self.home / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def __enter__(self) -> Proxy:
        self.home.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "SITE_ADDRESS": "localhost",
            "WEB_UPSTREAMS": " ".join(self.upstreams),
            "PROXY_COOKIE_SECRET": "of-the-tests",
            "PROXY_ADMIN": f"127.0.0.1:{free_port()}",
            "PROXY_HTTP_PORT": str(free_port()),
            "PROXY_HTTPS_PORT": str(self.port),
        }
        config = ROOT / "config" / "proxy" / "Caddyfile"
        command = [str(self.program), "run", "--adapter", "caddyfile", "--config", str(config)]
        with (self.home / "proxy.log").open("wb") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)

    def _wait(self, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while not (self.authority.exists() and self._answers()):
            if time.monotonic() > deadline:
                raise RuntimeError((self.home / "proxy.log").read_text()[-3000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=3, context=context) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
