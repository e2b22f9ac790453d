"""A helper's hours and papers as people write them into one cell. Pure.

Hours: ``周一至周五 08:00-18:00;周六、周日 09:00-12:00``, ``每天 20:00-次日08:00``, ``Mon-Fri 8:00-18:00``, ``全天``.
Papers: ``助浴 YL-0088 2027-05-31;护理 HL-12``. Both raise ``ValueError`` for what they do not understand: hours that
were guessed would send somebody out at the wrong time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

GROUPS = re.compile(r"[;\n]+")
DAY = r"(?:(?:周|星期|礼拜)?([一二三四五六日天])|(mon|tue|wed|thu|fri|sat|sun)[a-z]*)"
BETWEEN = r"\s*(?:至|到|-|–|—|~)\s*"
SPAN = re.compile(rf"{DAY}{BETWEEN}{DAY}")
ONE = re.compile(DAY)
TIMES = re.compile(rf"(\d{{1,2}}):(\d{{2}}){BETWEEN}(?:次日|第二天|next day)?\s*(\d{{1,2}}):(\d{{2}})")
CHINESE, ENGLISH = "一二三四五六日", ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE = {"每天": range(7), "每日": range(7), "daily": range(7), "every day": range(7)}
WHOLE |= {"工作日": range(5), "weekdays": range(5), "周末": range(5, 7), "weekend": range(5, 7)}
ALL_DAY = re.compile(r"24\s*小时|全天|all day|round the clock")
LOOSE = re.compile(r"[\s,、和与and周星期礼拜.:]*")
Hours = list[list[Any]]


def read_hours(text: str) -> Hours:
    """``[weekday, starts, ends]`` each, Monday 0; an end that is not later than its start lies on the next day."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    found: Hours = []
    for group in filter(None, (one.strip() for one in GROUPS.split(plain))):
        times = [_times(*match.groups()) for match in TIMES.finditer(group)]
        rest = TIMES.sub(" ", group)
        if ALL_DAY.search(rest):
            times.append(("00:00", "00:00"))
            rest = ALL_DAY.sub(" ", rest)
        days = _days(rest)
        if not times or not days:
            raise ValueError(group)
        found += [[day, starts, ends] for day in days for starts, ends in times]
    if not found:
        raise ValueError(text)
    return sorted(found)


def _times(*parts: str) -> tuple[str, str]:
    begins, ends = (int(parts[0]), int(parts[1])), (int(parts[2]), int(parts[3]))
    if ends == (24, 0):
        ends = (0, 0)
    for hour, minute in (begins, ends):
        if hour > 23 or minute > 59:
            raise ValueError(":".join(parts))
    return f"{begins[0]:02d}:{begins[1]:02d}", f"{ends[0]:02d}:{ends[1]:02d}"


def _days(text: str) -> list[int]:
    """No day at all, as in ``08:00-18:00`` or ``全天``, means every day."""
    found: set[int] = set()
    for word, days in WHOLE.items():
        if word in text:
            found |= set(days)
            text = text.replace(word, " ")
    for match in SPAN.finditer(text):
        first, last = _day(*match.groups()[:2]), _day(*match.groups()[2:])
        found |= {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}
    text = SPAN.sub(" ", text)
    found |= {_day(*match.groups()) for match in ONE.finditer(text)}
    if not LOOSE.fullmatch(ONE.sub(" ", text)):
        raise ValueError(text)
    return sorted(found) or list(range(7))


def _day(chinese: str | None, english: str | None) -> int:
    if chinese is not None:
        return CHINESE.index("日" if chinese == "天" else chinese)
    return ENGLISH.index(english or "")


def read_papers(text: str, codes: Mapping[str, str], fold: Callable[[str], str]) -> list[list[str | None]]:
    """``[skill, number, last day or None]`` each; ``codes`` knows the skills by their folded spelling."""
    found: list[list[str | None]] = []
    for part in filter(None, (one.strip() for one in GROUPS.split(unicodedata.normalize("NFKC", text)))):
        words = part.split()
        until = _until(words[-1])
        if until is not None:
            words.pop()
        skill = codes.get(fold(words[0])) if words else None
        number = " ".join(words[1:])
        if skill is None or not 0 < len(number) <= 50:
            raise ValueError(part)
        found.append([skill, number, until])
    if len({one[0] for one in found}) < len(found):
        raise ValueError(text)
    return found


def _until(word: str) -> str | None:
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", word)
    if match is None:
        return None
    return date(*map(int, match.groups())).isoformat()
