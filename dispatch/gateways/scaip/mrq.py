"""What a unit of telecare says in one ``<mrq>``, and the ``<mrs>`` that it is answered with. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from dispatch.domain.signals import SignalKind
from dispatch.gateways import xml
from dispatch.gateways.frame import Message
from dispatch.gateways.scaip import codes

KIND = "application/scaip+xml"
LONGEST_TEXT = 200
LONGEST_NUMBER = 64
TEXTS = {"dte": "device_text", "stt": "status_text", "lte": "place_text", "ite": "text"}
NUMBERS = {
    "did": "trigger",
    "dco": "component",
    "lco": "place",
    "lva": "place_number",
    "pri": "priority",
    "crd": "call_back",
}


@dataclass(frozen=True)
class Asked:
    """One ``<mrq>``, read. ``message`` is None where nobody can be told from it."""

    ref: str
    status: str
    """What to answer once it is stored, or whatever happens."""
    message: Message | None = None
    wants_interval: bool = False
    wants_voice: bool = False
    reason: str = ""


def read(body: bytes, caller: str) -> Asked:
    """``caller`` is the user of From, which should be the same as ``cid`` and stands for it where that is missing.

    An alarm in which something obligatory is missing is stored all the same; the answer says what is wrong, so that
    the unit tries its next receiver too. Never raises.
    """
    try:
        root = xml.parse(body)
    except xml.Unreadable as error:
        return Asked(_spotted(body), codes.BAD_FORMAT, reason=str(error))
    if xml.name(root) != "mrq":
        return Asked(_spotted(body), codes.BAD_FORMAT, reason=f"<{xml.name(root)[:40]}> is no <mrq>")
    tags = xml.flat(root)
    place = next((xml.flat(child) for child in root if xml.name(child) == "lge"), {})
    ref, device = tags.get("ref", ""), tags.get("cid", caller).strip()[:LONGEST_NUMBER]
    kind_of_message = tags.get("mty", "ME").upper()
    status = codes.OK if kind_of_message in codes.TYPES else codes.WRONG_DATA
    needed = ("ref", "cid") if kind_of_message == "PI" else ("ref", "cid", "dty")
    lacking = [name for name in needed if name not in tags]
    if lacking:
        status = codes.MISSING
    reason = f"without {', '.join(lacking)}" if lacking else ""
    if not device:
        return Asked(ref, status, reason=reason)
    dty, stc = _code(tags.get("dty", "")), _code(tags.get("stc", ""))
    data = {"code": f"{dty or '----'}/{stc or '----'}"} | _data(tags, place)
    return Asked(
        ref=ref[:LONGEST_NUMBER],
        status=status,
        message=Message(device, _kind(kind_of_message, dty, stc), occurred_at=_moment(place), data=data),
        wants_interval=kind_of_message == "PI" and tags.get("hbo", "0").strip("0") != "",
        wants_voice=not tags.get("crd", "").lower().startswith("no-voice"),
        reason=reason,
    )


def _kind(kind_of_message: str, dty: str, stc: str) -> SignalKind:
    if kind_of_message in codes.BY_TYPE:
        return codes.BY_TYPE[kind_of_message]
    found = codes.BY_STATUS.get(stc) or codes.BY_DEVICE.get(dty, SignalKind.SOS)
    if kind_of_message == "IN":
        return found if found in (SignalKind.LOW_BATTERY, SignalKind.FAULT, SignalKind.TEST) else SignalKind.HEARTBEAT
    if stc in codes.BY_HAND and found is SignalKind.FAULT:
        return SignalKind.SOS
    return found


def _code(text: str) -> str:
    """With the leading zeros that some leave out; "" for what is no number."""
    return text.zfill(4) if text.isascii() and text.isdigit() and len(text) <= 4 else ""


def _data(tags: Mapping[str, str], place: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {ours: tags[theirs][:LONGEST_TEXT] for theirs, ours in TEXTS.items() if theirs in tags}
    data |= {ours: tags[theirs][:LONGEST_NUMBER] for theirs, ours in NUMBERS.items() if theirs in tags}
    spot = _spot(place)
    if spot is not None:
        data |= {"lat": spot[0], "lon": spot[1], "fix": "gps"}
        moment = _moment(place)
        if moment is not None:
            data["fixed_at"] = moment.isoformat()
    return data


_PAIR = re.compile(r"(-?\d{1,2}(?:\.\d{1,12})?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d{1,12})?)", re.ASCII)
_GGA = re.compile(r"GGA,[^,]*,(\d{2})(\d{2}\.\d{1,8}),([NS]),(\d{3})(\d{2}\.\d{1,8}),([EW])", re.ASCII)


def _spot(place: Mapping[str, str]) -> tuple[float, float] | None:
    """``geo`` in degrees, or ``gga``, the sentence of a GPS receiver in degrees and minutes."""
    pair = _PAIR.fullmatch(place.get("geo", ""))
    if pair is not None:
        lat, lon = float(pair[1]), float(pair[2])
    else:
        found = _GGA.search(place.get("gga", ""))
        if found is None:
            return None
        lat = round(int(found[1]) + float(found[2]) / 60, 6) * (-1 if found[3] == "S" else 1)
        lon = round(int(found[4]) + float(found[5]) / 60, 6) * (-1 if found[6] == "W" else 1)
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 and (lat, lon) != (0, 0) else None


def _moment(place: Mapping[str, str]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(place.get("tim", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _spotted(body: bytes) -> str:
    """The reference of a message that cannot be read, so that its sender knows which one is meant."""
    found = re.search(rb"<ref>\s*([0-9A-Za-z]{1,16})\s*</ref>", body)
    return found[1].decode("ascii") if found else ""


@dataclass(frozen=True)
class Voice:
    """What a unit that can speak is told: ``mre``, and the number that it must call."""

    wanted: bool = False
    number: str = ""


def answered(asked: Asked, status: str, voice: Voice, interval: str = "") -> bytes:
    """The ``<mrs>``. Without a reference there must be one all the same."""
    parts = [f"<ref>{escape(asked.ref) or '0'}</ref>", f"<snu>{status}</snu>"]
    if status != codes.OK:
        parts.append(f"<ste>{escape(codes.WORDS[status])}</ste>")
    elif asked.message is not None and voice.wanted:
        parts.append(f"<mre>{1 if asked.wants_voice else 0}</mre>")
        if asked.wants_voice and voice.number:
            parts += ["<cre>62</cre>", f"<tnu>{escape(voice.number)}</tnu>"]
        elif asked.wants_voice:
            parts.append("<cre>61</cre>")
    if asked.wants_interval and interval and status == codes.OK:
        parts.append(f"<hbi>{escape(interval)}</hbi>")
    return f'<?xml version="1.0" encoding="UTF-8"?><mrs>{"".join(parts)}</mrs>'.encode()
