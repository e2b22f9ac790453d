"""One message of a broker, read and understood: the whole way from topic and bytes to messages of devices. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.mapping import DeviceMapping, Words
from dispatch.gateways.frame import Message
from dispatch.gateways.mqtt import announcements, esp, lorawan, radio, zigbee2mqtt
from dispatch.gateways.mqtt.topics import Dialect
from dispatch.gateways.mqtt.understand import Last, Said, understand
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.mqtt.world import World


@dataclass(frozen=True)
class Heard:
    """A message as the broker handed it over. ``retained``: kept by the broker, and no news by itself."""

    topic: str
    payload: bytes
    at: datetime
    retained: bool = False

    @property
    def raw(self) -> bytes:
        """As it is kept: the topic is half of what was said."""
        return self.topic.encode("utf-8", "replace") + b"\n" + self.payload


@dataclass(frozen=True)
class Reading:
    """What one device said. ``unmapped``: a word that no mapping knows, and which is put before an operator."""

    device: str
    messages: tuple[Message, ...]
    last: Last
    unmapped: str | None = None
    by_radio: bool = False


def read(heard: Heard, mapping: DeviceMapping, world: World, last: Callable[[str], Last]) -> list[Reading]:
    """By device. ``last`` answers what it said before; nothing is changed. Raises ``NotRead``."""
    readings = []
    for said in saids(heard, mapping, world, last):
        if not said.device:
            raise NotRead("a device without a number")
        found = understand(said, words(said, mapping), last(said.device), heard.at, retained=heard.retained)
        readings.append(Reading(said.device, found.messages, found.last, found.unmapped, said.by_radio))
    return readings


def words(said: Said, mapping: DeviceMapping) -> Words:
    """What the device's words and states mean: by its mapping, else by the class that it announced for a state."""
    return mapping.of(said.device, *said.models, classes=said.classes)


def saids(heard: Heard, mapping: DeviceMapping, world: World, last: Callable[[str], Last]) -> Sequence[Said]:
    """What devices say in it, not yet understood. Raises ``NotRead``."""
    whose = world.topics.whose(heard.topic)
    if whose is None:
        ways, entities = world.ways(heard.topic), world.entities(heard.topic)
        reachable = announcements.reachable(ways, heard.payload, last) if ways else []
        return [*reachable, *(announcements.said(entities, heard.payload) if entities else [])]
    dialect, base, rest = whose
    steps = rest.split("/")
    found: Said | None = None
    match dialect:
        case Dialect.ZIGBEE2MQTT:
            found = _zigbee2mqtt(heard, base, rest, world)
        case Dialect.RTL_433:
            found = radio.rtl_433(steps[0], heard.payload, mapping)
        case Dialect.CHIRPSTACK if len(steps) == 5:
            found = lorawan.chirpstack(steps[2], steps[4], heard.payload)
        case Dialect.TASMOTA if len(steps) == 2:
            return esp.tasmota(steps[0], steps[1], heard.payload)
        case Dialect.ESPHOME:
            found = esp.esphome(base, rest, heard.payload)
    return [found] if found is not None else []


def _zigbee2mqtt(heard: Heard, base: str, rest: str, world: World) -> Said | None:
    inventory = world.inventory(base)
    if rest.startswith("bridge/"):
        return zigbee2mqtt.bridge(rest, heard.payload, inventory.bridge if inventory is not None else base)
    return zigbee2mqtt.said(base, heard.topic, heard.payload, inventory)
