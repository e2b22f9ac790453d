"""A line of the board, and what a month is closed with."""

from __future__ import annotations

from datetime import date

import pytest

from dispatch.domain.visits.board import Mark, Seen, Task, View, is_at_risk, line
from dispatch.domain.visits.closing import digest, signs
from dispatch.domain.visits.periods import Span, month
from dispatch.domain.visits.visit import Mode, VisitState

NOVEMBER = month("2026-11")
FIRST, LAST = NOVEMBER.first, NOVEMBER.last


def on(day: int) -> date:
    return date(2026, 11, day)


def view(day: int = 24) -> View:
    return View(NOVEMBER, on(day), 7, {Mode.HOME})


def task(state: VisitState, **more: object) -> Task:
    return Task(**{"state": state, "first": FIRST, "last": LAST, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (task(VisitState.DONE, seen=Seen(on(3), Mode.HOME, weak=False)), {on(3): (Mark.DONE,)}),
        (task(VisitState.DONE, seen=Seen(on(3), Mode.HOME, weak=True)), {on(3): (Mark.WEAK,)}),
        (task(VisitState.DONE, seen=Seen(on(3), Mode.PHONE, weak=False)), {on(3): (Mark.SPOKEN,)}),
        (task(VisitState.BOOKED, booked=on(26)), {on(26): (Mark.BOOKED,)}),
        (task(VisitState.PLANNED, tried=(on(2),)), {on(2): (Mark.TRIED,), on(24): (Mark.RISK,)}),
        (task(VisitState.MISSED), {LAST: (Mark.MISSED,)}),
        (
            task(VisitState.MISSED, last=date(2026, 12, 6)),
            {LAST: (Mark.MISSED,)},
        ),  # a week into December
        (task(VisitState.EXCUSED), {}),
        (task(VisitState.REFUSED), {}),  # the refusal itself has its day
    ],
)
def test_what_became_of_a_visit_stands_on_its_day(one: Task, expected: dict[date, tuple[Mark, ...]]) -> None:
    assert line([one], [], view()).days == expected


def test_a_refusal_stands_on_the_day_on_which_it_was_said_and_nothing_of_another_month_does() -> None:
    seen = task(VisitState.DONE, seen=Seen(date(2026, 10, 31), Mode.HOME, weak=False))
    assert line([seen], [on(5), date(2026, 12, 1)], view()).days == {on(5): (Mark.REFUSED,)}


def test_of_several_marks_the_one_that_says_most_comes_first() -> None:
    done = task(VisitState.DONE, seen=Seen(on(3), Mode.HOME, weak=False), tried=(on(3),))
    assert line([done], [on(3)], view()).days == {on(3): (Mark.DONE, Mark.REFUSED, Mark.TRIED)}


def test_what_need_not_be_is_not_needed_and_what_does_not_count_is_not_done() -> None:
    spoken = task(VisitState.DONE, seen=Seen(on(3), Mode.PHONE, weak=False))
    met = task(VisitState.DONE, seen=Seen(on(9), Mode.HOME, weak=True))
    found = line([spoken, met, task(VisitState.EXCUSED), task(VisitState.BOOKED, booked=on(28))], [], view())
    assert (found.need, found.done, found.next) == (3, 1, on(28))


def test_an_extra_round_shows_where_somebody_was_and_is_not_counted() -> None:
    seen = task(VisitState.DONE, seen=Seen(on(3), Mode.HOME, weak=False), extra=True)
    found = line([seen, task(VisitState.PLANNED, extra=True)], [], view())
    assert (found.need, found.done, found.days) == (0, 0, {on(3): (Mark.DONE,)})


@pytest.mark.parametrize(("day", "risky"), [(22, False), (23, True), (30, True)])
def test_at_risk_begins_when_so_many_days_are_left(day: int, risky: bool) -> None:
    assert is_at_risk(VisitState.PLANNED, Span(FIRST, LAST), on(day), 7) is risky
    assert not is_at_risk(VisitState.BOOKED, Span(FIRST, LAST), on(day), 7)


def test_what_has_not_begun_is_not_at_risk() -> None:
    assert not is_at_risk(VisitState.PLANNED, Span(on(28), LAST), on(27), 7)


@pytest.mark.parametrize(
    ("signature", "own"),
    [("王强", True), (" 王 强 ", True), ("王", False), ("", False), ("Wang Qiang", False)],
)
def test_one_signs_with_ones_own_name(signature: str, own: bool) -> None:
    assert signs(signature, "王强") is own


def test_nobody_without_a_name_signs() -> None:
    assert not signs("", "")


def test_the_same_values_have_the_same_digest_however_they_are_ordered_and_others_another() -> None:
    one = [[1, "a", None], {"x": 1, "y": ["王"]}]
    assert digest(one) == digest([[1, "a", None], {"y": ["王"], "x": 1}])
    assert digest(one) != digest([[1, "a", None], {"x": 1, "y": ["李"]}])
    assert digest([[1], [2]]) != digest([[1, 2]])
