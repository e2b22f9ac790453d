"""The door for devices: the bytes are kept first, then read, and the answer goes out after the commit."""

from __future__ import annotations

import json
import sys
from typing import Any

import structlog
from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import ValidationError

from dispatch.api.context import allowed, bearer, centre, context, now, tokens
from dispatch.api.problems import AWAY, of_validation, problem
from dispatch.api.schemas import Problem, SignalIn, SignalOut, SignalsQuery
from dispatch.domain.actor import require
from dispatch.domain.errors import Unauthenticated
from dispatch.domain.permissions import May
from dispatch.services import accounts, desk, spool
from dispatch.services.intake import Incoming, keep_unreadable, new_signal_id

log = structlog.get_logger()
api = APIBlueprint("signals", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="intake")])
LARGEST = 64 * 1024
READ_AT_MOST = 1024 * 1024


class Unreadable(ValueError):
    def __init__(self, status: int, reason: str, response: Response | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.response = response


def _body_schema() -> dict[str, Any]:
    """The schema of ``SignalIn`` without references: this route reads its body itself."""
    schema = SignalIn.model_json_schema()
    schema["properties"]["kind"] = schema.pop("$defs")["SignalKind"]
    return {"required": True, "content": {"application/json": {"schema": schema}}}


@api.post(
    "/signals",
    summary="An alarm or message of a home device",
    description=(
        "Answered only after the signal is stored. The same `(device, event_id)` again is answered with the same ids "
        "and `duplicate: true`. An alarm of an unknown device opens a case too. A body that cannot be read is refused, "
        "and kept for an operator to see. While the database is away the answer says `spooled: true`: the signal is "
        "safe on disk."
    ),
    responses={202: SignalOut, 401: Problem, 403: Problem, 413: Problem, 422: Problem, 503: Problem},
    security=[{"bearer": []}],
    openapi_extensions={"requestBody": _body_schema()},
)
def post_signal() -> Response:
    received_at = now()
    token = bearer()
    if token is None:
        raise Unauthenticated("send `Authorization: Bearer <token>` with the scope signals")
    source, away = "unverified", False
    try:
        actor = tokens.actor(centre(), token)
        require(actor, May.SIGNALS)
        source = actor.name
    except AWAY:
        away = True  # the token is checked when the spool is brought in
    request.max_content_length = sys.maxsize  # also of a message that is far too large the beginning is kept
    raw = request.stream.read(READ_AT_MOST + 1)
    try:
        body = _read(raw)
    except Unreadable as unreadable:
        return _refuse(unreadable, raw, source, away=away)
    incoming = Incoming(
        device=body.device,
        kind=body.kind,
        event_id=body.event_id,
        occurred_at=body.occurred_at,
        data=body.data,
        raw=raw,
        source=source,
        received_at=received_at,
        id=new_signal_id(body.device, body.event_id),
    )
    if not away:
        try:
            return _accepted(_stored(incoming))
        except AWAY as error:
            log.warning("signal_spooled", signal_id=str(incoming.id), error=type(error).__name__)
    spool.keep(centre().spool_dir, spool.Spooled(incoming, accounts.digest(token)))
    return _accepted(
        SignalOut(signal_id=str(incoming.id), case_id=None, duplicate=False, unknown_device=None, spooled=True)
    )


def _stored(incoming: Incoming) -> SignalOut:
    receipt = context().together.receive(incoming)
    return SignalOut(
        signal_id=str(receipt.signal_id),
        case_id=None if receipt.case_id is None else str(receipt.case_id),
        duplicate=receipt.duplicate,
        unknown_device=receipt.unknown_device,
    )


def _accepted(answer: SignalOut) -> Response:
    return Response(answer.model_dump_json(), 202, mimetype="application/json")


def _read(raw: bytes) -> SignalIn:
    if len(raw) > LARGEST:
        raise Unreadable(413, f"the body is larger than {LARGEST} bytes")
    try:
        loaded = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(400, f"the body is not JSON in UTF-8: {type(error).__name__}") from None
    try:
        return SignalIn.model_validate(loaded)
    except ValidationError as error:
        raise Unreadable(422, "the body is not a signal", of_validation(error)) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refuse(unreadable: Unreadable, raw: bytes, source: str, *, away: bool) -> Response:
    if away:
        # A sender whose message we can neither read nor keep must hear "not now" and try its next receiver.
        return problem(
            503, "database-away", "The database is away", "the message could not be read nor kept: send again"
        )
    signal_id = keep_unreadable(centre(), raw, source, unreadable.reason, now())
    log.warning("signal_unreadable", signal_id=str(signal_id), status=unreadable.status, size=len(raw))
    return unreadable.response or problem(
        unreadable.status, "unreadable", "This message cannot be read", unreadable.reason, signal_id=str(signal_id)
    )


@api.get("/signals", summary="Messages of devices, newest first", security=[{"cookie": []}, {"bearer": []}])
def list_signals(query: SignalsQuery) -> Response:
    return jsonify(desk.signals(centre(), allowed(May.DEVICES_READ), query.understood, query.limit, query.cursor))
