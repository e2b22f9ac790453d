"""Identity numbers after GB 11643-1999."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import identity
from dispatch.domain.identity import CHECK_DIGITS, REASONS, WEIGHTS

TODAY = date(2026, 11, 24)
GOOD = "11010519491231002X"
"""The example of the standard itself."""


def numbered(born: date, order: int, division: str = "230302") -> str:
    body = f"{division}{born:%Y%m%d}{order:03d}"
    return body + CHECK_DIGITS[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def test_the_example_of_the_standard_is_good() -> None:
    assert identity.fault(GOOD, TODAY) is None
    assert (identity.birth(GOOD), identity.sex_of(GOOD)) == (date(1949, 12, 31), "F")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("110105194912310021", "identity_check_digit"),
        ("11010519491231020X", "identity_check_digit"),
        ("11010519491331002X", "identity_birth_date"),
        ("110105202612310020", "identity_birth_date"),
        ("110105194912310", "not_an_identity_number"),
        ("01010519491231002X", "not_an_identity_number"),
        ("11010519491231002x", "not_an_identity_number"),
        ("1101051949123100２X", "not_an_identity_number"),
        ("", "not_an_identity_number"),
        ("1.10105E+17", "lost_digits"),
    ],
)
def test_what_is_wrong_is_named(number: str, reason: str) -> None:
    assert identity.fault(number, TODAY) == reason
    assert REASONS[reason]


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_a_wrong_digit_is_always_noticed(born: date, order: int, place: int, off: int) -> None:
    number = numbered(born, order)
    assert identity.fault(number, TODAY) is None
    wrong = number[:place] + str((int(number[place]) + off) % 10) + number[place + 1 :]
    assert identity.fault(wrong, TODAY) is not None


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999))
def test_day_of_birth_and_sex_must_agree_with_the_file(born: date, order: int) -> None:
    number, sex = numbered(born, order), "M" if order % 2 else "F"
    assert identity.disagreement(number, born, sex) is None
    assert identity.disagreement(number, born, "F" if sex == "M" else "M") == "sex_differs"
    assert identity.disagreement(number, date(1899, 1, 1), sex) == "birth_date_differs"
