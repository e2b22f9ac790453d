"""Ability assessments of an elder, the standards behind them, and who is without one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api import schemas
from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import ElderPath, Id, Model, Note, Page, Problem, Short
from dispatch.domain.assessment import Answers, Diagnosis, Reason, RiskEvent
from dispatch.domain.permissions import May
from dispatch.services.care import assessments
from dispatch.services.desk import PageOf
from dispatch.services.register import due

api = APIBlueprint(
    "assessments",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="assessments")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class DiagnosisIn(Model):
    code: Annotated[str, StringConstraints(min_length=3, max_length=10)]
    """ICD-10."""
    by_psychiatrist: bool = False


class RiskEventIn(Model):
    kind: Code
    on: date


class AssessmentIn(Model):
    standard: Code
    reason: Reason
    assessed_on: date
    assessors: list[Name] = Field(max_length=10)
    scores: dict[Code, int] = Field(default_factory=dict, max_length=100)
    """By the id of the item; all of them, but in a coma."""
    coma: bool = False
    diagnoses: list[DiagnosisIn] = Field(default_factory=list, max_length=30)
    risk_events: list[RiskEventIn] = Field(default_factory=list, max_length=50)
    level: int | None = Field(None, ge=0, le=4)
    """For a standard that is kept as a result alone."""
    informant: Name | None = None
    note: Note | None = None

    def form(self) -> assessments.Form:
        answers = Answers(
            scores=self.scores,
            coma=self.coma,
            diagnoses=tuple(Diagnosis(d.code, d.by_psychiatrist) for d in self.diagnoses),
            risk_events=tuple(RiskEvent(e.kind, e.on) for e in self.risk_events),
        )
        return assessments.Form(
            standard=self.standard,
            reason=self.reason,
            assessed_on=self.assessed_on,
            assessors=tuple(self.assessors),
            answers=answers,
            level=self.level,
            note=self.note,
            informant=self.informant,
        )


class AssessmentPath(ElderPath):
    assessment_id: Id


class VoidIn(Model):
    reason: Short


class DueQuery(Page):
    state: Literal["missing", "due"] = "missing"
    area: Id | None = None
    mark: Literal["safety_net", "special_difficulty"] | None = None


@api.get("/assessments/standards", summary="The standards with their items, scales and levels")
def get_standards() -> Response:
    allowed(May.REGISTER_READ)
    return jsonify({"items": assessments.standards_json(centre())})


@api.get("/assessments/due", summary="Elders without a valid assessment, or whose ends soon")
def get_due(query: DueQuery) -> Response:
    who = allowed(May.REGISTER_READ)
    wanted = due.DueFilter(query.state, None if query.area is None else int(query.area), query.mark)
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(due.list_due(centre(), who, wanted, page, now()))


@api.get("/elders/<elder_id>/assessments", summary="All assessments of an elder, newest first")
def get_assessments(path: schemas.ElderPath) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify({"items": assessments.list_assessments(centre(), int(path.elder_id), who, now())})


@api.post("/elders/<elder_id>/assessments", summary="Record an assessment; the level is worked out")
def post_assessment(path: schemas.ElderPath, body: AssessmentIn) -> Response:
    answer = jsonify(assessments.record(centre(), int(path.elder_id), act(may=May.ASSESS), body.form()))
    answer.status_code = 201
    return answer


@api.post("/elders/<elder_id>/assessments/<assessment_id>/void", summary="It was recorded wrongly and counts no longer")
def post_void(path: AssessmentPath, body: VoidIn) -> Response:
    doing = act(may=May.ASSESS)
    return jsonify(assessments.void(centre(), int(path.elder_id), int(path.assessment_id), doing, body.reason))
