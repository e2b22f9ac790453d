"""Where clouds bring receipts and texts: JSON by POST, several at once, in the form of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import centre, now
from dispatch.api.gateways import LONGEST, GatewayPath, checked
from dispatch.api.schemas import Problem
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.messages import ReceiptState, Report
from dispatch.domain.sms import Kind
from dispatch.services.sms import inbox

api = APIBlueprint("cloud_reports", __name__, url_prefix="/gateways/sms", abp_tags=[Tag(name="gateways")])

Read = Callable[[str, Mapping[str, Any], datetime], Report]
TAKEN: dict[Kind, dict[str, Any]] = {
    Kind.ALIYUN: {"code": 0, "msg": "接收成功"},
    Kind.TENCENT: {"result": 0, "errmsg": "OK"},
}
"""What each wants to hear, and soon: else it brings everything again, a few minutes later."""
MOST = 1000


def _aliyun_receipt(gateway: str, given: Mapping[str, Any], at: datetime) -> Report:
    return _receipt(gateway, str(given["biz_id"]), given["success"] in (True, "true"), at)


def _tencent_receipt(gateway: str, given: Mapping[str, Any], at: datetime) -> Report:
    return _receipt(gateway, str(given["sid"]), given["report_status"] == "SUCCESS", at)


def _receipt(gateway: str, name: str, delivered: bool, at: datetime) -> Report:
    state = ReceiptState.DELIVERED if delivered else ReceiptState.FAILED
    return Report(gateway, f"{name[:100]}:{state}", at, provider_id=name, state=state)


def _aliyun_text(gateway: str, given: Mapping[str, Any], at: datetime) -> Report:
    """Its number is an integer in the older form and a string in the newer one."""
    sequence = f"text:{str(given['sequence_id'])[:100]}"
    return Report(gateway, sequence, at, phone=str(given["phone_number"])[:32], text=str(given["content"])[:LONGEST])


def _tencent_text(gateway: str, given: Mapping[str, Any], at: datetime) -> Report:
    """It has no number: the same words of the same telephone at the same second are the same."""
    phone, text = str(given["mobile"])[:32], str(given["text"])[:LONGEST]
    told = hashlib.sha256(f"{phone} {given['time']} {text}".encode()).hexdigest()
    return Report(gateway, f"text:{told}", at, phone=phone, text=text)


RECEIPTS: dict[Kind, Read] = {Kind.ALIYUN: _aliyun_receipt, Kind.TENCENT: _tencent_receipt}
TEXTS: dict[Kind, Read] = {Kind.ALIYUN: _aliyun_text, Kind.TENCENT: _tencent_text}


@api.post("/<gateway>/receipts", summary="Receipts, a cloud's way", responses={403: Problem, 404: Problem})
def post_receipts(path: GatewayPath) -> Response:
    """Alibaba Cloud's SmsReport, or Tencent Cloud's status report, with ``secret`` in the address."""
    return _keep(path.gateway, RECEIPTS)


@api.post("/<gateway>/texts", summary="Texts, a cloud's way", responses={403: Problem, 404: Problem})
def post_texts(path: GatewayPath) -> Response:
    """Alibaba Cloud's SmsUp, or Tencent Cloud's reply, with ``secret`` in the address."""
    return _keep(path.gateway, TEXTS)


def _keep(name: str, forms: Mapping[Kind, Read]) -> Response:
    gateway = checked(name, request.args.get("secret", ""))
    if gateway.kind not in forms:
        raise NotFound("this gateway brings its reports another way")
    at = now()
    try:
        reports = [forms[gateway.kind](name, one, at) for one in _items()]
    except (KeyError, TypeError) as error:
        raise Invalid("body", "malformed", f"this is no report of {gateway.kind}: {error}") from error
    for report in reports:
        inbox.keep(centre(), report, at)
    return jsonify(TAKEN[gateway.kind])


def _items() -> Iterable[Mapping[str, Any]]:
    given = request.get_json(silent=True, force=True)
    items: list[Any] = given if isinstance(given, list) else [given]
    if len(items) > MOST or not all(isinstance(one, dict) for one in items):
        raise Invalid("body", "malformed", "send one report or a list of them")
    return items
