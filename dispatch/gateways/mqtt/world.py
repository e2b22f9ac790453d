"""What brokers told of who is who: inventories of Zigbee2MQTT, announcements by Home Assistant's discovery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dispatch.gateways.mqtt import discovery, values, zigbee2mqtt
from dispatch.gateways.mqtt.discovery import Announced, Availability, Entity
from dispatch.gateways.mqtt.proposals import Proposal
from dispatch.gateways.mqtt.topics import Dialect, Topics
from dispatch.gateways.mqtt.zigbee2mqtt import Inventory

T = TypeVar("T")
MOST_ANNOUNCED = 50_000
"""Announcements in all: whoever may write to a broker could else fill the memory."""


@dataclass(frozen=True)
class Learned:
    """What is new: topics to ask for, devices to propose, what could not be followed."""

    topics: frozenset[str] = frozenset()
    proposals: tuple[Proposal, ...] = ()
    faults: tuple[str, ...] = ()
    announces: bool = False
    """By Home Assistant's discovery: ``device`` is whose announcement it is; None where it is none any more."""
    device: str | None = None


class World:
    """Changes by ``learn`` and ``know`` alone."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self._inventories: dict[str, Inventory] = {}
        self._announced: dict[str, Announced] = {}
        self._entities: dict[str, list[Entity]] = {}
        self._ways: dict[str, list[Availability]] = {}

    def is_fact(self, topic: str) -> bool:
        """Does ``topic`` tell who is who, so that it must be known after a restart before anything else is read?"""
        whose = self.topics.whose(topic)
        if whose is None:
            return False
        dialect, _, rest = whose
        return (dialect is Dialect.ZIGBEE2MQTT and rest == "bridge/devices") or dialect is Dialect.DISCOVERY

    def learn(self, topic: str, payload: bytes) -> Learned:
        """Raises ``NotRead``. An empty announcement takes back what was announced."""
        whose = self.topics.whose(topic)
        assert whose is not None, "ask is_fact first"
        dialect, base, _ = whose
        if dialect is Dialect.ZIGBEE2MQTT:
            if not payload:
                return Learned()
            self._inventories[base] = found = zigbee2mqtt.inventory(base, payload)
            return Learned(proposals=found.proposals)
        self._forget(topic)
        announced = discovery.announced(base, topic, payload) if payload else None
        if announced is None:
            return Learned(announces=True)
        if len(self._announced) >= MOST_ANNOUNCED:
            raise values.NotRead(f"more than {MOST_ANNOUNCED} announcements")
        self._remember(topic, announced)
        own = {t for t in announced.topics if self.topics.whose(t) is None}
        # What another dialect reads is proposed by that, under the number that it knows it by.
        proposals = (announced.proposal,) if announced.proposal is not None and own else ()
        return Learned(frozenset(own), proposals, announced.faults, announces=True, device=announced.device)

    def _remember(self, topic: str, announced: Announced) -> None:
        self._announced[topic] = announced
        for entity in announced.entities:
            self._entities.setdefault(entity.topic, []).append(entity)
        for way in announced.availability:
            self._ways.setdefault(way.topic, []).append(way)

    def _forget(self, topic: str) -> None:
        gone = self._announced.pop(topic, None)
        for entity in gone.entities if gone is not None else ():
            _drop(self._entities, entity.topic, entity)
        for way in gone.availability if gone is not None else ():
            _drop(self._ways, way.topic, way)

    def know(self, base: str, inventory: Inventory) -> None:
        """What somebody knows without the broker."""
        self._inventories[base] = inventory

    def inventory(self, base: str) -> Inventory | None:
        return self._inventories.get(base)

    def entities(self, topic: str) -> Sequence[Entity]:
        return self._entities.get(topic, ())

    def ways(self, topic: str) -> Sequence[Availability]:
        return self._ways.get(topic, ())

    def announced_by(self, device: str) -> list[Entity]:
        return [entity for found in self._entities.values() for entity in found if entity.device == device]

    def asked(self) -> Iterable[str]:
        """Topics that devices announced and that no dialect asks for anyway."""
        return sorted(t for t in {*self._entities, *self._ways} if self.topics.whose(t) is None)


def _drop(lists: dict[str, list[T]], key: str, value: T) -> None:
    lists[key].remove(value)
    if not lists[key]:
        del lists[key]
