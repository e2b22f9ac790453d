"""The map: where open cases, helpers at work and stations are, on outlines of the centre's own."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, request
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Id, Model, Problem
from dispatch.domain.permissions import May
from dispatch.services.helps import on_map
from dispatch.services.register import outlines

api = APIBlueprint(
    "city_map",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="helps")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem}


class MapQuery(Model):
    area: Id | None = None


@api.get("/map", summary="Where open cases, stations, and helpers on shift or on a job are", responses=REFUSED)
def get_map(query: MapQuery) -> Response:
    area_id = None if query.area is None else int(query.area)
    return jsonify(on_map.on_map(centre(), allowed(May.CASES_WORK), area_id, now()))


@api.get("/map/outlines", summary="The outlines of areas as GeoJSON, if the centre has published any")
def get_outlines() -> Response:
    allowed(May.CASES_WORK)
    found = outlines.published(centre())
    answer = make_response(found.body, {"Content-Type": "application/geo+json", "Cache-Control": "private, no-cache"})
    answer.set_etag(found.etag)
    answer.make_conditional(request)
    return answer
