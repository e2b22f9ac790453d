"""npm's zigbee2mqtt and Debian's rtl_433 by Mosquitto into the running gateway: from raw frames to the case."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.models.listening import DeviceBeat
from dispatch.models.places import Household
from dispatch.services import accounts
from dispatch.services.centre import Centre
from dispatch.services.devices import gateways, register, strangers
from dispatch.services.devices.register import DeviceFields
from dispatch.services.devices.scope import Doing
from dispatch.services.devices.strangers import Asked
from tests.support import databases, factories
from tests.support.gateway import GatewayProcess
from tests.support.mosquitto import Mosquitto
from tests.support.parts import missing, program
from tests.support.zigbee2mqtt import COORDINATOR, FAMILIES, Zigbee2Mqtt, ieee

pytestmark = [pytest.mark.peers, pytest.mark.slow]
STRANGE = "sos_orvibo"
"""The one that nobody has registered."""
PENDANT = "attic/Generic-Remote/31578"
WITHIN = 60


class Street:
    """A home for each device, Zigbee2MQTT, Mosquitto, and the gateway between them and the database."""

    def __init__(self, centre: Centre, home: Path) -> None:
        self.centre = centre
        self.broker = Mosquitto(home / "mosquitto")
        self.zigbee = Zigbee2Mqtt(home / "zigbee2mqtt", self.broker.port)
        listeners = f"mqtt: {{on: true, host: 127.0.0.1, port: {self.broker.port}}}\n"
        self.gateway = GatewayProcess(centre, listeners)

    def start(self) -> None:
        self._register()
        self.gateway.start()
        self.gateway.port("mqtt")
        self.zigbee.start()

    def stop(self) -> None:
        for part in (self.zigbee, self.gateway, self.broker):
            part.stop()

    def _register(self) -> None:
        with self.centre.database.sessions.begin() as session:
            area = session.scalars(select(Household.area_id)).first()
            bridge = Device(number=COORDINATOR, model="Zigbee2MQTT", area_id=area, registered_at=datetime.now(UTC))
            session.add(bridge)
            session.flush()
            for number in (*(ieee(name) for name in FAMILIES if name != STRANGE), PENDANT):
                home = Household(area_id=area, address=f"Street {number}", address_short=number[-8:])
                session.add(home)
                session.flush()
                behind = bridge.id if number.startswith("0x") else None
                session.add(
                    Device(
                        number=number,
                        model="any",
                        household_id=home.id,
                        gateway_id=behind,
                        registered_at=datetime.now(UTC),
                    )
                )

    def until(self, true: Callable[[], Any]) -> Any:
        return self.gateway.wait(true, WITHIN)

    def kinds(self, number: str) -> list[str]:
        """What it has said, in the order in which it came; signs of life are counted apart."""
        with self.centre.database.reads() as session:
            said = select(Signal.kind).where(Signal.device_number == number, Signal.kind != "heartbeat")
            return [str(kind) for kind in session.scalars(said.order_by(Signal.received_at, Signal.id))]

    def signals(self, number: str) -> list[Signal]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Signal).where(Signal.device_number == number)))

    def beats(self, number: str) -> int:
        with self.centre.database.reads() as session:
            of_it = select(DeviceBeat.beats).join(Device, Device.id == DeviceBeat.device_id)
            return sum(session.scalars(of_it.where(Device.number == number)))

    def cases(self, number: str) -> list[Case]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Case).where(Case.origin_device == number)))

    def device(self, number: str) -> Device:
        with self.centre.database.reads() as session:
            return session.scalars(select(Device).where(Device.number == number)).one()

    def hear(self, name: str, frame: dict[str, Any]) -> None:
        """Let ``frame`` be received, and wait until what it says is in the database."""
        number = ieee(name)
        said, beats = self.kinds(number), self.beats(number)
        self.zigbee.receive(name, frame)
        expected = [*said, *frame["says"]]
        if frame["says"]:
            self.until(lambda: len(self.kinds(number)) >= len(expected))
        else:
            self.until(lambda: self.beats(number) > beats)
        assert self.kinds(number) == expected, frame["what"]


@pytest.fixture(scope="module")
def street(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    home = tmp_path_factory.mktemp("street")
    centre = factories.make_centre(databases.copy_sqlite(sqlite_template, home), home / "data")
    factories.build_town(centre)
    made = Street(centre, home)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        centre.database.engine.dispose()


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != STRANGE])
def test_each_family_from_its_raw_frames_to_its_case(street: Street, name: str) -> None:
    family, number = FAMILIES[name], ieee(name)
    for frame in family["frames"]:
        street.hear(name, frame)
    cases = street.cases(number)
    if not family.get("case", True):
        assert cases == []
        return
    (case,) = cases
    alarms = [kind for frame in family["frames"] for kind in frame["says"] if kind not in ("restore", "low_battery")]
    assert (case.cause, case.signals) == (alarms[0], len(alarms))
    assert ("restored" in case.flags) == ("restore" in street.kinds(number))
    for signal in street.signals(number):
        assert signal.raw.startswith(f"zigbee2mqtt/home/{name}\n{{".encode())
        assert signal.source == "mqtt zigbee2mqtt"
    batteries = [frame["battery"] for frame in family["frames"] if "battery" in frame]
    if batteries:
        street.until(lambda: street.device(number).battery_percent == batteries[-1])
    if "low_battery" in street.kinds(number):
        assert street.device(number).low_battery_at is not None


def test_a_device_that_nobody_registered_waits_with_its_alarm_and_says_what_it_is(street: Street) -> None:
    number = ieee(STRANGE)
    street.until(lambda: street.signals(number))
    assert street.signals(number)[0].data["model"] == "SE21"
    assert street.signals(number)[0].data["bridge"] == COORDINATOR
    street.zigbee.receive(STRANGE, FAMILIES[STRANGE]["frames"][0])
    street.until(lambda: street.kinds(number) == ["sos"])
    (case,) = street.cases(number)
    assert "unknown_device" in case.flags
    desk = Doing(accounts.person_named(street.centre, "lin").actor, datetime.now(UTC))
    (listed,) = strangers.strangers(street.centre, desk.actor, Asked(number, 10, None), desk.now)["items"]
    assert (listed["model"], listed["case_id"]) == ("SE21", str(case.id))
    home = street.device(ieee("door_aqara")).household_id
    register.add(street.centre, desk, DeviceFields(number=number, model=listed["model"], household_id=home))
    assert street.cases(number)[0].household_id == home, "its alarm has come home"
    announced = [s for s in street.signals(ieee("sos_tuya")) if (s.data or {}).get("name")]
    assert announced == [], "registered already"


def test_what_is_pressed_while_the_gateway_is_dead_is_stored_when_it_is_back(street: Street) -> None:
    name = "button_aqara"
    press = FAMILIES[name]["frames"][0]
    before = len(street.kinds(ieee(name)))
    street.gateway.kill()
    for _ in range(3):
        street.zigbee.receive(name, press)
    since = datetime.now(UTC)
    time.sleep(0.5)  # Zigbee2MQTT hands them to Mosquitto meanwhile; nothing here could see that
    street.gateway.start()
    street.gateway.port("mqtt", since)
    # One that was stored and not acknowledged before the kill comes again: twice is well, lost is not.
    street.until(lambda: len(street.kinds(ieee(name))) >= before + 3)


def test_a_zigbee2mqtt_that_dies_is_one_case_by_its_last_will(street: Street) -> None:
    street.zigbee.stop(kill=True)
    street.until(lambda: street.device(COORDINATOR).is_away)
    gateways.watch(street.centre, datetime.now(UTC))
    (case,) = street.cases(COORDINATOR)
    assert (case.cause, case.kind) == ("gateway_offline", "enquiry")
    assert all(not street.device(ieee(name)).is_away for name in FAMILIES if name != STRANGE)
    street.zigbee.start()
    street.until(lambda: not street.device(COORDINATOR).is_away)
    gateways.watch(street.centre, datetime.now(UTC))
    assert street.cases(COORDINATOR)[0].state == "closed"
    for name in ("smoke_heiman", "fall_tuya", "gas_heiman"):
        assert street.kinds(ieee(name)) == [k for frame in FAMILIES[name]["frames"] for k in frame["says"]], (
            "what it tells from its cache is no new alarm"
        )


def test_a_pendant_by_rtl_433(street: Street, tmp_path: Path) -> None:
    found = program("DISPATCH_TEST_RTL_433", "rtl_433")
    if found is None:
        missing("rtl_433 (Debian: apt-get install rtl-433)")
    for bits, number in (("84a5e88", PENDANT), ("84b5e88", "attic/Generic-Remote/31834")):
        decoded = subprocess.run(
            [str(found), "-R", "30", "-y", f"{{25}}{bits}", "-F", "json"], capture_output=True, check=True, timeout=60
        ).stdout.splitlines()
        event = next(line for line in decoded if b"Generic-Remote" in line)
        for _ in range(6):
            street.broker.say("rtl_433/attic/events", event, qos=0)
        if number == PENDANT:
            street.until(lambda: street.kinds(PENDANT))
    assert street.kinds(PENDANT) == ["sos"]
    (case,) = street.cases(PENDANT)
    assert (case.cause, case.signals) == ("sos", 1)
    with street.centre.database.reads() as session:
        strange = set(session.scalars(select(Signal.device_number).where(Signal.device_number.startswith("attic/"))))
        kinds = {s.kind for number in strange - {PENDANT} for s in street.signals(str(number))}
    assert "sos" not in kinds, "a neighbour's remote control calls nobody"
