"""The ten helps and what can be ordered under each: who may do it, what it takes, what it costs from when on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self

from dispatch.domain.case import Help
from dispatch.domain.configuration import only


class WorkerKind(StrEnum):
    WORKER = "worker"
    NURSE = "nurse"
    VOLUNTEER = "volunteer"
    GRID_WORKER = "grid_worker"
    SOCIAL_WORKER = "social_worker"
    RESCUE = "rescue"


@dataclass(frozen=True)
class Words:
    zh: str
    en: str


@dataclass(frozen=True)
class Skill:
    words: Words
    certificate: bool
    """Only whoever shows a certificate that is valid on the day may do it."""


@dataclass(frozen=True)
class Price:
    valid_from: date
    fen: int


@dataclass(frozen=True)
class Item:
    code: str
    help: Help
    words: Words
    group: str
    """Of GB/T 43153."""
    unit: str
    minutes: int
    skill: str
    kinds: frozenset[WorkerKind]
    urgent: bool
    prices: tuple[Price, ...]
    """Oldest first."""

    def price(self, day: date) -> int:
        """In fen; what is ordered before the first price costs the first one."""
        valid = [price.fen for price in self.prices if price.valid_from <= day]
        return valid[-1] if valid else self.prices[0].fen


@dataclass(frozen=True)
class Catalogue:
    """``config/catalogue.yaml``."""

    helps: Mapping[Help, Words]
    items: Mapping[str, Item]
    """By code, in the order of the file."""
    skills: Mapping[str, Skill]
    kinds: Mapping[WorkerKind, Words]

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, ("skills", "kinds", "helps"))
        skills = {str(code): _skill(body) for code, body in data["skills"].items()}
        kinds = {WorkerKind(code): _words(body) for code, body in data["kinds"].items()}
        if set(kinds) != set(WorkerKind):
            raise ValueError(f"kinds: name exactly {', '.join(WorkerKind)}")
        if set(data["helps"]) != set(Help):
            raise ValueError(f"helps: name exactly the ten: {', '.join(Help)}")
        items: dict[str, Item] = {}
        for code, body in data["helps"].items():
            only(body, ("zh", "en", "items"))
            if not body["items"]:
                raise ValueError(f"{code}: nothing can be ordered")
            for one in body["items"]:
                item = _item(Help(code), one, skills)
                if item.code in items:
                    raise ValueError(f"{item.code} stands there twice")
                items[item.code] = item
        helps = {Help(code): Words(str(body["zh"]), str(body["en"])) for code, body in data["helps"].items()}
        return cls(helps, items, skills, kinds)

    def of_help(self, help_: Help) -> tuple[Item, ...]:
        return tuple(item for item in self.items.values() if item.help is help_)

    def usual(self, help_: Help) -> Item:
        """What is meant when nobody says more."""
        return self.of_help(help_)[0]


def _words(body: Mapping[str, Any]) -> Words:
    only(body, ("zh", "en"))
    return Words(str(body["zh"]), str(body["en"]))


def _skill(body: Mapping[str, Any]) -> Skill:
    only(body, ("zh", "en", "certificate"))
    return Skill(Words(str(body["zh"]), str(body["en"])), bool(body.get("certificate", False)))


ITEM = ("code", "zh", "en", "group", "unit", "minutes", "skill", "kinds", "urgent", "prices")


def _item(help_: Help, body: Mapping[str, Any], skills: Mapping[str, Skill]) -> Item:
    only(body, ITEM)
    code, minutes = str(body["code"]), int(body["minutes"])
    if body["skill"] not in skills:
        raise ValueError(f"{code}: the skill {body['skill']!r} is not in the list")
    if not 0 < minutes <= 720:
        raise ValueError(f"{code}: {minutes} minutes are not between 1 and 720")
    kinds = frozenset(WorkerKind(kind) for kind in body["kinds"])
    if not kinds:
        raise ValueError(f"{code}: nobody may do it")
    prices = tuple(Price(_day(code, price["from"]), int(price["fen"])) for price in body["prices"])
    if not prices or list(prices) != sorted(prices, key=lambda price: price.valid_from):
        raise ValueError(f"{code}: give prices, oldest first")
    if any(price.fen < 0 for price in prices):
        raise ValueError(f"{code}: a price is not below zero")
    words = Words(str(body["zh"]), str(body["en"]))
    urgent = bool(body.get("urgent", False))
    group, unit = str(body["group"]), str(body["unit"])
    return Item(code, help_, words, group, unit, minutes, str(body["skill"]), kinds, urgent, prices)


def _day(code: str, value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError(f"{code}: a price begins with a day as 2026-01-31, not with {value!r}")
    return value
