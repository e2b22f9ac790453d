"""From what a device says to what it means: a word counts each time, a state when it changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from dispatch.domain.mapping import Words, text_of
from dispatch.domain.signals import Effect, SignalKind, effect
from dispatch.gateways.frame import Message
from dispatch.gateways.mqtt.values import LONGEST_NUMBER, LONGEST_TEXT, clean

COPY_WITHIN = timedelta(seconds=3)
"""The same word by another topic within this time is the same press."""
REMEMBERED = 8
"""Words of one device, to find their copies by."""
MOST_UNMAPPED = 50
KINDS = frozenset(SignalKind)
PRESSED = "\0pressed"
AVAILABLE = "\0available"
TOLD = "\0told "
"""Before a property: the kind that was told of the value that it has; empty, where nothing was."""


@dataclass(frozen=True)
class Word:
    """``names``: what it may be mapped by, the most exact first. ``channel``: the topic's way of saying it."""

    names: tuple[str, ...]
    channel: str = ""


@dataclass(frozen=True)
class Said:
    """One message of one device, read but not yet understood."""

    device: str
    models: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    states: Mapping[str, Any] = field(default_factory=dict)
    available: bool | None = None
    """None: it says nothing of this."""
    alive: bool = True
    """The device itself has spoken, and not somebody about it."""
    data: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    event: str | None = None
    """The same for each copy of this message."""
    debounce: timedelta = timedelta()
    """The same word within this time is the same press."""
    by_radio: bool = False
    """Anybody's device can be heard: only one that is registered is believed."""
    classes: Mapping[str, str] = field(default_factory=dict)
    """Device classes of its states, where it announced them."""
    remember: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Last:
    """What a device said before, as far as the next message is understood by it. ``states`` outlive a restart."""

    states: Mapping[str, str] = field(default_factory=dict)
    heard: tuple[tuple[str, str, datetime], ...] = ()
    """Words whose copy has not come yet: the word, its channel, when."""
    pressed: Mapping[str, datetime] = field(default_factory=dict)
    event: str | None = None


@dataclass(frozen=True)
class Understood:
    messages: tuple[Message, ...]
    last: Last
    unmapped: str | None = None
    """A word that no mapping knows, said for the first time."""


def understand(said: Said, words: Words, last: Last, at: datetime, *, retained: bool = False) -> Understood:
    """What ``said`` means after ``last``. ``retained``: the broker repeats it, the device has not spoken now."""
    states = {**last.states, **said.remember}
    messages = list(_changes(said, words, states))
    spoken = _Spoken(said, words, replace(last, states=states), at)
    for each in said.words:
        messages += spoken.hear(each, retained=retained)
    messages += _availability(said, states)
    is_news = said.event is None or said.event != last.event
    if not messages and said.alive and not retained and is_news:
        unheeded = [clean(word.names[-1]) for word in said.words]
        messages.append(_message(said, SignalKind.HEARTBEAT, None, **({"word": unheeded[0]} if unheeded else {})))
    return Understood(
        tuple(messages), replace(spoken.last, states=states, event=said.event or last.event), spoken.unmapped
    )


def _changes(said: Said, words: Words, states: dict[str, str]) -> Iterator[Message]:
    """What has become otherwise: the value, or what it means, since somebody may have said it meanwhile. Then what
    stands is told, and ends as what it was told as.
    """
    for name, meanings in words.states.items():
        value = said.states.get(name)
        if value is None or isinstance(value, dict | list):
            continue
        now, before = clean(text_of(value)), states.get(name)
        kind, told = meanings.get(now), _told(name, meanings, states)
        if now == before and kind in (None, told):
            continue
        states[name], states[TOLD + name] = now, kind or ""
        if kind is not None:
            yield _message(said, kind, name if now == "true" else f"{name}={now}")
        elif told is not None and effect(told) is Effect.ALARM:
            # The end of a fault or of a weak battery is nobody's "all is well" in an emergency.
            yield _message(said, SignalKind.RESTORE, f"{name}={now}", of=told.value)


def _told(name: str, meanings: Mapping[str, SignalKind | None], states: Mapping[str, str]) -> SignalKind | None:
    """What the value that stands was told as; where that is not known, what it means now."""
    kind, value = states.get(TOLD + name), states.get(name)
    if kind is None:
        return meanings.get(value) if value is not None else None
    return SignalKind(kind) if kind in KINDS else None


def _availability(said: Said, states: dict[str, str]) -> Iterator[Message]:
    if said.available is None:
        return
    now, before = text_of(said.available), states.get(AVAILABLE)
    states[AVAILABLE] = now
    if now != before and not said.available:
        yield _message(said, SignalKind.FAULT, "offline")
    elif now != before and before is not None:
        yield _message(said, SignalKind.HEARTBEAT, "online")


class _Spoken:
    """The words of one message, heard one after the other."""

    def __init__(self, said: Said, words: Words, last: Last, at: datetime) -> None:
        self.last = last
        self.unmapped: str | None = None
        self._said = said
        self._words = words
        self._at = at

    def hear(self, word: Word, *, retained: bool) -> Iterator[Message]:
        name = next((n for n in word.names if text_of(n) in self._words.actions), word.names[-1])
        text = clean(text_of(name))
        if (retained and not self._is_missed()) or self._is_copy(text, word.channel) or self._bounces(text):
            return
        if not self._words.knows(name):
            self._note_unmapped(text)
            return
        kind = self._words.action(name)
        self._states.pop(f"?{text}", None)  # should it be unmapped again, somebody must hear of it again
        if kind is None:
            return
        if self._said.event is not None:
            self._remember(PRESSED, self._said.event)
        yield _message(self._said, kind, clean(name))

    def _is_missed(self) -> bool:
        """A word that the broker kept counts if we heard this device before, and not this."""
        before = self.last.states.get(PRESSED)
        return before is not None and self._said.event is not None and before != self._said.event

    def _is_copy(self, text: str, channel: str) -> bool:
        fresh = [h for h in self.last.heard if self._at - h[2] < COPY_WITHIN]
        twin = next((h for h in fresh if h[0] == text and h[1] != channel), None)
        if twin is not None:
            fresh.remove(twin)
        else:
            fresh.append((text, channel, self._at))
        self.last = replace(self.last, heard=tuple(fresh[-REMEMBERED:]))
        return twin is not None

    def _bounces(self, text: str) -> bool:
        if not self._said.debounce:
            return False
        before = self.last.pressed.get(text)
        if before is not None and timedelta() <= self._at - before < self._said.debounce:
            return True
        young = {t: at for t, at in self.last.pressed.items() if self._at - at < self._said.debounce}
        self.last = replace(self.last, pressed={**young, text: self._at})
        return False

    def _note_unmapped(self, text: str) -> None:
        unmapped = sum(name.startswith("?") for name in self._states)
        if f"?{text}" not in self._states and unmapped < MOST_UNMAPPED:
            self._remember(f"?{text}", "")
            self.unmapped = text

    def _remember(self, name: str, value: str) -> None:
        self._states[name] = value

    @property
    def _states(self) -> dict[str, str]:
        states = self.last.states
        assert isinstance(states, dict)
        return states


def _message(said: Said, kind: SignalKind, code: str | None, **more: Any) -> Message:
    data = {**said.data, **more, **({"code": code[:LONGEST_TEXT]} if code else {})}
    if said.models:
        data["model"] = said.models[0]  # of one that nobody has registered a person will ask what it is
    event = said.event and f"{said.event[:80]} {code or kind}"[:LONGEST_TEXT]
    return Message(said.device[:LONGEST_NUMBER], kind, event or None, said.occurred_at, data)
