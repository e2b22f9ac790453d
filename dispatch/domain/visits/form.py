"""What the record of a check-in visit asks: items in three grades, some of them in winter alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

from dispatch.domain.case import Help
from dispatch.domain.configuration import only
from dispatch.domain.visits.visit import Mode

CODE = re.compile(r"[a-z][a-z_]{1,29}")
KEYS = ("classes", "economy", "supporter", "late_hours", "sample_share")


class Grade(StrEnum):
    GOOD = "good"
    MEDIUM = "medium"
    POOR = "poor"


@dataclass(frozen=True)
class Choice:
    code: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    code: str
    names: Mapping[str, str]
    months: frozenset[int]
    """In which it must be answered; in the others nobody is asked."""


@dataclass(frozen=True)
class ItemClass:
    code: str
    names: Mapping[str, str]
    modes: frozenset[Mode]
    """In which it must be answered: nobody sees the stove by telephone."""
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Need:
    """What the elder asks for: one of the ten helps, which becomes a request of its own."""

    help: Help
    text: str | None = None


@dataclass(frozen=True)
class Sheet:
    """What somebody saw and heard at a visit."""

    items: Mapping[str, Grade]
    economy: str | None = None
    supporter: str | None = None
    """Whether whoever is to support the elder has come or called this month."""
    policy: bool | None = None
    """Policy was explained."""
    needs: tuple[Need, ...] = ()
    urgent: str | None = None
    """What cannot wait, in words; it becomes an emergency."""
    next_on: date | None = None


@dataclass(frozen=True)
class Fault:
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Form:
    """``record`` of ``config/visits.yaml``."""

    classes: tuple[ItemClass, ...]
    economy: tuple[Choice, ...]
    supporter: tuple[Choice, ...]
    late: timedelta
    """Who writes down what is longer ago says why, and a second person confirms it."""
    sample_share: int
    """Per cent of the visited elders who are rung afterwards."""
    codes: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, KEYS)
        classes = tuple(_class(body) for body in data["classes"])
        items = [item.code for one in classes for item in one.items]
        if not items:
            raise ValueError("record.classes: name at least one item")
        _once("record.classes", [one.code for one in classes])
        _once("record.classes: items", items)
        hours, share = data["late_hours"], data["sample_share"]
        if not isinstance(hours, int) or not 1 <= hours <= 720:
            raise ValueError(f"record.late_hours: {hours!r} is not a whole number from 1 to 720")
        if not isinstance(share, int) or not 0 <= share <= 100:
            raise ValueError(f"record.sample_share: {share!r} is not a whole number from 0 to 100")
        return cls(
            classes=classes,
            economy=_choices("economy", data["economy"]),
            supporter=_choices("supporter", data["supporter"]),
            late=timedelta(hours=hours),
            sample_share=share,
            codes=frozenset(items),
        )

    def asked(self, day: date, mode: Mode) -> list[str]:
        """The items that must be answered of a visit on ``day``."""
        return [
            item.code for one in self.classes if mode in one.modes for item in one.items if day.month in item.months
        ]

    def faults(self, sheet: Sheet, day: date, mode: Mode) -> list[Fault]:
        """What keeps a sheet from being one: something unknown, or an item without its grade."""
        found = [
            Fault("items", "unknown", f"{code} is no item of the record") for code in sheet.items.keys() - self.codes
        ]
        if missing := [code for code in self.asked(day, mode) if code not in sheet.items]:
            found.append(Fault("items", "missing", f"not graded: {', '.join(missing)}"))
        for name, value, choices in (
            ("economy", sheet.economy, self.economy),
            ("supporter", sheet.supporter, self.supporter),
        ):
            if value is not None and value not in {one.code for one in choices}:
                found.append(Fault(name, "unknown", f"choose of {', '.join(one.code for one in choices)}"))
        return found


def is_winter(item: Item) -> bool:
    return len(item.months) < 12


def _class(body: Mapping[str, Any]) -> ItemClass:
    only(body, ("code", "zh", "en", "modes", "items"))
    code = _code("record.classes", body["code"])
    modes = frozenset(_mode(code, one) for one in body["modes"])
    if not modes:
        raise ValueError(f"record.classes.{code}.modes: name at least one")
    items = tuple(_item(code, one) for one in body["items"])
    if not items:
        raise ValueError(f"record.classes.{code}.items: name at least one")
    return ItemClass(code, _names(code, body), modes, items)


def _item(where: str, body: Mapping[str, Any]) -> Item:
    only(body, ("code", "zh", "en", "months"))
    code = _code(f"record.classes.{where}.items", body["code"])
    months = body.get("months", list(range(1, 13)))
    if not isinstance(months, list) or not months or not all(_is_month(one) for one in months):
        raise ValueError(f"record.classes.{where}.items.{code}.months: months from 1 to 12, and not {months!r}")
    return Item(code, _names(code, body), frozenset(months))


def _is_month(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 12


def _mode(code: str, value: Any) -> Mode:
    try:
        return Mode(str(value))
    except ValueError:
        raise ValueError(f"record.classes.{code}.modes: choose of {', '.join(Mode)}, and not {value!r}") from None


def _choices(name: str, found: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    choices = []
    for body in found or ():
        only(body, ("code", "zh", "en"))
        code = _code(f"record.{name}", body["code"])
        choices.append(Choice(code, _names(code, body)))
    if not choices:
        raise ValueError(f"record.{name}: name at least one")
    _once(f"record.{name}", [one.code for one in choices])
    return tuple(choices)


def _code(where: str, value: Any) -> str:
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise ValueError(f"{where}: a code is written in small letters, and not {value!r}")
    return value


def _names(code: str, body: Mapping[str, Any]) -> Mapping[str, str]:
    names = {language: str(body[language] or "").strip() for language in ("zh", "en")}
    if not all(names.values()):
        raise ValueError(f"record: {code} needs a name in both languages")
    return names


def _once(where: str, codes: Collection[str]) -> None:
    listed = list(codes)
    if twice := next((code for code in listed if listed.count(code) > 1), None):
        raise ValueError(f"{where}: {twice} stands twice")
