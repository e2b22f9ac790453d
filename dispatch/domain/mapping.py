"""Which word or state of which model of device means what: a button that says "double", a pad whose alarm is a contact.

A word (``action``) is an event and counts each time. A state is repeated with every message and counts when it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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


def key_of(name: Any) -> str:
    """A model or a number as it is compared: without regard to capitals."""
    return str(name).strip().casefold()


class Scope(StrEnum):
    MODEL = "model"
    DEVICE = "device"


@dataclass(frozen=True)
class Subject:
    """Whose words: those of a model, or of one device by its number. ``key`` as ``key_of`` makes it."""

    scope: Scope
    key: str


@dataclass(frozen=True)
class Words:
    """What one model says. None: ignored."""

    actions: Mapping[str, SignalKind | None] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, SignalKind | None]] = field(default_factory=dict)
    """Property -> value -> what it means; each other value is the end of it."""

    @classmethod
    def load(cls, data: Mapping[str, Any] | None) -> Self:
        body = only(data or {}, ("actions", "states"))
        actions = {text_of(word): _kind(kind, f"actions, {word}") for word, kind in (body.get("actions") or {}).items()}
        states = {}
        for name, values in (body.get("states") or {}).items():
            if values is not None and not isinstance(values, Mapping):
                raise ValueError(f"states, {name}: write the value that is an alarm, for example {{true: smoke}}")
            states[str(name)] = {
                text_of(value): _kind(kind, f"states, {name}") for value, kind in (values or {}).items()
            }
        return cls(actions, states)

    def dump(self) -> dict[str, Any]:
        """What ``load`` reads."""
        return {
            "actions": {word: kind or IGNORE for word, kind in self.actions.items()},
            "states": {
                name: {value: kind or IGNORE for value, kind in values.items()} for name, values in self.states.items()
            },
        }

    def over(self, under: Words) -> Words:
        """These, and where they say nothing, ``under``. A property is taken whole."""
        return Words({**under.actions, **self.actions}, {**under.states, **self.states})

    def laid_over(self, under: Words) -> Words:
        """The same value by value: what is not named stays, and nothing is silenced but by ``ignore``."""
        states = dict(under.states)
        for name, values in self.states.items():
            states[name] = {**states.get(name, {}), **values}
        return Words({**under.actions, **self.actions}, states)

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
    laid: Mapping[Subject, Words] = field(default_factory=dict)
    """What supervisors said over all of it (``domain/overlay.py``)."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        body = only(data, ("default", "classes", "models", "devices"))
        return cls(
            default=_words("default", body["default"]),
            classes={str(name): _kind(kind, f"classes, {name}") for name, kind in body["classes"].items()},
            models={key_of(name): _words(str(name), words) for name, words in (body["models"] or {}).items()},
            devices={key_of(name): _words(str(name), words) for name, words in (body.get("devices") or {}).items()},
        )

    def of(self, number: str, *models: str | None, classes: Mapping[str, str] | None = None) -> Words:
        """What the device ``number`` says, which calls itself by one of ``models``, the most exact name first.

        ``classes``: which device class it announced for a property.
        """
        words = self.default.over(self._announced(classes or {}))
        for model in reversed(models):
            if model:
                words = self._with(words, self.models, Subject(Scope.MODEL, key_of(model)))
        return self._with(words, self.devices, Subject(Scope.DEVICE, key_of(number)))

    def _with(self, under: Words, configured: Mapping[str, Words], subject: Subject) -> Words:
        own, laid = configured.get(subject.key), self.laid.get(subject)
        words = own.over(under) if own is not None else under
        return laid.laid_over(words) if laid is not None else words

    def _announced(self, classes: Mapping[str, str]) -> Words:
        meant = {name: self.classes.get(device_class) for name, device_class in classes.items()}
        return Words(states={name: {"true": kind} for name, kind in meant.items() if kind is not None})

    def configured(self, subject: Subject) -> Words:
        """What the file says of it alone."""
        return (self.models if subject.scope is Scope.MODEL else self.devices).get(subject.key, Words())

    def knows(self, *models: str | None) -> bool:
        keys = [key_of(model) for model in models if model]
        return any(key in self.models or Subject(Scope.MODEL, key) in self.laid for key in keys)


def _words(name: str, data: Any) -> Words:
    try:
        return Words.load(data)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{name}: {error}") from error
