"""What people mean by the few words that they write back or the key that they press."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    ACCEPT = "accept"
    ARRIVED = "arrived"
    DECLINE = "decline"
    UNCLEAR = "unclear"
    """A person must read it; nothing follows from it."""


@dataclass(frozen=True)
class Reply:
    meaning: Meaning
    minutes: int | None = None
    """In how many minutes the person says to be there."""


ACCEPT = frozenset({"1", "一", "好", "好的", "接", "行", "是", "可以", "yes", "y", "ok", "我去", "我来", "在路上"})
ACCEPT |= {"马上到", "马上去", "马上来", "这就去", "出发了", "已出发", "on my way", "coming"}
ARRIVED = frozenset({"2", "二", "到", "到了", "已到", "我到了", "已到达", "到达", "到场", "已到场", "arrived", "here"})
DECLINE = frozenset({"0", "不", "不行", "不能", "不去", "去不了", "来不了", "没空", "不在", "no", "n"})
LONGEST = 240
"""Minutes; more is a slip of the finger and not a promise."""
PUNCTUATION = ".,。,!! ~…"
_FIRST = r"(?:(?:好|好的|ok|yes|我去|我来|在路上|马上到)[ ,.。]*|1[ ,.。]+)?"
_MINUTES = re.compile(_FIRST + r"(?:约|大约|about )?(\d{1,3}) ?(?:分钟|分|min|minutes)(?:左右)?(?:后)?(?:到)?")
_BARE = re.compile(r"1[ ,.]+(\d{1,3})")


def read(text: str) -> Reply:
    """Only whole replies count, never a word inside of a sentence: "不好" is no "好"."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip(PUNCTUATION).strip().lower()
    for words, meaning in ((ACCEPT, Meaning.ACCEPT), (ARRIVED, Meaning.ARRIVED), (DECLINE, Meaning.DECLINE)):
        if plain in words:
            return Reply(meaning)
    found = _MINUTES.fullmatch(plain) or _BARE.fullmatch(plain)
    if found is not None and 0 < int(found[1]) <= LONGEST:
        return Reply(Meaning.ACCEPT, int(found[1]))
    return Reply(Meaning.UNCLEAR)
