"""Cases: lists, one with everything around it, and what people do with it."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api import schemas
from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import CasePath, Problem
from dispatch.domain.permissions import May
from dispatch.services import desk, requests, work
from dispatch.services.phone_numbers import normal_number

api = APIBlueprint(
    "cases",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="cases")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
ROW: dict[Any, Any] = {200: schemas.CaseRow, 403: Problem, 404: Problem, 409: Problem}


def _id(value: str | None) -> int | None:
    return None if value is None else int(value)


@api.get("/cases", summary="Cases, newest first", responses={200: schemas.CasesOut})
def list_cases(query: schemas.CasesQuery) -> Response:
    wanted = desk.CaseFilter(
        state=query.state,
        priority=query.priority,
        kind=query.kind,
        help=query.help,
        elder_id=_id(query.elder),
        area_id=_id(query.area),
        owner=query.owner,
        opened_from=query.opened_from,
        opened_to=query.opened_to,
        q=query.q,
    )
    page = desk.PageOf(query.limit, _id(query.cursor))
    return jsonify(desk.cases(centre(), allowed(May.CASES_READ), wanted, page, now()))


@api.post("/cases", summary="A person asks for help", responses={201: schemas.CaseRow, 200: schemas.CaseRow})
def post_case(body: schemas.CaseIn) -> Response:
    request = requests.Request(
        kind=body.kind,
        channel=body.channel,
        elder_id=_id(body.elder_id),
        caller=normal_number(body.caller_number),
        help=body.help,
        item=body.item,
        wanted_at=body.wanted_at,
        wanted_until=body.wanted_until,
        sex=body.sex,
        worker_id=_id(body.worker_id),
        text=body.text,
        priority=body.priority,
        take=body.take,
        applicant=body.applicant.model_dump(exclude_none=True) if body.applicant else None,
    )
    doing = act(may=May.ORDERS)
    row, joined = requests.open_case(centre(), doing, request)
    if not doing.actor.may(May.CASES_READ):  # the app of a partner asks for somebody, and learns nothing about them
        row = {name: row[name] for name in ("id", "number", "kind", "help", "state", "version", "opened_at")}
    answer = jsonify({**row, "joined": joined})
    answer.status_code = 200 if joined else 201
    return answer


@api.get("/cases/<case_id>", summary="One case with everything around it")
def get_case(path: CasePath) -> Response:
    return jsonify(desk.case_detail(centre(), path.id, allowed(May.CASES_READ), now()))


@api.get("/cases/<case_id>/timeline", summary="The history of a case, oldest first")
def get_timeline(path: CasePath, query: schemas.Page) -> Response:
    return jsonify(desk.timeline(centre(), path.id, allowed(May.CASES_READ), query.limit, _id(query.cursor)))


@api.post("/cases/<case_id>/take", summary="Answer for the case", responses=ROW)
def take(path: CasePath, body: schemas.TakeIn) -> Response:
    return jsonify(work.take(centre(), path.id, act(body.version), force=body.force, reason=body.reason))


@api.post("/cases/<case_id>/release", summary="Put it back into the queue", responses=ROW)
def release(path: CasePath, body: schemas.ReleaseIn) -> Response:
    return jsonify(work.release(centre(), path.id, act(body.version), reason=body.reason))


@api.post("/cases/<case_id>/hold", summary="Shelve it until a time (never P1, at most 8 h)", responses=ROW)
def hold(path: CasePath, body: schemas.HoldIn) -> Response:
    return jsonify(work.hold(centre(), path.id, act(body.version), until=body.until, reason=body.reason))


@api.post("/cases/<case_id>/notes", summary="Write something down", responses=ROW)
def note(path: CasePath, body: schemas.NoteIn) -> Response:
    doing = act(may=May.CASES_NOTE)
    if body.client_uuid is not None and doing.key is None:
        doing = work.Act(doing.actor, doing.now, key=f"note:{body.client_uuid}")
    return jsonify(work.note(centre(), path.id, doing, text=body.text, tab=body.tab))


@api.post("/cases/<case_id>/priority", summary="Make it more or less urgent", responses=ROW)
def priority(path: CasePath, body: schemas.PriorityIn) -> Response:
    doing = act(body.version)
    return jsonify(work.set_priority(centre(), path.id, doing, priority=body.priority, reason=body.reason))


@api.post("/cases/<case_id>/merge", summary="Make it a part of another open case", responses=ROW)
def merge(path: CasePath, body: schemas.MergeIn) -> Response:
    return jsonify(work.merge(centre(), path.id, act(body.version), into=int(body.into)))


@api.post("/cases/<case_id>/close", summary="End it with an outcome", responses=ROW)
def close(path: CasePath, body: schemas.CloseIn) -> Response:
    closing = work.Closing(body.outcome, body.text, body.follow_up_at, body.script_reason)
    return jsonify(work.close(centre(), path.id, act(body.version), closing))


@api.post("/cases/<case_id>/reopen", summary="Take it up again, within 24 hours", responses=ROW)
def reopen(path: CasePath, body: schemas.ReopenIn) -> Response:
    return jsonify(work.reopen(centre(), path.id, act(), reason=body.reason))


@api.post("/cases/<case_id>/follow-up", summary="Write down the return call", responses=ROW)
def follow_up(path: CasePath, body: schemas.FollowUpIn) -> Response:
    told = work.Told(body.result, body.text, then=body.then)
    return jsonify(work.follow_up(centre(), path.id, act(), told))


@api.post(
    "/cases/<case_id>/call", summary="Ring the elder, a contact, a helper, or whom one promised to", responses=ROW
)
def call_out(path: CasePath, body: schemas.CallOutIn) -> Response:
    whom = requests.Callee(
        contact_id=_id(body.contact_id) if body.to == "contact" else None,
        callback_id=_id(body.callback_id) if body.to == "callback" else None,
        worker_id=_id(body.worker_id) if body.to == "worker" else None,
        joins=body.join,
    )
    return jsonify(requests.call_out(centre(), path.id, act(), whom))


@api.put("/cases/<case_id>/draft", summary="Keep a note that is still being written", responses={204: None})
def put_draft(path: CasePath, body: schemas.DraftIn) -> Response:
    work.save_draft(centre(), path.id, act(), text=body.text, tab=body.tab)
    return Response(status=204)
