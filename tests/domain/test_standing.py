"""On which days a standing order falls, when reminders come, and what an elder's answer means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.domain.helps.ordering import OrderRules, Quiet, Reminder
from dispatch.domain.helps.standing import Off, Pause, Rhythm, moment
from dispatch.domain.helps.wishes import Answer, read

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
RULES = {
    "quiet": {"from": "21:00", "to": "07:00"},
    "reminders": {"evening": "18:00", "hours_before": 2},
    "standing": {"days_ahead": 7, "ask_at": "15:00", "report_minutes": 60},
    "holidays": [{"name": "元旦", "from": date(2027, 1, 1), "to": date(2027, 1, 3)}],
}


def days(rhythm: Rhythm, n: int = 28) -> list[str]:
    return [f"{day:%m-%d}" for day in rhythm.days(MONDAY, MONDAY + timedelta(days=n - 1))]


def test_every_other_week_counts_from_the_week_in_which_it_begins() -> None:
    rhythm = Rhythm(frozenset({1, 4}), 2, first=date(2026, 11, 27), last=date(2026, 12, 22))
    assert days(rhythm) == ["11-27", "12-08", "12-11"], "not the Tuesday before it began, nor the week between"


def test_pauses_and_holidays_say_why_there_is_none() -> None:
    rhythm = Rhythm(frozenset(range(7)), 1, MONDAY, None, True, (Pause(date(2026, 11, 29), date(2026, 11, 29)),))
    free = frozenset({date(2027, 1, 1)})
    assert rhythm.off(date(2026, 11, 28), free) is None
    assert rhythm.off(date(2026, 11, 29), free) is Off.PAUSED
    assert rhythm.off(date(2027, 1, 1), free) is Off.HOLIDAY
    endless = Rhythm(frozenset(range(7)), 1, MONDAY, None, pauses=(Pause(date(2026, 12, 1), None),))
    assert endless.off(date(2030, 1, 1), free) is Off.PAUSED
    assert endless.off(date(2026, 11, 30), free) is None


def test_half_past_eleven_is_half_past_eleven_on_both_sides_of_summer_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert moment(date(2026, 10, 24), "11:30", berlin) == datetime(2026, 10, 24, 9, 30, tzinfo=UTC)
    assert moment(date(2026, 10, 25), "11:30", berlin) == datetime(2026, 10, 25, 10, 30, tzinfo=UTC)


def test_the_next_reminder_comes_while_people_are_awake() -> None:
    rules = OrderRules.load(RULES)
    breakfast = moment(date(2026, 11, 25), "07:30", SHANGHAI)
    noon = moment(date(2026, 11, 24), "12:00", SHANGHAI)
    assert rules.next_reminder(breakfast, noon, SHANGHAI) == (
        moment(date(2026, 11, 24), "18:00", SHANGHAI),
        Reminder.EVENING,
    )
    evening = moment(date(2026, 11, 24), "18:00", SHANGHAI)
    at = moment(date(2026, 11, 24), "20:59", SHANGHAI)
    assert rules.next_reminder(breakfast, evening, SHANGHAI) == (at, Reminder.BEFORE), "half past five is no time"
    assert rules.next_reminder(breakfast, at, SHANGHAI) is None
    lunch = moment(date(2026, 11, 25), "11:30", SHANGHAI)
    assert rules.next_reminder(lunch, evening, SHANGHAI) == (
        moment(date(2026, 11, 25), "09:30", SHANGHAI),
        Reminder.BEFORE,
    )


def test_what_can_wait_waits_for_the_morning() -> None:
    quiet = Quiet(time(21), time(7))
    seven = moment(date(2026, 11, 25), "07:00", SHANGHAI)
    assert quiet.later(moment(date(2026, 11, 24), "21:00", SHANGHAI), SHANGHAI) == seven
    assert quiet.later(moment(date(2026, 11, 25), "03:00", SHANGHAI), SHANGHAI) == seven
    assert quiet.later(seven, SHANGHAI) == seven


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"quiet": {"from": "07:00", "to": "21:00"}}, "evening and ends in the morning"),
        ({"reminders": {"evening": "22:00", "hours_before": 2}}, "quiet hours"),
        ({"standing": {"days_ahead": 0, "ask_at": "15:00", "report_minutes": 60}}, "days_ahead"),
        ({"holidays": [{"name": "x", "from": date(2027, 1, 3), "to": date(2027, 1, 1)}]}, "to a later one"),
    ],
)
def test_a_wrong_file_says_where(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        OrderRules.load({**RULES, **wrong})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2", Answer.MOVE),
        ("3", Answer.CANCEL),
        ("0", Answer.TALK),
        ("1", Answer.CONFIRM),
        ("好的。", Answer.CONFIRM),
        ("知道了", Answer.CONFIRM),
        ("改到下午", Answer.MOVE),
        ("能不能晚点来", Answer.MOVE),
        ("取消吧", Answer.CANCEL),
        ("明天不用来了", Answer.CANCEL),
        ("不取消,改时间", Answer.UNCLEAR),
        ("好像不行", Answer.UNCLEAR),
        ("你是谁", Answer.UNCLEAR),
        ("给我打电话", Answer.TALK),
        ("", Answer.UNCLEAR),
    ],
)
def test_what_an_elder_writes_back(said: str, meant: Answer) -> None:
    assert read(said) is meant
