"""What a request stands in: the centre, the time, and who asks."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flask import current_app, g, request, session

from dispatch.domain.actor import Actor, require
from dispatch.domain.errors import Forbidden, Invalid, StepFirst, Unauthenticated
from dispatch.domain.messages import PhoneNetwork
from dispatch.domain.permissions import May
from dispatch.domain.trial import Reader
from dispatch.domain.webhooks import Source
from dispatch.gateways.trial import Trial
from dispatch.services import accounts
from dispatch.services.access import sessions
from dispatch.services.access.sessions import Door, Visit
from dispatch.services.access.throttle import OnceAWhile
from dispatch.services.accounts import Person
from dispatch.services.centre import Centre
from dispatch.services.devices.meanings import Followed
from dispatch.services.together import Together
from dispatch.services.work import Act
from dispatch.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_TTL = 10.0
LONGEST_KEY = 200
LONGEST_IDLE = 7 * 86_400


@dataclass(frozen=True)
class Context:
    centre: Centre
    settings: Settings
    network: PhoneNetwork
    together: Together
    build: str
    refusals: OnceAWhile = field(default_factory=OnceAWhile)
    webhooks: Mapping[str, Source] = field(default_factory=dict)
    """The clouds that may bring what devices said, by name."""
    reader: Reader = field(default_factory=lambda: Trial({}, {}))
    """Reads what devices said lately once more, for whoever tries another mapping."""
    followed: Followed = field(default_factory=Followed)
    out_of_time: OnceAWhile = field(default_factory=lambda: OnceAWhile(timedelta(hours=1)))
    """Of one device with a wrong clock an operator sees one message an hour."""


class TokenCache:
    """Machines send their token with every message; a revoked one is noticed within ten seconds."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Actor]] = {}
        self._lock = threading.Lock()

    def actor(self, centre_: Centre, token: str) -> Actor:
        key = accounts.digest(token)
        with self._lock:
            found = self._known.get(key)
        if found is not None and time.monotonic() - found[0] < TOKEN_TTL:
            return found[1]
        actor_ = accounts.machine_by_digest(centre_, key)
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = (time.monotonic(), actor_)
        return actor_


tokens = TokenCache()


def context() -> Context:
    found = current_app.extensions["dispatch"]
    assert isinstance(found, Context)
    return found


def centre() -> Centre:
    return context().centre


def now() -> datetime:
    return datetime.now(UTC)


def bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def door() -> Door:
    return Door(request.remote_addr or "", request.headers.get("User-Agent", ""))


def remember(person_: Person, how: str = "password") -> str:
    """Begin a session for ``person_``; returns the CSRF token that every change must carry."""
    session.clear()
    session["key"] = sessions.begin(centre(), person_, door(), now(), how)
    session["csrf"] = secrets.token_urlsafe(24)
    session.permanent = True
    g.pop("visit", None)
    return str(session["csrf"])


def visit() -> Visit:
    """The session of this request. Raises ``Unauthenticated``."""
    if "visit" not in g:
        if "key" not in session:
            raise Unauthenticated("sign in first")
        g.visit = sessions.find(centre(), str(session["key"]), now(), _idle())
    found = g.visit
    assert isinstance(found, Visit)
    return found


def _idle() -> timedelta:
    """How long ago somebody last touched the console, which also asks by itself."""
    said = request.headers.get("X-Idle-Seconds", "")
    return timedelta(seconds=min(int(said), LONGEST_IDLE)) if said.isascii() and said.isdigit() else timedelta(0)


def myself() -> Visit:
    """The signed-in person, for their own account alone: also before a step that must be done first."""
    found = visit()
    if request.method not in SAFE and not secrets.compare_digest(
        request.headers.get("X-CSRF-Token", "").encode(), str(session.get("csrf", "")).encode()
    ):
        raise Forbidden("the page is out of date (CSRF token): reload it")
    return found


def actor() -> Actor:
    """Who asks: a machine by its token, or a person by the cookie, whose changes must carry the CSRF token."""
    token = bearer()
    if token is not None:
        return tokens.actor(centre(), token)
    found = myself().person
    if found.pending is not None:
        raise StepFirst("one more step before you can begin", pending=found.pending.value)
    return found.actor


def allowed(*what: May) -> Actor:
    """Who asks, if they may do one of ``what``. Raises ``Unauthenticated`` or ``Forbidden``. Every route calls this
    first; the table in tests/api/test_matrix.py says which route asks for what.
    """
    return require(actor(), *what)


def act(version: int | None = None, *, may: May = May.CASES_WORK) -> Act:
    """Who does something now, if they may."""
    doer = allowed(may)
    return Act(doer, now(), version, idempotency_key())


def idempotency_key() -> str | None:
    """The request's own name for what it wants done once. Raises ``Invalid``."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Invalid("Idempotency-Key", "malformed", "send 1 to 200 printable ASCII characters, such as a UUID")
    return key


def photo_sent() -> bytes:
    """The picture of a multipart form, its field ``photo``. Raises ``Invalid``."""
    sent = request.files.get("photo")
    if sent is None:
        raise Invalid("photo", "missing", "send the picture as the field `photo` of a multipart form")
    found: bytes = sent.read()
    return found
