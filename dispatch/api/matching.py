"""The 15-minute circle of the homes."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import allowed, centre, now
from dispatch.domain.permissions import May
from dispatch.services.helps import circles

api = APIBlueprint(
    "matching",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="helps")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


@api.get("/circles", summary="The 15-minute circle: its rule, of when it is, and how far a new run has come")
def get_circles() -> Response:
    # Who lives outside stands in /elders and /register/counts with `missing=near_station` and the like.
    allowed(May.REGISTER_READ)
    return jsonify(circles.state(centre()))


@api.post("/circles/refresh", summary="Find the ways of all homes anew; one run at a time")
def post_circles_refresh() -> Response:
    circles.refresh(centre(), allowed(May.SUPERVISE), now())
    return jsonify(circles.state(centre()))
