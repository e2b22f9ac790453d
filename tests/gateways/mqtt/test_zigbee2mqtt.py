"""What Zigbee2MQTT says and what it means. Messages as Zigbee2MQTT 2.14 writes them."""

from __future__ import annotations

import pytest

from dispatch.domain.signals import SignalKind
from dispatch.gateways.mqtt.values import NotRead
from tests.support.mqtt import Air, mapping_of

SEEN = "2026-11-24T08:00:{:02d}.323Z"
DEVICES = [
    {"type": "Coordinator", "ieee_address": "0x00124b00ffffffff", "friendly_name": "Coordinator", "definition": None},
    *(
        {
            "type": "EndDevice",
            "ieee_address": f"0x{number:016x}",
            "friendly_name": name,
            "model_id": model_id,
            "manufacturer": "maker",
            "definition": {"model": model, "vendor": "vendor", "description": "what it is", "exposes": []},
        }
        for number, (name, model_id, model) in enumerate(
            [
                ("sos", "TS0215A", "TS0215A_sos"),
                ("heiman", "SOS-EM", "HS1EB/HS1EB-E"),
                ("hall/smoke", "SmokeSensor-EF-3.0", "HS1SA-E"),
                ("bed", "SPM915", "SPM915"),
                ("radar", "TS0601", "MIR-HE200-TY"),
                ("door", "lumi.sensor_magnet.aq2", "MCCGQ11LM"),
                ("lamp remote", "TRADFRI", "E1743"),
            ],
            start=1,
        )
    ),
]


@pytest.fixture
def air() -> Air:
    air = Air()
    assert air.says("zigbee2mqtt/bridge/devices", DEVICES, retained=True) == []
    return air


def number(n: int) -> str:
    return f"0x{n:016x}"


def test_a_button_is_an_alarm_each_time_and_not_twice_by_its_two_topics(air: Air) -> None:
    for second in (1, 2):
        body = {"action": "emergency", "battery": 50, "last_seen": SEEN.format(second), "linkquality": 120}
        (message,) = air.says("zigbee2mqtt/sos", body)
        assert (message.device, message.kind) == (number(1), SignalKind.SOS)
        assert message.data == {"battery": 50, "linkquality": 120, "code": "emergency", "model": "TS0215A_sos"}
        assert message.event_id == f"{SEEN.format(second)} emergency"
        assert message.occurred_at is not None
        assert air.says("zigbee2mqtt/sos/action", b"emergency", after=0.01) == []
    assert air.kinds("zigbee2mqtt/sos", {"battery": 50, "last_seen": SEEN.format(3)}) == ["heartbeat"]


def test_the_word_alone_is_enough_and_its_json_afterwards_is_its_copy(air: Air) -> None:
    assert air.kinds("zigbee2mqtt/sos/action", b"emergency") == ["sos"]
    assert air.kinds("zigbee2mqtt/sos", {"action": "emergency"}, after=0.01) == ["heartbeat"]
    assert air.kinds("zigbee2mqtt/sos/action", b"emergency", after=1) == ["sos"], "pressed again"
    assert air.kinds("zigbee2mqtt/sos/action", b"emergency", after=1) == ["sos"], "and again"


def test_a_button_that_says_double_calls_for_help_and_one_that_nobody_mapped_is_shown_once(air: Air) -> None:
    assert air.kinds("zigbee2mqtt/heiman", {"action": "double"}) == ["sos"]
    assert air.kinds("zigbee2mqtt/heiman", {"action": "off"}) == ["heartbeat"]
    for _ in range(3):
        (beat,) = air.says("zigbee2mqtt/lamp remote", {"action": "brightness_up"})
        assert (beat.kind, beat.data) == (SignalKind.HEARTBEAT, {"word": "brightness_up", "model": "E1743"})
    assert air.unmapped == ["brightness_up"]


def test_a_state_is_an_alarm_when_it_becomes_so_whatever_is_repeated_or_unknown(air: Air) -> None:
    topic = "zigbee2mqtt/hall/smoke"
    assert air.kinds(topic, {"smoke": None, "battery_low": None}) == ["heartbeat"]
    assert air.kinds(topic, {"smoke": False, "battery_low": False}) == ["heartbeat"]
    assert air.kinds(topic, {"smoke": True, "battery_low": False}) == ["smoke"]
    assert air.kinds(topic, {"smoke": True, "battery_low": True}) == ["low_battery"]
    assert air.kinds(topic, {"smoke": None, "battery_low": True}) == ["heartbeat"]
    assert air.kinds(topic, {"smoke": False, "battery_low": True}) == ["restore"]
    assert air.kinds(topic, {"smoke": True, "battery_low": False}) == ["smoke"], "a new battery restores nothing"
    assert air.kinds(topic, {"tamper": True, "test": True, "smoke": True}) == ["fault", "test"]


def test_the_alarm_of_a_pad_is_a_contact_and_that_of_a_door_is_none(air: Air) -> None:
    assert air.kinds("zigbee2mqtt/bed", {"contact": True}) == ["heartbeat"]
    assert air.kinds("zigbee2mqtt/bed", {"contact": False}) == ["bed"]
    assert air.kinds("zigbee2mqtt/bed", {"contact": True}) == ["restore"]
    assert air.kinds("zigbee2mqtt/door", {"contact": False}) == ["heartbeat"]


def test_one_device_can_mean_more_than_its_model() -> None:
    air = Air(mapping_of(devices={number(6): {"states": {"contact": {False: "wandering"}}}}))
    air.says("zigbee2mqtt/bridge/devices", DEVICES)
    assert air.kinds("zigbee2mqtt/door", {"contact": False}) == ["wandering"]


def test_a_fall_that_may_be_one_and_then_is_one_is_said_twice_and_then_no_more(air: Air) -> None:
    said = [air.kinds("zigbee2mqtt/radar", {"fall_down_status": s}) for s in ("maybe_fall", "fall", "fall", "none")]
    assert said == [["fall"], ["fall"], ["heartbeat"], ["restore"]]


def test_after_a_restart_an_old_alarm_is_not_repeated_and_one_that_came_meanwhile_is_not_missed(air: Air) -> None:
    topic = "zigbee2mqtt/hall/smoke"
    air.says(topic, {"smoke": True})
    air.restart()
    assert air.kinds(topic, {"smoke": True}) == ["heartbeat"]
    air.says(topic, {"smoke": False})
    air.restart()
    assert air.kinds(topic, {"smoke": True}, retained=True) == ["smoke"], "it began while nobody listened"
    assert Air().kinds("zigbee2mqtt/x", {"smoke": True}) == ["smoke"], "of a device never heard before"


def test_what_the_broker_kept_is_no_sign_of_life_and_no_press_of_old(air: Air) -> None:
    first = {"action": "emergency", "last_seen": SEEN.format(1)}
    assert air.kinds("zigbee2mqtt/sos", first, retained=True) == [], "before we knew it"
    assert air.kinds("zigbee2mqtt/sos", {"battery": 50}, retained=True) == []
    assert air.kinds("zigbee2mqtt/sos", first) == ["sos"]
    air.restart()
    assert air.kinds("zigbee2mqtt/sos", first, retained=True) == [], "the same press"
    missed = {"action": "emergency", "last_seen": SEEN.format(9)}
    assert air.kinds("zigbee2mqtt/sos", missed, retained=True) == ["sos"], "pressed while nobody listened"


def test_state_from_the_cache_is_no_sign_of_life(air: Air) -> None:
    body = {"smoke": False, "last_seen": SEEN.format(1)}
    assert air.kinds("zigbee2mqtt/hall/smoke", body) == ["heartbeat"]
    assert air.kinds("zigbee2mqtt/hall/smoke", body) == []


def test_availability_and_last_will(air: Air) -> None:
    topic = "zigbee2mqtt/hall/smoke/availability"
    assert air.kinds(topic, {"state": "online"}, retained=True) == []
    (away,) = air.says(topic, b"offline")
    assert (away.device, away.kind, away.data["code"]) == (number(3), SignalKind.FAULT, "offline")
    assert air.says(topic, {"state": "offline"}) == []
    assert air.kinds(topic, {"state": "online"}) == ["heartbeat"]
    assert air.kinds("zigbee2mqtt/bridge/state", {"state": "online"}) == ["heartbeat"]
    (down,) = air.says("zigbee2mqtt/bridge/state", {"state": "offline"}, retained=True)
    assert (down.device, down.kind, down.data["code"]) == ("0x00124b00ffffffff", SignalKind.FAULT, "offline")


def test_the_inventory_proposes_devices_and_says_nothing_for_them(air: Air) -> None:
    bridge, *devices = air.proposed
    assert (bridge.number, bridge.model, bridge.bridge) == ("0x00124b00ffffffff", "Zigbee2MQTT", None)
    assert [(p.number, p.model, p.name) for p in devices][2] == (number(3), "HS1SA-E", "hall/smoke")
    assert {p.bridge for p in devices} == {"0x00124b00ffffffff"}


def test_without_an_inventory_the_topic_is_the_number_and_the_default_still_knows_smoke() -> None:
    (message,) = Air().says("zigbee2mqtt/hall/smoke", {"smoke": True})
    assert (message.device, message.kind) == ("zigbee2mqtt/hall/smoke", SignalKind.SMOKE)


def test_property_by_property(air: Air) -> None:
    assert air.kinds("zigbee2mqtt/hall/smoke/smoke", b"false") == ["heartbeat"]
    assert air.kinds("zigbee2mqtt/hall/smoke/smoke", b"true") == ["smoke"]


def test_of_each_home_its_own_zigbee2mqtt() -> None:
    air = Air(topics={"zigbee2mqtt": ["homes/+/zigbee2mqtt"]})
    air.says("homes/7/zigbee2mqtt/bridge/devices", DEVICES)
    assert air.says("homes/7/zigbee2mqtt/sos", {"action": "emergency"})[0].device == number(1)
    assert air.says("homes/8/zigbee2mqtt/sos", {"action": "emergency"})[0].device == "homes/8/zigbee2mqtt/sos"
    assert air.says("zigbee2mqtt/sos", {"action": "emergency"}) == []


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe",
        b"[1]",
        b"{",
        b'{"smoke": NaN}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"{" + b" " * 70_000 + b"}",
        b'{"battery": 1' + b"0" * 5000 + b"}",
    ],
)
def test_what_cannot_be_read_says_why(air: Air, payload: bytes) -> None:
    with pytest.raises(NotRead):
        air.says("zigbee2mqtt/sos", payload)


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "😀" * 300, "", "+/#", "set/get", "bridge", "action"])
def test_odd_names_are_numbers_that_can_be_stored(air: Air, odd: str) -> None:
    for message in air.says(f"zigbee2mqtt/{odd}", {"sos": True, "battery": True, "x": {"y": []}}):
        assert len(message.device) <= 100
        assert message.device.encode().decode().isprintable()
        assert "battery" not in message.data
    assert air.says("zigbee2mqtt/sos/set", {"action": "emergency"}) == []
