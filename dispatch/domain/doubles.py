"""Are two files about the same person? What speaks for it and what speaks against it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

PROPOSE = 50
PARTS = re.compile(r"\d+|[^\W\d]+")
MOST_SHARING = 8
"""A telephone or address of more elders than this is a village office or a care home, and says nothing of a person."""


@dataclass(frozen=True)
class Likeness:
    """What is compared of an elder: never the identity number or the telephone themselves, only their blind indexes."""

    id: int
    name: str
    pinyin: str
    sex: str
    birth_date: date
    identity: str | None
    phone: str | None
    home: str
    """The area and the address without what people spell differently."""


def address_key(address: str) -> str:
    """``梧桐路18号3幢2单元501室`` and ``梧桐路 18号3栋2-501`` are one door."""
    plain = re.sub(r"号楼|单元|[号幢栋楼室户层]", " ", unicodedata.normalize("NFKC", address).casefold())
    return " ".join(PARTS.findall(plain))


def similar_names(a: str, b: str) -> bool:
    """Both are pinyin without tones or blanks: equal, or one letter apart, as a mishearing makes it."""
    if a == b:
        return True
    if abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 4:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[at + 1 :] == b[at + 1 :] or a[at + 1 :] == b[at:] or a[at:] == b[at + 1 :]


def weigh(a: Likeness, b: Likeness) -> tuple[int, list[str]]:
    """0 to 100, and the reasons; from ``PROPOSE`` on a person should look at the two.

    A couple shares its telephone and its door: another name with another sex or birth date is another person.
    """
    if a.identity is not None and a.identity == b.identity:
        return 100, ["identity_number"]
    alike = similar_names(a.pinyin, b.pinyin)
    same_birth, same_sex, same_home = a.birth_date == b.birth_date, a.sex == b.sex, a.home == b.home
    if a.identity is not None and b.identity is not None and not (alike and same_birth):
        return 0, []
    if not alike and not same_birth and (same_home or not same_sex):
        return 0, []
    found = [
        ("phone", 50, a.phone is not None and a.phone == b.phone),
        ("address", 30, same_home),
        ("name", 30, alike and a.name == b.name),
        ("name_sounds_alike", 25, alike and a.name != b.name),
        ("birth_date", 20, same_birth),
    ]
    reasons = [reason for reason, _, holds in found if holds]
    score = sum(points for _, points, holds in found if holds) - (0 if same_sex else 40)
    if score < PROPOSE or not {"phone", "address"} & set(reasons):
        return 0, []
    return min(99, score), reasons
