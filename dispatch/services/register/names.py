"""How a Chinese name sounds, so that an operator who heard it finds it: 王桂英 is wangguiying and wgy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

SURNAMES = {
    "单": "shan",
    "曾": "zeng",
    "仇": "qiu",
    "解": "xie",
    "查": "zha",
    "盖": "ge",
    "区": "ou",
    "朴": "piao",
    "种": "chong",
    "乐": "yue",
    "折": "she",
    "召": "shao",
    "尹": "yin",
    "冼": "xian",
    "纪": "ji",
    "任": "ren",
    "华": "hua",
    "宁": "ning",
    "燕": "yan",
    "缪": "miao",
    "覃": "qin",
    "应": "ying",
    "车": "che",
    "翟": "zhai",
}
"""First characters that sound otherwise as a surname than in a word."""


@lru_cache(maxsize=50_000)
def _sounds(name: str) -> tuple[str, str]:
    # Its dictionary takes 56 MiB and a third of a second, and most processes write no name.
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    first = SURNAMES.get(name[:1])
    rest = name[1:] if first else name
    syllables = [first] if first else []
    syllables += lazy_pinyin(rest)
    initials = (first or "")[:1] + "".join(lazy_pinyin(rest, style=Style.FIRST_LETTER))
    return "".join(syllables).lower().replace(" ", "")[:200], initials.lower().replace(" ", "")[:40]


def called(name: str) -> dict[str, Any]:
    """The columns of an elder that hold the name: as it is written, as it sounds, and its initials."""
    pinyin, initials = _sounds(name)
    return {"name": name, "pinyin": pinyin, "initials": initials}
