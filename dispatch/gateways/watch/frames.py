"""Where one frame of a watch ends and the next begins: ``[MM*ID*[IDX*]LLLL*content]``, in whatever pieces it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = re.compile(rb"\[([A-Za-z0-9]{2})\*([A-Za-z0-9]{4,20})\*(?:([0-9A-Fa-f]{4})\*)?([0-9A-Fa-f]{4})\*")
LONGEST_HEADER = 40
LONGEST = 0xFFFF + LONGEST_HEADER + 1
"""Bytes of one frame."""
BINARY = frozenset({b"TK", b"JXTK", b"IMG"})
"""What carries sound or pictures, in which a bracket means nothing."""
BETWEEN = b"\r\n\t \0"
"""What some put between frames, and what means nothing."""
ESCAPES = {1: b"}", 2: b"[", 3: b"]", 4: b",", 5: b"*"}
_NOT_A_NAME = re.compile(r"[^A-Z0-9_-]")
_ESCAPED = re.compile(rb"\}([\x01-\x05])")


@dataclass(frozen=True)
class Frame:
    raw: bytes
    maker: str
    device: str
    index: str | None
    kind: str
    """In capitals, as makers write ``heart`` and ``HEART`` for the same."""
    body: bytes
    """What follows the first comma."""
    right_length: bool = True


@dataclass(frozen=True)
class Junk:
    """Bytes that belong to no frame."""

    raw: bytes
    reason: str


def first(buffer: bytes) -> Frame | Junk | None:
    """What stands at the front of ``buffer``, which begins with no blank; None: more has to come.

    A length that is wrong is seen by the bracket that does not stand where it says. What is then taken for the end of a
    text: a bracket behind which nothing has come yet, or the next frame. To wait for the promised bytes would leave an
    alarm unanswered for ever.
    """
    start = buffer.find(b"[")
    if start:
        return Junk(buffer if start < 0 else buffer[:start], "bytes outside of any frame")
    header = HEADER.match(buffer)
    if header is None:
        following = buffer.find(b"[", 1)
        if len(buffer) < LONGEST_HEADER and b"]" not in buffer and following < 0:
            return None
        return Junk(buffer[: following if following > 0 else len(buffer)], "no header [MM*ID*LLLL*")
    end = _end(buffer, header.end(), header.end() + int(header[4], 16))
    return None if end is None else _frame(buffer[: end + 1], header)


def _end(buffer: bytes, begin: int, promised: int) -> int | None:
    """Where the closing bracket stands."""
    if promised < len(buffer) and buffer[promised] == ord("]"):
        return promised
    if promised >= len(buffer) and _kind(buffer[begin:]) in BINARY:
        return None
    at = buffer.find(b"]", begin)
    while at >= 0:
        behind = buffer[at + 1 : at + 2]
        if not behind or behind == b"[":
            return at
        at = buffer.find(b"]", at + 1)
    return None


def _kind(content: bytes) -> bytes:
    return content[:16].partition(b",")[0].partition(b"]")[0].upper()


def _frame(raw: bytes, header: re.Match[bytes]) -> Frame:
    content = raw[header.end() : -1]
    kind, _, body = content.partition(b",")
    return Frame(
        raw=raw,
        maker=header[1].decode("ascii"),
        device=header[2].decode("ascii"),
        index=header[3].decode("ascii") if header[3] else None,
        kind=_NOT_A_NAME.sub("?", kind.strip().decode("ascii", "replace").upper()[:32]),
        body=_ESCAPED.sub(lambda found: ESCAPES[found[1][0]], body),
        right_length=len(content) == int(header[4], 16),
    )


def answer(frame: Frame, content: str) -> bytes:
    """``content`` for the device that sent ``frame``, in the form in which it writes."""
    index = f"{frame.index}*" if frame.index is not None else ""
    return f"[{frame.maker}*{frame.device}*{index}{len(content):04X}*{content}]".encode("ascii")
