"""The live list over HTTP: where a console starts, and how it catches up."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Problem, SinceOut, SinceQuery, SnapshotOut
from dispatch.domain.permissions import May
from dispatch.services import live

api = APIBlueprint(
    "live",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="live")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


@api.get("/live/snapshot", summary="All open cases, and the number of the stream", responses={200: SnapshotOut})
def get_snapshot() -> Response:
    return jsonify(live.snapshot(centre(), allowed(May.CASES_READ), now()))


@api.get("/live/since", summary="What changed after a number", responses={200: SinceOut, 410: Problem})
def get_since(query: SinceQuery) -> Response:
    return jsonify(live.since(centre(), allowed(May.CASES_READ), query.seq, now()))
