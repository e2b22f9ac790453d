"""The codes that operators choose from."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import allowed, centre
from dispatch.domain.case import Help, Kind
from dispatch.domain.permissions import May
from dispatch.domain.signals import SignalKind

api = APIBlueprint(
    "register",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="register")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


@api.get("/desk", summary="Codes that operators choose from")
def get_desk() -> Response:
    allowed(May.CASES_READ)
    values = centre().desk
    return jsonify(
        outcomes=values["outcomes"],
        hold_reasons=values["hold_reasons"],
        note_quick=values["note_quick"],
        helps=list(Help),
        kinds=list(Kind),
        causes=[*SignalKind, "call", "request"],
    )
