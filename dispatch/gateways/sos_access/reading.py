"""One request of SOS Access v4 and its answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from xml.sax.saxutils import escape

from dispatch.domain.signals import SignalKind
from dispatch.gateways import xml
from dispatch.gateways.frame import Message
from dispatch.gateways.sos_access import codes

LARGEST = 16 * 1024
MANDATORY = {
    "alarmrequest": ("authentication", "receiver", "transmittertype", "transmittercode", "eventcode"),
    "pingrequest": ("authentication", "transmittertype", "transmittercode"),
    "requestnewauthentication": ("authentication", "transmittertype", "transmittercode"),
}
DATA = {
    "transmittertype": "transmitter_type",
    "transmitterarea": "transmitter_area",
    "section": "section",
    "sectiontext": "section_text",
    "detector": "detector",
    "detectortext": "detector_text",
    "additionalinfo": "text",
}
LONGEST_TEXT = 2000
LONGEST_NUMBER = 64
NOTHING = "None"
"""What a well-known client writes for no text."""
_ROOT = re.compile(rb"<([A-Za-z][A-Za-z0-9_.:-]{0,60})")
_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']", re.IGNORECASE)
_PASSWORD = re.compile(rb"(<authentication>)([^<]{1,200})", re.IGNORECASE)
ENCODINGS = {b"iso-8859-1": "latin-1", b"latin-1": "latin-1", b"us-ascii": "latin-1", b"utf-8": "utf-8"}


@dataclass(frozen=True)
class Asked:
    kind: str
    """The name of the request; that of an alarm where nobody knows."""
    status: int
    reference: str = ""
    password: str = ""
    code: str = ""
    """Of the transmitter: its number with us."""
    message: Message | None = None
    reason: str = ""
    is_named: bool = False
    """It says a time or a reference, so that a copy can be told from the next alarm."""


@dataclass(frozen=True)
class Meaning:
    events: Mapping[str, SignalKind]
    zone: tzinfo


def whole(buffer: bytes) -> int | None:
    """How many bytes of ``buffer`` are one document, as nothing says how long it is; None: more has to come."""
    if len(buffer) > LARGEST:
        return len(buffer)
    text = buffer.lstrip(b" \t\r\n\0\xef\xbb\xbf")
    if text and not text.startswith(b"<"):
        return len(buffer)
    root = _ROOT.search(buffer)
    if root is None:
        return None
    alone = re.compile(rb"<" + re.escape(root[1]) + rb"\s*/>").search(buffer, root.start())
    if alone is not None and alone.start() == root.start():
        return alone.end()
    end = re.compile(rb"</" + re.escape(root[1]) + rb"\s*>").search(buffer, root.end())
    return end.end() if end is not None else None


def without_password(document: bytes) -> bytes:
    """As it is kept and shown, as long as it was."""
    return _PASSWORD.sub(lambda found: found[1] + b"*" * len(found[2]), document)


def read(document: bytes, meaning: Meaning) -> Asked:
    """Never raises. An alarm in which something obligatory is missing is stored all the same and told so."""
    if len(document) > LARGEST:
        return Asked("alarmrequest", codes.TOO_LONG, reason=f"longer than {LARGEST} bytes")
    declared = _ENCODING.search(document[:200])
    encoding = ENCODINGS.get(declared[1].lower()) if declared else "latin-1"
    if encoding is None:
        return Asked("alarmrequest", codes.BAD_HEADER, reason="another encoding")
    try:
        root = xml.parse(document.lstrip(b"\xef\xbb\xbf"), _true_encoding(document, encoding))
    except xml.Unreadable as error:
        return Asked("alarmrequest", codes.BAD_XML, reason=str(error))
    kind, tags = xml.name(root), xml.flat(root)
    if kind not in MANDATORY:
        return Asked("alarmrequest", codes.WRONG_CONTENT, reason=f"<{kind[:40]}> is no request")
    there = {xml.name(child) for child in root}
    lacking = [name for name in MANDATORY[kind] if name not in there]
    code = tags.get("transmittercode", "")[:LONGEST_NUMBER]
    position = next((xml.flat(child).get("pos", "") for child in root if xml.name(child) == "position"), "")
    return Asked(
        kind=kind,
        status=codes.MISSING if lacking or not code else codes.OK,
        reference=tags.get("reference", "")[:50],
        password=tags.get("authentication", ""),
        code=code,
        message=_message(kind, tags, position, meaning) if code else None,
        reason=f"without {', '.join(lacking or ['transmittercode'])}" if lacking or not code else "",
        is_named="reference" in tags or "transmittertime" in tags,
    )


def _true_encoding(document: bytes, encoding: str) -> str:
    """Some say UTF-8 and write Latin-1."""
    try:
        document.decode(encoding)
    except UnicodeDecodeError:
        return "latin-1"
    return encoding


def _message(kind: str, tags: Mapping[str, str], position: str, meaning: Meaning) -> Message | None:
    number = tags["transmittercode"][:LONGEST_NUMBER]
    if kind == "requestnewauthentication":
        return None
    if kind == "pingrequest":
        return Message(number, SignalKind.HEARTBEAT)
    event = tags.get("eventcode", "")
    data: dict[str, Any] = {"code": event[:40]} if event else {}
    data |= {ours: tags[theirs][:LONGEST_TEXT] for theirs, ours in DATA.items() if tags.get(theirs, NOTHING) != NOTHING}
    is_over = tags.get("alarmtype", "AL").upper() == "RE"
    found = meaning.events.get(event.upper(), SignalKind.SOS)
    return Message(
        number,
        SignalKind.RESTORE if is_over and found is not SignalKind.TEST else found,
        occurred_at=_moment(tags.get("transmittertime", ""), meaning.zone),
        data=data | _spot(position),
    )


_WGS84 = re.compile(r"([NS])(\d{2})(\d{4})([EW])(\d{3})(\d{4})", re.ASCII)


def _spot(position: str) -> dict[str, Any]:
    """``NDDMMmmEDDDMMmm``; the other form (RT90) is a Swedish grid and is kept as it is."""
    if not position:
        return {}
    kept = {"position": position[:40]}
    found = _WGS84.fullmatch(position.upper())
    if found is None or int(found[3]) >= 6000 or int(found[6]) >= 6000:
        return kept
    lat = round(int(found[2]) + int(found[3]) / 6000, 6) * (-1 if found[1] == "S" else 1)
    lon = round(int(found[5]) + int(found[6]) / 6000, 6) * (-1 if found[4] == "W" else 1)
    return {**kept, "lat": lat, "lon": lon, "fix": "estimate"} if abs(lat) <= 90 and abs(lon) <= 180 else kept


def _moment(text: str, zone: tzinfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def answered(asked: Asked, status: int, at: datetime, password: str = "") -> bytes:
    """``password``: the new one, where one was asked for."""
    parts = [
        f"<reference>{escape(asked.reference)}</reference>",
        f"<status>{status}</status>",
        f"<info>{codes.WORDS[status]}</info>",
    ]
    if password:
        parts.append(f"<newauthentication>{escape(password)}</newauthentication>")
    parts.append(f"<arrivaltime>{at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S')}</arrivaltime>")
    name = codes.ANSWERS[asked.kind]
    document = f'<?xml version="1.0" encoding="ISO-8859-1"?><{name}>{"".join(parts)}</{name}>'
    return document.encode("latin-1", "xmlcharrefreplace")
