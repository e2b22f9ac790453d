"""Which topics are whose: the beginnings that each dialect has at a broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from dispatch.gateways.mqtt.discovery import is_topic


class Dialect(StrEnum):
    ZIGBEE2MQTT = "zigbee2mqtt"
    DISCOVERY = "homeassistant"
    RTL_433 = "rtl_433"
    CHIRPSTACK = "chirpstack"
    TASMOTA = "tasmota"
    ESPHOME = "esphome"


DEFAULT: Mapping[Dialect, Sequence[str]] = {
    Dialect.ZIGBEE2MQTT: ("zigbee2mqtt",),
    Dialect.DISCOVERY: ("homeassistant",),
    Dialect.RTL_433: ("rtl_433",),
    Dialect.CHIRPSTACK: ("application",),
    Dialect.TASMOTA: ("tele", "stat"),
    Dialect.ESPHOME: (),
}
FILTERS: Mapping[Dialect, Sequence[str]] = {
    Dialect.ZIGBEE2MQTT: ("#",),
    Dialect.DISCOVERY: ("+/+/config", "+/+/+/config"),
    Dialect.RTL_433: ("+/events",),
    Dialect.CHIRPSTACK: ("+/device/+/event/+",),
    Dialect.TASMOTA: ("#",),
    Dialect.ESPHOME: ("status", "+/+/state"),
}
MOST_STEPS = 20


@dataclass(frozen=True)
class Topics:
    """``begins``: dialect -> beginnings, whose steps may be ``+``: ``homes/+/zigbee2mqtt``."""

    begins: Mapping[Dialect, tuple[tuple[str, ...], ...]]

    @classmethod
    def load(cls, given: Mapping[str, Any] | None) -> Self:
        """Over the defaults; raises ValueError in words for whoever wrote it."""
        begins: dict[Dialect, Sequence[str]] = dict(DEFAULT)
        for name, topics in (given or {}).items():
            if name not in set(Dialect):
                raise ValueError(f"topics: there is no dialect {name!r}: use {', '.join(Dialect)}")
            if not isinstance(topics, list) or not all(isinstance(t, str) and _is_beginning(t) for t in topics):
                raise ValueError(f"topics, {name}: a list of beginnings, steps of which may be +")
            begins[Dialect(name)] = topics
        return cls({dialect: tuple(tuple(t.split("/")) for t in topics) for dialect, topics in begins.items()})

    def filters(self) -> list[str]:
        """What to ask the broker for."""
        return sorted(
            f"{'/'.join(begin)}/{ending}"
            for dialect, begins in self.begins.items()
            for begin in begins
            for ending in FILTERS[dialect]
        )

    def whose(self, topic: str) -> tuple[Dialect, str, str] | None:
        """The dialect, the beginning as it stands in ``topic``, and the rest."""
        steps = topic.split("/")
        for dialect, begins in self.begins.items():
            for begin in begins:
                size = len(begin)
                if len(steps) > size and all(b in ("+", s) for b, s in zip(begin, steps, strict=False)):
                    return dialect, "/".join(steps[:size]), "/".join(steps[size:])
        return None


def _is_beginning(topic: str) -> bool:
    steps = topic.split("/")
    return len(steps) <= MOST_STEPS and all(step == "+" or is_topic(step) for step in steps)
