"""Steps come due at their second, once, and a dead clock neither loses nor heaps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.escalation import (
    Deadline,
    Do,
    Due,
    Fired,
    Policy,
    Step,
    asked,
    escalate,
    in_hand,
    step_at,
    waiting,
)
from dispatch.settings import ROOT, load_policies, load_priorities

SINCE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
POLICIES = load_policies(ROOT / "config")
P1 = POLICIES[1]


def after(seconds: float) -> datetime:
    return SINCE + timedelta(seconds=seconds)


def fired_at(policy: Policy, seconds: float, number: int = 0) -> list[int]:
    return [f.number for f in escalate(policy, SINCE, number, after(seconds))[0]]


def test_the_urgent_policy_is_the_promised_one() -> None:
    assert (
        Policy(
            answer_within=30,
            steps=(
                Step(15, Do.ALERT_OPERATORS),
                Step(30, Do.ALERT_SUPERVISOR),
                Step(60, Do.PAGE_DUTY, ("sms", "voice")),
            ),
            repeat_every=60,
            ask_owner_after=180,
            return_after=60,
        )
        == P1
    )


@pytest.mark.parametrize(
    ("number", "seconds", "do"),
    [
        (0, 15, Do.ALERT_OPERATORS),
        (1, 30, Do.ALERT_SUPERVISOR),
        (2, 60, Do.PAGE_DUTY),
        (3, 120, Do.PAGE_DUTY),
        (4, 180, Do.PAGE_DUTY),
        (61, 3600, Do.PAGE_DUTY),
    ],
)
def test_each_step_of_p1_at_its_second(number: int, seconds: int, do: Do) -> None:
    assert waiting(P1, SINCE, number) == Deadline(after(seconds), Due.ESCALATE)
    early, at_time = after(seconds) - timedelta(microseconds=1), after(seconds)
    assert escalate(P1, SINCE, number, early) == ([], number)
    (fired,), following = escalate(P1, SINCE, number, at_time)
    assert (fired.number, fired.step.do, fired.due_at, fired.skipped) == (number, do, at_time, 0)
    assert following == number + 1


def test_ten_minutes_without_a_clock_fire_each_listed_step_once_and_one_repeat() -> None:
    fired, number = escalate(P1, SINCE, 0, after(605))
    assert [(f.number, f.step.do.value, f.skipped) for f in fired] == [
        (0, "alert_operators", 0),
        (1, "alert_supervisor", 0),
        (2, "page_duty", 0),
        (11, "page_duty", 8),
    ]
    assert fired[-1].due_at == after(600)
    assert waiting(P1, SINCE, number) == Deadline(after(660), Due.ESCALATE)


def test_a_clock_that_died_during_the_repeats_fires_one() -> None:
    fired, number = escalate(P1, SINCE, 5, after(24 * 3600))
    assert [(f.number, f.skipped) for f in fired] == [(1441, 1436)]
    assert number == 1442


def test_a_policy_without_repeats_ends() -> None:
    once = Policy(30, (Step(10, Do.ALERT_OPERATORS),), None, 60, 60)
    assert waiting(once, SINCE, 1) is None
    assert fired_at(once, 10_000) == [0]
    assert step_at(once, 1) is None


def test_a_policy_without_steps_never_fires() -> None:
    silent = Policy(30, (), 60, 60, 60)
    assert waiting(silent, SINCE) is None
    assert escalate(silent, SINCE, 0, after(10_000)) == ([], 0)


def test_who_has_the_case_is_asked_and_then_relieved() -> None:
    assert in_hand(P1, SINCE) == Deadline(after(180), Due.ASK_OWNER)
    assert asked(P1, after(180)) == Deadline(after(240), Due.RETURN)


@pytest.mark.parametrize("priority", [1, 2, 3, 4])
def test_a_policy_survives_the_case_it_is_copied_into(priority: int) -> None:
    assert Policy.load(POLICIES[priority].dump()) == POLICIES[priority]
    assert Policy.load({**POLICIES[priority].dump(), "future_field": 1}) == POLICIES[priority]


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": [{"after": 30, "do": "alert_operators"}, {"after": 15, "do": "page_duty"}]},
        {"steps": [{"after": 15, "do": "shout"}]},
        {"answer_within": "soon"},
    ],
    ids=["unordered", "unknown act", "no number"],
)
def test_a_wrong_policy_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Policy.load({**P1.dump(), **wrong})


def test_the_files_of_the_configuration_are_whole() -> None:
    assert set(POLICIES) == {1, 2, 3, 4}
    for urgent, less in pairwise(POLICIES[priority] for priority in (1, 2, 3, 4)):
        assert urgent.answer_within <= less.answer_within
        assert urgent.steps[0].after <= less.steps[0].after
    assert set(load_priorities(ROOT / "config").values()) <= {1, 2, 3, 4}


# -- for any policy and any pattern of clock times

gaps = st.lists(st.integers(0, 900), min_size=1, max_size=6)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    steps, second = [], 0
    for gap in draw(gaps):
        second += gap
        steps.append(Step(second, draw(st.sampled_from(Do)), ("sms",)))
    repeat = draw(st.none() | st.integers(1, 1200))
    return Policy(30, tuple(steps), repeat, 180, 60)


ticks = st.lists(st.floats(0, 20_000, allow_nan=False), max_size=12).map(sorted)


def run(policy: Policy, times: list[float]) -> list[tuple[float, Fired]]:
    """Everything that fires when the clock looks at exactly these seconds."""
    number, found = 0, []
    for seconds in times:
        fired, number = escalate(policy, SINCE, number, after(seconds))
        found += [(seconds, f) for f in fired]
    return found


@settings(deadline=None)  # a busy machine is not a defect
@given(policies(), ticks)
def test_no_step_fires_before_its_time_nor_twice(policy: Policy, times: list[float]) -> None:
    found = run(policy, times)
    assert all(after(seconds) >= f.due_at for seconds, f in found)
    assert all(f.due_at == SINCE + timedelta(seconds=f.step.after) for _, f in found)
    numbers = [f.number for _, f in found]
    assert numbers == sorted(set(numbers))


@settings(deadline=None)  # a busy machine is not a defect
@given(policies(), ticks)
def test_every_listed_step_fires_and_every_repeat_is_fired_or_counted(policy: Policy, times: list[float]) -> None:
    last = after(times[-1]) if times else SINCE - timedelta(seconds=1)
    due, number = 0, 0
    while (deadline := waiting(policy, SINCE, number)) is not None and deadline.at <= last:
        due, number = due + 1, number + 1
    found = run(policy, times)
    listed = {f.number for _, f in found if f.number < len(policy.steps)}
    assert listed == set(range(min(due, len(policy.steps))))
    assert len(found) + sum(f.skipped for _, f in found) == due


@settings(deadline=None)  # a busy machine is not a defect
@given(policies(), ticks)
def test_one_look_of_the_clock_fires_at_most_one_repeat(policy: Policy, times: list[float]) -> None:
    number = 0
    for seconds in times:
        fired, number = escalate(policy, SINCE, number, after(seconds))
        assert len([f for f in fired if f.number >= len(policy.steps)]) <= 1


@settings(deadline=None)  # a busy machine is not a defect
@given(policies(), st.integers(0, 30))
def test_steps_are_in_order_for_ever(policy: Policy, number: int) -> None:
    this, following = waiting(policy, SINCE, number), waiting(policy, SINCE, number + 1)
    if following is not None:
        assert this is not None
        assert this.at <= following.at
