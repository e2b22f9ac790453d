"""The Asterisk Manager Interface on the wire: lines of ``Name: value``, a blank line after each message. Pure."""

from __future__ import annotations

from collections.abc import Mapping

Packet = Mapping[str, str]
MOST_BYTES = 256 * 1024
"""Of one message. The longest that Asterisk sends are a few thousand."""


class Garbled(Exception):
    """The peer speaks something else, or has no end."""


class Feed:
    """Bytes in, messages out; keeps what has no end yet."""

    def __init__(self) -> None:
        self._rest = b""
        self.greeted = False
        """Whether the first line, which is no message, has been read."""

    def push(self, data: bytes) -> list[Packet]:
        """Raises ``Garbled``."""
        self._rest += data.replace(b"\r", b"")
        if not self.greeted:
            line, end, rest = self._rest.partition(b"\n")
            if not end:
                return self._unfinished()
            if line.startswith(b"Asterisk"):
                self._rest = rest
            elif b":" not in line:  # what stands in between, as a proxy, may greet late or not at all
                raise Garbled("this is no Asterisk Manager Interface")
            self.greeted = True
        *whole, self._rest = self._rest.split(b"\n\n")
        self._unfinished()
        return [packet for packet in map(_packet, whole) if packet]

    def _unfinished(self) -> list[Packet]:
        if len(self._rest) > MOST_BYTES:
            raise Garbled(f"a message of more than {MOST_BYTES} bytes")
        return []


def _packet(block: bytes) -> Packet:
    """A name that comes twice keeps its last value; a line without a name is left out."""
    found: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip()] = value.strip()
    return found


def action(name: str, action_id: str, **fields: str) -> bytes:
    """Raises ``ValueError`` for a value that would begin a line of its own."""
    lines = {"Action": name, "ActionID": action_id, **fields}
    if any("\r" in value or "\n" in value for value in lines.values()):
        raise ValueError("a value of an action has one line")
    return "".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n"
