"""Pendants by rtl_433, LoRaWAN by ChirpStack, Tasmota, ESPHome."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from dispatch.domain.signals import SignalKind
from dispatch.gateways.mqtt.lorawan import milesight
from tests.support.mqtt import Air, mapping_of

PENDANT = {"time": "2026-11-30 07:46:08", "model": "Generic-Remote", "id": 31578, "cmd": 23, "tristate": "Z1X1ZZXX0ZZ1"}


def test_a_pendant_says_each_press_many_times() -> None:
    air = Air()
    said = [air.kinds("rtl_433/attic/events", PENDANT, after=0.2) for _ in range(5)]
    assert said == [["sos"], *[["heartbeat"]] * 4]
    (message,) = air.says("rtl_433/attic/events", PENDANT, after=6)
    assert (message.device, message.kind, message.data) == (
        "attic/Generic-Remote/31578",
        SignalKind.SOS,
        {"code": "23", "model": "Generic-Remote"},
    )


def test_the_same_code_in_another_home_is_another_pendant() -> None:
    assert Air().says("rtl_433/cellar/events", PENDANT)[0].device == "cellar/Generic-Remote/31578"


@pytest.mark.parametrize(
    ("said", "kind"),
    [("Alarm", "sos"), ("Low Battery", "low_battery"), ("Tamper", "fault"), ("Test", "test"), ("Arm", "heartbeat")],
)
def test_chuango(said: str, kind: str) -> None:
    body = {"model": "Chuango-Security", "id": 505249, "cmd": said, "cmd_id": 3}
    assert Air().kinds("rtl_433/attic/events", body) == [kind]


def test_the_neighbours_weather_station_is_none_of_our_business() -> None:
    assert Air().says("rtl_433/attic/events", {"model": "Oregon-CM180", "id": 1, "temperature_C": 3}) == []


def up(payload: bytes, **more: Any) -> dict[str, Any]:
    return {
        "deduplicationId": "3ac7e3c4",
        "time": "2026-11-24T08:00:00.123456789+00:00",
        "deviceInfo": {"devEui": "24E124535B316056", "deviceProfileName": "WS101"},
        "fPort": 85,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"rssi": -97}, {"rssi": -61}, {"snr": 3}],
        **more,
    }


TOPIC = "application/17/device/24e124535b316056/event/"


@pytest.mark.parametrize(("value", "word"), [(1, "short"), (2, "long"), (3, "double")])
def test_the_button_of_milesight_by_its_bytes(value: int, word: str) -> None:
    (message,) = Air().says(TOPIC + "up", up(bytes([0x01, 0x75, 99, 0xFF, 0x2E, value])))
    assert (message.device, message.kind) == ("24e124535b316056", SignalKind.SOS)
    assert message.data == {"battery": 99, "rssi": -61, "code": word, "model": "WS101"}
    assert message.event_id == f"3ac7e3c4 {word}"
    assert message.occurred_at is not None


@pytest.mark.parametrize("decoded", [{"button_event": {"status": "short press"}}, {"button": "short"}])
def test_the_button_of_milesight_by_a_codec(decoded: dict[str, Any]) -> None:
    assert Air().kinds(TOPIC + "up", up(b"", object=decoded)) == ["sos"]


def test_what_else_chirpstack_says() -> None:
    air = Air()
    assert air.kinds(TOPIC + "join", up(b"")) == ["heartbeat"]
    (status,) = air.says(TOPIC + "status", {**up(b""), "deduplicationId": "x", "batteryLevel": 76.4, "margin": 7})
    assert (status.kind, status.data["battery"]) == (SignalKind.HEARTBEAT, 76)
    assert air.says(TOPIC + "log", b"anything") == []
    assert air.kinds(TOPIC + "up", up(b"", deduplicationId="y", object={"water_leak": True})) == ["water"]


def test_bytes_that_nobody_knows_the_length_of_end_the_reading() -> None:
    assert [v for _, v in milesight(bytes.fromhex("017563ffff0101ff2e01"))] == [b"c", b"\x01\x01", b"\x01"]
    assert list(milesight(b"\x99\x99\x01\x75\x63")) == []
    assert list(milesight(b"\xff\x16\x01")) == []


def test_tasmota() -> None:
    pull = {"actions": {"Button1 SINGLE": "sos"}, "states": {"Switch1": {"on": "water"}}}
    air = Air(mapping_of(devices={"bath": pull, "bridge/4B9A18": {"actions": {"*": "sos"}}}))
    assert air.kinds("stat/bath/RESULT", {"Button1": {"Action": "SINGLE"}}) == ["sos"]
    assert air.kinds("stat/bath/RESULT", {"Button2": {"Action": "SINGLE"}}) == ["heartbeat"]
    assert air.unmapped == ["single"]
    assert air.kinds("tele/bath/SENSOR", {"Time": "2026-11-24T08:00:00", "Switch1": "OFF"}) == ["heartbeat"]
    assert air.kinds("stat/bath/RESULT", {"Switch1": {"Action": "ON"}}) == ["water"]
    assert air.kinds("tele/bath/LWT", b"Online", retained=True) == []
    assert air.kinds("tele/bath/LWT", b"Offline") == ["fault"]
    code = {"Sync": 8690, "Data": "0x4B9A18", "Bits": 24}
    sos, bridge = air.says("tele/bridge/RESULT", {"RfReceived": code})
    assert (sos.device, sos.kind) == ("bridge/4B9A18", SignalKind.SOS)
    assert (bridge.device, bridge.kind) == ("bridge", SignalKind.HEARTBEAT)


def test_esphome_without_discovery() -> None:
    mapping = mapping_of(devices={"bath": {"states": {"cord": {True: "sos"}}}})
    air = Air(mapping, topics={"esphome": ["bath"]})
    assert air.kinds("bath/binary_sensor/cord/state", b"OFF") == ["heartbeat"]
    assert air.kinds("bath/binary_sensor/cord/state", b"ON") == ["sos"]
    assert air.kinds("bath/status", b"offline") == ["fault"]
    assert air.says("bath/debug", b"x") == []
