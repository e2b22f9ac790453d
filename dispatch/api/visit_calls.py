"""Elders who are rung after a check-in visit: drawn by lot, or since its proof is odd."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import model_validator

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import Id, Model, Note, Page, Problem, Versioned
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.visits import checking
from dispatch.services.visits.checking import Said
from dispatch.services.work import Act

api = APIBlueprint(
    "visit_calls",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="visits")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}


class CallsQuery(Page):
    view: Literal["open", "done"] = "open"


class VisitCallPath(Model):
    visit_call_id: Id


class SaidIn(Versioned):
    said: Said
    note: Note | None = None

    @model_validator(mode="after")
    def _why(self) -> SaidIn:
        if self.said is Said.DOUBTED and not self.note:
            raise ValueError("say in `note` what the elder said")
        return self


@api.get("/visit-calls", summary="Visits about which the elder is rung: drawn by lot, or with an odd proof")
def get_calls(query: CallsQuery) -> Response:
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(checking.listed(centre(), allowed(May.QUALITY), query.view, page))


@api.get("/visit-calls/<visit_call_id>", summary="One of them, with the telephone", responses={404: Problem})
def get_call(path: VisitCallPath) -> Response:
    return jsonify(checking.opened(centre(), int(path.visit_call_id), Act(allowed(May.QUALITY), now())))


@api.post("/visit-calls/<visit_call_id>/said", summary="What the elder said", responses=REFUSED)
def post_said(path: VisitCallPath, body: SaidIn) -> Response:
    who = act(body.version, may=May.QUALITY)
    return jsonify(checking.decide(centre(), int(path.visit_call_id), who, body.said, body.note))
