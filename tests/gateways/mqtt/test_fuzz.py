"""Whatever a broker hands over: it is understood, or it is said why not. DISPATCH_FUZZ_SECONDS makes the run longer."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.gateways.mqtt.values import NotRead
from tests.support.fuzz_readers import check_air, check_messages
from tests.support.mqtt import Air

LONG = float(os.environ.get("DISPATCH_FUZZ_SECONDS", "0"))
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def words(text: str) -> list[str]:
    return text.split()


STEPS = st.one_of(
    st.sampled_from(
        words(
            "zigbee2mqtt bridge devices state availability action set sos homeassistant binary_sensor device event"
            " config device_automation rtl_433 events application up status tele stat LWT RESULT SENSOR esp"
        )
    ),
    st.text(max_size=8),
)
TOPICS = st.one_of(
    st.sampled_from(
        [
            "zigbee2mqtt/bridge/devices",
            "zigbee2mqtt/bridge/state",
            "zigbee2mqtt/a/b",
            "zigbee2mqtt/a/availability",
            "zigbee2mqtt/a/action",
            "homeassistant/binary_sensor/n/o/config",
            "homeassistant/device/o/config",
            "homeassistant/device_automation/n/o/config",
            "homeassistant/event/o/config",
            "said/state",
            "said/up",
            "rtl_433/h/events",
            "application/1/device/2/event/up",
            "application/1/device/2/event/status",
            "tele/t/LWT",
            "stat/t/RESULT",
            "tele/t/SENSOR",
            "node/status",
            "node/binary_sensor/x/state",
        ]
    ),
    st.lists(STEPS, min_size=1, max_size=6).map("/".join),
)
WORDS = words(
    "action battery last_seen linkquality smoke sos contact tamper ieee_address friendly_name definition model type"
    " model_id device identifiers connections via_device state_topic stat_t availability availability_topic avty_mode"
    " topic value_template payload payload_on device_class dev_cla cmps platform subtype ~ id cmd event time battery_ok"
    " data fPort object button_event button status deviceInfo devEui deviceProfileName deduplicationId batteryLevel"
    " rxInfo rssi RfReceived Data Button1 Action Switch1 StatusSNS Wifi Signal state event_type"
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "emergency",
            "online",
            "offline",
            "Generic-Remote",
            "ON",
            "/y5eAQ==",
            "AXVj/y4B",
            "said/state",
            "said/up",
            "{{ value_json.state }}",
            "{{ value_json[0].a | int(0) }}",
            "2026-11-24T08:00:00.123456789Z",
            1764000000000,
            85,
            "safety",
            "battery",
            "Coordinator",
            "binary_sensor",
            "\0",
            "\ud800",
            "9" * 400,
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), inner, max_size=8),
    ),
    max_leaves=24,
)
OBJECTS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=12)
PAYLOADS = st.one_of(
    st.binary(max_size=64),
    VALUES.map(lambda v: json.dumps(v).encode()),
    OBJECTS.map(lambda v: json.dumps(v).encode()),
    st.lists(OBJECTS, max_size=3).map(lambda v: json.dumps(v).encode()),
    st.tuples(OBJECTS, st.integers(0, 200), st.binary(max_size=3)).map(lambda t: _cut(*t)),
    st.sampled_from([b"online", b"OFF", b"ON", b"offline", b"Online", b"emergency", b"true"]),
)


def _cut(body: Any, at: int, put: bytes) -> bytes:
    whole = json.dumps(body).encode()
    return whole[:at] + put + whole[at + len(put) :]


def test_whatever_is_said() -> None:
    ends = time.monotonic() + LONG
    whatever_is_said()
    while time.monotonic() < ends:
        whatever_is_said()


@FUZZ
@given(st.lists(st.tuples(TOPICS, PAYLOADS, st.booleans(), st.floats(0, 10)), min_size=1, max_size=12))
def whatever_is_said(stream: list[tuple[str, bytes, bool, float]]) -> None:
    air = Air(topics={"esphome": ["node"]})
    for topic, payload, retained, after in stream:
        try:
            messages = air.says(topic, payload, retained=retained, after=after)
        except NotRead:
            continue
        check_messages(messages)
        air.restart()
        check_air(air)
