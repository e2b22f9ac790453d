"""What clouds bring, read: CTWing, OneNET, The Things Stack, Traccar, and a plain form for whoever can choose. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from dispatch.domain.mapping import Words, text_of
from dispatch.domain.signals import SignalKind
from dispatch.domain.webhooks import NUMBERS, Form, Source
from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.lorawan import chirpstack
from dispatch.gateways.mqtt.understand import Said, Word
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.webhooks.sealed import opened

LARGEST = 256 * 1024
MOST = 100
"""Messages in one delivery, and properties in one message."""
DEEPEST = 6
TRUE, FALSE = frozenset({"true", "1", "alarm", "triggered"}), frozenset({"false", "0", "normal", "ok"})
BATTERY = frozenset({"battery", "batterylevel", "batterypercent", "electricity", "power"})
_NAME = re.compile(r"[^a-z0-9]")
WARNING, FAULT = 2, 3
"""CTWing's kinds of events above mere information."""


def read(source: Source, body: bytes) -> list[Said]:
    """What each message of ``body`` says; nothing, where it is of no use here. Raises ``NotRead``."""
    found = values.json_of(body, LARGEST)
    several = found if isinstance(found, list) else [found]
    if len(several) > MOST:
        raise NotRead(f"more than {MOST} messages at once")
    said = []
    for one in several:
        if not isinstance(one, dict):
            raise NotRead("JSON, but no object")
        heard = READERS[source.form](source, one)
        if heard is not None:
            said.append(heard)
    return said


def as_mapped(said: Said, words: Words) -> Said:
    """With its properties under the names and values of the mapping: ``smokeState: 1`` is ``smoke: true`` where that
    is what the mapping knows.
    """
    known = {_bare(name): name for name in words.states}
    states = {}
    for name, value in said.states.items():
        ours = name if name in words.states else known.get(_bare(name), name)
        text = text_of(value) if not isinstance(value, dict | list) else ""
        is_flag = "true" in words.states.get(ours, {}) and text in TRUE | FALSE
        states[ours] = text in TRUE if is_flag else value
    return replace(said, states=states)


def _bare(name: str) -> str:
    found = _NAME.sub("", name.casefold())
    for end in ("state", "status", "alarm", "value", "flag"):
        if found.endswith(end) and found != end:
            found = found.removesuffix(end)
    return found


def _number(source: Source, body: Mapping[str, Any]) -> str:
    """The number of the device; where the wanted name is empty, by the next one. CTWing writes ``undefined``."""
    for name in (source.number, *NUMBERS[source.form]):
        value = body.get(name)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else values.word(value)
        if text and text != "undefined":
            return text[: values.LONGEST_NUMBER]
    raise NotRead(f"no {source.number}: nobody knows which device this is")


def _leaves(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Properties by their own names, however they are packed; ``{"value": 1, "time": …}`` is the value."""
    if not isinstance(value, Mapping) or depth > DEEPEST:
        return
    for name, packed in list(value.items())[:MOST]:
        inner = packed["value"] if isinstance(packed, Mapping) and "value" in packed else packed
        if isinstance(inner, Mapping):
            yield from _leaves(inner, depth + 1)
        elif not isinstance(inner, list):
            yield values.clean(str(name), 60), inner


def _properties(value: Any) -> dict[str, Any]:
    return {name: inner for name, inner in _leaves(value) if inner is not None}


def _data(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown to people: short, and the battery under our own name."""
    shown: dict[str, Any] = {}
    for name, value in list(properties.items())[:20]:
        if _bare(name) in BATTERY and (level := values.percent(value)) is not None:
            shown["battery"] = level
        elif isinstance(value, bool) or values.number(value) is not None:
            shown[name] = value
        elif (text := values.word(value)) is not None:
            shown[name] = text
    return shown


def _words(properties: Mapping[str, Any]) -> tuple[Word, ...]:
    """Of an event: the names of what is set, and the texts that stand for one."""
    found = []
    for name, value in properties.items():
        text = text_of(value)
        if isinstance(value, str) and text not in TRUE | FALSE and values.number(value) is None:
            found.append(Word((value[:60],)))
        elif text in TRUE:
            found.append(Word((_bare(name), name)))
    return tuple(found)


def _event(*parts: Any) -> str:
    """The same for every delivery of one message; another for whatever differs in a time or a value."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _ctwing(source: Source, body: Mapping[str, Any]) -> Said | None:
    kind = body.get("messageType")
    if kind not in ("dataReport", "eventReport", "deviceOnlineOfflineReport"):
        return None
    number, at = _number(source, body), values.moment(body.get("timestamp"))
    said = Said(number, (str(body.get("productId", "")),), occurred_at=at, event=_event(body))
    if kind == "deviceOnlineOfflineReport":
        return said if body.get("eventType") in (1, "1") else None
    if kind == "dataReport":
        properties = _properties(_transparent(body.get("payload")))
        return replace(said, states=properties, data=_data(properties))
    properties = _properties(body.get("eventContent"))
    words = _words(properties)
    if not words and body.get("eventType") in (WARNING, str(WARNING)):
        words = (Word(("alarm",)),)  # a warning whose reason we do not know is somebody's alarm
    if not words and body.get("eventType") in (FAULT, str(FAULT)):
        properties, said = {**properties, "trouble": True}, replace(said, states={"trouble": True})
    return replace(said, words=words, data=_data(properties))


def _transparent(payload: Any) -> Any:
    """Of products without a model: bytes, which may be JSON."""
    data = values.inside(payload, "APPdata") or values.inside(payload, "serviceData", "APPdata")
    if not isinstance(data, str):
        return payload
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return {"bytes": data[:200]}
    try:
        return values.object_of(raw)
    except NotRead:
        return {"bytes": raw[:100].hex()}


def _onenet(source: Source, body: Mapping[str, Any]) -> Said | None:
    inner = _onenet_inner(source, body)
    if "notifyType" not in inner:
        return _classic(inner)
    params = values.table(inner, "data", "params")
    properties = _properties(params)
    times = [values.moment(values.inside(p, "time")) for p in params.values()]
    said = Said(
        _number(source, inner),
        (str(inner.get("productId", "")),),
        data=_data(properties),
        occurred_at=max((time for time in times if time is not None), default=None),
        event=_event(inner),
    )
    if inner["notifyType"] == "property":
        return replace(said, states=properties)
    if inner["notifyType"] == "event":
        names = list(params)[:MOST]
        return replace(said, words=tuple(Word((_bare(str(name)), str(name)[:60])) for name in names))
    return said if "online" in str(inner["notifyType"]).casefold() else None


def _onenet_inner(source: Source, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises ``NotRead``."""
    msg, sealed = body.get("msg"), body.get("enc_msg")
    if isinstance(sealed, str):
        return values.object_of(opened(sealed, source.key, framed=True))
    if isinstance(msg, str) and not msg.lstrip().startswith("{"):
        return values.object_of(opened(msg, source.key, framed=False))
    inner = values.object_of(msg.encode("utf-8", "replace")) if isinstance(msg, str) else msg
    if not isinstance(inner, Mapping):
        raise NotRead("no msg")
    return inner


def _classic(msg: Mapping[str, Any]) -> Said | None:
    """The older platform: one point of one stream of data."""
    kind, device = msg.get("type"), msg.get("dev_id")
    if kind == 2 and msg.get("status") != 1:
        return None
    if kind not in (1, 2) or not isinstance(device, int | str) or not str(device).strip():
        return None
    stream, value = values.word(msg.get("ds_id")), msg.get("value")
    properties = _properties({stream: value}) if kind == 1 and stream else {}
    return Said(
        values.clean(str(device), values.LONGEST_NUMBER),
        states=properties,
        data=_data(properties),
        occurred_at=values.moment(msg.get("at")),
        event=_event(msg),
    )


def _ttn(source: Source, body: Mapping[str, Any]) -> Said | None:
    """An uplink, read as the other network server of LoRaWAN writes it; joins and downlinks are of no use here."""
    uplink, ids = body.get("uplink_message"), body.get("end_device_ids")
    if not isinstance(uplink, Mapping) or not isinstance(ids, Mapping):
        return None
    number = _number(source, ids)
    alike = {
        "deviceInfo": {
            "devEui": number,
            "deviceProfileName": values.inside(uplink, "version_ids", "model_id"),
        },
        "data": uplink.get("frm_payload"),
        "fPort": uplink.get("f_port"),
        "object": uplink.get("decoded_payload"),
        "time": uplink.get("received_at") or body.get("received_at"),
        "deduplicationId": _event(ids, uplink.get("session_key_id"), uplink.get("f_cnt"), uplink.get("received_at")),
    }
    said = chirpstack(number, "up", json.dumps(alike).encode())
    return said if said is None or source.number == "dev_eui" else replace(said, device=number)


def _traccar(source: Source, body: Mapping[str, Any]) -> Said | None:
    event, position, device = body.get("event"), body.get("position"), body.get("device")
    if not isinstance(device, Mapping):
        raise NotRead("no device: forward events as JSON")
    number = _number(source, device)
    model = ("Traccar", values.word(device.get("model")) or "")
    said = Said(number, model, data=_tracked(position), event=_event(number, position))
    if not isinstance(event, Mapping):
        alarm = values.word(values.inside(position, "attributes", "alarm"))
        return replace(said, occurred_at=_time(position), words=(Word((alarm,)),) if alarm else ())
    kind = values.word(event.get("type"))
    if kind in ("deviceOffline", "deviceUnknown", "deviceInactive"):
        return None  # silence is found by supervision, once and for every protocol
    alarm = values.word(values.inside(event, "attributes", "alarm")) or "general"
    at = values.moment(event.get("eventTime") or event.get("serverTime"))
    named = _event(number, event.get("id"), event.get("eventTime"))
    if kind == "alarm":
        return replace(said, words=(Word((alarm,)),), occurred_at=at, event=named)
    return replace(said, words=(Word((kind,)),) if kind == "geofenceExit" else (), occurred_at=at, event=named)


def _time(position: Any) -> Any:
    return values.moment(values.inside(position, "deviceTime") or values.inside(position, "fixTime"))


def _tracked(position: Any) -> dict[str, Any]:
    lat, lon = values.number(values.inside(position, "latitude")), values.number(values.inside(position, "longitude"))
    data = _data(values.table(position, "attributes"))
    if lat is not None and lon is not None and (lat, lon) != (0, 0):
        valid = values.inside(position, "valid") is not False
        data |= {"lat": lat, "lon": lon, "fix": "gps" if valid else "last"}
        if (fixed := values.moment(values.inside(position, "fixTime"))) is not None:
            data["fixed_at"] = fixed.isoformat()
    return data


def _plain(source: Source, body: Mapping[str, Any]) -> Said | None:
    kind = values.word(body.get("kind") or body.get("event") or body.get("alarm"))
    properties = _properties(body.get("data"))
    event = values.word(body.get("event_id"))
    moment = values.moment(body.get("occurred_at") or body.get("time"))
    said = Said(
        _number(source, body),
        (values.word(body.get("model")) or "",),
        states=properties,
        data=_data(properties),
        occurred_at=moment,
        event=event or (_event(body) if moment is not None else None),
    )
    return replace(said, words=(Word((kind,)),)) if kind and kind != SignalKind.HEARTBEAT else said


READERS: Mapping[Form, Callable[[Source, Mapping[str, Any]], Said | None]] = {
    Form.CTWING: _ctwing,
    Form.ONENET: _onenet,
    Form.TTN: _ttn,
    Form.TRACCAR: _traccar,
    Form.PLAIN: _plain,
}
