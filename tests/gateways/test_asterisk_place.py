"""tests/peers/asterisk/place, with stand-ins for the programs that it calls: what it makes, finds and gives up on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dispatch.settings import ROOT

PLACE = ROOT / "tests" / "peers" / "asterisk" / "place"
MIRROR = "http://mirror.example/debian/"
STAND_INS = {
    "id": "echo 0",
    "apt-get": f'[ "$1" = indextargets ] && echo {MIRROR}',
    "debootstrap": 'echo "$@" >>"$CALLS"; mkdir -p "$3/usr/sbin"',
    "chroot": 'echo chroot "$@" >>"$CALLS"',
}


class Machine:
    def __init__(self, directory: Path) -> None:
        self.home = directory / "cache" / "dispatch-test"
        self.programs = directory / "bin"
        self.programs.mkdir()
        self._calls = directory / "calls"
        for name, body in STAND_INS.items():
            self.does(name, body)

    def does(self, name: str, body: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self.home.parent),
            "CALLS": str(self._calls),
        }
        self._calls.write_text("")
        return subprocess.run([PLACE], env=env, capture_output=True, text=True, check=False, timeout=30)

    def calls(self) -> str:
        return self._calls.read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_is_made_once_from_the_mirror_of_apt_and_found_again(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stdout) == (0, f"{machine.home / 'asterisk'}\n")
    assert f"bullseye {machine.home / 'asterisk.part'} {MIRROR}" in machine.calls()
    assert "install -y --no-install-recommends asterisk sip-tester espeak-ng" in machine.calls()
    again = machine.run()
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")
    assert "bullseye" not in machine.calls()


def test_what_is_half_made_or_of_another_version_is_made_anew(machine: Machine) -> None:
    half = machine.home / "asterisk.part" / "half"
    half.mkdir(parents=True)
    (machine.home / "asterisk").mkdir()
    (machine.home / "asterisk" / "made-of").write_text("an older recipe")
    assert machine.run().returncode == 0
    assert "bullseye" in machine.calls()
    assert not half.parent.exists()


def test_one_that_does_not_start_any_more_is_made_anew(machine: Machine) -> None:
    machine.run()
    machine.does("chroot", 'echo chroot "$@" >>"$CALLS"; [ "$3" != -V ] || grep -q bullseye "$CALLS"')
    assert machine.run().returncode == 0
    assert "bullseye" in machine.calls()


@pytest.mark.parametrize(
    ("program", "body", "reason"),
    [
        ("id", "echo 1000", "only root"),
        ("debootstrap", "exit 1", "could not bring bullseye"),
        ("chroot", "exit 1", "packages could not be installed"),
    ],
)
def test_where_it_cannot_be_had_it_says_why_and_leaves_nothing_half_made(
    machine: Machine, program: str, body: str, reason: str
) -> None:
    machine.does(program, body)
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert not (machine.home / "asterisk.part").exists()
    assert not (machine.home / "asterisk").exists()
