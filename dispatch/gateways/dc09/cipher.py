"""AES as DC-09 wants it: CBC with an IV of zeros, keys of 16, 24 or 32 bytes, everything in hexadecimal. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from dispatch.gateways.dc09.frames import Unreadable

IV = bytes(16)
LENGTHS = (16, 24, 32)
AS_HEX = re.compile(r"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{48}|[0-9A-Fa-f]{64})\Z")
PADDING = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def key_of(text: str) -> bytes:
    """32, 48 or 64 hexadecimal digits; else, or after ``text:``, its own 16, 24 or 32 bytes. Raises ValueError."""
    key = bytes.fromhex(text) if AS_HEX.match(text) else text.removeprefix("text:").encode()
    if len(key) not in LENGTHS:
        raise ValueError("a key has 16, 24 or 32 bytes, or as many pairs of hexadecimal digits")
    return key


def keys_of(secrets_: Mapping[str, str]) -> dict[str, bytes]:
    """By account; "" is the key of all accounts that have none of their own. Raises ValueError."""
    found = {}
    for account, text in secrets_.items():
        try:
            found[account] = key_of(text)
        except ValueError as error:
            raise ValueError(f"DISPATCH_GATEWAY_SECRETS, the key of account {account or 'any'}: {error}") from error
    return found


def opened(content: str, key: bytes) -> str:
    """What stands behind the padding. Raises ``Unreadable``."""
    try:
        sealed = bytes.fromhex(content.strip().removesuffix("]"))
    except ValueError:
        raise Unreadable("what should be encrypted is not hexadecimal", "NAK") from None
    if not sealed or len(sealed) % 16:
        raise Unreadable("what is encrypted has no whole number of blocks", "NAK")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(IV)).decryptor()
    padding, bar, plain = (decryptor.update(sealed) + decryptor.finalize()).decode("latin-1").partition("|")
    if not bar or len(padding) > 16:
        raise Unreadable("it does not open with the key of its account", "NAK")
    return plain


def sealed(plain: str, key: bytes) -> str:
    """``plain`` behind its bar, filled up with at least one character that means nothing."""
    data = f"|{plain}".encode("latin-1", "replace")
    filling = "".join(secrets.choice(PADDING) for _ in range(16 - len(data) % 16))
    encryptor = Cipher(algorithms.AES(key), modes.CBC(IV)).encryptor()
    return (encryptor.update(filling.encode() + data) + encryptor.finalize()).hex().upper()
