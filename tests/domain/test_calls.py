"""Whom the hotline has answered, counted over any 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.calls import Ended, HotlineRules, connection, worst

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WITHIN = timedelta(seconds=15)
TARGETS = {"answer_within_seconds": 15, "answered_percent": 95, "connected_percent": 95}


def ended(hours_ago: float, *, answered: bool = True, waited: float = 5) -> Ended:
    return Ended(NOON - timedelta(hours=hours_ago), answered, timedelta(seconds=waited))


def test_who_gave_up_counts_against_the_rate_and_who_waited_against_the_time() -> None:
    found = connection([ended(1), ended(2, waited=15), ended(3, waited=16), ended(4, answered=False)], NOON, WITHIN)
    assert (found.calls, found.answered, found.in_time) == (4, 3, 2)
    assert (found.connected_percent, found.in_time_percent) == (75.0, 66.7)


def test_a_day_is_24_hours_and_ends_now() -> None:
    assert connection([ended(24, answered=False), ended(23.99), ended(0), ended(-1)], NOON, WITHIN).calls == 2


def test_no_call_is_no_rate() -> None:
    found = connection([], NOON, WITHIN)
    assert (found.connected_percent, found.in_time_percent, worst([], WITHIN)) == (None, None, None)


def test_the_worst_day_lies_between_two_good_calendar_days() -> None:
    """Two who gave up late one evening and early the next morning: 95 % on both days, and not in the night between."""
    evening = [ended(20, answered=False), *(ended(40) for _ in range(19))]
    morning = [ended(5, answered=False), *(ended(-20) for _ in range(19))]
    found = worst([*evening, *morning], WITHIN)
    assert found is not None
    assert (found.calls, found.answered, found.connected_percent) == (2, 0, 0.0)
    assert found.until == NOON - timedelta(hours=5)


times = st.lists(st.tuples(st.integers(0, 100), st.booleans(), st.integers(0, 40)), min_size=1, max_size=30)


@given(times)
def test_no_day_is_worse_than_the_worst(found: list[tuple[int, bool, int]]) -> None:
    waits = [ended(hours, answered=answered, waited=waited) for hours, answered, waited in found]
    lowest = worst(waits, WITHIN)
    assert lowest is not None
    each = [connection(waits, one.at, WITHIN) for one in waits]
    assert lowest.answered / lowest.calls == min(one.answered / one.calls for one in each)
    assert lowest == connection(waits, lowest.until or NOON, WITHIN)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"area_code": "467"}, "area_code"),
        ({"seats": {"01": "1001", "02": "1001"}}, "two seats"),
        ({"targets": {**TARGETS, "answer_within_seconds": "soon"}}, "soon"),
    ],
)
def test_a_wrong_file_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        HotlineRules.load({"area_code": "0467", "seats": {}, "targets": TARGETS, **wrong})


def test_an_extension_stands_at_a_seat() -> None:
    rules = HotlineRules.load({"seats": {"01": "1001"}, "targets": TARGETS})
    assert (rules.seat_of("1001"), rules.seat_of("1002"), rules.area_code) == ("01", None, "")
