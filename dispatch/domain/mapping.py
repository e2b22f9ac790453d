"""Which word or state of which model of device means what: a button that says "double", a pad whose alarm is a contact.

A word (``action``) is an event and counts each time. A state is repeated with every message and counts when it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dispatch.domain.configuration import only
from dispatch.domain.signals import SignalKind

ANY = "*"
IGNORE = "ignore"
"""Known, and nothing for the desk."""
NEVER = frozenset({SignalKind.HEARTBEAT, SignalKind.RESTORE})
"""What no word can be mapped to: every message is a sign of life, and the end of a state is found by itself."""


SAME = {"on": "true", "yes": "true", "off": "false", "no": "false"}
"""YAML reads ``on`` as true unless it stands in quotes: whoever writes either means the same."""


def text_of(value: Any) -> str:
    """A value as mappings write it: ``true``, ``16``, ``falling``; without regard to capitals."""
    found = str(value).strip().casefold()
    return SAME.get(found, found)


@dataclass(frozen=True)
class Words:
    """What one model says. None: ignored."""

    actions: Mapping[str, SignalKind | None] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, SignalKind]] = field(default_factory=dict)
    """Property -> value -> what it means; each other value is the end of it."""

    @classmethod
    def load(cls, data: Mapping[str, Any] | None) -> Self:
        body = only(data or {}, ("actions", "states"))
        actions = {text_of(word): _kind(kind, f"actions, {word}") for word, kind in (body.get("actions") or {}).items()}
        states = {}
        for name, values in (body.get("states") or {}).items():
            if values is not None and not isinstance(values, Mapping):
                raise ValueError(f"states, {name}: write the value that is an alarm, for example {{true: smoke}}")
            read = {text_of(value): _kind(kind, f"states, {name}") for value, kind in (values or {}).items()}
            states[str(name)] = {value: kind for value, kind in read.items() if kind is not None}
        return cls(actions, states)

    def over(self, under: Words) -> Words:
        """These, and where they say nothing, ``under``. A property is taken whole."""
        return Words({**under.actions, **self.actions}, {**under.states, **self.states})

    def knows(self, action: str) -> bool:
        return text_of(action) in self.actions or ANY in self.actions

    def action(self, action: str) -> SignalKind | None:
        return self.actions.get(text_of(action), self.actions.get(ANY))


def _kind(name: Any, where: str) -> SignalKind | None:
    if name is None or name == IGNORE:
        return None
    try:
        kind = SignalKind(name)
    except ValueError:
        kind = SignalKind.HEARTBEAT
    if kind in NEVER:
        allowed = ", ".join(k for k in SignalKind if k not in NEVER)
        raise ValueError(f"{where}: {name!r} is no kind of alarm: use {allowed} or {IGNORE}")
    return kind


@dataclass(frozen=True)
class DeviceMapping:
    """``config/mqtt.yaml``."""

    default: Words
    classes: Mapping[str, SignalKind | None]
    """Device classes of Home Assistant."""
    models: Mapping[str, Words]
    devices: Mapping[str, Words]

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        body = only(data, ("default", "classes", "models", "devices"))
        return cls(
            default=_words("default", body["default"]),
            classes={str(name): _kind(kind, f"classes, {name}") for name, kind in body["classes"].items()},
            models={_key(name): _words(str(name), words) for name, words in (body["models"] or {}).items()},
            devices={_key(name): _words(str(name), words) for name, words in (body.get("devices") or {}).items()},
        )

    def of(self, number: str, *models: str | None) -> Words:
        """What the device ``number`` says, which calls itself by one of ``models``, the most exact name first."""
        words = self.default
        for model in reversed(models):
            if model and (own := self.models.get(_key(model))) is not None:
                words = own.over(words)
        own = self.devices.get(_key(number))
        return own.over(words) if own is not None else words

    def knows(self, *models: str | None) -> bool:
        return any(model and _key(model) in self.models for model in models)


def _key(name: Any) -> str:
    return str(name).strip().casefold()


def _words(name: str, data: Any) -> Words:
    try:
        return Words.load(data)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{name}: {error}") from error
