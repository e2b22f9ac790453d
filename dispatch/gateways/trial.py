"""Kept messages read again, each as the door did by which it came: a broker's, or a cloud's. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.domain.mapping import DeviceMapping, Words, text_of
from dispatch.domain.signals import SignalKind
from dispatch.domain.trial import Kept, Meaning, Read, Whose
from dispatch.domain.webhooks import Source
from dispatch.gateways.mqtt import values, zigbee2mqtt
from dispatch.gateways.mqtt.reading import Heard, saids, words
from dispatch.gateways.mqtt.topics import Dialect, Topics
from dispatch.gateways.mqtt.understand import TOLD, Last, Said, understand
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.mqtt.world import World
from dispatch.gateways.mqtt.zigbee2mqtt import Inventory, Known
from dispatch.gateways.webhooks import forms

CLOUD = "webhook"
LONGEST_VALUE = 60
LARGEST_CODE = 20
"""Larger numbers are measured; up to here they may stand for something."""
NOISE = frozenset({*zigbee2mqtt.TELEMETRY, "battery", "last_seen", "update", "update_available"})
MOST_SHOWN = 30


@dataclass(frozen=True)
class Trial:
    """Implements ``domain.trial.Reader``. ``brokers``: the topics of each listener for MQTT; ``clouds`` by name."""

    brokers: Mapping[str, Topics]
    clouds: Mapping[str, Source]

    def reads(self, source: str) -> str | None:
        name, _, rest = source.partition(" ")
        if name == CLOUD:
            return CLOUD if rest in self.clouds else None
        return "mqtt" if name in self.brokers else None

    def classes(self, whose: Whose) -> dict[str, str]:
        found = {}
        for name in self.brokers:
            for entity in self._world(name, whose, ()).announced_by(whose.number):
                if entity.device_class:
                    found[entity.name] = entity.device_class
        return found

    def read(self, whose: Whose, kept: Sequence[Kept], mappings: Sequence[DeviceMapping]) -> list[Read]:
        worlds = {name: self._world(name, whose, kept) for name in self.brokers}
        folds = [Fold(whose.number, mapping) for mapping in mappings]
        return [self._one(one, worlds, folds) for one in kept]

    def _one(self, one: Kept, worlds: Mapping[str, World], folds: Sequence[Fold]) -> Read:
        meant: list[tuple[Meaning, ...]] = []
        said: list[tuple[Said, Words]] = []
        try:
            for fold in folds:
                said = [(each, words) for each, words in self._said(one, worlds, fold) if fold.is_of(each)]
                meant.append(fold.take(one, said))
        except NotRead as fault:
            return Read(tuple(() for _ in folds), fault=str(fault))
        return _shown(said, tuple(meant))

    def _said(self, one: Kept, worlds: Mapping[str, World], fold: Fold) -> Iterator[tuple[Said, Words]]:
        """What the device says in it, with what its words mean. Raises ``NotRead``."""
        name, _, rest = one.source.partition(" ")
        if name == CLOUD:
            for each in forms.read(self.clouds[rest], one.raw):
                meaning = words(each, fold.mapping)
                yield forms.as_mapped(each, meaning), meaning
            return
        topic, _, payload = one.raw.partition(b"\n")
        heard = Heard(topic.decode("utf-8", "replace"), payload, one.at)
        for each in saids(heard, fold.mapping, worlds[name], lambda _: fold.last):
            yield each, words(each, fold.mapping)

    def _world(self, name: str, whose: Whose, kept: Sequence[Kept]) -> World:
        """As far as it is about this device: whose the names of Zigbee2MQTT are follows from whose the messages are."""
        world = World(self.brokers[name])
        for each in whose.announced:
            try:
                if each.listener == name and world.is_fact(each.topic):
                    world.learn(each.topic, each.payload)
            except NotRead:
                continue  # the listener put it before an operator when it came
        known = Known(whose.number, (whose.model,) if whose.model else ())
        names: dict[str, dict[str, Known]] = defaultdict(dict)
        bridges = set()
        for one in kept:
            topic = one.raw.partition(b"\n")[0].decode("utf-8", "replace")
            found = world.topics.whose(topic) if one.source.partition(" ")[0] == name else None
            if found is None or found[0] is not Dialect.ZIGBEE2MQTT:
                continue
            _, base, rest = found
            if rest.startswith("bridge/"):
                bridges.add(base)
            else:
                names[base][zigbee2mqtt.name_of(base, topic, None)[0]] = known
        for base in {*names, *bridges}:
            world.know(base, Inventory(whose.number if base in bridges else base, names[base]))
        return world


class Fold:
    """One device under one mapping, message by message."""

    def __init__(self, number: str, mapping: DeviceMapping) -> None:
        self.mapping = mapping
        self.last = Last()
        self._number = number

    def is_of(self, said: Said) -> bool:
        return said.device[: values.LONGEST_NUMBER] == self._number

    def take(self, one: Kept, said: Sequence[tuple[Said, Words]]) -> tuple[Meaning, ...]:
        if one.began:
            gone = {*one.began, *(TOLD + name for name in one.began)}
            states = {name: value for name, value in self.last.states.items() if name not in gone}
            self.last = Last(states, self.last.heard, self.last.pressed)
        found: list[Meaning] = []
        for each, meaning in said:
            understood = understand(each, meaning, self.last, one.at)
            self.last = understood.last
            found += [
                Meaning(m.kind, m.data.get("code")) for m in understood.messages if m.kind is not SignalKind.HEARTBEAT
            ]
        return tuple(found)


def _shown(said: Sequence[tuple[Said, Words]], meant: tuple[tuple[Meaning, ...], ...]) -> Read:
    """With what of it somebody may want to map: no measurements, no times, nothing long."""
    spoken = [_name_of(word.names, meaning) for each, meaning in said for word in each.words]
    states = {
        name: text_of(value)
        for each, _ in said
        for name, value in each.states.items()
        if name not in NOISE and len(name) <= LONGEST_VALUE and _may_mean(value)
    }
    models = next((named for each, _ in said if (named := tuple(m for m in each.models if m))), ())
    return Read(meant, tuple(dict.fromkeys(spoken)), dict(list(states.items())[:MOST_SHOWN]), models)


def _name_of(names: Sequence[str], meaning: Words) -> str:
    """By which it is mapped, or would be."""
    return next((text_of(name) for name in names if text_of(name) in meaning.actions), text_of(names[-1]))


def _may_mean(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value.strip()) <= LONGEST_VALUE and value.isprintable() and values.moment(value) is None
    return isinstance(value, bool) or (isinstance(value, int) and 0 <= value <= LARGEST_CODE)
