"""On which days an elder belongs to a group, and what the desk sees of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.groups import Groups, Spell, flags

BODY: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "config" / "groups.yaml").read_text(encoding="utf-8")
)
GROUPS = Groups.load(BODY)
DAY = date(2026, 5, 10)


def day(n: int) -> date:
    return DAY + timedelta(days=n)


def test_every_group_of_the_citys_plan_is_there() -> None:
    assert {
        "destitute", "without_carer", "living_alone", "no_family", "empty_nest", "left_behind", "severe_disability",
        "disabled_ability", "dementia", "advanced_age", "family_planning_special",
    } <= set(GROUPS.groups)  # fmt: skip
    assert all(group.names["zh"] and group.names["en"] for group in GROUPS.groups.values())
    assert "destitute" in GROUPS.marked("safety_net")
    assert "advanced_age" not in GROUPS.marked("special_difficulty")


def test_the_last_day_counts() -> None:
    spell = Spell(day(0), day(2))
    assert [spell.holds(day(n)) for n in (-1, 0, 2, 3)] == [False, True, True, False]
    assert not Spell(day(0), None, ended=True).holds(day(0))


spells = st.builds(
    lambda first, length, ended: Spell(day(first), None if length is None else day(first + length), ended),
    st.integers(-20, 20),
    st.none() | st.integers(0, 20),
    st.booleans(),
)


@given(spells, st.integers(-50, 50))
def test_nothing_changes_before_the_next_change(spell: Spell, n: int) -> None:
    change = spell.next_change(day(n))
    until = change or day(n + 100)
    for one in range((until - day(n)).days):
        assert spell.holds(day(n + one)) == spell.holds(day(n))
    if change is not None:
        assert spell.holds(change) != spell.holds(day(n))


@given(spells, spells)
def test_two_spells_meet_when_a_day_is_in_both(one: Spell, other: Spell) -> None:
    together = any(one.holds(day(n)) and other.holds(day(n)) for n in range(-30, 100))
    assert one.meets(other) == other.meets(one) == together


def test_flags_follow_the_groups_and_keep_what_is_none() -> None:
    present = ["hard_of_hearing", "dementia", "living_alone"]
    assert flags(present, GROUPS, {"advanced_age", "living_alone"}) == [
        "living_alone",
        "advanced_age",
        "hard_of_hearing",
    ]


def test_a_group_stands_once() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        Groups.load({**BODY, "groups": [*BODY["groups"], BODY["groups"][0]]})
    with pytest.raises(ValueError, match="at least one"):
        Groups.load({"groups": [], "service_forms": []})
