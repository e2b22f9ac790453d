"""The call cascade: start it, stop it, skip, call one of them at once."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, centre
from dispatch.api.schemas import CasePath, Id, Model, Problem, Short
from dispatch.services.response import cascades, view
from dispatch.services.work import Act

api = APIBlueprint(
    "cascades",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="call cascade")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}


class CascadePath(Model):
    cascade_id: Id


class StopIn(Model):
    reason: Short | None = None


class CallNowIn(Model):
    person: Annotated[str, StringConstraints(pattern=r"^(elder|contact|duty_phone|user):[0-9]{1,18}$")]


def _seen(case_id: int, doing: Act) -> Response:
    return jsonify(view.response(centre(), case_id, doing.actor, doing.now))


@api.post("/cases/<case_id>/cascade", summary="Call until one takes responsibility", responses=REFUSED)
def post_cascade(path: CasePath) -> Response:
    doing = act()
    cascades.start(centre(), path.id, doing)
    return _seen(path.id, doing)


@api.post("/cascades/<cascade_id>/stop", summary="Call nobody any more", responses=REFUSED)
def post_stop(path: CascadePath, body: StopIn) -> Response:
    doing = act()
    return _seen(cascades.stop(centre(), int(path.cascade_id), doing, reason=body.reason), doing)


@api.post("/cascades/<cascade_id>/skip", summary="Wait no longer, call the next", responses=REFUSED)
def post_skip(path: CascadePath) -> Response:
    doing = act()
    return _seen(cascades.skip(centre(), int(path.cascade_id), doing), doing)


@api.post("/cascades/<cascade_id>/call-now", summary="Call one of the plan at once", responses=REFUSED)
def post_call_now(path: CascadePath, body: CallNowIn) -> Response:
    doing = act()
    return _seen(cascades.call_now(centre(), int(path.cascade_id), doing, person=body.person), doing)
