"""XML of strangers: no entities, no document types, in the encoding that it says or, failing that, in Latin-1."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring


class Unreadable(ValueError):
    """Not XML, or XML that wants something from us."""


def parse(body: bytes, encoding: str | None = None) -> Element:
    """``encoding``: what the protocol demands, whatever the text says of itself. Raises ``Unreadable``."""
    text = body.strip(b" \t\r\n\0")
    if encoding is not None:
        return _parsed(_declared(text).decode(encoding, "replace").encode())
    try:
        return _parsed(text)
    except Unreadable:
        if text.isascii():
            raise
        return _parsed(_declared(text).decode("latin-1").encode())


def _declared(text: bytes) -> bytes:
    """Without its own word about its encoding."""
    if text.startswith(b"<?xml") and b"?>" in text:
        return text.partition(b"?>")[2]
    return text


def _parsed(text: bytes) -> Element:
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreadable(f"no XML: {type(error).__name__}") from error
    assert isinstance(root, Element)
    return root


def name(element: Element) -> str:
    """Without a namespace, in small letters."""
    return str(element.tag).rpartition("}")[2].lower()


def flat(element: Element) -> dict[str, str]:
    """The texts of the elements directly below, trimmed, the first of each name; without those that are empty."""
    found: dict[str, str] = {}
    for child in element:
        value = printable(child.text or "")
        if value and name(child) not in found:
            found[name(child)] = value
    return found


def printable(text: str) -> str:
    return "".join(_shown(text)).strip()


def _shown(text: str) -> Iterator[str]:
    for letter in text:
        yield letter if letter.isprintable() or letter == "\n" else " "
