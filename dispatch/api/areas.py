"""The tree of areas."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.elders import Lat, Lon, Name
from dispatch.api.privacy import page_of
from dispatch.api.schemas import Id, Model, Page, Problem
from dispatch.domain.permissions import May
from dispatch.services.register import areas
from dispatch.services.register.areas import AreaIn, Sought

api = APIBlueprint(
    "areas",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="areas")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)

NARROW = (May.REGISTER_READ, May.CASES_READ, May.WORKFORCE_READ)
DivisionCode = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[0-9A-Za-z-]+$")]


class AreaPath(Model):
    area_id: Id


class AreasQuery(Page):
    parent: Id | None = None
    """Without it: the tops of what the actor may see."""
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    """A part of the name, or how the code begins, however deep below."""


class NewAreaIn(Model):
    parent_id: Id
    name: Name
    code: DivisionCode | None = None
    lat: Lat | None = None
    lon: Lon | None = None


class AreaChangeIn(Model):
    name: Name | None = None
    code: DivisionCode | None = None
    lat: Lat | None = None
    lon: Lon | None = None


@api.get("/areas", summary="The areas right below one, with how many lie below each")
def list_areas(query: AreasQuery) -> Response:
    # Whoever sees cases, elders or helpers narrows them by area.
    who = allowed(*NARROW)
    sought = Sought(None if query.parent is None else int(query.parent), query.q)
    return jsonify(areas.areas(centre(), who, sought, page_of(query)))


@api.get("/areas/<area_id>", summary="One area and what it lies in")
def get_area(path: AreaPath) -> Response:
    return jsonify(areas.one(centre(), int(path.area_id), allowed(*NARROW)))


@api.post("/areas", summary="A community or grid below an area")
def post_area(body: NewAreaIn) -> Response:
    new = AreaIn(body.name, body.code, int(body.parent_id), body.lat, body.lon)
    answer = jsonify(areas.add(centre(), act(may=May.USERS), new))
    answer.status_code = 201
    return answer


@api.patch("/areas/<area_id>", summary="Another name, code or point; an area does not move")
def patch_area(path: AreaPath, body: AreaChangeIn) -> Response:
    wanted = AreaIn(body.name, body.code, None, body.lat, body.lon)
    return jsonify(areas.change(centre(), int(path.area_id), act(may=May.USERS), wanted))
