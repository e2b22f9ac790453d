"""What supervisors said that words and states mean, over what the file says: of each subject the newest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from dispatch.domain.errors import Invalid
from dispatch.domain.mapping import DeviceMapping, Scope, Subject, Words, text_of
from dispatch.domain.signals import Effect, SignalKind, effect

MOST_ACTIONS = 100
MOST_STATES = 50
MOST_VALUES = 20
LONGEST = 100
"""Characters of a word, of the name of a property, of a value."""


@dataclass(frozen=True)
class Mark:
    """How far the versions have come. Any other mark than the last one means: read them again."""

    newest: int = 0
    count: int = 0
    """Two that are saved at one moment may be seen in the wrong order: then the newest is the same, and not this."""


@dataclass(frozen=True)
class Overlay:
    """``words`` by subject; where nothing was said, or was taken back, there is none."""

    mark: Mark = field(default_factory=Mark)
    words: Mapping[Subject, Words] = field(default_factory=dict)

    def over(self, mapping: DeviceMapping) -> DeviceMapping:
        return replace(mapping, laid=self.words)

    def dump(self) -> dict[str, Any]:
        """For a file of the gateway's own; ``load`` reads it."""
        laid = [[s.scope.value, s.key, words.dump()] for s, words in self.words.items()]
        return {"mark": [self.mark.newest, self.mark.count], "laid": laid}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        newest, count = data["mark"]
        laid = {Subject(Scope(scope), str(key)): Words.load(words) for scope, key, words in data["laid"]}
        return cls(Mark(int(newest), int(count)), laid)


def checked(data: Mapping[str, Any]) -> Words:
    """Words that somebody sent. Raises ``Invalid``, with the place in the words of whoever wrote it."""
    actions, states = data.get("actions") or {}, data.get("states") or {}
    _bounded("actions", actions, MOST_ACTIONS)
    _bounded("states", states, MOST_STATES)
    for name, values in states.items():
        _bounded(f"states, {name}", values, MOST_VALUES)
        if not values:
            raise Invalid(f"words.states.{name}"[:LONGEST], "empty", "name at least one value, for example true")
    try:
        return Words.load({"actions": actions, "states": states})
    except ValueError as error:
        raise Invalid("words", "no-alarm", str(error)) from error


def _bounded(where: str, given: Mapping[str, Any], most: int) -> None:
    field = f"words.{where.replace(', ', '.')}"[:LONGEST]
    if len(given) > most:
        raise Invalid(field, "too-many", f"at most {most}")
    for name in given:
        if not name.strip() or len(name) > LONGEST or not name.isprintable():
            raise Invalid(field, "name", f"a name has 1 to {LONGEST} printable characters")
    read: set[str] = set()
    for name in given if where != "states" else ():
        if text_of(name) in read:
            raise Invalid(field, "twice", f"{name!r} stands here twice: capitals do not count, and on is true")
        read.add(text_of(name))


def silenced(before: Words, after: Words) -> list[str]:
    """What is an alarm today and would be none: ``double``, ``contact=false``."""
    said = {**before.actions, **after.actions}
    words = [word for word in said if is_alarm(before.action(word)) and not is_alarm(after.action(word))]
    states = [
        f"{name}={value}"
        for name, values in before.states.items()
        for value, kind in values.items()
        if is_alarm(kind) and not is_alarm(after.states.get(name, {}).get(value))
    ]
    return sorted(words) + sorted(states)


def is_alarm(kind: SignalKind | None) -> bool:
    return kind is not None and effect(kind) is Effect.ALARM


def newest(versions: Iterable[tuple[Subject, Words | None]]) -> dict[Subject, Words]:
    """Of ``versions``, oldest first, those that stand."""
    return {subject: words for subject, words in dict(versions).items() if words is not None}
