"""The keys that telephones and identity numbers are sealed with, as settings write them: ``id:base64,id:base64``."""

from __future__ import annotations

import base64
import binascii
import re
import secrets

KEY_BYTES = 32
_ID = re.compile(r"[a-z0-9]{1,12}")
_HOW = (
    "set DISPATCH_DATA_KEYS to the output of `dispatch keys new` and keep it: "
    "without it the telephones and identity numbers in the database are lost"
)


def parse_keys(text: str) -> dict[str, bytes]:
    """Secrets by id in the order given: the first is active. Raises ValueError that says how to make one."""
    found: dict[str, bytes] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        key_id, _, encoded = part.partition(":")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            secret = b""
        if not _ID.fullmatch(key_id) or len(secret) != KEY_BYTES or key_id in found:
            raise ValueError(f"a key in DISPATCH_DATA_KEYS is malformed or stands twice: {_HOW}")
        found[key_id] = secret
    if not found:
        raise ValueError(f"DISPATCH_DATA_KEYS is empty: {_HOW}")
    return found


def new_key(key_id: str) -> str:
    """A fresh key. Raises ValueError for an id that is not 1 to 12 small letters and digits."""
    if not _ID.fullmatch(key_id):
        raise ValueError("the id of a key is 1 to 12 small letters and digits")
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
