"""The proof of visits: what came from there, what is odd about it, late entries, and the code of the elder's card."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, context, idempotency_key, now
from dispatch.api.jobs import JobPath
from dispatch.api.schemas import CasePath, ElderPath, Id, Model, Note, Page, Problem, Short, When
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.helps import cards, checks, late
from dispatch.services.helps.checks import Decision
from dispatch.services.work import Act

api = APIBlueprint(
    "evidence",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="helps")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}
Done = Annotated[str, StringConstraints(min_length=1, max_length=30)]


class ChecksQuery(Page):
    view: Literal["open", "decided"] = "open"


class CheckPath(Model):
    check_id: Id


class DecisionIn(Model):
    decision: Decision
    reason: Short
    version: int | None = None
    """Of the check."""


class LateEntryIn(Model):
    arrived_at: When
    completed_at: When
    reason: Short
    """Why it was not reported from there."""
    done: list[Done] = Field([], max_length=30)
    ok: bool | None = None
    note: Note | None = None


class ConfirmIn(Model):
    confirmed: bool
    reason: Short | None = None


def _station_or_desk() -> Act:
    return Act(allowed(May.CASES_WORK, May.REGISTER_EDIT), now(), key=idempotency_key())


@api.get("/cases/<case_id>/evidence", summary="Every visit of a case with what proves it")
def get_evidence(path: CasePath) -> Response:
    return jsonify(checks.evidence(centre(), path.id, allowed(May.CASES_READ)))


@api.get("/visit-checks", summary="Visits whose proof is odd, for a person to look at")
def get_checks(query: ChecksQuery) -> Response:
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(checks.checks(centre(), allowed(May.QUALITY), query.view, page))


@api.post("/visit-checks/<check_id>/decide", summary="Accepted, or to be looked into", responses=REFUSED)
def post_decision(path: CheckPath, body: DecisionIn) -> Response:
    doing = act(body.version, may=May.QUALITY)
    return jsonify(checks.decide(centre(), int(path.check_id), doing, body.decision, body.reason))


@api.post("/assignments/<assignment_id>/late-entry", summary="Write down a visit afterwards", responses=REFUSED)
def post_late_entry(path: JobPath, body: LateEntryIn) -> Response:
    entry = late.Entry(body.arrived_at, body.completed_at, body.reason, tuple(body.done), body.ok, body.note)
    return jsonify(late.enter(centre(), path.id, _station_or_desk(), entry))


@api.post("/assignments/<assignment_id>/late-entry/decide", summary="A second person confirms it", responses=REFUSED)
def post_late_decision(path: JobPath, body: ConfirmIn) -> Response:
    doing = _station_or_desk()
    return jsonify(late.decide(centre(), path.id, doing, confirmed=body.confirmed, reason=body.reason))


@api.get("/elders/<elder_id>/card-code", summary="Whether there is a sheet with a code", responses={404: Problem})
def get_card_code(path: ElderPath) -> Response:
    return jsonify(card=cards.of_elder(centre(), int(path.elder_id), allowed(May.REGISTER_READ)))


@api.post("/elders/<elder_id>/card-code", summary="A new code, shown this once to be printed", responses=REFUSED)
def post_card_code(path: ElderPath) -> Response:
    made = cards.issue(centre(), int(path.elder_id), act(may=May.REGISTER_EDIT))
    answer = jsonify({**made, "hotline": context().settings.hotline})
    answer.status_code = 201
    return answer


@api.delete("/elders/<elder_id>/card-code", summary="The sheet is lost", responses={204: None, 404: Problem})
def delete_card_code(path: ElderPath) -> Response:
    cards.revoke(centre(), int(path.elder_id), act(may=May.REGISTER_EDIT))
    return Response(status=204)
