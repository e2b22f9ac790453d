"""The columns of elders and contacts for rows that the ORM does not write: indexed, with the sound of the name."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pypinyin import Style, lazy_pinyin

from dispatch.models.people import sealed_phone
from dispatch.models.sealed import identity_index, phone_index


@lru_cache(maxsize=50_000)
def called(name: str) -> tuple[str, str]:
    """How it sounds, and its initials: 王桂英 is wangguiying and wgy."""
    return "".join(lazy_pinyin(name))[:200], "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))[:40]


def named(name: str) -> dict[str, Any]:
    pinyin, initials = called(name)
    return {"name": name, "pinyin": pinyin, "initials": initials}


def with_phone(phone: str | None) -> dict[str, Any]:
    return sealed_phone(phone)


def with_identity(number: str | None) -> dict[str, Any]:
    return {"identity_number": number, "identity_index": identity_index(number)}


def contact_phone(phone: str) -> dict[str, Any]:
    return {"phone": phone, "phone_index": phone_index(phone)}
