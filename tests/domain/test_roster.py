"""Shifts from weekly patterns, and what is wrong with a plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.domain.roster import DutyRules, OnDuty, Pattern, clock, double_booked, gaps, generate, warnings

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = {
    "roles": {"operator": {}, "supervisor": {"paged": True}},
    "check_every": 600,
    "required": {"levels": [3], "roles": ["operator"], "areas": {"230303": ["supervisor"]}},
    "page_again_every": 1800,
    "warn_ahead_hours": 24,
    "plan_days": 35,
    "shortest_rest_hours": 8,
    "longest_shift_hours": 24,
}


def shift(number: int, start: float, end: float, who: str = "user:1", role: str = "operator") -> OnDuty:
    return OnDuty(number, who, role, "/1/2/", NOON + timedelta(hours=start), NOON + timedelta(hours=end))


def test_a_night_shift_ends_on_the_next_day_in_the_zone_of_the_centre() -> None:
    pattern = Pattern(frozenset({0, 4}), "20:00", "08:00", MONDAY)
    found = list(generate(pattern, MONDAY, MONDAY + timedelta(days=6), SHANGHAI))
    assert [p.day.weekday() for p in found] == [0, 4]
    assert found[0].starts_at.astimezone(UTC) == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert found[0].ends_at.astimezone(UTC) == datetime(2026, 11, 24, 0, tzinfo=UTC)


def test_the_same_time_as_start_and_end_is_a_whole_day() -> None:
    (found,) = generate(Pattern(frozenset({0}), "08:00", "08:00", MONDAY), MONDAY, MONDAY, SHANGHAI)
    assert found.ends_at - found.starts_at == timedelta(hours=24)


def test_a_shift_in_the_night_when_clocks_change_keeps_its_times_on_the_wall() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    saturday = date(2026, 10, 24)
    (found,) = generate(Pattern(frozenset({5}), "22:00", "06:00", saturday), saturday, saturday, berlin)
    assert found.ends_at.astimezone(UTC) - found.starts_at.astimezone(UTC) == timedelta(hours=9)


def test_exceptions_take_a_day_out_move_it_or_add_one() -> None:
    exceptions = {
        MONDAY.isoformat(): None,
        "2026-11-24": {"starts": "10:00", "ends": "12:00"},
        "2026-11-29": {"starts": "09:00", "ends": "10:00"},
    }
    pattern = Pattern(frozenset({0, 1, 2}), "08:00", "16:00", MONDAY, exceptions=exceptions)
    found = [
        (p.day.isoformat(), p.starts_at.hour) for p in generate(pattern, MONDAY, MONDAY + timedelta(days=6), SHANGHAI)
    ]
    assert found == [("2026-11-24", 10), ("2026-11-25", 8), ("2026-11-29", 9)]


def test_nothing_is_generated_before_the_beginning_or_after_the_end() -> None:
    pattern = Pattern(frozenset(range(7)), "08:00", "16:00", MONDAY, valid_to=MONDAY + timedelta(days=1))
    found = list(generate(pattern, MONDAY - timedelta(days=9), MONDAY + timedelta(days=9), SHANGHAI))
    assert [p.day for p in found] == [MONDAY, MONDAY + timedelta(days=1)]
    assert list(generate(pattern, MONDAY + timedelta(days=5), MONDAY + timedelta(days=9), SHANGHAI)) == []


@pytest.mark.parametrize("text", ["8:00", "24:00", "08:60", "0800", "", "ab:cd"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        clock(text)


def test_a_shift_begins_at_its_first_moment_and_is_over_at_its_last() -> None:
    one = shift(1, 0, 8)
    assert [one.at(NOON + timedelta(hours=h)) for h in (-0.01, 0, 7.99, 8)] == [False, True, True, False]


def test_gaps_are_what_no_shift_covers() -> None:
    day = (NOON, NOON + timedelta(hours=24))
    assert gaps([], *day) == [day]
    assert gaps([shift(1, -2, 25)], *day) == []
    assert gaps([shift(1, 0, 8), shift(2, 8, 16), shift(3, 15, 24)], *day) == []
    found = gaps([shift(1, 2, 8), shift(2, 3, 5), shift(3, 10, 12)], *day)
    assert [((a - NOON).total_seconds() / 3600, (b - NOON).total_seconds() / 3600) for a, b in found] == [
        (0, 2),
        (8, 10),
        (12, 24),
    ]


def test_nobody_has_the_same_place_twice_at_once() -> None:
    mine = shift(1, 0, 8)
    assert double_booked(mine, [mine]) is None
    assert double_booked(mine, [shift(2, 8, 16), shift(3, -8, 0)]) is None
    assert double_booked(mine, [shift(2, 4, 5, who="user:2"), shift(3, 4, 5, role="rescue")]) is None
    assert double_booked(mine, [shift(4, 7, 9)]) == shift(4, 7, 9)


def test_two_roles_at_once_and_a_short_night_are_warnings() -> None:
    found = warnings(
        [shift(3, 12, 20), shift(1, 0, 8), shift(2, 4, 6, role="rescue"), shift(4, 20, 30)], timedelta(hours=8)
    )
    assert [(w.code, w.first.id, w.second.id) for w in found] == [
        ("double", 1, 2),
        ("rest", 1, 3),
        ("rest", 2, 3),
    ]
    assert warnings([shift(1, 0, 8, who="phone:1"), shift(2, 9, 12, who="phone:1")], timedelta(hours=8)) == []


def test_rules_name_who_must_be_where() -> None:
    rules = DutyRules.load(RULES)
    assert rules.required_in("230303", 3) == ("supervisor",)
    assert rules.required_in("230304", 3) == ("operator",)
    assert rules.required_in("230303001", 4) == ()
    with pytest.raises(ValueError, match="cook"):
        DutyRules.load({**RULES, "required": {"levels": [3], "roles": ["cook"]}})
