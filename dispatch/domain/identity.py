"""The identity number of a citizen, GB 11643-1999: division, day of birth, an odd or even order, a check digit."""

from __future__ import annotations

import re
from datetime import date

OLDEST = date(1890, 1, 1)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
REASONS = {
    "lost_digits": "a spreadsheet has rounded this number: copy it from the card",
    "not_an_identity_number": "it has 17 digits and then a digit or X",
    "identity_birth_date": "the day of birth in it is none, or lies ahead",
    "identity_check_digit": "its last character does not fit the others: a digit is wrong or two are exchanged",
    "birth_date_differs": "it says another day of birth than the file",
    "sex_differs": "it says another sex than the file",
}
"""What is wrong, in words for whoever typed it; the number itself is not repeated."""


def fault(number: str, today: date) -> str | None:
    """Why ``number`` is no identity number, as a code of ``REASONS``; None when it is one."""
    if re.fullmatch(r"[0-9]\.[0-9]+E\+[0-9]+", number):
        return "lost_digits"
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number):
        return "not_an_identity_number"
    born = birth(number)
    if born is None or not OLDEST <= born <= today:
        return "identity_birth_date"
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    return None if CHECK_DIGITS[total % 11] == number[17] else "identity_check_digit"


def disagreement(number: str, birth_date: date, sex: str) -> str | None:
    """What of the file a valid ``number`` contradicts, as a code of ``REASONS``."""
    if birth(number) != birth_date:
        return "birth_date_differs"
    return None if sex_of(number) == sex else "sex_differs"


def birth(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_of(number: str) -> str:
    return "M" if int(number[16]) % 2 else "F"
