"""Target groups and the form of care of an elder."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import ElderPath, Id, Model, Problem, Short, Versioned
from dispatch.domain.permissions import May
from dispatch.services.care import consents, groups

api = APIBlueprint(
    "groups",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="groups")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Evidence = Annotated[str, StringConstraints(max_length=300)]


class TagIn(Model):
    code: Code
    source: Source
    evidence: Evidence | None = None
    valid_from: date
    valid_to: date | None = None
    """The last day."""


class TagPath(ElderPath):
    tag_id: Id


class TagChangeIn(Versioned):
    evidence: Evidence | None = None
    valid_to: date | None = None
    no_end: bool = False


class TagEndIn(Versioned):
    reason: Short


class FormIn(Model):
    form: Code
    reason: Short
    assessment_id: Id | None = None


@api.get("/register/tags", summary="The target groups and forms of care that are configured")
def get_groups() -> Response:
    allowed(May.REGISTER_READ)
    return jsonify(groups.groups_json(centre()))


@api.get("/elders/<elder_id>/tags", summary="Every group that an elder belongs or belonged to, newest first")
def get_tags(path: ElderPath) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify({"items": groups.list_tags(centre(), int(path.elder_id), who, now())})


@api.post("/elders/<elder_id>/tags", summary="The elder belongs to a group")
def post_tag(path: ElderPath, body: TagIn) -> Response:
    new = groups.NewTag(body.code, body.source, body.valid_from, body.valid_to, body.evidence)
    answer = jsonify(groups.add_tag(centre(), int(path.elder_id), act(may=May.REGISTER_EDIT), new))
    answer.status_code = 201
    return answer


@api.patch("/elders/<elder_id>/tags/<tag_id>", summary="Another evidence or another last day")
def patch_tag(path: TagPath, body: TagChangeIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    wanted = groups.TagChange(body.evidence, body.valid_to, body.no_end)
    return jsonify(groups.change_tag(centre(), int(path.elder_id), int(path.tag_id), doing, wanted))


@api.delete("/elders/<elder_id>/tags/<tag_id>", summary="The elder does not belong to the group any more; kept as past")
def delete_tag(path: TagPath, body: TagEndIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    return jsonify(groups.end_tag(centre(), int(path.elder_id), int(path.tag_id), doing, body.reason))


@api.get("/elders/<elder_id>/service-form", summary="Decisions on the form of care, the one that counts first")
def get_form(path: ElderPath) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify({"items": consents.list_forms(centre(), int(path.elder_id), who)})


@api.put("/elders/<elder_id>/service-form", summary="Decide on the form of care")
def put_form(path: ElderPath, body: FormIn) -> Response:
    decision = consents.Decision(
        body.form, body.reason, None if body.assessment_id is None else int(body.assessment_id)
    )
    return jsonify(consents.decide_form(centre(), int(path.elder_id), act(may=May.ASSESS), decision))
