"""What stands in a frame of DC-09: events of SIA DC-03 or Contact ID, further data, the moment. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dispatch.domain.signals import SignalKind
from dispatch.gateways.dc09 import codes
from dispatch.gateways.dc09.frames import Unreadable

CONTENT = re.compile(r"(?:#(?P<account>[^|\]]{0,32}))?\|?(?P<data>[^\]]*)\](?P<rest>.*)\Z", re.DOTALL)
STAMP = re.compile(r"_(\d\d):(\d\d):(\d\d),(\d\d)-(\d\d)-(\d{4})\s*\Z")
FURTHER = re.compile(r"\[([A-Z$])([^\]]*)\]")
CONTACT_ID = re.compile(r"\s*([136])\s*(\d{3})\s*([0-9A-Fa-f]{2})\s*([0-9A-Fa-f]{3})\b")
PIECE = re.compile(
    r"(?P<name>ti|da|ri|id|pi|ag|ph|rt|lv|si)(?P<value>[0-9:.-]*)"
    r"|(?P<code>[A-Z]{2})(?P<point>[0-9A-Fa-f]{0,6})"
    r"|\^(?P<text>[^^]*)\^"
)
DEGREES = re.compile(r"\s*(\d{1,3})\s*([NSEW])\s*(\d{1,2}(?:\.\d+)?)\s*\Z")
MODIFIERS = {"ri": "area", "id": "user", "pi": "peripheral", "ti": "device_time", "da": "device_date"}
MOST = 16
"""Events of one frame."""


@dataclass(frozen=True)
class Event:
    kind: SignalKind
    data: dict[str, Any]


@dataclass(frozen=True)
class Content:
    account: str
    """Empty where it names none."""
    body: str
    """All of it but the moment: the same for every copy."""
    data: str
    further: dict[str, Any]
    sent_at: datetime | None
    happened_at: datetime | None


def read(text: str) -> Content:
    """Raises ``Unreadable``."""
    found = CONTENT.match(text.lstrip("|"))
    if found is None:
        raise Unreadable("its data has no end", "DUH")
    rest = found["rest"]
    stamp = STAMP.search(rest)
    further, happened_at = _further(rest)
    return Content(
        account=(found["account"] or "").strip(),
        body=text.lstrip("|")[: -len(stamp[0])] if stamp else text.lstrip("|"),
        data=found["data"],
        further=further,
        sent_at=_moment(stamp),
        happened_at=happened_at,
    )


def _moment(stamp: re.Match[str] | None) -> datetime | None:
    if stamp is None:
        return None
    hour, minute, second, month, day, year = map(int, stamp.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _further(rest: str) -> tuple[dict[str, Any], datetime | None]:
    """Position, hardware address, a place to look, when it happened. A key is read by nobody: it is a secret."""
    found: dict[str, Any] = {}
    happened_at = None
    for letter, value in FURTHER.findall(rest)[:MOST]:
        if letter in "XY":
            degrees = _degrees(value)
            if degrees is not None:
                found["lon" if letter == "X" else "lat"] = degrees
        elif letter == "M":
            found["mac"] = value[:40]
        elif letter == "V":
            found["verification"] = value[:500]
        elif letter == "B" and value.isascii() and value.isdecimal() and int(value[:4]) <= 100:
            found["battery"] = int(value)
        elif letter == "H":
            happened_at = _moment(STAMP.search(f"_{value}"))
    return found, happened_at


def _degrees(value: str) -> float | None:
    """``006E07.7777777`` is six degrees and 7.8 minutes east; some senders give plain degrees."""
    found = DEGREES.match(value)
    try:
        number = int(found[1]) + float(found[3]) / 60 if found else float(value)
    except ValueError:
        return None
    if found and found[2] in "SW":
        number = -number
    return round(number, 6) if abs(number) <= 180 else None  # which nan is not either


def events(token: str, content: Content) -> list[Event]:
    """Raises ``Unreadable`` where there is none that anybody knows."""
    if token == "NULL":  # noqa: S105 -- the name of a kind of frame
        return [Event(SignalKind.HEARTBEAT, {})]
    if token == "ADM-CID":  # noqa: S105
        return [_contact_id(content.data)]
    if token == "SIA-DCS":  # noqa: S105
        return _sia(content.data)
    raise Unreadable(f"frames of the kind {token} are not understood", "DUH")


def _contact_id(data: str) -> Event:
    found = CONTACT_ID.match(data)
    if found is None:
        raise Unreadable("its data is no Contact ID", "DUH")
    qualifier, code, area, zone = found.groups()
    kind = codes.of_contact_id(qualifier, code)
    if kind is None:
        raise Unreadable(f"nobody knows the code {code}", "DUH")
    return Event(kind, _told(code) | {"qualifier": int(qualifier), "area": area, "zone": zone})


def _sia(data: str) -> list[Event]:
    blocks = data.split("|")
    text = " ".join(block[1:].strip() for block in blocks[1:] if block.startswith("A"))
    if blocks[0].startswith("A"):  # a text alone: somebody says something, and nobody knows what
        return [Event(SignalKind.SOS, {"text": blocks[0][1:201]})]
    if blocks[0][:1] not in ("N", "O"):
        raise Unreadable("its data is no event of SIA DC-03", "DUH")
    found = _pieces(blocks[0][1:])
    unknown = [code for code, _ in found if codes.of_sia(code) is None]
    if not found or len(unknown) == len(found):
        raise Unreadable(f"nobody knows the code {unknown[0]}" if unknown else "it names no code", "DUH")
    more = {"text": text[:200]} if text else {}
    return [
        Event(kind, _told(code) | more | said)
        for code, said in found[:MOST]
        if (kind := codes.of_sia(code)) is not None
    ]


def _pieces(block: str) -> list[tuple[str, dict[str, Any]]]:
    """Each code with what was said before it; a text belongs to what stands before the text."""
    found: list[tuple[str, dict[str, Any]]] = []
    before: dict[str, Any] = {}
    for piece in PIECE.finditer(block):
        if piece["name"]:
            before[MODIFIERS.get(piece["name"], piece["name"])] = piece["value"]
        elif piece["code"]:
            found.append((piece["code"], before | ({"zone": piece["point"]} if piece["point"] else {})))
        elif (text := piece["text"].strip()[:100]) and found:
            found[-1][1]["zone_text"] = text
        elif text:
            before["area_text"] = text
    return found


def _told(code: str) -> dict[str, Any]:
    return {"code": code, "tamper": True} if code in codes.TAMPER else {"code": code}
