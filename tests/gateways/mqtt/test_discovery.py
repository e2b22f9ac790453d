"""Devices that announce themselves the way of Home Assistant, under long and short names."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.signals import SignalKind
from dispatch.gateways.mqtt.discovery import Place
from dispatch.gateways.mqtt.values import NotRead
from tests.support.mqtt import Air, mapping_of

DEVICE = {"identifiers": ["a0b1c2"], "manufacturer": "maker", "model": "Pull cord", "name": "Bathroom"}
CORD: dict[str, Any] = {
    "device": DEVICE,
    "device_class": "safety",
    "state_topic": "bath/binary_sensor/cord/state",
    "unique_id": "a0b1c2-cord",
    "availability": [{"topic": "bath/status"}, {"topic": "bath/power", "value_template": "{{ value_json.state }}"}],
    "availability_mode": "all",
}


@pytest.fixture
def air() -> Air:
    air = Air()
    air.says("homeassistant/binary_sensor/bath/cord/config", CORD, retained=True)
    return air


def test_a_class_of_safety_is_an_alarm_when_it_begins(air: Air) -> None:
    topic = "bath/binary_sensor/cord/state"
    assert list(air.world.asked()) == ["bath/binary_sensor/cord/state", "bath/power", "bath/status"]
    assert air.kinds(topic, b"OFF") == ["heartbeat"]
    (message,) = air.says(topic, b"ON")
    assert (message.device, message.kind, message.data["code"]) == ("a0b1c2", SignalKind.SOS, "cord")
    assert air.kinds(topic, b"ON") == ["heartbeat"]
    assert air.kinds(topic, b"off") == ["restore"]
    assert air.kinds(topic, b"unavailable") == ["heartbeat"]


def test_it_is_proposed_and_given_to_nobody(air: Air) -> None:
    (proposal,) = air.proposed
    assert (proposal.number, proposal.model, proposal.name) == ("a0b1c2", "Pull cord", "Bathroom")
    assert proposal.about == "safety"


def test_it_can_be_reached_when_all_say_so(air: Air) -> None:
    assert air.kinds("bath/status", b"online") == []
    assert air.kinds("bath/power", {"state": "online"}) == []
    (away,) = air.says("bath/power", {"state": "offline"})
    assert (away.kind, away.data["code"]) == (SignalKind.FAULT, "offline")
    assert air.says("bath/status", b"offline") == []
    assert air.says("bath/power", {"state": "online"}) == []
    assert air.kinds("bath/status", b"online") == ["heartbeat"]


@pytest.mark.parametrize(("mode", "kinds"), [("any", []), ("latest", ["fault"])])
def test_it_can_be_reached_when_one_says_so_or_the_latest(mode: str, kinds: list[str]) -> None:
    air = Air()
    air.says("homeassistant/binary_sensor/cord/config", {**CORD, "availability_mode": mode})
    air.says("bath/status", b"online")
    assert air.kinds("bath/power", {"state": "offline"}) == kinds


def test_short_names_and_a_common_beginning() -> None:
    air = Air()
    body = {
        "~": "esp/kitchen",
        "dev": {"ids": "e5p", "mdl": "gas", "mf": "maker"},
        "dev_cla": "gas",
        "stat_t": "~/gas/state",
        "avty_t": "~/status",
        "pl_on": True,
        "pl_off": False,
        "val_tpl": "{{ value_json['gas'] | default(false) }}",
        "uniq_id": "x",
    }
    air.says("homeassistant/binary_sensor/kitchen/gas/config", body)
    assert air.kinds("esp/kitchen/gas/state", {"gas": True}) == ["gas"]
    assert air.says("esp/kitchen/gas/state", {"gas": True})[0].device == "e5p"
    assert air.kinds("esp/kitchen/status", b"offline") == ["fault"]


def test_a_button_is_a_device_automation_or_an_event() -> None:
    air = Air(mapping_of(models={"Cord 2": {"actions": {"button_1 button_short_press": "sos", "pull": "sos"}}}))
    about = {"identifiers": "cord2", "model": "Cord 2"}
    trigger = {
        "automation_type": "trigger",
        "type": "button_short_press",
        "subtype": "button_1",
        "topic": "cord2/press",
    }
    air.says("homeassistant/device_automation/cord2/short/config", {"device": about, "payload": "SHORT", **trigger})
    air.says("homeassistant/event/cord2/pull/config", {"device": about, "state_topic": "cord2/event"})
    assert air.kinds("cord2/press", b"SHORT") == ["sos"]
    assert air.kinds("cord2/press", b"LONG") == ["heartbeat"]
    assert air.kinds("cord2/event", {"event_type": "pull"}) == ["sos"]
    assert air.kinds("cord2/event", {"event_type": "pull"}) == ["sos"]


def test_many_parts_in_one_message_and_a_battery() -> None:
    air = Air()
    parts = {
        "smoke": {"p": "binary_sensor", "dev_cla": "smoke", "stat_t": "s/1", "val_tpl": "{{ value_json.smoke }}"},
        "battery": {"p": "sensor", "dev_cla": "battery", "stat_t": "s/1", "val_tpl": "{{ value_json.battery }}"},
    }
    air.says("homeassistant/device/s1/config", {"dev": {"ids": ["s1"]}, "o": {"name": "x"}, "cmps": parts})
    (message,) = air.says("s/1", {"smoke": "ON", "battery": "77"})
    assert (message.kind, message.data["battery"]) == (SignalKind.SMOKE, 77)


def test_a_topic_that_many_name_is_their_bridge() -> None:
    air = Air()
    for n in range(3):
        body = {
            "device": {"identifiers": [f"d{n}"], "via_device": "the bridge"},
            "state_topic": f"d/{n}",
            "availability_topic": "d/bridge",
        }
        air.says(f"homeassistant/binary_sensor/d{n}/config", body)
    (down,) = air.says("d/bridge", b"offline")
    assert (down.device, down.kind) == ("the bridge", SignalKind.FAULT)


def test_what_is_taken_back_is_not_heard_any_more(air: Air) -> None:
    air.says("homeassistant/binary_sensor/bath/cord/config", b"")
    assert list(air.world.asked()) == []
    assert air.says("bath/binary_sensor/cord/state", b"ON") == []


def test_zigbee2mqtts_own_announcements_are_left_to_its_dialect() -> None:
    air = Air()
    body = {**CORD, "state_topic": "zigbee2mqtt/cord", "availability": [{"topic": "zigbee2mqtt/cord/availability"}]}
    air.says("homeassistant/binary_sensor/0x1/cord/config", body)
    assert (air.proposed, list(air.world.asked())) == ([], [])
    assert air.says("zigbee2mqtt/cord", {"sos": True})[0].device == "zigbee2mqtt/cord"


def test_a_template_that_we_cannot_follow_is_said() -> None:
    air = Air()
    air.says("homeassistant/binary_sensor/x/config", {**CORD, "value_template": "{% if value %}ON{% endif %}"})
    assert "cord" not in air.faults[0]
    assert "template" in air.faults[0]


@pytest.mark.parametrize("payload", [b"[]", b"{", b"\xff", b"[" * 60_000])
def test_an_announcement_that_is_none(payload: bytes) -> None:
    with pytest.raises(NotRead):
        Air().says("homeassistant/binary_sensor/x/config", payload)


@pytest.mark.parametrize("topic", ["#", "a/+", "", "x" * 600, 7, None, ["a"], "a\nb"])
def test_nobody_makes_us_ask_for_every_topic(topic: Any) -> None:
    air = Air()
    air.says("homeassistant/binary_sensor/x/config", {**CORD, "state_topic": topic, "availability": {"topic": topic}})
    assert list(air.world.asked()) == []


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{{ value }}", None),
        ("", None),
        (None, None),
        ("{{ value_json.a.b }}", ("a", "b")),
        ('{{ value_json["a b"][0].c | int(0) }}', ("a b", 0, "c")),
        ("{{value_json.Switch1}}", ("Switch1",)),
    ],
)
def test_simple_templates(template: str | None, path: tuple[str | int, ...] | None) -> None:
    assert Place.of(template).path == path
