"""OneNET's encrypted messages, as its own receivers open them: AES in CBC mode, PKCS#7, the IV out of the key. Pure.

The newer platform encrypts the text of ``msg`` with 16 characters. The older one brings ``enc_msg`` with a key of 43
characters of base64, and puts 16 random bytes and the length before the text.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from dispatch.gateways.mqtt.values import NotRead

BLOCK = 16
NEWER, OLDER = 16, 43
"""Characters of a key."""
LENGTH_AT, TEXT_AT = 16, 20


def key_of(text: str) -> bytes:
    """Raises ValueError."""
    if len(text) == NEWER and text.isascii():
        return text.encode()
    try:
        key = base64.b64decode(f"{text}=", validate=True) if len(text) == OLDER else b""
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError(f"a key of OneNET has {NEWER} characters, or {OLDER} on the older platform")
    return key


def opened(sealed: str, key: str, *, framed: bool) -> bytes:
    """The text inside. ``framed``: as the older platform packs it. Raises ``NotRead``."""
    if not key:
        raise NotRead("it is encrypted: put the key of the cloud into DISPATCH_GATEWAY_SECRETS, as onenet/aes:KEY")
    plain = _decrypted(sealed, key_of(key))
    if not framed:
        return plain
    length = int.from_bytes(plain[LENGTH_AT:TEXT_AT])
    if len(plain) < TEXT_AT + length:
        raise NotRead("it does not open with this key")
    return plain[TEXT_AT : TEXT_AT + length]


def _decrypted(sealed: str, key: bytes) -> bytes:
    try:
        data = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        raise NotRead("no msg: neither JSON nor base64") from None
    if not data or len(data) % BLOCK:
        raise NotRead("what is encrypted has no whole number of blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:BLOCK])).decryptor()
    unpadder = PKCS7(8 * BLOCK).unpadder()
    try:
        return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise NotRead("it does not open with this key") from None
