"""The form of a visit's record: what is asked when, and what a mistake in its file is called."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.visits.form import Form, Grade, Sheet
from dispatch.domain.visits.visit import Mode

RECORD: dict[str, Any] = yaml.safe_load(Path("config/visits.yaml").read_text("utf-8"))["record"]
FORM = Form.load(RECORD)
WINTER = {"heating", "coal_gas"}


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.sampled_from([Mode.HOME, Mode.VIDEO, Mode.PHONE]))
def test_a_sheet_with_all_that_is_asked_has_no_fault_and_with_one_less_it_has(day: date, mode: Mode) -> None:
    asked = FORM.asked(day, mode)
    assert (set(asked) >= WINTER) == (day.month >= 10 or day.month <= 4)
    whole = dict.fromkeys(asked, Grade.GOOD)
    assert FORM.faults(Sheet(whole), day, mode) == []
    for left_out in asked:
        (fault,) = FORM.faults(Sheet({code: whole[code] for code in asked if code != left_out}), day, mode)
        assert (fault.code, fault.message) == ("missing", f"not graded: {left_out}")


def test_what_the_form_does_not_know_is_named() -> None:
    day = date(2026, 7, 1)
    whole = dict.fromkeys(FORM.asked(day, Mode.HOME), Grade.GOOD)
    found = FORM.faults(Sheet(whole | {"roof": Grade.POOR}, economy="rich", supporter="dog"), day, Mode.HOME)
    assert [(fault.field, fault.code) for fault in found] == [
        ("items", "unknown"),
        ("economy", "unknown"),
        ("supporter", "unknown"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("late_hours",), 0, "late_hours"),
        (("sample_share",), 101, "sample_share"),
        (("economy",), [], "record.economy"),
        (("classes", 0, "items"), [], "health.items"),
        (("classes", 0, "modes"), ["letter"], "health.modes"),
        (("classes", 1, "code"), "health", "health stands twice"),
        (("classes", 0, "items", 0, "code"), "Speech", "small letters"),
        (("classes", 0, "items", 0, "zh"), " ", "both languages"),
        (("classes", 0, "items", 0, "months"), [0], "speech.months"),
        (("classes", 0, "items", 0, "code"), "mood", "mood stands twice"),
    ],
)
def test_a_mistake_in_the_file_is_said_by_name(path: tuple[str | int, ...], value: object, said: str) -> None:
    data: Any = deepcopy(RECORD)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=said):
        Form.load(data)
