"""The rules of coming in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.domain.access import AccessRules, classes
from dispatch.domain.permissions import OF_ROLE, May
from dispatch.settings import ROOT, load_access

RULES = load_access(ROOT / "config")
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

PASSWORDS = {
    "a long enough password": None,
    "Kz7-mmwq": None,
    "雪落在鸡西的长夜里静静地": None,
    "kz7mmwq": "too-short",
    "kz7mmwqp": "too-short",
    "Kz7mmw": "too-short",
    "P@ssw0rd": "too-common",
    "Password1234": "too-common",
    "password2026!": "too-common",
    "888888888888": "too-common",
    "abababababab": "too-common",
    "Chen.xiao-2026-x": None,
    "my chenxiao password": "contains-username",
    "CHENXIAO-8-x": "contains-username",
    "oaixnehc": "too-short",
}


@pytest.mark.parametrize(("password", "fault"), PASSWORDS.items())
def test_a_password_is_judged(password: str, fault: str | None) -> None:
    assert RULES.passwords.fault(password, "chenxiao") == fault


def test_classes_are_counted() -> None:
    assert [classes(p) for p in ("", "a", "aB", "aB1", "aB1!", "王")] == [0, 1, 2, 3, 4, 1]


def test_a_session_ends_by_idleness_or_at_the_end_of_the_shift() -> None:
    sessions = RULES.sessions
    assert sessions.ends_at(NOW, NOW, {"admin"}) == NOW + timedelta(minutes=30)
    assert sessions.ends_at(NOW, NOW, {"operator"}) == NOW + timedelta(hours=12)
    assert sessions.ends_at(NOW, NOW, {"operator", "admin"}) == NOW + timedelta(hours=12)
    busy = NOW + timedelta(hours=11, minutes=50)
    assert sessions.ends_at(NOW, busy, {"admin"}) == NOW + timedelta(hours=12)
    assert sessions.ends_at(NOW, NOW, set()) == NOW + timedelta(minutes=30)


def test_who_watches_is_not_who_does() -> None:
    assert RULES.held_together({"auditor", "operator"}) == ("auditor", "operator")
    assert RULES.held_together({"admin", "auditor"}) == ("auditor", "admin")
    assert RULES.held_together({"admin", "supervisor"}) is None
    assert RULES.held_together({"auditor"}) is None


def test_no_role_both_gives_rights_and_sees_elders() -> None:
    for role, rights in OF_ROLE.items():
        assert not (May.USERS in rights and May.REGISTER_READ in rights), role
    assert not OF_ROLE["auditor"] & {May.CASES_WORK, May.REGISTER_EDIT, May.USERS, May.REVEAL, May.EXPORT}


def test_a_demo_asks_nobody_for_a_second_factor() -> None:
    assert RULES.needs_second_factor({"operator", "admin"})
    assert not RULES.needs_second_factor({"operator"})
    lenient = load_access(ROOT / "config", lenient=True)
    assert not lenient.needs_second_factor({"admin"})
    assert lenient.sessions.idle_for({"admin"}) == timedelta(hours=12)
    assert lenient.passwords == RULES.passwords


WRONG: dict[str, tuple[str, Any]] = {
    "an unknown role must have a second factor": ("second_factor", {"required": ["king"]}),
    "an unknown role is idle": ("sessions", {"idle_minutes": {"otherwise": 30, "king": 5}, "absolute_hours": 12}),
    "nobody is idle": ("sessions", {"idle_minutes": {"operator": 30}, "absolute_hours": 12}),
    "too short": (
        "passwords",
        {"length": 12, "shorter_with_three_classes": 4, "not_the_last": 5, "days": 0, "one_time_hours": 72},
    ),
    "no number": ("lock_out", {"tries": "many", "minutes": 5, "address_tries": 20, "address_seconds": 10}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_configuration_is_refused_with_its_file(tmp_path: Path, name: str) -> None:
    values = yaml.safe_load((ROOT / "config" / "access.yaml").read_text())
    part, body = WRONG[name]
    (tmp_path / "access.yaml").write_text(yaml.safe_dump({**values, part: body}))
    (tmp_path / "common-passwords.txt").write_text("password\n")
    with pytest.raises(ValueError, match=r"access\.yaml"):
        load_access(tmp_path)


def test_the_rules_are_a_value() -> None:
    values = yaml.safe_load((ROOT / "config" / "access.yaml").read_text())
    assert AccessRules.load(values, []).passwords.common == frozenset()
