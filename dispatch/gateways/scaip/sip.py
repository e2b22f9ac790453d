"""As much of SIP as a receiver of alarms needs: requests in, one answer each, over streams and datagrams."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "l": "content-length",
    "c": "content-type",
    "m": "contact",
}
NEEDED = ("via", "from", "to", "call-id", "cseq")
PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    481: "Call/Transaction Does Not Exist",
}
AN_ANSWER = ""
"""Stands for the method of what is no request."""
ALLOW = "MESSAGE, OPTIONS"
_FIRST = re.compile(rb"([A-Za-z]{1,20}) (\S{1,512}) SIP/2\.0", re.IGNORECASE)
_USER = re.compile(r"<?sips?:([^@>;\s]{1,64})@", re.IGNORECASE)
_URI = re.compile(r"<?(sips?:[^>\s;]{1,200})", re.IGNORECASE)


class NotSip(ValueError):
    """These bytes are no message of SIP."""


@dataclass(frozen=True)
class Request:
    method: str
    headers: Mapping[str, list[str]]
    body: bytes

    def one(self, name: str) -> str:
        return self.headers.get(name, [""])[0]

    @property
    def caller(self) -> str:
        """The user in From."""
        found = _USER.search(self.one("from"))
        return found[1] if found else ""

    @property
    def missing(self) -> list[str]:
        return [name for name in NEEDED if not self.one(name)]


def cut(buffer: bytes) -> int | None:
    """How many bytes the first message of a stream has; None: more has to come. Raises ``NotSip``."""
    if buffer.startswith(PING):
        return len(PING)
    if buffer.startswith(PONG):
        return len(PONG)
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > 600 and b"SIP/2.0" not in buffer[:600]:
            raise NotSip("no SIP")
        return None
    length = _length(_headers(buffer[:end]))
    whole = end + 4 + (length or 0)
    return whole if len(buffer) >= whole else None


def parse(message: bytes) -> Request:
    """One message, in a datagram or cut from a stream. Raises ``NotSip``."""
    head, found, body = message.partition(b"\r\n\r\n")
    if not found:
        head, found, body = message.partition(b"\n\n")
    first = head.split(b"\n", 1)[0].strip()
    headers = _headers(head)
    length = _length(headers)
    if length is not None:
        body = body[:length]
    if first.upper().startswith(b"SIP/2.0 "):
        return Request(AN_ANSWER, headers, body)
    line = _FIRST.fullmatch(first)
    if line is None:
        raise NotSip("no request of SIP/2.0")
    return Request(line[1].decode("ascii").upper(), headers, body)


def _headers(head: bytes) -> dict[str, list[str]]:
    """By their long names in small letters; a line that begins with a blank belongs to the one before."""
    text = re.sub(r"\r?\n[ \t]+", " ", head.decode("utf-8", "replace"))
    found: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        name, colon, value = line.partition(":")
        if colon:
            key = name.strip().lower()
            found.setdefault(COMPACT.get(key, key), []).append(value.strip())
    return found


def _length(headers: Mapping[str, list[str]]) -> int | None:
    given = headers.get("content-length", [""])[0]
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 9):
        raise NotSip("Content-Length is no number")
    return int(given)


def answer(request: Request, status: int, peer: str, body: bytes = b"", kind: str = "") -> bytes:
    """``peer``: the address that it really came from, for the relays on the way back."""
    lines = [f"SIP/2.0 {status} {REASONS[status]}"]
    lines += [f"Via: {via}" for via in _back(request.headers.get("via", []), peer)]
    lines += [f"From: {request.one('from')}", f"To: {_tagged(request)}"]
    lines += [f"Call-ID: {request.one('call-id')}", f"CSeq: {request.one('cseq')}"]
    if status in (200, 405) and request.method != "MESSAGE":
        lines += [f"Allow: {ALLOW}"]
    if status in (200, 415) and not body:
        lines += ["Accept: application/scaip+xml"]
    if body:
        lines += [f"Content-Type: {kind}"]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def _back(vias: list[str], peer: str) -> list[str]:
    """RFC 3261 18.2.1 and RFC 3581: the first hop is told from where it was heard."""
    if not vias:
        return []
    first = vias[0]
    if f";received={peer}" not in first:
        before, comma, after = first.partition(",")
        first = f"{before};received={peer}{comma}{after}"
    return [first, *vias[1:]]


def _tagged(request: Request) -> str:
    to = request.one("to")
    return to if ";tag=" in to.lower() else f"{to};tag=dispatch"


@dataclass(frozen=True)
class Way:
    """How a message of our own gets back to whoever sent ``request``."""

    transport: str
    peer: str
    branch: str


def message_back(request: Request, way: Way, body: bytes, kind: str) -> bytes:
    """The other style of answering: a MESSAGE of our own, in the direction from which theirs came."""
    target = _URI.search(request.one("contact")) or _URI.search(request.one("from"))
    goal = target[1] if target else f"sip:{way.peer}"
    lines = [
        f"MESSAGE {goal} SIP/2.0",
        f"Via: SIP/2.0/{way.transport} dispatch.invalid;branch=z9hG4bK{way.branch};rport",
        "Max-Forwards: 70",
        f"From: {_tagged(request)}",
        f"To: {re.sub(r';tag=[^;,]*', '', request.one('from'), flags=re.IGNORECASE)}",
        f"Call-ID: {request.one('call-id')}",
        "CSeq: 1 MESSAGE",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
