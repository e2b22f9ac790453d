"""What information is used for, and what an elder agreed to."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import ElderPath, Model, Problem, Short
from dispatch.domain.permissions import May
from dispatch.services.care import consents

api = APIBlueprint(
    "consents",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="consents")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ConsentIn(Model):
    purpose: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    given: bool
    how: Literal["paper", "telephone", "counter", "visit", "app"]
    by: Name
    read_by: Name | None = None
    """Who read the notice to the elder."""
    document: Short | None = None


@api.get("/privacy/purposes", summary="What personal information is used for, on which ground, with which notice")
def get_purposes() -> Response:
    allowed(May.REGISTER_READ)
    return jsonify({"items": consents.purposes_json(centre())})


@api.get("/elders/<elder_id>/consents", summary="Each purpose with the word that counts and those before")
def get_consents(path: ElderPath) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify({"items": consents.list_consents(centre(), int(path.elder_id), who)})


@api.post("/elders/<elder_id>/consents", summary="The elder agrees, or takes it back, by telephone too")
def post_consent(path: ElderPath, body: ConsentIn) -> Response:
    word = consents.Word(body.purpose, body.given, body.how, body.by, body.read_by, body.document)
    answer = jsonify(consents.record_consent(centre(), int(path.elder_id), act(may=May.REGISTER_EDIT), word))
    answer.status_code = 201
    return answer
