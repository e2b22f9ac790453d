"""MQTT without a broker: a device's messages read one after the other, as the gateway would."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.overlay import Mark, Overlay
from dispatch.gateways.frame import Message, Outcome
from dispatch.gateways.mqtt.proposals import Proposal
from dispatch.gateways.mqtt.reading import Heard, read
from dispatch.gateways.mqtt.topics import Topics
from dispatch.gateways.mqtt.understand import Last
from dispatch.gateways.mqtt.world import World
from dispatch.settings import ROOT, load_mapping

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def mapping_of(**more: Any) -> DeviceMapping:
    """The one that is shipped, with ``more`` of it."""
    if not more:
        return load_mapping(ROOT / "config")
    body = yaml.safe_load((ROOT / "config" / "mqtt.yaml").read_text("utf-8"))
    for part, given in more.items():
        body[part] = {**body[part], **given}
    return DeviceMapping.load(body)


class Air:
    """What a gateway knows and remembers. ``says`` answers what a message means after all before it."""

    def __init__(self, mapping: DeviceMapping | None = None, topics: dict[str, Any] | None = None) -> None:
        self.mapping = mapping or mapping_of()
        self.world = World(Topics.load(topics))
        self.now = START
        self.lasts: dict[str, Last] = {}
        self.unmapped: list[str] = []
        self.proposed: list[Proposal] = []
        self.faults: list[str] = []

    def says(self, topic: str, payload: Any = b"", *, retained: bool = False, after: float = 60) -> list[Message]:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.now += timedelta(seconds=after)
        if self.world.is_fact(topic):
            learned = self.world.learn(topic, body)
            self.proposed += learned.proposals
            self.faults += learned.faults
        found = []
        heard = Heard(topic, body, self.now, retained)
        for reading in read(heard, self.mapping, self.world, lambda device: self.lasts.get(device) or Last()):
            self.lasts[reading.device] = reading.last
            self.unmapped += [reading.unmapped] if reading.unmapped is not None else []
            found += reading.messages
        return found

    def kinds(self, topic: str, payload: Any = b"", *, retained: bool = False, after: float = 60) -> list[str]:
        return [m.kind.value for m in self.says(topic, payload, retained=retained, after=after)]

    def restart(self) -> None:
        """What is only in memory is gone."""
        self.lasts = {device: Last(last.states) for device, last in self.lasts.items()}


class Hall:
    """A corridor that keeps what it is given. ``away``: nothing can be stored."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes, Message]] = []
        self.kept: list[tuple[str, bytes, str]] = []
        self.about: list[dict[str, str]] = []
        self.where: list[str] = []
        self.away = False
        self.poison: str | None = None

    async def take(self, source: str, raw: bytes, messages: Sequence[Message], at: datetime) -> Outcome:
        if self.away or any(m.device == self.poison for m in messages):
            return Outcome.NOT_TREATED
        self.taken += [(source, raw, message) for message in messages]
        return Outcome.STORED

    async def unreadable(
        self, source: str, raw: bytes, reason: str, at: datetime, about: Mapping[str, str] | None = None
    ) -> Outcome:
        if self.away:
            return Outcome.NOT_TREATED
        self.kept.append((source, raw, reason))
        self.about += [dict(about)] if about else []
        return Outcome.STORED

    def connected(self, more: int) -> None: ...

    def at_work(self, where: str) -> None:
        self.where.append(where)

    def interrupted(self, reason: str) -> None:
        self.where.append(reason)

    def of(self, device: str) -> list[Message]:
        return [message for _, _, message in self.taken if message.device == device]

    def kinds(self, device: str) -> list[str]:
        return [message.kind.value for message in self.of(device)]


class Book:
    """A register that knows the numbers it was given."""

    def __init__(self, *numbers: str) -> None:
        self.numbers = set(numbers)
        self.proposed: list[Proposal] = []
        self.announcements: dict[str, tuple[str | None, bytes]] = {}
        self.laid = Overlay()

    async def is_known(self, number: str) -> bool:
        return number in self.numbers

    async def propose(self, proposals: Sequence[Proposal]) -> bool:
        self.proposed += proposals
        return True

    async def announced(self, topic: str, device: str | None, payload: bytes) -> bool:
        self.announcements[topic] = (device, payload)
        return True

    async def overlay(self, known: Mark) -> Overlay | None:
        return self.laid if self.laid.mark != known else None
