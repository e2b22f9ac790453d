"""Target groups of elders: which there are, on which days an elder belongs to one, and what the desk sees of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from dispatch.domain.configuration import only

GROUP_KEYS = ("code", "zh", "en", "safety_net", "special_difficulty", "from_level")


@dataclass(frozen=True)
class TargetGroup:
    code: str
    names: Mapping[str, str]
    safety_net: bool
    special_difficulty: bool
    from_level: int | None = None
    """An ability level from which on an elder belongs to it by the assessment alone."""


@dataclass(frozen=True)
class Groups:
    groups: Mapping[str, TargetGroup]
    forms: Mapping[str, Mapping[str, str]]
    """Forms of care by code, with their names."""

    @classmethod
    def load(cls, body: Mapping[str, Any]) -> Self:
        groups: dict[str, TargetGroup] = {}
        for found in body["groups"]:
            only(found, GROUP_KEYS)
            code = str(found["code"])
            if code in groups:
                raise ValueError(f"the group {code} stands twice")
            groups[code] = TargetGroup(
                code,
                {"zh": str(found["zh"]), "en": str(found["en"])},
                bool(found["safety_net"]),
                bool(found["special_difficulty"]),
                int(found["from_level"]) if "from_level" in found else None,
            )
        forms = {str(f["code"]): {"zh": str(f["zh"]), "en": str(f["en"])} for f in map(_form, body["service_forms"])}
        if not groups or not forms:
            raise ValueError("name at least one group and one form of care")
        return cls(groups, forms)

    def marked(self, mark: str) -> tuple[str, ...]:
        """Codes of the groups with a mark: ``safety_net`` or ``special_difficulty``."""
        return tuple(code for code, group in self.groups.items() if getattr(group, mark))

    def by_level(self, level: int) -> tuple[str, ...]:
        """Codes of the groups to which an elder of this ability level belongs by it alone."""
        return tuple(
            code for code, group in self.groups.items() if group.from_level is not None and level >= group.from_level
        )


def _form(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return only(body, ("code", "zh", "en"))


@dataclass(frozen=True)
class Spell:
    """The days on which an elder belongs to a group: the first and, if known, the last."""

    first: date
    last: date | None
    ended: bool = False
    """Ended by a person before its last day."""

    def holds(self, day: date) -> bool:
        return not self.ended and self.first <= day and (self.last is None or day <= self.last)

    def next_change(self, day: date) -> date | None:
        """The next day after ``day`` on which ``holds`` gives another answer."""
        if self.ended or (self.last is not None and self.last < max(day, self.first)):
            return None
        if day < self.first:
            return self.first
        return None if self.last is None else self.last + timedelta(days=1)

    def meets(self, other: Spell) -> bool:
        """Whether both cover a day."""
        if self.ended or other.ended:
            return False
        return (self.last is None or other.first <= self.last) and (other.last is None or self.first <= other.last)


def flags(present: Iterable[str], groups: Groups, valid: Iterable[str]) -> list[str]:
    """What the desk sees of an elder: the groups that hold today in their configured order, then the other flags."""
    holding = set(valid)
    return [code for code in groups.groups if code in holding] + [f for f in present if f not in groups.groups]
