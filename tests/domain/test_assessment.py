"""GB/T 42195-2022: sums, levels and the rules that change them."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.assessment import (
    Answers,
    Change,
    Diagnosis,
    RiskEvent,
    Standard,
    add_months,
    assess,
    check_assessors,
    final_level,
    icd,
    level_of,
    next_due,
)
from dispatch.domain.errors import Invalid

CONFIG = Path(__file__).resolve().parents[2] / "config" / "assessments"
BODY: dict[str, Any] = yaml.safe_load((CONFIG / "gbt42195.yaml").read_text(encoding="utf-8"))
GBT = Standard.load(BODY)
MZT = Standard.load(yaml.safe_load((CONFIG / "mzt039.yaml").read_text(encoding="utf-8")))
FULL = {name: item.max for name, item in GBT.items.items()}
DAY = date(2026, 3, 15)
DEMENTIA = Diagnosis("F01.9")
FALLS = tuple(RiskEvent("fall", DAY - timedelta(days=n)) for n in (3, 20))


def scores(total: int) -> dict[str, int]:
    """Answers that add up to ``total``."""
    left, found = total, {}
    for name, most in FULL.items():
        found[name] = min(most, left)
        left -= found[name]
    return found


def test_the_standard_has_26_items_and_90_points() -> None:
    assert (len(GBT.items), GBT.full_score) == (26, 90)
    assert {g.code: sum(i.max for i in g.items) for g in GBT.groups} == {"B1": 32, "B2": 15, "B3": 28, "B4": 15}
    assert [len(g.items) for g in GBT.groups] == [8, 4, 9, 5]


@pytest.mark.parametrize(
    ("total", "level"),
    [(90, 0), (89, 1), (66, 1), (65, 2), (46, 2), (45, 3), (30, 3), (29, 4), (0, 4)],
)
def test_the_level_by_the_score(total: int, level: int) -> None:
    found = assess(GBT, Answers(scores(total)), DAY)
    assert (found.total, found.preliminary_level, found.final_level, found.changes) == (total, level, level, ())
    assert sum(found.by_group.values()) == total


def test_a_coma_is_level_four_at_once() -> None:
    assert final_level(GBT, 0, Answers({}, coma=True), DAY) == (4, (Change.COMA,))
    found = assess(GBT, Answers({"eating": 2}, coma=True), DAY)
    assert (found.total, found.preliminary_level, found.final_level) == (2, 4, 4)
    both = Answers({}, coma=True, diagnoses=(DEMENTIA,), risk_events=FALLS)
    assert final_level(GBT, 1, both, DAY) == (4, (Change.COMA,))


def test_a_coma_and_a_clear_mind_contradict_each_other() -> None:
    with pytest.raises(Invalid):
        assess(GBT, Answers({"consciousness": 1}, coma=True), DAY)


@pytest.mark.parametrize("code", ["F00", "F00.1", "F01", "f02.8", "F03"])
@pytest.mark.parametrize("expert", [True, False])
def test_dementia_makes_it_one_worse_whoever_found_it(code: str, expert: bool) -> None:
    answers = Answers({}, diagnoses=(Diagnosis(code, expert),))
    assert final_level(GBT, 1, answers, DAY) == (2, (Change.DEMENTIA,))


@pytest.mark.parametrize("code", ["F04", "F05.1", "F32.2", "F99"])
def test_another_disorder_counts_by_a_psychiatrist_alone(code: str) -> None:
    by_expert, by_other = (Answers({}, diagnoses=(Diagnosis(code, expert),)) for expert in (True, False))
    assert final_level(GBT, 1, by_expert, DAY) == (2, (Change.MENTAL_DISORDER,))
    assert final_level(GBT, 1, by_other, DAY) == (1, ())


@pytest.mark.parametrize("code", ["I10", "G30.9", "E11", "Z99"])
def test_other_diagnoses_change_nothing(code: str) -> None:
    assert final_level(GBT, 1, Answers({}, diagnoses=(Diagnosis(code, True),)), DAY) == (1, ())


@pytest.mark.parametrize(
    ("days", "raised"),
    [
        ((0, 0), True),
        ((0, 30), True),
        ((30, 30), True),
        ((0, 31), False),
        ((31, 40), False),
        ((5,), False),
        ((), False),
    ],
)
def test_two_risk_events_in_thirty_days(days: tuple[int, ...], raised: bool) -> None:
    events = tuple(RiskEvent("fall", DAY - timedelta(days=n)) for n in days)
    level, changes = final_level(GBT, 2, Answers({}, risk_events=events), DAY)
    assert (level, changes) == ((3, (Change.RISK_EVENTS,)) if raised else (2, ()))


def test_risk_events_of_different_kinds_count_together() -> None:
    events = (RiskEvent("choking", DAY), RiskEvent("wandering", DAY))
    assert final_level(GBT, 0, Answers({}, risk_events=events), DAY) == (1, (Change.RISK_EVENTS,))


def test_several_causes_raise_the_level_once() -> None:
    every = Answers({}, diagnoses=(DEMENTIA, Diagnosis("F32", True)), risk_events=FALLS)
    level, changes = final_level(GBT, 1, every, DAY)
    assert level == 2
    assert changes == (Change.DEMENTIA, Change.MENTAL_DISORDER, Change.RISK_EVENTS)


def test_never_worse_than_four() -> None:
    assert final_level(GBT, 4, Answers({}, diagnoses=(DEMENTIA,)), DAY) == (4, (Change.DEMENTIA,))


diagnoses = st.builds(
    Diagnosis,
    st.builds(lambda letter, n: f"{letter}{n:02d}", st.sampled_from("EFGI"), st.integers(0, 99)),
    st.booleans(),
)
events = st.builds(
    RiskEvent,
    st.sampled_from(["fall", "wandering", "choking", "suicide", "other"]),
    st.integers(0, 60).map(lambda n: DAY - timedelta(days=n)),
)


@given(
    st.fixed_dictionaries({name: st.integers(0, most) for name, most in FULL.items()}),
    st.lists(diagnoses, max_size=4),
    st.lists(events, max_size=4),
)
def test_the_final_level_is_never_better_and_at_most_one_worse(
    given_scores: dict[str, int], ill: list[Diagnosis], happened: list[RiskEvent]
) -> None:
    found = assess(GBT, Answers(given_scores, diagnoses=tuple(ill), risk_events=tuple(happened)), DAY)
    assert found.total == sum(given_scores.values())
    assert 0 <= found.preliminary_level <= found.final_level <= min(found.preliminary_level + 1, 4)
    if not found.changes:
        assert found.final_level == found.preliminary_level
    elif found.preliminary_level < 4:
        assert found.final_level == found.preliminary_level + 1


@given(st.integers(0, 4), st.lists(diagnoses, max_size=4), st.lists(events, max_size=4))
def test_one_more_finding_never_makes_it_better(
    preliminary: int, ill: list[Diagnosis], happened: list[RiskEvent]
) -> None:
    some = final_level(GBT, preliminary, Answers({}, False, tuple(ill[1:]), tuple(happened[1:])), DAY)
    more = final_level(GBT, preliminary, Answers({}, False, tuple(ill), tuple(happened)), DAY)
    assert more[0] >= some[0]
    assert set(some[1]) <= set(more[1])


@given(st.integers(0, 89))
def test_more_points_never_make_it_worse(total: int) -> None:
    assert level_of(GBT, total + 1) <= level_of(GBT, total)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (Answers({**FULL, "flying": 1}), "unknown"),
        (Answers({k: v for k, v in FULL.items() if k != "eating"}), "missing"),
        (Answers({**FULL, "eating": 5}), "range"),
        (Answers({**FULL, "aggression": 2}), "range"),
        (Answers({**FULL, "eating": -1}), "range"),
        (Answers(FULL, risk_events=(RiskEvent("fall", DAY + timedelta(days=1)),)), "future"),
        (Answers(FULL, risk_events=(RiskEvent("boredom", DAY),)), "unknown"),
        (Answers(FULL, diagnoses=(Diagnosis("dementia"),)), "malformed"),
    ],
)
def test_what_is_refused(answers: Answers, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        assess(GBT, answers, DAY)
    assert refused.value.extra["errors"][0]["code"] == code


def test_the_older_standard_has_levels_and_no_items() -> None:
    assert (MZT.sets_level, MZT.items, [level.level for level in MZT.levels]) == (False, {}, [0, 1, 2, 3])
    with pytest.raises(Invalid):
        assess(MZT, Answers({}), DAY)


def test_two_assessors_and_not_one_twice() -> None:
    assert check_assessors(GBT, ["An  Na", "Bo"]) == ("An Na", "Bo")
    for too_few in ([], ["An"], ["An", " An "], ["An", "  "]):
        with pytest.raises(Invalid):
            check_assessors(GBT, too_few)


def test_the_next_date() -> None:
    assert next_due(GBT, date(2026, 3, 15)) == date(2027, 3, 15)
    assert next_due(GBT, date(2024, 2, 29)) == date(2025, 2, 28)
    assert add_months(date(2026, 10, 31), 4) == date(2027, 2, 28)


@pytest.mark.parametrize("code", ["F1", "F011", "01.9", "F01.", "", "F01.12345"])
def test_codes_that_are_none(code: str) -> None:
    with pytest.raises(Invalid):
        icd(code)


def _broken(change: str) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    match change:
        case "gap":
            body["levels"][1]["to"] = 88
        case "overlap":
            body["levels"][4]["to"] = 30
        case "item_twice":
            body["groups"][0]["items"][1]["id"] = "eating"
        case "points":
            body["groups"][0]["items"][0]["max"] = 5
        case "coma":
            body["coma_item"] = "sleep"
        case "order":
            body["levels"].reverse()
        case "range":
            body["changes"]["dementia"] = ["F03", "F00"]
        case "assessors":
            body["assessors"] = 0
    return body


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("gap", "cover each score"),
        ("overlap", "cover each score"),
        ("item_twice", "stands twice"),
        ("points", "cover each score"),
        ("coma", "no item sleep"),
        ("order", "in this order"),
        ("range", "comes after"),
        ("assessors", "at least 1"),
    ],
)
def test_a_standard_that_contradicts_itself_is_refused(change: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Standard.load(_broken(change))
