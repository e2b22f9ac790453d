"""The running gateway over Mosquitto follows what a supervisor says that a word means, and keeps it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.actor import Actor
from dispatch.domain.mapping import Scope
from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.models.meanings import DeviceAnnouncement
from dispatch.services import spool
from dispatch.services.centre import Centre
from dispatch.services.devices import mapping
from dispatch.services.devices.mapping import Looking, Proposed, Saving
from tests.support import databases, factories
from tests.support.gateway import GatewayProcess
from tests.support.meanings import READER, inventory
from tests.support.mosquitto import Mosquitto

pytestmark = [pytest.mark.peers, pytest.mark.slow]
NUMBER = "0x00000000000000a1"
WITHIN = 60


class House:
    """A button of a model that no file knows."""

    def __init__(self, centre: Centre, home: Path) -> None:
        self.centre = centre
        self.broker = Mosquitto(home / "mosquitto")
        self.listeners = f"mqtt: {{on: true, host: 127.0.0.1, port: {self.broker.port}}}\n"
        self.gateway = GatewayProcess(centre, self.listeners)
        self.boss: Actor = factories.build_town(centre).actor("boss")
        self._seen = 0

    def press(self, word: str = "double") -> None:
        self._seen += 1
        self.broker.say("zigbee2mqtt/hall", {"action": word, "last_seen": f"2026-11-24T08:00:{self._seen:02d}Z"})

    def say(self, words: dict[str, Any]) -> None:
        looking = Looking(self.boss, READER, NUMBER)
        found = mapping.meaning(self.centre, looking, datetime.now(UTC))["device"]
        proposed = Proposed(Scope.DEVICE, NUMBER, words)
        saving = Saving(proposed, "a new button", int(found["version"]), even_if_silent=True)
        mapping.save(self.centre, looking, saving, datetime.now(UTC))

    def signals(self, *where: Any) -> list[Signal]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Signal).where(*where)))

    def cases(self) -> list[Case]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Case).where(Case.origin_device == NUMBER)))

    def until(self, true: Any) -> Any:
        return self.gateway.wait(true, WITHIN)


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    centre = factories.make_centre(databases.copy_sqlite(sqlite_template, tmp_path), tmp_path / "data")
    made = House(centre, tmp_path)
    try:
        made.gateway.start()
        made.gateway.port("mqtt")
        made.broker.say("zigbee2mqtt/bridge/devices", inventory((NUMBER, "hall", "TS77")), retain=True)
        yield made
    finally:
        made.gateway.stop()
        made.broker.stop()
        centre.database.engine.dispose()


def test_an_unmapped_word_opens_nothing_until_it_is_mapped_and_then_its_case(house: House) -> None:
    house.press()
    (unread,) = house.until(lambda: house.signals(Signal.understood.is_(False)))
    assert unread.reason == "no mapping knows the word 'double'"
    assert unread.data == {"device": NUMBER, "word": "double"}
    assert house.cases() == []
    process = house.gateway.process
    house.say({"actions": {"double": "sos"}})
    saved = time.monotonic()
    house.until(lambda: "mqtt_mapping_followed" in house.gateway.log)
    assert time.monotonic() - saved < 8, "seconds"
    house.press()
    (case,) = house.until(house.cases)
    assert case.cause == "sos"
    assert house.gateway.process is process, "without a restart"


def test_what_was_said_outlives_a_restart_without_the_database(house: House) -> None:
    house.press()
    house.until(lambda: house.signals(Signal.understood.is_(False)))
    house.say({"actions": {"double": "sos"}})
    house.until(lambda: "mqtt_mapping_followed" in house.gateway.log)
    house.gateway.stop()
    away = GatewayProcess(
        house.centre, house.listeners, DISPATCH_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:9/none"
    )
    away.start()
    try:
        house.press()
        away.wait(lambda: spool.waiting(house.centre.spool_dir), WITHIN)
    finally:
        away.stop()
    (kept,) = house.centre.spool_dir.glob("*.json")
    assert json.loads(json.loads(kept.read_text())["signal"])["kind"] == "sos"


def test_what_a_device_announces_is_kept_for_trying(house: House) -> None:
    config = {"state_topic": "a/cord", "device": {"identifiers": ["cord-1"]}, "device_class": "safety"}
    topic = "homeassistant/binary_sensor/cord/config"

    def kept() -> list[str]:
        with house.centre.database.reads() as session:
            return list(session.scalars(select(DeviceAnnouncement.number)))

    house.broker.say(topic, config, retain=True)
    house.until(lambda: kept() == ["cord-1"])
    house.broker.say(topic, b"", retain=True)
    house.until(lambda: not kept())
