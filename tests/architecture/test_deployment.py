"""What production starts from: linted by the linters of the trade, and complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.bootstrap import gateway
from dispatch.workers import tasks
from tests.support.parts import missing, program

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.txt"))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    composition = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return dict(composition["services"])


def run(*command: str | Path, **env: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env or None)
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def test_dockerfile_passes_hadolint() -> None:
    run(tool("hadolint"), "Dockerfile")


def test_composition_passes_compose_lint() -> None:
    run(tool("compose-lint"), "check", "--strict-config", "--fail-on", "low", "--no-env", "docker-compose.yml")


def test_proxy_accepts_its_configuration(tmp_path: Path) -> None:
    caddy = program("DISPATCH_TEST_CADDY", "caddy")
    if caddy is None:
        missing("Caddy (Debian: apt-get install caddy)")
    config = ROOT / "config" / "proxy" / "Caddyfile"
    run(caddy, "validate", "--adapter", "caddyfile", "--config", config, HOME=str(tmp_path), PATH="/usr/bin:/bin")


def test_every_queue_is_consumed(services: dict[str, Any]) -> None:
    workers = [service["command"][1:] for service in services.values() if service.get("command", [""])[0] == "worker"]
    consumed = {
        queue
        for options in workers
        for option in options
        if option.startswith("--queues=")
        for queue in option.removeprefix("--queues=").split(",")
    }
    assert consumed == set(tasks.QUEUES)
    assert {queue.name for queue in tasks.app.conf.task_queues} == set(tasks.QUEUES)


def test_there_are_two_webs_and_a_standby_clock(services: dict[str, Any]) -> None:
    commands = [service.get("command") for service in services.values()]
    assert commands.count(["web"]) == 2
    assert commands.count(["clock"]) == 2


def test_nothing_of_the_product_starts_before_the_schema_is_there(services: dict[str, Any]) -> None:
    own = {name: s for name, s in services.items() if s["image"].startswith("dispatch:") and name != "migrate"}
    assert own
    for service in own.values():
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_every_service_is_locked_down(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_only_the_proxy_and_what_devices_speak_to_face_the_outside(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "ports" in service} == {"proxy", "mosquitto", "gateway"}


def test_each_listener_that_is_a_server_is_published_where_the_settings_say_so(services: dict[str, Any]) -> None:
    listeners = yaml.safe_load((ROOT / "config" / "gateways.yaml").read_text())
    servers = [one for name, one in listeners.items() if one.get("protocol", name) in gateway.LISTENERS]
    wanted = {port for one in servers for port in (one["port"], (one.get("options") or {}).get("tls_port")) if port}
    published = [
        re.fullmatch(r"\$\{(\w+):-([\d.]+:\d*)\}:(\d+)(?:/udp)?", port) for port in services["gateway"]["ports"]
    ]
    assert None not in published
    assert {int(port[3]) for port in published if port} == wanted
    example = (ROOT / ".env.example").read_text()
    for port in published:
        assert port is not None
        assert port[2] in ("127.0.0.1:", "0.0.0.0:4041"), "what nobody has asked for is reached from this host alone"
        assert f"\n{port[1]}=\n" in example


def test_the_example_of_settings_holds_no_secret_and_names_every_needed_one() -> None:
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert needed <= set(example)
    assert not any(example[name] for name in needed)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_packages_and_hashes_and_no_place(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"://|^-|file:|\s@\s", text, re.M)
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert "==" in requirement, requirement
        assert "--hash=sha256:" in requirement, requirement
