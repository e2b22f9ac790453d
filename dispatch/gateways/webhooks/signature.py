"""How OneNET signs: base64 of MD5 over token, nonce and message. MD5 is their choice; the token is what keeps it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re

_MSG = re.compile(r'"msg"\s*:\s*')


def signature(token: str, nonce: str, msg: str) -> str:
    digest = hashlib.md5(f"{token}{nonce}{msg}".encode("utf-8", "replace"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(token: str, nonce: str, msg: str, given: str) -> bool:
    """In an address a plus may have become a blank."""
    return hmac.compare_digest(
        signature(token, nonce, msg).encode(), given.strip().replace(" ", "+").encode("utf-8", "replace")
    )


def is_signed_body(token: str, body: bytes) -> bool:
    """The newer platform signs a text, the older one an object, as it stands in the body, byte for byte; both sign what
    they have encrypted as the text that it is then. Nothing else is signed: not ``time``, and not ``id``.
    """
    try:
        text = body.decode("utf-8")
        outer = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(outer, dict):
        return False
    nonce, given = outer.get("nonce"), outer.get("signature") or outer.get("msg_signature")
    if not isinstance(nonce, str) or not isinstance(given, str):
        return False
    msg = outer.get("enc_msg", outer.get("msg"))
    if isinstance(msg, str):
        return is_signed(token, nonce, msg, given)
    return any(is_signed(token, nonce, one, given) for one in _objects(text))


def _objects(text: str) -> list[str]:
    """What stands behind ``"msg":``, as it was written."""
    found = []
    for place in list(_MSG.finditer(text))[:3]:
        try:
            _, end = json.JSONDecoder().raw_decode(text, place.end())
        except (ValueError, RecursionError):
            continue
        found.append(text[place.end() : end])
    return found
