"""What clouds bring, in bodies as their documents show them (numbers made up), and in others."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.webhooks import Form, Source
from dispatch.gateways.frame import Message
from dispatch.gateways.mqtt.understand import Last, understand
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.webhooks import forms
from dispatch.gateways.webhooks.sealed import key_of
from dispatch.gateways.webhooks.signature import is_signed, is_signed_body, signature
from dispatch.settings import ROOT, load_mapping

AT = datetime(2026, 11, 25, 8, 18, 21, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)
MAPPING: DeviceMapping = load_mapping(ROOT / "config")


def source(form: str, **more: Any) -> Source:
    return Source.load(form, {"form": form, "from": ["anywhere"], **more})


def understood(form: str, body: Any, states: dict[str, str] | None = None, **more: Any) -> list[Message]:
    found = []
    for said in forms.read(source(form, **more), json.dumps(body).encode()):
        words = MAPPING.of(said.device, *said.models)
        found += understand(forms.as_mapped(said, words), words, Last(states or {}), AT).messages
    return found


def kinds(form: str, body: Any, states: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(one.device, one.kind.value) for one in understood(form, body, states)]


def ctwing(kind: str = "dataReport", **more: Any) -> dict[str, Any]:
    return {"timestamp": MS, "tenantId": "2000", "productId": "15082", "deviceId": "ad19", "messageType": kind,
            "IMEI": "undefined", "IMSI": "undefined", "protocol": "lwm2m"} | more  # fmt: skip


def sealed(text: bytes, key: bytes) -> str:
    """As OneNET encrypts it; the other side of the library that opens it."""
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()).decode()


NEW_KEY, OLD_KEY = "QWhB4Xv1vV0l8rHc", base64.b64encode(bytes(range(32))).decode().rstrip("=")
ONENET = {
    "messageType": "notify", "notifyType": "event", "productId": "p", "deviceName": "SOS-1",
    "data": {"params": {"sos": {"value": {}, "time": MS}}},
}  # fmt: skip


def test_what_the_newer_platform_has_encrypted_is_signed_and_opened() -> None:
    msg = sealed(json.dumps(ONENET).encode(), NEW_KEY.encode())
    body = json.dumps({"msg": msg, "nonce": "abcdefgh", "signature": signature("token", "abcdefgh", msg)}).encode()
    assert is_signed_body("token", body)
    (said,) = forms.read(replace(source("onenet"), key=NEW_KEY), body)
    (plain,) = forms.read(source("onenet"), json.dumps({"msg": json.dumps(ONENET)}).encode())
    assert said == plain, "encrypted or not, a copy is a copy"
    assert (said.device, said.occurred_at) == ("SOS-1", AT)


def test_what_the_older_platform_has_encrypted_is_opened() -> None:
    text = json.dumps({"type": 1, "dev_id": 2016617, "ds_id": "smoke", "at": MS, "value": 1}).encode()
    msg = sealed(bytes(16) + len(text).to_bytes(4) + text, base64.b64decode(OLD_KEY + "="))
    body = json.dumps({"enc_msg": msg, "nonce": "n", "msg_signature": signature("token", "n", msg)}).encode()
    assert is_signed_body("token", body)
    (said,) = forms.read(replace(source("onenet"), key=OLD_KEY), body)
    assert (said.device, said.states) == ("2016617", {"smoke": 1})


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("", {"msg": "AAAA"}, "onenet/aes"),
        (NEW_KEY, {"msg": "AAAA"}, "whole number"),
        (NEW_KEY, {"msg": "not base64"}, "neither JSON nor base64"),
        (NEW_KEY, {"msg": sealed(b"{}", b"another key 1234")}, "does not open"),
        (OLD_KEY, {"enc_msg": sealed(bytes(16) + b"\xff" * 4 + b"{}", bytes(range(32)))}, "does not open"),
        (OLD_KEY, {"enc_msg": sealed(b"short", bytes(range(32)))}, "JSON|does not open"),
    ],
)
def test_what_does_not_open_is_kept_with_its_reason(key: str, body: dict[str, str], reason: str) -> None:
    with pytest.raises(NotRead, match=reason):
        forms.read(replace(source("onenet"), key=key), json.dumps(body).encode())


@pytest.mark.parametrize("key", ["", "short", "-" * 43, "é" * 16])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key of OneNET"):
        key_of(key)


def test_only_what_signs_a_time_has_a_window() -> None:
    assert source("onenet").window == timedelta(seconds=300)
    assert source("ctwing").window == timedelta(0)
    told = AT - timedelta(seconds=301)
    assert source("onenet").is_out_of_time(told, AT)
    assert not source("onenet").is_out_of_time(None, AT), "nothing is known of it"
    assert not source("onenet", window_seconds=0).is_out_of_time(told, AT)
    for form, window in (("ctwing", 300), ("onenet", -1), ("onenet", "soon")):
        with pytest.raises(ValueError, match="window_seconds"):
            source(form, window_seconds=window)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (ctwing(payload={"serviceId": 1, "serviceData": {"smokeState": 1, "batteryLevel": 80}}), ["smoke"]),
        (ctwing(payload={"smoke_alarm": {"value": "true"}}), ["smoke"]),
        (ctwing(payload={"sos": 0, "battery": 70}), ["heartbeat"]),
        (ctwing(payload={"APPdata": base64.b64encode(b'{"sos": true}').decode()}), ["sos"]),
        (ctwing(payload={"APPdata": base64.b64encode(b"\x01\x02").decode()}), ["heartbeat"]),
        (ctwing(payload={"APPdata": "not base64"}), ["heartbeat"]),
        (ctwing("eventReport", eventType=2, eventContent={"sos": 1}), ["sos"]),
        (ctwing("eventReport", eventType=2, eventContent={"alarmType": "fall"}), ["fall"]),
        (ctwing("eventReport", eventType=2, eventContent={}), ["sos"]),
        (ctwing("eventReport", eventType=3, eventContent={}), ["fault"]),
        (ctwing("eventReport", eventType=1, eventContent={"uptime": 7}), ["heartbeat"]),
        (ctwing("deviceOnlineOfflineReport", eventType=1), ["heartbeat"]),
        (ctwing("deviceOnlineOfflineReport", eventType=0), []),
        (ctwing("commandResponse"), []),
        ([ctwing("eventReport", eventType=2, eventContent={"sos": 1, "n": n}) for n in (0, 2)], ["sos", "sos"]),
    ],
)
def test_ctwing(body: Any, wanted: list[str]) -> None:
    assert kinds("ctwing", body) == [("ad19", one) for one in wanted]


def test_ctwing_numbers_times_and_copies() -> None:
    (message,) = understood("ctwing", ctwing(payload={"sos": 1, "battery": 55}))
    assert message.occurred_at == AT
    assert message.data == {"sos": 1, "battery": 55, "code": "sos", "model": "15082"}
    (again,) = understood("ctwing", ctwing(payload={"sos": 1, "battery": 55}))
    (later,) = understood("ctwing", ctwing(payload={"sos": 1, "battery": 55}, timestamp=MS + 1))
    assert message.event_id == again.event_id != later.event_id
    assert understood("ctwing", ctwing(payload={}, IMEI="8612"), number="IMEI")[0].device == "8612"
    assert understood("ctwing", ctwing(payload={}), number="IMEI")[0].device == "ad19"


def test_a_state_is_news_when_it_begins_and_when_it_ends() -> None:
    on, off = ctwing(payload={"smoke": 1}), ctwing(payload={"smoke": 0})
    assert kinds("ctwing", on) == [("ad19", "smoke")]
    assert kinds("ctwing", on, {"smoke": "true"}) == [("ad19", "heartbeat")]
    assert kinds("ctwing", off, {"smoke": "true"}) == [("ad19", "restore")]
    assert kinds("ctwing", off, {"smoke": "false"}) == [("ad19", "heartbeat")]


def onenet(kind: str, params: Any) -> dict[str, Any]:
    msg = {
        "messageType": "notify",
        "notifyType": kind,
        "productId": "K1",
        "deviceName": "d1",
        "data": {"params": params},
    }
    return {"msg": json.dumps(msg), "nonce": "n", "signature": "s"}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (onenet("property", {"gas": {"value": True, "time": MS}}), ["gas"]),
        (onenet("property", {"power": {"value": 90, "time": MS}}), ["heartbeat"]),
        (onenet("event", {"sos": {"value": {"x": 1}, "time": MS}}), ["sos"]),
        (onenet("event", {"fallAlarm": {"value": {}, "time": MS}}), ["fall"]),
        (onenet("deviceOnline", {}), ["heartbeat"]),
        (onenet("deviceOffline", {}), []),
        ({"msg": {"type": 1, "dev_id": "d1", "ds_id": "sos", "value": 1, "at": MS}}, ["sos"]),
        ({"msg": {"type": 1, "dev_id": "d1", "ds_id": "temperature", "value": 21, "at": MS}}, ["heartbeat"]),
        ({"msg": {"type": 2, "dev_id": "d1", "status": 1}}, ["heartbeat"]),
        ({"msg": {"type": 2, "dev_id": "d1", "status": 0}}, []),
        ({"msg": {"type": 7, "dev_id": "d1"}}, []),
    ],
)
def test_onenet(body: Any, wanted: list[str]) -> None:
    assert kinds("onenet", body) == [("d1", one) for one in wanted]


def test_onenet_signs_its_check_and_its_messages() -> None:
    """The first against `printf tokennoncemsg | md5sum`."""
    assert signature("token", "nonce", "msg") == base64.b64encode(bytes.fromhex(MD5_OF_TOKENNONCEMSG)).decode()
    assert is_signed("t", "n", "m", signature("t", "n", "m").replace("+", " "))
    assert not is_signed("t", "n", "m2", signature("t", "n", "m"))
    inner = '{"type": 1,\n "dev_id": 7, "msg": {"a": 1}}'
    for msg, name in ((json.dumps(inner), "signature"), (inner, "msg_signature")):
        body = f'{{"nonce":"n","msg": {msg} ,"{name}":"{signature("t", "n", inner)}"}}'.encode()
        assert is_signed_body("t", body)
        assert not is_signed_body("other", body)
        assert not is_signed_body("t", body.replace(b"7", b"8"))
    for wrong in (b"", b"[]", b"{", b'{"msg": {}}', b'{"msg":1,"nonce":2,"signature":3}', b"\xff", b"[" * 5000):
        assert not is_signed_body("t", wrong)


MD5_OF_TOKENNONCEMSG = "efb54d32ac736cba71d5c6fb9d856bb4"


def ttn(**uplink: Any) -> dict[str, Any]:
    return {
        "end_device_ids": {"device_id": "ws101-1", "dev_eui": "24E124535B000001"},
        "received_at": "2026-11-25T08:18:21.123456789Z",
        "uplink_message": {"session_key_id": "AXk", "f_cnt": 7, "received_at": "2026-11-25T08:18:21.1Z"} | uplink,
    }


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (ttn(f_port=85, frm_payload=base64.b64encode(bytes.fromhex("017564ff2e01")).decode()), ["sos"]),
        (ttn(f_port=85, frm_payload=base64.b64encode(bytes.fromhex("017564")).decode()), ["heartbeat"]),
        (ttn(f_port=1, decoded_payload={"water_leak": True}), ["water"]),
        (ttn(f_port=1, decoded_payload={"waterLeak": 1}), ["water"]),
        (ttn(), ["heartbeat"]),
        ({"end_device_ids": {"device_id": "x"}, "join_accept": {}}, []),
        ({"end_device_ids": {"device_id": "x"}, "downlink_ack": {}}, []),
    ],
)
def test_the_things_stack(body: Any, wanted: list[str]) -> None:
    assert [one.kind.value for one in understood("ttn", body)] == wanted


def test_the_things_stack_numbers_and_copies() -> None:
    pressed = ttn(f_port=85, frm_payload=base64.b64encode(bytes.fromhex("017564ff2e01")).decode())
    (message,) = understood("ttn", pressed)
    assert (message.device, message.data["battery"]) == ("24e124535b000001", 100)
    assert message.occurred_at == datetime(2026, 11, 25, 8, 18, 21, 100000, UTC)
    assert understood("ttn", pressed)[0].event_id == message.event_id
    assert understood("ttn", ttn(**pressed["uplink_message"] | {"f_cnt": 8}))[0].event_id != message.event_id
    assert understood("ttn", pressed, number="device_id")[0].device == "ws101-1"


def traccar(kind: str = "alarm", **attributes: Any) -> dict[str, Any]:
    return {
        "event": {"id": 9, "type": kind, "eventTime": "2026-11-25T08:18:21.000+00:00", "attributes": attributes},
        "position": {
            "latitude": 45.3, "longitude": 130.96, "valid": True, "fixTime": "2026-11-25T08:18:20.000+00:00",
            "attributes": {"batteryLevel": 61.0, "alarm": "sos"},
        },
        "device": {"id": 1, "uniqueId": "8800000015", "name": "W", "model": ""},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (traccar(alarm="sos"), ["sos"]),
        (traccar(alarm="fallDown"), ["fall"]),
        (traccar(alarm="lowBattery"), ["low_battery"]),
        (traccar(alarm="removing"), ["fault"]),
        (traccar(), ["sos"]),
        (traccar(alarm="hardBraking"), ["heartbeat"]),
        (traccar("geofenceExit"), ["wandering"]),
        (traccar("geofenceEnter"), ["heartbeat"]),
        (traccar("deviceOnline"), ["heartbeat"]),
        (traccar("deviceOffline"), []),
        ({name: value for name, value in traccar().items() if name != "event"}, ["sos"]),
    ],
)
def test_traccar(body: Any, wanted: list[str]) -> None:
    assert kinds("traccar", body) == [("8800000015", one) for one in wanted]


def test_traccar_brings_the_place() -> None:
    (message,) = understood("traccar", traccar(alarm="sos"))
    assert {name: message.data[name] for name in ("lat", "lon", "fix", "battery")} == {
        "lat": 45.3, "lon": 130.96, "fix": "gps", "battery": 61,
    }  # fmt: skip
    assert message.data["fixed_at"] == "2026-11-25T08:18:20+00:00"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"device": "1", "kind": "sos"}, ["sos"]),
        ({"device": 1, "event": "fall", "data": {"battery": 5}}, ["fall"]),
        ({"device": "1", "data": {"smoke": "on"}}, ["smoke"]),
        ({"device": "1", "kind": "heartbeat"}, ["heartbeat"]),
        ({"device": "1"}, ["heartbeat"]),
    ],
)
def test_a_plain_form(body: Any, wanted: list[str]) -> None:
    assert kinds("plain", body) == [("1", one) for one in wanted]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("ctwing", b"{"),
        ("ctwing", b"[1]"),
        ("ctwing", b'{"messageType": "dataReport", "deviceId": ""}'),
        ("onenet", b'{"enc_msg": "x"}'),
        ("onenet", b'{"msg": "not json"}'),
        ("traccar", b'{"event": {}}'),
        ("plain", b'{"kind": "sos"}'),
        ("plain", b"[" + b"{}," * 200 + b"{}]"),
        ("plain", b"\xff\xfe"),
        ("plain", b'{"device": NaN}'),
    ],
)
def test_what_cannot_be_read_is_told(form: str, body: bytes) -> None:
    with pytest.raises(NotRead):
        forms.read(source(form), body)


NAMES_THAT_COUNT = (
    "messageType deviceId payload serviceData APPdata eventType eventContent msg notifyType data params value time "
    "dev_id type ds_id at status uplink_message end_device_ids dev_eui frm_payload f_port decoded_payload event "
    "position device uniqueId attributes alarm latitude longitude fixTime kind sos smoke battery productId timestamp"
)
NAMES = st.sampled_from(NAMES_THAT_COUNT.split()) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(st.sampled_from(list(Form)), st.dictionaries(NAMES, JSON, max_size=8))
def test_nothing_ends_the_reading(form: Form, body: dict[str, Any]) -> None:
    for given_ in (body, body | {"deviceId": "1", "messageType": "eventReport", "device": {"uniqueId": "1"}}):
        try:
            found = understood(form, given_)
        except NotRead:
            continue
        for message in found:
            assert 0 < len(message.device) <= 100
            assert "\0" not in json.dumps(message.data)


def test_a_source_says_from_where_it_calls() -> None:
    ours = Source.load("x", {"form": "ctwing", "from": ["10.0.0.0/8", "fd00::/8"]})
    assert ours.networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert ours.is_allowed("10.1.2.3")
    assert not ours.is_allowed("11.1.2.3")
    assert not ours.is_allowed("")
    assert source("plain").is_allowed("11.1.2.3")
    assert Source.load("o", {"form": "onenet"}).is_allowed("11.1.2.3")
    for wrong in (
        {"form": "ctwing"},
        {"form": "x"},
        {"form": "ctwing", "from": ["here"]},
        {"form": "onenet", "of": 1},
        {"form": "ttn", "from": ["anywhere"], "number": "IMEI"},
        {"form": "onenet", "on": "yes"},
    ):
        with pytest.raises((ValueError, KeyError)):
            Source.load("x", wrong)
