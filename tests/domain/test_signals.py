"""What each kind of signal means for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.domain.signals import Effect, SignalKind, clock_is_off, effect
from dispatch.settings import ROOT, load_priorities

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
EFFECTS = {
    "sos": "alarm 1",
    "fall": "alarm 1",
    "smoke": "alarm 1",
    "gas": "alarm 1",
    "co": "alarm 1",
    "wandering": "alarm 1",
    "water": "alarm 2",
    "inactivity": "alarm 2",
    "vitals": "alarm 2",
    "door": "alarm 3",
    "bed": "alarm 3",
    "restore": "remark",
    "cancel": "remark",
    "low_battery": "device",
    "heartbeat": "device",
    "test": "device",
    "fault": "device",
}


def test_the_kinds_are_those_of_the_contract() -> None:
    assert set(EFFECTS) == {kind.value for kind in SignalKind}


@pytest.mark.parametrize(("kind", "meaning"), EFFECTS.items())
def test_what_a_kind_means(kind: str, meaning: str) -> None:
    word, *priority = meaning.split()
    assert effect(SignalKind(kind)) is Effect(word)
    assert [str(p) for k, p in load_priorities(ROOT / "config").items() if k == kind] == priority


@pytest.mark.parametrize(
    ("off", "wrong"),
    [
        (timedelta(0), False),
        (timedelta(hours=24), False),
        (timedelta(hours=-24), False),
        (timedelta(hours=24, seconds=1), True),
        (timedelta(hours=-24, seconds=-1), True),
        (timedelta(days=20_000), True),
    ],
)
def test_a_device_whose_clock_is_a_day_off(off: timedelta, wrong: bool) -> None:
    assert clock_is_off(NOW + off, NOW) is wrong
    assert clock_is_off(None, NOW) is False
