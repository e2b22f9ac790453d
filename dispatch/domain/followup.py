"""Asking afterwards (回访): whom, by when, how it is drawn, and what the answer means. Pure.

Every emergency is asked about; of services a share, drawn by a lot whose seed is kept, so that anybody can draw it
again and get the same ones; and all of them where the contract says so, or while a helper is new.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from dispatch.domain.configuration import only
from dispatch.domain.wording import Word, digits, scan


class Why(StrEnum):
    """Why somebody is asked."""

    EMERGENCY = "emergency"
    ASKED = "asked"
    """Whoever ended the case wanted it."""
    AGAIN = "again"
    """It was done again because the first time was not good."""
    ALWAYS = "always"
    FIRST_VISIT = "first_visit"
    DRAWN = "drawn"
    NOT_DRAWN = "not_drawn"
    """Nobody asks; who wants to say something still can, until the system closes the case."""


class FollowUpState(StrEnum):
    OPEN = "open"
    DONE = "done"
    NOT_REACHED = "not_reached"
    REFUSED = "refused"
    NOT_DRAWN = "not_drawn"
    """Closed without anybody having said anything."""
    OFF = "off"
    """The case was taken up again."""


class Result(StrEnum):
    SATISFIED = "satisfied"
    PARTLY = "partly"
    DISSATISFIED = "dissatisfied"
    NOT_REACHED = "not_reached"
    REFUSED = "refused"


RATINGS = (Result.SATISFIED, Result.PARTLY, Result.DISSATISFIED)
BECOMES = {Result.NOT_REACHED: FollowUpState.NOT_REACHED, Result.REFUSED: FollowUpState.REFUSED}
"""What an ending makes of it; an answer makes it done."""


class FollowUpDue(StrEnum):
    ASK = "ask"
    LATE = "late"
    CLOSE = "close"


class Tried(StrEnum):
    """What came of a call of the desk that was no answer to the question."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    LATER = "later"
    """They picked up, and want to be rung another time."""
    WRONG_NUMBER = "wrong_number"


MISSED = (Tried.NO_ANSWER, Tried.BUSY, Tried.WRONG_NUMBER)
"""So many of these, and nobody was reached."""


class Then(StrEnum):
    """What follows from a "not satisfied"."""

    AGAIN = "again"
    COMPLAINT = "complaint"
    NOTHING = "nothing"


@dataclass(frozen=True)
class AskBySms:
    """The question that the centre sends by itself: a short message, or a call where the telephone can read none."""

    after: timedelta
    earliest: time
    latest: time
    """Nobody is woken for a rating; in the zone of the centre."""
    open_for: timedelta
    """How long a digit may be an answer to it."""

    def at(self, ended: datetime, zone: ZoneInfo) -> datetime:
        """When to ask about what ended then."""
        return self.not_at_night(ended + self.after, zone)

    def not_at_night(self, wanted: datetime, zone: ZoneInfo) -> datetime:
        at = wanted.astimezone(zone)
        if at.time() < self.earliest:
            return datetime.combine(at.date(), self.earliest, zone)
        if at.time() >= self.latest:
            return datetime.combine(at.date() + timedelta(days=1), self.earliest, zone)
        return at


@dataclass(frozen=True)
class Question:
    code: str
    zh: str
    en: str
    kinds: frozenset[str]
    """Of cases: ``emergency``, ``service``."""


@dataclass(frozen=True)
class ComplaintRules:
    first_answer: timedelta
    workdays: int
    closes: time
    again: timedelta
    """How often an overdue one is said again."""
    holidays: frozenset[date]
    extra: frozenset[date]
    """Saturdays and Sundays on which the country works (调休)."""

    def is_workday(self, day: date) -> bool:
        return day in self.extra or (day.weekday() < 5 and day not in self.holidays)

    def solve_by(self, opened: datetime, zone: ZoneInfo) -> datetime:
        """The end of the last working day; the day of the complaint itself does not count."""
        day = opened.astimezone(zone).date()
        left = self.workdays
        while left:
            day += timedelta(days=1)
            left -= self.is_workday(day)
        return datetime.combine(day, self.closes, zone)


@dataclass(frozen=True)
class FollowUpRules:
    """``config/followup.yaml``."""

    emergency: timedelta
    emergency_except: frozenset[str]
    """Outcomes about which nobody is asked."""
    service: timedelta
    undrawn: timedelta
    unhappy: timedelta
    again: timedelta
    tries: int
    share: int
    """Per cent."""
    shares: Mapping[str, int]
    """By item or help of the catalogue."""
    organisations: Mapping[str, int]
    """By name."""
    always: frozenset[str]
    first_visits: int
    by_sms: AskBySms
    questions: tuple[Question, ...]
    complaint: ComplaintRules

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, KEYS)
        sample = only(data["sample"], ("share", "by_item", "by_organisation", "always", "first_visits"))
        by_item = {str(code): _share(code, value) for code, value in (sample["by_item"] or {}).items()}
        by_house = {str(name): _share(name, value) for name, value in (sample["by_organisation"] or {}).items()}
        tries = int(data["tries"])
        if not 1 <= tries <= 10:
            raise ValueError(f"tries: {tries} is not between 1 and 10")
        return cls(
            emergency=_hours("emergency_hours", data["emergency_hours"]),
            emergency_except=frozenset(map(str, data["emergency_except"])),
            service=_hours("service_hours", data["service_hours"]),
            undrawn=_hours("undrawn_hours", data["undrawn_hours"]),
            unhappy=_hours("unhappy_hours", data["unhappy_hours"]),
            again=_hours("again_hours", data["again_hours"]),
            tries=tries,
            share=_share("share", sample["share"]),
            shares=by_item,
            organisations=by_house,
            always=frozenset(map(str, sample["always"])),
            first_visits=int(sample["first_visits"]),
            by_sms=_by_sms(data["by_sms"]),
            questions=tuple(_question(one) for one in data["questions"]),
            complaint=_complaint(data["complaint"]),
        )

    def check_names(self, items: Collection[str], helps: Collection[str]) -> None:
        """A share of what nobody can order would never be drawn, in silence. Raises ValueError naming the entry."""
        places = (("by_item", self.shares, {*items, *helps}), ("always", self.always, {*items}))
        for place, named, known in places:
            strange = sorted(set(named) - known)
            if strange:
                raise ValueError(f"sample.{place}: not in config/catalogue.yaml: {', '.join(strange)}")

    def share_of(self, item: str, help_: str, organisation: str | None) -> int:
        """The largest of the shares that fit: a contract may ask for more than the catalogue does, never for less."""
        fitting = [self.shares[code] for code in (item, help_) if code in self.shares]
        if organisation is not None and organisation in self.organisations:
            fitting.append(self.organisations[organisation])
        return max(fitting, default=self.share)


ASKED_KINDS = frozenset({"emergency", "service"})
KEYS = (
    *("emergency_hours", "emergency_except", "service_hours", "undrawn_hours", "unhappy_hours", "again_hours"),
    *("tries", "sample", "by_sms", "questions", "complaint"),
)


def point(seed: str, case_id: int) -> int:
    """Where the case lies in the lot, 0 to 9999. Below the share (times a hundred) it is drawn."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{case_id}".encode()).digest()[:8]) % 10_000


def drawn(seed: str, case_id: int, share: int) -> bool:
    return point(seed, case_id) < share * 100


GOOD = {
    "满意",
    "很满意",
    "非常满意",
    "挺满意",
    "特别满意",
    "好",
    "很好",
    "挺好",
    "非常好",
    "不错",
    "都好",
    "satisfied",
    "good",
}
MIDDLING = {"一般", "一般般", "还行", "还可以", "凑合", "马马虎虎", "so-so", "soso", "fair"}
BAD = {"不满意", "很不满意", "非常不满意", "不好", "很差", "太差", "差", "不行", "投诉", "not satisfied", "bad"}
NAMED = {
    **dict.fromkeys(GOOD, Result.SATISFIED),
    **dict.fromkeys(MIDDLING, Result.PARTLY),
    **dict.fromkeys(BAD, Result.DISSATISFIED),
}
DIGITS = {"1": Result.SATISFIED, "2": Result.PARTLY, "3": Result.DISSATISFIED}
_BETWEEN = re.compile(r"[\s,.;:!~…、。·()]+")
_COURTESY = re.compile(r"^(?:我|我们|都|对|服务|谢谢|多谢|感谢)+|(?:的|了|哦|啊|呀|谢谢|多谢|感谢|您|你|辛苦了)+$")


def named(text: str) -> Result | None:
    """A rating in words, which no other question could mean: "满意", "一般". "好" says yes to anything, and is none."""
    said = {NAMED[part] for part in _parts(text) if part in NAMED and part not in AMBIGUOUS}
    return said.pop() if len(said) == 1 and read_rating(text) is not None else None


AMBIGUOUS = {"好", "很好", "挺好", "不好", "不行", "good", "bad"}


def bare_digit(text: str) -> str | None:
    """A digit with nothing but courtesy beside it; which question it answers, it does not say."""
    tokens = [token for token in scan(text) if token.word is not Word.COURTESY]
    if len(tokens) != 1 or tokens[0].word is not Word.NUMBER:
        return None
    return digits(tokens[0]) if len(digits(tokens[0])) == 1 else None


def read_rating(text: str) -> Result | None:
    """None: a person must read it. A "3" counts beside any words: a wrong one only makes somebody ring."""
    digit = bare_digit(text)
    if digit is not None:
        return DIGITS.get(digit)
    parts = _parts(text)
    said = {NAMED[part] for part in parts if part in NAMED} | {DIGITS[part] for part in parts if part in DIGITS}
    rest = [part for part in parts if part not in NAMED and part not in DIGITS and part]
    if Result.DISSATISFIED in said and len(said) == 1:
        return Result.DISSATISFIED
    return said.pop() if len(said) == 1 and not rest else None


def _parts(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).lower().strip()
    found = []
    for part in _BETWEEN.split(plain):
        for piece in re.split(r"(?<=^[1-3])(?=\D)", part):
            bare = _COURTESY.sub("", piece)
            found.append(piece if piece in NAMED or bare in AMBIGUOUS else bare)  # "好的" is "yes", and no praise
    return [part for part in found if part]


def _hours(name: str, value: Any) -> timedelta:
    hours = float(value)
    if not 0 < hours <= 24 * 30:
        raise ValueError(f"{name}: {value} is not between 0 and 720 hours")
    return timedelta(hours=hours)


def _share(name: str, value: Any) -> int:
    share = int(value)
    if not 0 <= share <= 100:
        raise ValueError(f"{name}: a share is between 0 and 100 per cent, and not {value}")
    return share


def _by_sms(body: Mapping[str, Any]) -> AskBySms:
    only(body, ("after_minutes", "from", "until", "open_hours"))
    earliest, latest = time.fromisoformat(str(body["from"])), time.fromisoformat(str(body["until"]))
    if not earliest < latest:
        raise ValueError("by_sms: `from` comes before `until`")
    after = timedelta(minutes=float(body["after_minutes"]))
    return AskBySms(after, earliest, latest, _hours("by_sms.open_hours", body["open_hours"]))


def _question(body: Mapping[str, Any]) -> Question:
    only(body, ("code", "zh", "en", "kinds"))
    kinds = frozenset(map(str, body["kinds"]))
    if not kinds or not kinds <= ASKED_KINDS:
        raise ValueError(f"questions.{body['code']}: kinds are of {', '.join(sorted(ASKED_KINDS))}")
    return Question(str(body["code"]), str(body["zh"]), str(body["en"]), kinds)


def _complaint(body: Mapping[str, Any]) -> ComplaintRules:
    only(body, ("first_answer_hours", "workdays", "closes", "again_hours", "holidays", "extra_workdays"))
    workdays = int(body["workdays"])
    if not 1 <= workdays <= 60:
        raise ValueError(f"complaint.workdays: {workdays} is not between 1 and 60")
    return ComplaintRules(
        first_answer=_hours("complaint.first_answer_hours", body["first_answer_hours"]),
        workdays=workdays,
        closes=time.fromisoformat(str(body["closes"])),
        again=_hours("complaint.again_hours", body["again_hours"]),
        holidays=frozenset(_days(body["holidays"])),
        extra=frozenset(_days(body["extra_workdays"])),
    )


def _days(listed: Any) -> list[date]:
    """Days, and pairs of the first and the last of several."""
    found: list[date] = []
    for one in listed or ():
        first, last = (one, one) if isinstance(one, date) else one
        if not (isinstance(first, date) and isinstance(last, date) and first <= last):
            raise ValueError(f"a day is written 2026-01-31, several [2026-10-01, 2026-10-07], and not {one!r}")
        found += [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return found
