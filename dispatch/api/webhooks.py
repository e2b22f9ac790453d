"""Where clouds bring what devices said to them: known by signature or token, answered when it is stored, and soon."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import bearer, centre, context, now
from dispatch.api.problems import AWAY, problem
from dispatch.api.schemas import Model, Problem
from dispatch.domain.errors import Forbidden, NotFound
from dispatch.domain.signals import Effect, effect
from dispatch.domain.webhooks import Form, Source
from dispatch.gateways.frame import OURS, Message
from dispatch.gateways.mqtt.understand import Last, Said, understand
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.webhooks import forms
from dispatch.gateways.webhooks.signature import is_signed, is_signed_body
from dispatch.services import spool
from dispatch.services.devices import said as before
from dispatch.services.intake import Incoming, keep_unreadable, new_signal_id

log = structlog.get_logger()
api = APIBlueprint("webhooks", __name__, url_prefix="/webhooks", abp_tags=[Tag(name="gateways")])
HEADER = "X-Webhook-Token"
OUT_OF_TIME = (
    "its time is more than {minutes} minutes off: a copy that somebody brings again, a delivery that was late, or a "
    "device with a wrong clock. Nothing in it was believed that could calm"
)


class SourcePath(Model):
    source: str


class TokenPath(SourcePath):
    token: str


class Taken(Model):
    signals: int
    """What is stored of it, heartbeats too."""
    kept: bool = False
    """It could not be read, and waits for an operator: to send it again would change nothing."""


ANSWERS: dict[int | str, Any] = {200: Taken, 403: Problem, 404: Problem, 413: Problem, 503: Problem}


@api.get("/<source>", summary="OneNET asks whether we are there", responses={200: None, 403: Problem, 404: Problem})
def get_check(path: SourcePath) -> Response:
    """Answers ``msg``, when it is signed with the token that was agreed on."""
    source = _source(path.source)
    if source.form is not Form.ONENET:
        raise NotFound("this source asks nothing")
    given = {name: request.args.get(name, "") for name in ("msg", "nonce", "signature")}
    if not is_signed(source.secret, given["nonce"], given["msg"], given["signature"]):
        raise Forbidden("wrong signature")
    return Response(given["msg"], 200, mimetype="text/plain")


@api.post("/<source>", summary="What devices said to a cloud", responses=ANSWERS)
def post_webhook(path: SourcePath) -> Response:
    """CTWing, OneNET, The Things Stack, Traccar or a plain form, as ``config/webhooks.yaml`` says of ``source``.

    The token comes as ``Authorization: Bearer``, as ``X-Webhook-Token``, as ``?token=`` or behind the address.
    """
    return _take(path.source, bearer() or request.headers.get(HEADER) or request.args.get("token", ""))


@api.post("/<source>/<token>", summary="The same, with the token in the address", responses=ANSWERS)
def post_webhook_with_token(path: TokenPath) -> Response:
    """For clouds that can be told an address and nothing else."""
    return _take(path.source, path.token)


def _source(name: str) -> Source:
    """Raises ``NotFound`` for one that is not on, ``Forbidden`` for a caller from elsewhere."""
    source = context().webhooks.get(name)
    if source is None:
        raise NotFound("no such source is switched on here")
    if not source.is_allowed(request.remote_addr or ""):
        raise Forbidden("not from this address")
    return source


def _take(name: str, token: str) -> Response:
    at = now()
    source = _source(name)
    request.max_content_length = sys.maxsize  # also of a message that is far too large the beginning is kept
    raw = request.stream.read(forms.LARGEST + 1)
    if source.form is Form.ONENET:
        if not is_signed_body(source.secret, raw):
            raise Forbidden("wrong signature")
    elif not secrets.compare_digest(token.encode("utf-8", "replace"), source.secret.encode()):
        raise Forbidden("wrong token")
    if len(raw) > forms.LARGEST:
        _keep(source, raw, f"longer than {forms.LARGEST} bytes", at)
        return problem(413, "too-long", "Too long", f"a message has at most {forms.LARGEST} bytes")
    try:
        said = forms.read(source, raw)
    except NotRead as reason:
        return _unread(source, raw, str(reason), at)
    except Exception:
        log.exception("webhook_not_read", source=source.name)
        return _unread(source, raw, OURS, at)
    stored, refused, failed = _stored(source, said, raw, at)
    if failed:
        return _unread(source, raw, OURS, at, stored)
    if [device for device in refused if context().out_of_time.is_new((source.name, device), at)]:
        minutes = round(source.window.total_seconds() / 60)
        return _unread(source, raw, OUT_OF_TIME.format(minutes=minutes), at, stored)
    return jsonify(Taken(signals=stored).model_dump())


def _stored(source: Source, said: list[Said], raw: bytes, at: datetime) -> tuple[int, set[str], bool]:
    """How many were, of which devices something was not believed since its time is wrong, and whether we failed at one.

    One that we fail at takes nothing from the others of the same delivery.
    """
    stored = 0
    refused: set[str] = set()
    failed = False
    for one in said:
        try:
            messages = _understood(source, one, raw, at)
        except AWAY:
            raise
        except Exception:
            log.exception("webhook_not_understood", source=source.name)
            failed = True
            continue
        for message in messages:
            if source.is_out_of_time(one.occurred_at, at) and effect(message.kind) is not Effect.ALARM:
                refused.add(message.device)
                continue
            _store(_incoming(source, message, raw, at))
            stored += 1
    return stored, refused, failed


def _unread(source: Source, raw: bytes, reason: str, at: datetime, stored: int = 0) -> Response:
    try:
        _keep(source, raw, reason, at)
    except AWAY:
        return problem(503, "database-away", "The database is away", "the message could not be kept: send it again")
    return jsonify(Taken(signals=stored, kept=True).model_dump())


def _keep(source: Source, raw: bytes, reason: str, at: datetime, about: Mapping[str, str] | None = None) -> None:
    keep_unreadable(centre(), raw, _name(source), reason, at, about=about)
    log.warning("webhook_unreadable", source=source.name, size=len(raw))


def _understood(source: Source, said: Said, raw: bytes, at: datetime) -> tuple[Message, ...]:
    """What it means. Without the database nobody knows what the device said before: then every alarm is news."""
    words = context().followed.mapping(centre()).of(said.device, *said.models)
    mapped = forms.as_mapped(said, words)
    try:
        states = before.states(centre(), said.device, at) if mapped.states else {}
    except AWAY:
        states = {}
    found = understand(mapped, words, Last(states), at)
    if found.unmapped is not None:
        try:
            about = {"device": said.device, "word": found.unmapped}
            _keep(source, raw, f"nobody has said what {found.unmapped} means", at, about)
        except AWAY:
            log.warning("webhook_unmapped", source=source.name)
    return found.messages


def _name(source: Source) -> str:
    return f"webhook {source.name}"[:100]


def _incoming(source: Source, message: Message, raw: bytes, at: datetime) -> Incoming:
    return Incoming(
        device=message.device,
        kind=message.kind,
        event_id=message.event_id,
        occurred_at=message.occurred_at,
        data=message.data or None,
        raw=raw,
        source=_name(source),
        received_at=at,
        id=new_signal_id(message.device, message.event_id),
    )


def _store(incoming: Incoming) -> None:
    """Into the database, else onto the disk. Raises ``Unavailable``: the cloud tries again."""
    try:
        context().together.receive(incoming)
    except AWAY as error:
        log.warning("signal_spooled", signal_id=str(incoming.id), error=type(error).__name__)
        spool.keep(centre().spool_dir, spool.Spooled(incoming, None))
