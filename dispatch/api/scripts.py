"""Scripts and hand-offs: what to ask while somebody waits, and what to read to 120, 119 and 110."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import CasePath, Model, Note, Problem, Short, When
from dispatch.domain.permissions import May
from dispatch.services.response import handoffs, scripting, view
from dispatch.services.response.sheet import sheet

api = APIBlueprint(
    "scripts",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="scripts and hand-offs")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,30}$")]
Service = Literal["120", "119", "110"]
Dispatcher = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class AnswerIn(Model):
    script: Code
    step: Code
    answer: Code
    was: Code | None = None
    """The answer that is corrected by this one."""
    text: Note | None = None


class ChooseIn(Model):
    script: Code


class HandoffIn(Model):
    service: Service
    dispatcher: Dispatcher
    """The number or the name that their dispatcher gave."""
    called_at: When | None = None
    reference: Dispatcher | None = None
    """Their number of the incident."""
    note: Note | None = None
    who_is_there: Short | None = None
    tell: bool = False
    """Family, station and community are told at the same time."""


class RevealSheetIn(Model):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class TellIn(Model):
    service: Service = "120"


@api.get("/scripts", summary="All scripts of the centre")
def get_scripts() -> Response:
    allowed(May.CASES_READ)
    return jsonify(items=view.scripts(centre()), next_cursor=None)


@api.get(
    "/cases/<case_id>/response", summary="Script, cascade, arrivals and hand-offs of a case", responses={404: Problem}
)
def get_response(path: CasePath) -> Response:
    return jsonify(view.response(centre(), path.id, allowed(May.CASES_READ), now()))


@api.post("/cases/<case_id>/script/answers", summary="Answer a step of the script", responses={409: Problem})
def post_answer(path: CasePath, body: AnswerIn) -> Response:
    doing = act()
    given = scripting.Given(body.script, body.step, body.answer, body.was, body.text)
    scripting.answer(centre(), path.id, doing, given)
    return jsonify(view.response(centre(), path.id, doing.actor, doing.now))


@api.put("/cases/<case_id>/script", summary="Follow another script from here on", responses={409: Problem})
def put_script(path: CasePath, body: ChooseIn) -> Response:
    doing = act()
    scripting.choose(centre(), path.id, doing, code=body.script)
    return jsonify(view.response(centre(), path.id, doing.actor, doing.now))


@api.get("/cases/<case_id>/handoff", summary="The sheet to read to 120, 119 or 110", responses={404: Problem})
def get_sheet(path: CasePath) -> Response:
    return jsonify(sheet(centre(), path.id, allowed(May.CASES_WORK), now()))


@api.post("/cases/<case_id>/handoff/reveal", summary="The sheet in clear, with a reason that is written down")
def post_sheet(path: CasePath, body: RevealSheetIn) -> Response:
    doing = act()
    return jsonify(sheet(centre(), path.id, doing.actor, doing.now, reason=body.reason))


@api.post("/cases/<case_id>/handoffs", summary="120, 119 or 110 was called by a person", responses={201: None})
def post_handoff(path: CasePath, body: HandoffIn) -> Response:
    doing = act()
    given = handoffs.Given(**body.model_dump())
    handoffs.record_handoff(centre(), path.id, doing, given)
    answer = jsonify(view.response(centre(), path.id, doing.actor, doing.now))
    answer.status_code = 201
    return answer


@api.post("/cases/<case_id>/tell-all", summary="Family, station and community hear that help was called")
def post_tell_all(path: CasePath, body: TellIn) -> Response:
    doing = act()
    handoffs.tell_all(centre(), path.id, doing, service=body.service)
    return jsonify(view.response(centre(), path.id, doing.actor, doing.now))
