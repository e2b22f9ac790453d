"""Quality review: drawn by lot, written down, and for the operator's eyes."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import Id, Model, Versioned
from dispatch.domain.permissions import May
from dispatch.services.floor import reviews
from dispatch.services.floor.reviews import Form

api = APIBlueprint(
    "reviews",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="quality")],
    abp_security=[{"cookie": []}],
)
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


class MonthIn(Model):
    month: Month


class ReviewPath(Model):
    review_id: Id


class ReviewIn(Versioned):
    scores: dict[str, Annotated[int, Field(ge=0, le=10)]] = Field(default_factory=dict)
    comment: Annotated[str, StringConstraints(max_length=4000)] = ""
    done: bool = False
    """Shows it to the operator, and closes it."""


@api.get("/reviews/criteria", summary="What is looked at, and how many points each can have")
def get_criteria() -> Response:
    allowed(May.QUALITY, May.CASES_READ)
    quality = centre().floor.quality
    return jsonify(criteria=quality.criteria, scale=quality.scale, per_month=quality.per_month)


@api.get("/reviews", summary="Those of a month")
def get_reviews(query: MonthIn) -> Response:
    return jsonify(items=reviews.reviews(centre(), allowed(May.QUALITY), now(), query.month), next_cursor=None)


@api.get("/reviews/coverage", summary="By operator: how many are done, and how many are missing")
def get_coverage(query: MonthIn) -> Response:
    return jsonify(reviews.coverage(centre(), allowed(May.QUALITY), query.month))


@api.post("/reviews/draw", summary="Draw the month's cases by lot")
def post_draw(body: MonthIn) -> Response:
    return jsonify(items=reviews.draw_month(centre(), act(may=May.QUALITY), body.month), next_cursor=None)


@api.put("/reviews/<review_id>", summary="Save the form")
def put_review(path: ReviewPath, body: ReviewIn) -> Response:
    form = Form(body.scores, body.comment, body.done)
    return jsonify(reviews.fill_in(centre(), int(path.review_id), act(body.version, may=May.QUALITY), form))


@api.get("/reviews/mine", summary="What was said about my own cases")
def get_mine() -> Response:
    return jsonify(items=reviews.of_mine(centre(), allowed(May.CASES_WORK), now()), next_cursor=None)


@api.post("/reviews/<review_id>/read", summary="I have read it", responses={204: None})
def read(path: ReviewPath) -> Response:
    reviews.read(centre(), int(path.review_id), act())
    return Response(status=204)
