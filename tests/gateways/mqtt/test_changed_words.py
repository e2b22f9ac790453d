"""Somebody says what a word means while the gateway runs: from the next message on, and what stands is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.mapping import Scope, Subject, Words
from dispatch.domain.overlay import Mark, Overlay
from dispatch.gateways.mqtt import listener as listening
from dispatch.gateways.mqtt.intake import Around, Intake
from dispatch.gateways.mqtt.listener import MqttListener
from dispatch.gateways.mqtt.memory import Memory
from dispatch.gateways.mqtt.reading import Heard
from dispatch.gateways.mqtt.topics import Topics
from dispatch.gateways.mqtt.understand import Last
from dispatch.gateways.mqtt.world import World
from tests.support.mqtt import START, Air, Book, Hall, mapping_of

BED = "zigbee2mqtt/bed"


@pytest.fixture
def air() -> Air:
    return Air()


def say(air: Air, **words: Any) -> None:
    """A supervisor says so of the device in ``BED``; nothing: as configured again."""
    subject = Subject(Scope.DEVICE, BED)
    air.mapping = replace(mapping_of(), laid={subject: Words.load(words)} if words else {})


def test_an_unmapped_word_then_opens_the_case_and_unmapped_again_is_put_before_somebody_again(air: Air) -> None:
    assert air.kinds(BED, {"action": "double"}) == ["heartbeat"]
    assert air.kinds(BED, {"action": "double"}) == ["heartbeat"]
    assert air.unmapped == ["double"], "once"
    say(air, actions={"double": "sos"})
    assert air.kinds(BED, {"action": "double"}) == ["sos"]
    say(air)
    assert air.kinds(BED, {"action": "double"}) == ["heartbeat"]
    assert air.unmapped == ["double", "double"]


def test_a_state_that_stands_is_told_when_it_gets_a_meaning_and_once(air: Air) -> None:
    assert air.kinds(BED, {"contact": False}) == ["heartbeat"]
    say(air, states={"contact": {"false": "bed"}})
    assert air.kinds(BED, {"contact": False}) == ["bed"]
    assert air.kinds(BED, {"contact": False}) == ["heartbeat"]
    air.restart()
    assert air.kinds(BED, {"contact": False}) == ["heartbeat"], "not told again after a restart"
    assert air.kinds(BED, {"contact": True}) == ["restore"]


def test_also_where_another_value_of_it_had_a_meaning_before(air: Air) -> None:
    say(air, states={"contact": {"true": "door"}})
    assert air.kinds(BED, {"contact": False}) == ["heartbeat"]
    say(air, states={"contact": {"true": "door", "false": "bed"}})
    assert air.kinds(BED, {"contact": False}) == ["bed"]


def test_what_stands_under_another_meaning_is_told_as_that(air: Air) -> None:
    say(air, states={"contact": {"false": "bed"}})
    assert air.kinds(BED, {"contact": False}) == ["bed"]
    say(air, states={"contact": {"false": "wandering"}})
    assert air.kinds(BED, {"contact": False}) == ["wandering"]
    assert [m.data["of"] for m in air.says(BED, {"contact": True})] == ["wandering"]


def test_what_was_told_ends_as_what_it_was_told_also_where_it_means_nothing_any_more(air: Air) -> None:
    assert air.kinds(BED, {"smoke": True}) == ["smoke"]
    say(air, states={"smoke": {"true": "ignore"}})
    assert air.kinds(BED, {"smoke": True}) == ["heartbeat"]
    (restore,) = air.says(BED, {"smoke": False})
    assert (restore.kind, restore.data["of"]) == ("restore", "smoke")
    assert air.kinds(BED, {"smoke": True}) == ["heartbeat"]
    assert air.kinds(BED, {"smoke": False}) == ["heartbeat"]


def test_states_that_were_remembered_without_what_they_were_told_as_are_not_told_again(air: Air) -> None:
    """As the file of an older release has them, and as webhooks read them from the signals."""
    air.lasts[BED] = Last({"smoke": "true"})
    assert air.kinds(BED, {"smoke": True}) == ["heartbeat"]
    assert air.kinds(BED, {"smoke": False}) == ["restore"]


OVERLAY = Overlay(Mark(4, 2), {Subject(Scope.DEVICE, "zigbee2mqtt/x"): Words.load({"actions": {"double": "sos"}})})


def test_what_was_said_outlives_a_restart_and_a_broken_entry_is_none(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m.db")
    assert memory.overlay() == Overlay()
    memory.keep_overlay(Overlay(Mark(1, 1)))
    memory.keep_overlay(OVERLAY)
    memory.close()
    memory = Memory(tmp_path / "m.db")
    assert memory.overlay() == OVERLAY
    memory._connection.execute("UPDATE overlay SET body = '{}'")
    assert memory.overlay() == Overlay()
    memory.close()


class Away(Book):
    """A register that hangs, as a database does whose machine is gone."""

    async def overlay(self, known: Mark) -> Overlay | None:
        await asyncio.sleep(60)
        return None


def heard(topic: str, payload: Any) -> Heard:
    return Heard(topic, json.dumps(payload).encode(), START)


def test_the_listener_follows_keeps_and_waits_for_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "LOOK", 0.01)
    monkeypatch.setattr(listening, "PATIENCE", 0.1)

    async def tell() -> None:
        book, hall, memory = Book(), Hall(), Memory(tmp_path / "mqtt.db")
        setup = listening.Setup.load("mqtt", {"port": 1883})
        made = MqttListener(setup, mapping_of(), book, tmp_path)
        first = await made._first(memory)
        world = World(Topics.load({}))
        intake = Intake("mqtt", Around(hall, book, memory, first.over(mapping_of()), world))
        following = asyncio.create_task(made._follow(first, intake, memory))
        intake.hear(heard("zigbee2mqtt/x", {"action": "double"}), lambda: None)
        await asyncio.sleep(0.1)
        assert (hall.kinds("zigbee2mqtt/x"), len(hall.kept)) == (["heartbeat"], 1)
        assert hall.about == [{"device": "zigbee2mqtt/x", "word": "double"}]
        book.laid = OVERLAY
        await asyncio.sleep(0.2)
        intake.hear(heard("zigbee2mqtt/x", {"action": "double"}), lambda: None)
        await asyncio.sleep(0.1)
        assert hall.kinds("zigbee2mqtt/x")[-1] == "sos"
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        hanging = MqttListener(setup, mapping_of(), Away(), tmp_path)
        assert await hanging._first(memory) == OVERLAY
        await intake.finish()
        memory.close()

    asyncio.run(tell())


def test_announcements_are_kept_for_trying_and_taken_back(tmp_path: Path) -> None:
    config = {"state_topic": "a/b", "device": {"identifiers": ["cord-1"]}, "device_class": "safety"}

    async def tell() -> None:
        book, hall, memory = Book(), Hall(), Memory(tmp_path / "mqtt.db")
        intake = Intake("mqtt", Around(hall, book, memory, mapping_of(), World(Topics.load({}))))
        topic = "homeassistant/binary_sensor/cord/config"
        intake.hear(heard(topic, config), lambda: None)
        await asyncio.sleep(0.1)
        assert book.announcements == {topic: ("cord-1", json.dumps(config).encode())}
        intake.hear(Heard(topic, b"", START), lambda: None)
        await asyncio.sleep(0.1)
        assert book.announcements == {topic: (None, b"")}
        await intake.finish()
        memory.close()

    asyncio.run(tell())
