"""Ability assessments: what a standard asks, what the answers add up to, and when the level is another one.

The thresholds and the rules that change a level are those of GB/T 42195-2022; everything that is a number stands in
``config/assessments/``.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

from dispatch.domain.configuration import only
from dispatch.domain.errors import Invalid

WORST = 4
"""The level of an elder who has lost all ability: no rule leads beyond it."""
_ICD = re.compile(r"^([A-Z])([0-9]{2})(\.[0-9A-Z]{1,4})?$")


class Reason(StrEnum):
    FIRST = "first"
    ROUTINE = "routine"
    IMMEDIATE = "immediate"
    """After a change of the elder's condition."""
    REPEAT = "repeat"
    """The result is disputed."""
    OTHER = "other"


class Change(StrEnum):
    """Why the final level is not the preliminary one."""

    COMA = "coma"
    DEMENTIA = "dementia"
    MENTAL_DISORDER = "mental_disorder"
    RISK_EVENTS = "risk_events"


@dataclass(frozen=True)
class Diagnosis:
    code: str
    """ICD-10: ``F01.9``."""
    by_psychiatrist: bool = False


@dataclass(frozen=True)
class RiskEvent:
    kind: str
    on: date


@dataclass(frozen=True)
class Item:
    code: str
    id: str
    max: int
    names: Mapping[str, str]


@dataclass(frozen=True)
class Group:
    code: str
    names: Mapping[str, str]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Level:
    level: int
    names: Mapping[str, str]
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Changes:
    risk_days: int
    risk_events: int
    risk_kinds: frozenset[str]
    dementia: tuple[str, str]
    other_mental: tuple[str, str]


@dataclass(frozen=True)
class Standard:
    code: str
    version: str
    names: Mapping[str, str]
    sets_level: bool
    """The elder's ability level follows it."""
    valid_months: int
    due_within_days: int
    assessors: int
    levels: tuple[Level, ...]
    groups: tuple[Group, ...]
    coma_item: str | None
    changes: Changes | None

    @property
    def items(self) -> dict[str, Item]:
        return {item.id: item for group in self.groups for item in group.items}

    @property
    def full_score(self) -> int:
        return sum(item.max for item in self.items.values())

    @classmethod
    def load(cls, body: Mapping[str, Any]) -> Self:
        """Raises ValueError, KeyError or TypeError for a standard that contradicts itself."""
        changes = body.get("changes")
        found = cls(
            code=str(body["code"]),
            version=str(body["version"]),
            names=_names(body["name"]),
            sets_level=bool(body["sets_level"]),
            valid_months=int(body["valid_months"]),
            due_within_days=int(body["due_within_days"]),
            assessors=int(body["assessors"]),
            levels=tuple(
                Level(int(level["level"]), _names(level), level.get("from"), level.get("to"))
                for level in (only(one, ("level", "from", "to", "zh", "en")) for one in body["levels"])
            ),
            groups=tuple(
                Group(str(g["code"]), _names(g["name"]), tuple(_item(i) for i in g["items"]))
                for g in body.get("groups", ())
            ),
            coma_item=body.get("coma_item"),
            changes=changes and _changes(changes),
        )
        _check(found)
        return found


def _names(body: Mapping[str, Any]) -> dict[str, str]:
    return {"zh": str(body["zh"]), "en": str(body["en"])}


def _item(body: Mapping[str, Any]) -> Item:
    only(body, ("code", "id", "max", "zh", "en"))
    return Item(str(body["code"]), str(body["id"]), int(body["max"]), _names(body))


def _changes(body: Mapping[str, Any]) -> Changes:
    ranges = {}
    for name in ("dementia", "other_mental"):
        first, last = (icd(str(code)) for code in body[name])
        if first > last:
            raise ValueError(f"{name}: {first} comes after {last}")
        ranges[name] = (first, last)
    return Changes(
        risk_days=int(body["risk_days"]),
        risk_events=int(body["risk_events"]),
        risk_kinds=frozenset(str(kind) for kind in body["risk_kinds"]),
        **ranges,
    )


def _check(found: Standard) -> None:
    if found.valid_months < 1 or found.assessors < 1 or found.due_within_days < 0:
        raise ValueError("valid_months and assessors are at least 1, due_within_days at least 0")
    numbers = [level.level for level in found.levels]
    if numbers != list(range(len(numbers))) or not numbers or numbers[-1] > WORST:
        raise ValueError(f"levels must be 0, 1, ... up to {WORST} in this order, and are {numbers}")
    if not found.groups:
        return
    ids = [item.id for group in found.groups for item in group.items]
    codes = [item.code for group in found.groups for item in group.items]
    if len(set(ids)) != len(ids) or len(set(codes)) != len(codes):
        raise ValueError("an item stands twice")
    if min(item.max for item in found.items.values()) < 1:
        raise ValueError("each item has a largest score of at least 1")
    reached = [score for level in found.levels for score in _scores(level)]
    if sorted(reached) != list(range(found.full_score + 1)):
        raise ValueError(f"the levels must cover each score from 0 to {found.full_score} once")
    if found.coma_item is not None and found.coma_item not in found.items:
        raise ValueError(f"coma_item: there is no item {found.coma_item}")


def _scores(level: Level) -> range:
    if level.low is None or level.high is None:
        raise ValueError(f"level {level.level} needs from and to")
    return range(level.low, level.high + 1)


@dataclass(frozen=True)
class Answers:
    """What the assessors found. ``scores`` by the id of the item; in a coma only what could be tried."""

    scores: Mapping[str, int]
    coma: bool = False
    diagnoses: tuple[Diagnosis, ...] = ()
    risk_events: tuple[RiskEvent, ...] = ()


@dataclass(frozen=True)
class Result:
    total: int
    by_group: dict[str, int]
    preliminary_level: int
    changes: tuple[Change, ...]
    final_level: int


def assess(standard: Standard, answers: Answers, on: date) -> Result:
    """Add up the answers given on the day ``on``. Raises ``Invalid`` naming the answer that is wrong."""
    scores = _complete(standard, answers)
    for event in answers.risk_events:
        if event.on > on:
            raise Invalid("risk_events", "future", f"{event.on} comes after the assessment of {on}")
        if standard.changes is None or event.kind not in standard.changes.risk_kinds:
            raise Invalid("risk_events", "unknown", f"{event.kind} is no care-risk event of {standard.code}")
    for diagnosis in answers.diagnoses:
        icd(diagnosis.code)
    by_group = {group.code: sum(scores[item.id] for item in group.items) for group in standard.groups}
    total = sum(by_group.values())
    preliminary = level_of(standard, total)
    final, changes = final_level(standard, preliminary, answers, on)
    return Result(total, by_group, preliminary, changes, final)


def _complete(standard: Standard, answers: Answers) -> dict[str, int]:
    items = standard.items
    if not items:
        raise Invalid("standard", "no_items", f"{standard.code} is kept as a result alone: give the level")
    unknown = sorted(set(answers.scores) - set(items))
    if unknown:
        raise Invalid("scores", "unknown", f"{standard.code} has no item {unknown[0]}")
    missing = [item for item in items if item not in answers.scores]
    if missing and not answers.coma:
        raise Invalid("scores", "missing", f"{len(missing)} of {len(items)} items have no score: {', '.join(missing)}")
    for name, score in answers.scores.items():
        if not 0 <= score <= items[name].max:
            raise Invalid("scores", "range", f"{name} goes from 0 to {items[name].max}, and not to {score}")
    if answers.coma and standard.coma_item and answers.scores.get(standard.coma_item, 0) != 0:
        raise Invalid("scores", "contradiction", f"an elder in a coma scores 0 in {standard.coma_item}")
    return {name: answers.scores.get(name, 0) for name in items}


def level_of(standard: Standard, total: int) -> int:
    """The preliminary level of a score."""
    for level in standard.levels:
        if total in _scores(level):
            return level.level
    raise ValueError(f"{standard.code} has no level for {total}")


def final_level(standard: Standard, preliminary: int, answers: Answers, on: date) -> tuple[int, tuple[Change, ...]]:
    """The level that counts, and why it is another one than the preliminary level.

    A coma is level 4 at once. Dementia, another mental or behavioural disorder by a psychiatrist, and two or more
    care-risk events in the thirty days before the assessment (that day included) each make the level one worse; several
    of them together do so once, for the standard says "one of the following cases". Never beyond 4.
    """
    if standard.changes is None:
        return preliminary, ()
    if answers.coma:
        return WORST, (Change.COMA,)
    found = tuple(_raising(standard.changes, answers, on))
    return (min(preliminary + 1, WORST), found) if found else (preliminary, ())


def _raising(rules: Changes, answers: Answers, on: date) -> Iterable[Change]:
    codes = [(icd(d.code), d.by_psychiatrist) for d in answers.diagnoses]
    if any(rules.dementia[0] <= code <= rules.dementia[1] for code, _ in codes):
        yield Change.DEMENTIA
    if any(rules.other_mental[0] <= code <= rules.other_mental[1] and expert for code, expert in codes):
        yield Change.MENTAL_DISORDER
    first = on - timedelta(days=rules.risk_days)
    if sum(first <= event.on <= on for event in answers.risk_events) >= rules.risk_events:
        yield Change.RISK_EVENTS


def icd(code: str) -> str:
    """The three signs that decide, of an ICD-10 code: ``F01.9`` -> ``F01``. Raises ``Invalid``."""
    match = _ICD.match(code.strip().upper())
    if match is None:
        raise Invalid("diagnoses", "malformed", f"write an ICD-10 code such as F01.9, and not {code!r}")
    return match[1] + match[2]


def check_assessors(standard: Standard, names: Iterable[str]) -> tuple[str, ...]:
    """Those who sign, each once. Raises ``Invalid`` when they are too few."""
    signed = tuple(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
    if len(signed) < standard.assessors:
        raise Invalid("assessors", "too_few", f"{standard.code} needs {standard.assessors} different assessors")
    return signed


def add_months(day: date, months: int) -> date:
    """The same day some months on; the last day of the month where that one is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def next_due(standard: Standard, assessed_on: date) -> date:
    """The first day on which the result is valid no longer."""
    return add_months(assessed_on, standard.valid_months)
