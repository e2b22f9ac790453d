"""Alarm transmitters of SOS Access v4 over TCP or TLS: one document a connection, answered when it is stored."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from dispatch.domain.listening import Setup, Unknown
from dispatch.domain.signals import SignalKind
from dispatch.gateways import tls
from dispatch.gateways.copies import Copies
from dispatch.gateways.frame import Corridor, Message, Outcome
from dispatch.gateways.sockets import Limits, Reply, Where, serve_tcp
from dispatch.gateways.sos_access import codes
from dispatch.gateways.sos_access.reading import (
    LARGEST,
    Asked,
    Meaning,
    answered,
    read,
    whole,
    without_password,
)

OPTIONS: Mapping[str, Any] = {"timezone": "UTC", "events": {}, "any_password": False, **tls.OPTIONS}
SAME_WITHIN = timedelta(minutes=2)
"""A transmitter tries each of its two receivers three times, ten seconds each."""
PASSWORD_LETTERS = 15
KEY = "key"
"""The part of the secrets from which new passwords are made."""


@dataclass(frozen=True)
class Passwords:
    """Who may send: by the password that all are installed with, by one's own, or by the one that was given on request.

    A given password is derived and not stored: the same transmitter is given the same one after every restart.
    """

    secrets: Mapping[str, str]
    any: bool

    def fits(self, code: str, password: str) -> bool:
        if self.any:
            return True
        own = self.secrets.get(code) if code != KEY else None
        known = [own] if own is not None else [self.secrets.get("", ""), self.new(code)]
        return any(hmac.compare_digest(one.encode(), password.encode()) for one in known if one)

    def new(self, code: str) -> str:
        """ "" where none can be given."""
        key = self.secrets.get(KEY, "")
        if not key:
            return ""
        digest = hmac.new(key.encode(), f"sos access {code}".encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode("ascii")[:PASSWORD_LETTERS]


class SosAccessListener:
    def __init__(self, setup: Setup) -> None:
        options = setup.chosen(OPTIONS)
        if not setup.secrets and not options["any_password"]:
            raise ValueError(
                f"no password: put {setup.name}:PASSWORD into DISPATCH_GATEWAY_SECRETS, or set any_password"
            )
        events = {name.upper(): SignalKind(kind) for name, kind in options["events"].items()}
        self._meaning = Meaning({**codes.EVENTS, **events}, ZoneInfo(options["timezone"]))
        self._passwords = Passwords(setup.secrets, options["any_password"])
        self._unknown = setup.unknown
        self._where = Where("sos_access", setup.host, setup.port, Limits(message=2 * LARGEST, idle=30.0))
        self._tls = tls.context_of(options)
        self._tls_port = options["tls_port"]
        self._copies = Copies(SAME_WITHIN)

    async def run(self, corridor: Corridor) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(serve_tcp(self._where, corridor, lambda source: Talk(source, corridor, self)))
            if self._tls is not None:
                where = replace(self._where, port=self._tls_port, tls=self._tls)
                group.create_task(serve_tcp(where, corridor, lambda source: Talk(source, corridor, self)))

    def understand(self, document: bytes) -> Asked:
        return read(document, self._meaning)

    def may(self, asked: Asked) -> bool:
        return self._passwords.fits(asked.code, asked.password)

    def password(self, asked: Asked) -> str:
        return self._passwords.new(asked.code)

    def named(self, message: Message, asked: Asked, raw: bytes, at: datetime) -> Message:
        """Without a time or a reference two presses look the same: then each is one of its own."""
        if not asked.is_named or message.kind is SignalKind.HEARTBEAT:
            return message
        event = (message.device, hashlib.sha256(raw).digest())
        return replace(message, event_id=self._copies.name(event, f"{asked.reference}:{uuid4().hex}", at))

    def status(self, outcome: Outcome, asked: Asked) -> int:
        if outcome is Outcome.NOT_TREATED:
            return codes.NOT_TREATED
        if outcome is Outcome.UNKNOWN and self._unknown is Unknown.REFUSE:
            return codes.NOT_TREATED
        return asked.status


class Talk:
    def __init__(self, source: str, corridor: Corridor, listener: SosAccessListener) -> None:
        self._source = source
        self._corridor = corridor
        self._listener = listener

    def cut(self, buffer: bytearray) -> bytes | None:
        size = whole(bytes(buffer)) if buffer else None
        if size is None:
            return None
        document = bytes(buffer[:size])
        del buffer[:]  # one document a connection
        return document

    async def heard(self, message: bytes) -> Reply:
        at = datetime.now(UTC)
        asked = self._listener.understand(message)
        message = without_password(message)
        password = ""
        if asked.code and not self._listener.may(asked):
            await self._corridor.unreadable(self._source, message, "wrong password", at)
            status = codes.NOT_AUTHORISED
        elif asked.kind == "requestnewauthentication" and asked.status == codes.OK:
            password = self._listener.password(asked)
            status = codes.OK if password else codes.UNAVAILABLE
        elif asked.message is None:
            outcome = await self._corridor.unreadable(self._source, message, asked.reason, at)
            status = self._listener.status(outcome, asked)
        else:
            news = self._listener.named(asked.message, asked, message, at)
            outcome = await self._corridor.take(self._source, message, [news], at)
            status = self._listener.status(outcome, asked)
        return Reply(answered(asked, status, at, password), close=True)
