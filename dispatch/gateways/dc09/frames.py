"""The outer form of SIA DC-09: where a frame begins and ends, its checksum and length, what its head says. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

LONGEST = 8 * 1024
HEAD = re.compile(rb'(?:\n|\A)(?:(?P<hex>[0-9A-Fa-f]{4})|(?P<binary>[\x00-\xff]{2}))(?P<length>[0-9A-Fa-f]{4})(?=")')
"""Some panels send the checksum as two bytes, of which each may be any, a line feed too."""
HEARTBEAT = re.compile(rb"SR\d{4}L\d{4}\s+(?P<account>\w{1,16})\s+\[ID[0-9A-Fa-f]{1,16}\]\s?")
"""What Osborne-Hoffman's transmitters send on the same port to say that they live."""
BODY = re.compile(
    r'"(?P<star>\*?)(?P<token>[A-Z0-9-]{1,16})"(?P<sequence>[0-9]{4})(?P<receiver>R[0-9A-Fa-f]{1,6})?'
    r"(?P<line>L[0-9A-Fa-f]{1,6})?(?:#(?P<account>[0-9A-Za-z]{1,16}))?\[(?P<content>.*)\Z",
    re.DOTALL,
)


class Unreadable(ValueError):
    """``answer``: the word that its sender hears; empty: none, since nobody can know who it was."""

    def __init__(self, reason: str, answer: str = "") -> None:
        super().__init__(reason)
        self.answer = answer


@dataclass(frozen=True)
class Frame:
    token: str
    encrypted: bool
    sequence: str
    receiver: str
    """With its R, as it came; empty where there was none."""
    line: str
    account: str
    content: str
    """All behind the opening bracket."""
    binary: bool
    """Its checksum came as two bytes, and so it wants ours."""
    length_is_wrong: bool


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)  # noqa: PLW2901
        table.append(byte)
    return table


TABLE = _table()


def crc(data: bytes | bytearray) -> int:
    """CRC-16 with the polynomial 0xA001, reflected, from 0."""
    found = 0
    for byte in data:
        found = found >> 8 ^ TABLE[(found ^ byte) & 0xFF]
    return found


def cut(buffer: bytearray) -> bytes | None:
    """Take one frame, with whatever stands before it, off the front; or a line that is none. None: not whole yet."""
    head, alive = HEAD.search(buffer), HEARTBEAT.search(buffer)
    if alive is not None and (head is None or alive.start() < head.start()):
        return _take(buffer, alive.end())
    if head is None:
        return _rubbish(buffer)
    end = buffer.find(b"\r", head.end())
    if end >= 0:
        return _take(buffer, end + 1)
    return None


def cut_open_end(buffer: bytearray) -> bytes | None:
    """A frame whose sender never says that it is over (one of the trade's own test programs): its checksum tells."""
    head = HEAD.search(buffer)
    if head is None or b"\r" in buffer[head.end() :] or crc(buffer[head.end() :]) != _told(head):
        return None
    return _take(buffer, len(buffer))


def _rubbish(buffer: bytearray) -> bytes | None:
    """A line without a head is over at its end. What may still become a checksum of two bytes is no end."""
    end = buffer.find(b"\r")
    while end >= 0 and buffer.rfind(b"\n", 0, end) >= max(0, end - 2) and len(buffer) < end + 8:
        end = buffer.find(b"\r", end + 1)
    return _take(buffer, end + 1) if end >= 0 else None


def _take(buffer: bytearray, end: int) -> bytes:
    taken = bytes(buffer[:end])
    del buffer[:end]
    return taken


def _told(head: re.Match[bytes]) -> int:
    return int(head["hex"], 16) if head["hex"] else int.from_bytes(head["binary"], "big")


def read(raw: bytes, *, strict_length: bool = False) -> Frame:
    """Raises ``Unreadable``."""
    head = HEAD.search(raw)
    if head is None:
        raise Unreadable("it is no frame of DC-09")
    body = raw[head.end() :].removesuffix(b"\r")
    if crc(body) != _told(head):
        raise Unreadable("its checksum is wrong")
    wrong = int(head["length"], 16) != len(body)
    if wrong and strict_length:
        raise Unreadable("its length is wrong")
    found = BODY.match(body.decode("latin-1"))
    if found is None:
        raise Unreadable("its head cannot be read", "NAK")
    return Frame(
        token=found["token"],
        encrypted=bool(found["star"]),
        sequence=found["sequence"],
        receiver=found["receiver"] or "",
        line=found["line"] or "",
        account=found["account"] or "",
        content=found["content"],
        binary=head["binary"] is not None,
        length_is_wrong=wrong,
    )


def written(body: str, *, binary: bool = False) -> bytes:
    data = body.encode("latin-1")
    check = crc(data)
    return b"\n" + (check.to_bytes(2, "big") if binary else b"%04X" % check) + b"%04X" % len(data) + data + b"\r"


def stamp(now: datetime) -> str:
    return now.strftime("_%H:%M:%S,%m-%d-%Y")


def nak(now: datetime, *, binary: bool = False) -> bytes:
    """Says what time it is here, so that the sender can correct its clock and say it again."""
    return written(f'"NAK"0000R0L0A0[]{stamp(now)}', binary=binary)
