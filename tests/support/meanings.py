"""Devices that speak by words, as the gateway reads and stores them, without the gateway."""

from __future__ import annotations

import json
from typing import Any

from dispatch.domain.overlay import Mark
from dispatch.gateways.mqtt.reading import Heard, read
from dispatch.gateways.mqtt.topics import Topics
from dispatch.gateways.mqtt.understand import Last
from dispatch.gateways.mqtt.world import World
from dispatch.gateways.trial import Trial
from dispatch.services.devices import beats, meanings
from dispatch.services.intake import keep_unreadable, receive_signal
from dispatch.workers.corridor import beat_of, incoming_of
from tests.support.story import Story

BUTTON = "0x0000000000000077"
READER = Trial({"mqtt": Topics.load({})}, {})


def inventory(*devices: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Of Zigbee2MQTT; each device by number, name and model."""
    return [
        {"type": "EndDevice", "ieee_address": number, "friendly_name": name, "definition": {"model": model}}
        for number, name, model in devices
    ]


class Broker:
    """What a listener does with what comes, over the story's database."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._world = World(Topics.load({}))
        self._lasts: dict[str, Last] = {}
        self.follow()

    def follow(self) -> None:
        """Look, as every two seconds, for what was said that words mean."""
        found = meanings.overlay(self._story.centre, Mark(-1, -1))
        assert found is not None
        self._mapping = found.over(self._story.centre.mapping)

    def says(self, topic: str, payload: Any, after: float = 60) -> list[str]:
        """The kinds of what was stored."""
        self._story.sleep(after)
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        heard = Heard(topic, body, self._story.now)
        if self._world.is_fact(topic):
            learned = self._world.learn(topic, body)
            if learned.announces:
                told = None if learned.device is None else (learned.device, body)
                meanings.announced(self._story.centre, "mqtt", topic, told, self._story.now)
            return []
        kinds = []
        for reading in read(heard, self._mapping, self._world, lambda device: self._lasts.get(device) or Last()):
            self._lasts[reading.device] = reading.last
            for message in reading.messages:
                incoming = incoming_of("mqtt zigbee2mqtt", heard.raw, message, heard.at)
                if message.kind == "heartbeat" and beats.fold(self._story.centre, [beat_of(incoming)]):
                    continue
                receive_signal(self._story.centre, incoming)
                kinds.append(message.kind.value)
            if reading.unmapped is not None:
                about = {"device": reading.device, "word": reading.unmapped}
                reason = f"no mapping knows the word {reading.unmapped!r}"
                keep_unreadable(self._story.centre, heard.raw, f"mqtt {topic}", reason, heard.at, about=about)
        return kinds
