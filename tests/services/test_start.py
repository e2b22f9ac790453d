"""What a process that works with alarms must be told before it opens."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from dispatch.bootstrap.centre import DEMO_CALLBACK, at_work, centre_of
from dispatch.bootstrap.process import StartRefused
from dispatch.settings import Settings
from tests.support import factories

ROOT = Path(__file__).resolve().parents[2]


def started(tmp_path: Path, **more: object) -> str:
    chosen = factories.settings(f"sqlite:///{tmp_path / 'dispatch.db'}", tmp_path, **more)
    return at_work(chosen).response.callback_number


def test_without_a_number_to_ring_back_the_centre_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match=r"DISPATCH_CALLBACK_NUMBER.*response\.yaml"):
        started(tmp_path, callback_number="")


def test_the_demonstration_has_an_invented_number(tmp_path: Path) -> None:
    assert started(tmp_path, callback_number="", demo=True) == DEMO_CALLBACK


@pytest.mark.parametrize("number", ["own", "0467-235 1200", "+864672351200"])
def test_a_number_of_the_centre_or_the_operators_own(tmp_path: Path, number: str) -> None:
    assert started(tmp_path, callback_number=number, demo=True) == number


def test_what_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="callback_number"):
        started(tmp_path, callback_number="ask the desk")


def test_administration_needs_none(tmp_path: Path) -> None:
    chosen: Settings = factories.settings(f"sqlite:///{tmp_path / 'dispatch.db'}", tmp_path, callback_number="")
    assert dataclasses.is_dataclass(centre_of(chosen))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("bath: 50", "baths: 50", r"followup\.yaml: sample\.by_item: .*catalogue.*: baths$"),
        ("always: [medical_nurse]", "always: [medical]", r"sample\.always: .*: medical$"),
        ("kinds: [emergency, service]", "kinds: [emergencies]", r"questions\.need_more"),
    ],
)
def test_what_nobody_can_order_cannot_be_asked_about(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    directory = tmp_path / "config"
    shutil.copytree(ROOT / "config", directory)
    rules = directory / "followup.yaml"
    rules.write_text(rules.read_text("utf-8").replace(right, wrong), "utf-8")
    with pytest.raises(StartRefused, match=said):
        started(tmp_path, config_dir=directory)
