"""The door for the telephone exchange."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import CallIn, CallOut
from dispatch.domain.permissions import May
from dispatch.services.calls import CallReport, receive_call

api = APIBlueprint("calls", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="intake")])


@api.post(
    "/calls",
    summary="An event of a telephone call",
    description="A ringing call opens a case at once: whoever hangs up is called back. Events may come in any order.",
    responses={202: CallOut},
    security=[{"bearer": []}],
)
def post_call(body: CallIn) -> Response:
    allowed(May.CALLS)
    report = CallReport(**body.model_dump())
    receipt = receive_call(centre(), report, now())
    answer = CallOut(
        call_id=receipt.call_id,
        case_id=None if receipt.case_id is None else str(receipt.case_id),
        elders=receipt.elders,
    )
    return Response(answer.model_dump_json(), 202, mimetype="application/json")
