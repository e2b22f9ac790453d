"""Telephones and identity numbers as they lie in the database: sealed, and found again by a keyed index.

This module alone knows the cipher: AES-256-GCM, with keys that HKDF-SHA256 derives from each data key. A sealed value
is ``<key id>.<base64 of nonce and ciphertext>`` and is bound to its column, so that it cannot be moved to another one.
What must be found by its whole value, or a telephone by its last four digits, has a *blind index* beside it: an HMAC
that says nothing without the key. Another cipher (SM4) would be another ``_Key``; the key's id tells them apart.

The ring of keys is one for the process: a column type is made when its table is, long before there are settings.
``bootstrap.centre.centre_of`` calls ``use``; nothing else does, outside of the tests of this module.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from dispatch.domain.datakeys import KEY_BYTES

log = structlog.get_logger()

NONCE_BYTES = 12
INDEX_BYTES = 16
INDEX_LENGTH = 22
"""Characters of a blind index."""
TAIL = 4
"""Characters of the ending of a telephone or an identity number that its index knows."""


class CannotOpen(Exception):
    """A value was sealed with a key that is not in the ring, or it was changed."""


@dataclass(frozen=True)
class _Key:
    id: str
    cipher: AESGCM
    index: bytes

    @classmethod
    def derive(cls, key_id: str, secret: bytes) -> _Key:
        def derived(purpose: bytes) -> bytes:
            return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"dispatch/" + purpose).derive(secret)

        return cls(key_id, AESGCM(derived(b"seal")), derived(b"index"))

    def blind(self, kind: str, value: str) -> str:
        digest = hmac.digest(self.index, f"{kind}:{value}".encode(), hashlib.sha256)[:INDEX_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Keyring:
    """Data keys by their ids; the first seals, all open."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = {key_id: _Key.derive(key_id, secret) for key_id, secret in keys.items()}
        self.active = next(iter(self._keys.values()))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def seal(self, value: str, column: str) -> str:
        nonce = os.urandom(NONCE_BYTES)  # 96 random bits: good for 2^32 values a key
        sealed = nonce + self.active.cipher.encrypt(nonce, value.encode(), column.encode())
        return f"{self.active.id}.{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, column: str) -> str:
        """Raises ``CannotOpen``."""
        key_id, _, encoded = sealed.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise CannotOpen(f"the data key {key_id[:12]!r} is not in DISPATCH_DATA_KEYS")
        try:
            body = base64.b64decode(encoded, validate=True)
            return key.cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], column.encode()).decode()
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise CannotOpen(f"a value sealed with the data key {key_id!r} does not open") from error

    def seal_bytes(self, piece: bytes, place: str) -> bytes:
        """A piece of a file; ``place`` says which file and which piece, so that none can stand for another."""
        nonce = os.urandom(NONCE_BYTES)
        return f"{self.active.id}.".encode() + nonce + self.active.cipher.encrypt(nonce, piece, place.encode())

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """Raises ``CannotOpen``."""
        key_id, _, body = sealed.partition(b".")
        key = self._keys.get(key_id.decode("ascii", "replace"))
        if key is None:
            raise CannotOpen("a file was sealed with a data key that is not in DISPATCH_DATA_KEYS")
        try:
            return key.cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("a sealed file does not open") from error

    def blind(self, kind: str, value: str) -> str:
        return self.active.blind(kind, value)

    def blinds(self, kind: str, value: str) -> list[str]:
        """One for each key: while keys are being rotated, rows of both stand side by side."""
        return [key.blind(kind, value) for key in self._keys.values()]


class _Ring:
    keys: Keyring | None = None


def use(keys: Keyring) -> None:
    _Ring.keys = keys


def keyring() -> Keyring:
    if _Ring.keys is None:
        raise RuntimeError("no data keys: centre_of gives them")
    return _Ring.keys


class _Uncomparable(TypeDecorator.Comparator[str]):
    """Two seals of one value differ, so a comparison would find nothing, ever: an error is better than that."""

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        if op in (operators.is_, operators.is_not):
            return super().operate(op, *other, **kwargs)
        raise TypeError("a sealed column cannot be compared: use has_phone() and the like on its index")

    reverse_operate = operate


class Sealed(TypeDecorator[str]):
    """Text in Python, ciphertext in the database. ``column`` (``table.column``) is part of what is authenticated."""

    impl = Text
    cache_ok = True
    comparator_factory = _Uncomparable

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().seal(value, self.column)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """None, and an error in the log, for what does not open.

        An alarm whose elder's telephone cannot be read must still reach the screen. Whoever starts the centre with the
        wrong keys is refused before that (``services.register.keys.refuse_wrong_keys``).
        """
        if value is None:
            return None
        try:
            return keyring().open(value, self.column)
        except CannotOpen as error:
            log.error("seal_cannot_be_opened", column=self.column, reason=str(error))
            return None


def phone_index(phone: str | None) -> str | None:
    """Of a whole telephone number; the same in every table."""
    return None if not phone else keyring().blind("phone", phone)


def tail_index(phone: str | None) -> str | None:
    """Of a telephone number's last four digits; None for what is too short to have them."""
    return None if not phone or len(phone) <= TAIL else keyring().blind("tail", phone[-TAIL:])


def identity_index(number: str | None) -> str | None:
    return None if not number else keyring().blind("identity", number)


def identity_tail_index(number: str | None) -> str | None:
    """Of an identity number's last four characters."""
    return None if not number or len(number) <= TAIL else keyring().blind("identity_tail", number[-TAIL:])


def has_phone(index: InstrumentedAttribute[Any], phone: str) -> ColumnElement[bool]:
    return index.in_(keyring().blinds("phone", phone))


def has_tail(index: InstrumentedAttribute[Any], digits: str) -> ColumnElement[bool]:
    """Telephones that end in these last four digits."""
    return index.in_(keyring().blinds("tail", digits[-TAIL:]))


def has_identity(index: InstrumentedAttribute[Any], number: str) -> ColumnElement[bool]:
    return index.in_(keyring().blinds("identity", number))


def has_identity_tail(index: InstrumentedAttribute[Any], ending: str) -> ColumnElement[bool]:
    """Identity numbers that end in the last four characters of this."""
    return index.in_(keyring().blinds("identity_tail", ending[-TAIL:]))
