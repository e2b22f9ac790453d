"""The door for the telephone exchange."""

from __future__ import annotations

from flask import Response, jsonify, request, send_file
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import CallIn, CallOut, CasePath, CaseRow, Id, Model
from dispatch.domain.calls import CallReport
from dispatch.domain.permissions import May
from dispatch.services.calls import receive_call
from dispatch.services.hotline import recordings, talking

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


class CallPath(Model):
    call_id: Id


PEOPLE: list[dict[str, list[str]]] = [{"cookie": []}, {"bearer": []}]


@api.get("/cases/<case_id>/calls", summary="The calls of a case, newest first", security=PEOPLE)
def get_calls(path: CasePath) -> Response:
    return jsonify(items=recordings.calls_of(centre(), path.id, allowed(May.CASES_READ)), next_cursor=None)


class HangUpIn(Model):
    call_id: Id | None = None
    """A call that came in and that the caller of this has answered; None: what the desk has dialled."""


@api.post(
    "/cases/<case_id>/hang-up",
    summary="End what rings or goes on",
    description="Without a call: whatever the desk has dialled about this case. With one: a call that came in through "
    "the exchange, by the person who has answered it.",
    responses={200: CaseRow},
    security=PEOPLE,
)
def post_hang_up(path: CasePath, body: HangUpIn) -> Response:
    if body.call_id is None:
        return jsonify(talking.hang_up(centre(), path.id, act()))
    return jsonify(talking.hang_up_own(centre(), path.id, int(body.call_id), act()))


@api.get("/cases/<case_id>/callers", summary="Whose number the caller's is", security=PEOPLE)
def get_callers(path: CasePath) -> Response:
    found = talking.who_may_it_be(centre(), path.id, allowed(May.CASES_READ))
    return jsonify(items=found, next_cursor=None)


class WhoIn(Model):
    elder_id: Id


@api.post("/cases/<case_id>/caller", summary="Who has rung", responses={200: CaseRow}, security=PEOPLE)
def post_caller(path: CasePath, body: WhoIn) -> Response:
    return jsonify(talking.say_who(centre(), path.id, act(), int(body.elder_id)))


@api.get(
    "/calls/<call_id>/recording",
    summary="Listen to a call",
    description="Takes a Range. Who listens is written into the trail each time.",
    security=PEOPLE,
)
def get_recording(path: CallPath) -> Response:
    actor = allowed(May.CASES_READ)
    file, kind = recordings.listen(centre(), int(path.call_id), actor, now(), request.headers.get("Range"))
    answer = send_file(file, mimetype=kind, conditional=True, max_age=0)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
