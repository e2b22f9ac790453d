"""Where gateways bring receipts and texts. They are answered at once; the clock reads what they brought."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import parse_qs

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import centre, context, now
from dispatch.api.schemas import Model, Problem
from dispatch.domain.errors import Forbidden, Invalid, NotFound
from dispatch.domain.messages import ReceiptState, Report
from dispatch.domain.sms import Gateway
from dispatch.services.sms import inbox

api = APIBlueprint("gateways", __name__, url_prefix="/gateways/sms", abp_tags=[Tag(name="gateways")])

STATES = {"1": ReceiptState.DELIVERED, "2": ReceiptState.FAILED, "16": ReceiptState.FAILED}
"""Kannel's kinds of receipts; of the others nothing follows."""
CHARSETS = {"": "utf-8", "UTF-8": "utf-8", "UTF-16BE": "utf-16-be", "GBK": "gbk", "GB18030": "gb18030"}
LONGEST = 2000


class GatewayPath(Model):
    gateway: str


@api.get("/<gateway>/receipt", summary="A receipt, Kannel's way", responses={200: None, 403: Problem, 404: Problem})
def get_receipt(path: GatewayPath) -> Response:
    """``id`` is the name that went out with the text, ``type`` Kannel's kind of receipt."""
    given, at = _given(path.gateway)
    name, kind = given.get("id", ""), given.get("type", "")
    if not name:
        raise Invalid("id", "missing", "send the id that went out in the dlr-url")
    if kind in STATES:
        inbox.keep(centre(), Report(path.gateway, f"{name[:100]}:{kind}", at, provider_id=name, state=STATES[kind]), at)
    return Response("", 200, mimetype="text/plain")


@api.get("/<gateway>/text", summary="A text, Kannel's way", responses={200: None, 403: Problem, 404: Problem})
def get_text(path: GatewayPath) -> Response:
    """``from``, ``text``, ``charset`` (%C) and ``id`` (%I): told twice under one id, it is heard once."""
    given, at = _given(path.gateway)
    if not given.get("id") or not given.get("from"):
        raise Invalid("id", "missing", "send id=%I and from=%p")
    report = Report(path.gateway, f"text:{given['id'][:100]}", at, phone=given["from"][:32], text=given.get("text", ""))
    inbox.keep(centre(), report, at)
    return Response("", 200, mimetype="text/plain")


def checked(name: str, secret: str) -> Gateway:
    """The gateway that this caller is. Raises ``NotFound`` for one that is not used here, ``Forbidden``."""
    settings = context().settings
    gateway = centre().sms.gateways.get(name)
    if name not in settings.ways or gateway is None:
        raise NotFound("no such gateway is used here")
    if not secrets.compare_digest(secret.encode(), settings.callback_secret(name).encode()):
        raise Forbidden("wrong secret")
    return gateway


def _given(gateway: str) -> tuple[dict[str, str], datetime]:
    """The query, from the one who knows the secret.

    A text in another alphabet comes as the bytes of its ``charset``, which the framework would have taken for UTF-8.
    """
    raw = {
        name: values[-1]
        for name, values in parse_qs(request.query_string.decode("ascii", "replace"), True, encoding="latin-1").items()
    }
    checked(gateway, raw.get("secret", ""))
    charset = CHARSETS.get(raw.get("charset", "").upper(), "utf-8")
    raw["text"] = raw.get("text", "").encode("latin-1").decode(charset, "replace")[:LONGEST]
    return raw, now()
