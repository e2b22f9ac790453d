"""What a manager looks after: papers that end, hours without anybody, who is asked how often."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Id, Item, Model, Page, Problem, When
from dispatch.api.workforce import WorkerPath, number, page_of
from dispatch.domain.permissions import May
from dispatch.services.workforce import expiry, figures, gaps
from dispatch.services.workforce.expiry import ExpiryFilter
from dispatch.services.workforce.gaps import Question

api = APIBlueprint(
    "staffing",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="workforce")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem},
)


class ExpiryQuery(Page):
    within: Annotated[str, StringConstraints(pattern=r"^(60|30|7|expired|missing)$")] = "60"
    kind: Literal["certificate", "licence", "contract"] | None = None
    area: Id | None = None


class GapsQuery(Model):
    skill: Item
    monday: date = Field(alias="from")
    level: int | None = Field(None, ge=2, le=6)
    """Of the areas that are told apart: 3 county, 4 sub-district, 5 community; left out: right below one's own."""
    area: Id | None = None

    def question(self) -> Question:
        return Question(self.skill, self.monday, self.level, number(self.area))


class WhoQuery(GapsQuery):
    area: Id
    at: When


class FairnessQuery(Page):
    skill: Item | None = None
    area: Id | None = None


@api.get("/workforce/expiring", summary="Certificates, licences and contracts that end, and those that are wanting")
def list_expiring(query: ExpiryQuery) -> Response:
    wanted = ExpiryFilter(query.within, query.kind, number(query.area))
    return jsonify(expiry.ending(centre(), allowed(May.WORKFORCE_READ), wanted, page_of(query), now()))


@api.get("/workforce/gaps", summary="When nobody works who could come, by area, for a skill, in one week")
def list_gaps(query: GapsQuery) -> Response:
    return jsonify(gaps.of_week(centre(), allowed(May.WORKFORCE_READ), query.question()))


@api.get("/workforce/gaps/people", summary="Who could close a gap, and what keeps each from it")
def list_who_could(query: WhoQuery) -> Response:
    return jsonify(gaps.who_could(centre(), allowed(May.WORKFORCE_READ), query.question(), query.at))


@api.get("/workforce/fairness", summary="Who was asked how often in 30 days, those who never were first")
def list_fairness(query: FairnessQuery) -> Response:
    actor = allowed(May.QUALITY)
    page = page_of(query)
    return jsonify(figures.fairness(centre(), actor, page, now(), skill=query.skill, area_id=number(query.area)))


@api.get("/workers/<worker_id>/figures", summary="How it went in 30 days; for coaching, and nobody's ranking")
def get_figures(path: WorkerPath) -> Response:
    return jsonify(figures.of_helper(centre(), path.id, allowed(May.QUALITY), now()))
