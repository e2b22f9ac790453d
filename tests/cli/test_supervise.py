"""What ./run checks before it starts anything, and what it tells supervisord."""

from __future__ import annotations

import configparser
import socket
import stat
from pathlib import Path

import click
import pytest

from dispatch.cli import supervise
from dispatch.cli.supervise import Child


def parsed(data: Path, *children: Child) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(supervise._supervisord_conf(data, list(children)))
    return parser


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(click.ClickException, match=f"port {port} .* choose another with --port"):
            supervise._refuse_busy_port(port)


def test_a_second_start_on_the_same_data_is_refused(tmp_path: Path) -> None:
    supervise._make_private(tmp_path)
    supervise._hold_data_dir(tmp_path)
    with pytest.raises(click.ClickException, match="already running"):
        supervise._hold_data_dir(tmp_path)


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    secret = supervise._secret(path, "s" * 64)
    assert len(secret) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert supervise._secret(path, "another") == secret


def test_two_clocks_run_and_nothing_that_this_build_does_not_have() -> None:
    children = supervise._children({"web", "worker", "clock", "simulate"}, demo=True)
    assert [child.name for child in children] == ["web", "worker", "clock1", "clock2", "simulate"]
    assert "simulate" not in [c.name for c in supervise._children({"web", "simulate"}, demo=False)]


def test_a_child_that_dies_is_started_again_without_end(tmp_path: Path) -> None:
    program = parsed(tmp_path, Child("web", ("dispatch", "web")))["program:web"]
    assert program["autorestart"] == "true"
    assert int(program["startretries"]) > 100_000


def test_the_broker_starts_first_and_stops_last(tmp_path: Path) -> None:
    conf = parsed(tmp_path, Child("broker", ("redis-server",), group="broker"), Child("web", ("dispatch", "web")))
    assert int(conf["group:broker"]["priority"]) < int(conf["group:product"]["priority"])


def test_a_path_with_blanks_and_percent_signs_survives(tmp_path: Path) -> None:
    odd = tmp_path / "a 100% odd place"
    program = parsed(odd, Child("web", (f"{odd}/dispatch", "web")))["program:web"]
    assert "100%% odd" in program["stdout_logfile"]
    assert "'" in program["command"]
