"""Telephone numbers as people write them and as exchanges tell them, made one."""

from __future__ import annotations

import re

import phonenumbers

EXTENSION = re.compile(r"(?:转|轉|分机|#|,).*$|(?<=\d{7})-\d{1,5}$")
"""Behind a switchboard: ``0467-2345678-801``, ``82345678转801``. The number of the house is what a caller shows."""
ADDRESS = re.compile(r"^(?:sips?|tel):([^@;]+).*$")
WITHHELD = frozenset({"unknown", "anonymous", "restricted", "private", "unavailable", "withheld"})
LOCAL_DIGITS = (7, 8)


def normal_number(number: str | None) -> str | None:
    """``+8613812345678`` and ``138 1234 5678`` are one number: national digits, as the register has them.

    None: there is none, or the caller withholds it.
    """
    if not number:
        return None
    plain = ADDRESS.sub(r"\1", number.strip())
    if plain.strip("<>").lower() in WITHHELD:
        return None
    plain = EXTENSION.sub("", plain)
    try:
        parsed = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        return number[:32]
    if parsed.country_code != 86:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[:32]
    national = str(parsed.national_number)
    mobile = len(national) == 11 and national.startswith("1")
    return national if mobile or len(national) <= 8 else f"0{national}"


def alike(number: str, area_code: str) -> tuple[str, ...]:
    """``number``, and how else the register may have written it: who lives here leaves the code of the area out."""
    if not area_code:
        return (number,)
    if len(number) in LOCAL_DIGITS and not number.startswith("0"):
        return (number, area_code + number)
    local = number.removeprefix(area_code)
    return (number, local) if local != number and len(local) in LOCAL_DIGITS else (number,)
