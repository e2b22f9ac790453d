"""Elders, areas, and the codes that operators choose from."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api import schemas
from dispatch.api.context import allowed, centre, now
from dispatch.domain.case import Help, Kind
from dispatch.domain.permissions import May
from dispatch.domain.signals import SignalKind
from dispatch.services import desk

api = APIBlueprint(
    "register",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="register")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


@api.get("/elders", summary="Find elders by name, pinyin, telephone ending, address or device")
def list_elders(query: schemas.EldersQuery) -> Response:
    page = desk.PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(desk.elders(centre(), allowed(May.REGISTER_READ), query.q, page, now()))


@api.get("/elders/<elder_id>", summary="One elder with home, contacts, devices and open cases")
def get_elder(path: schemas.ElderPath) -> Response:
    return jsonify(desk.elder_file(centre(), int(path.elder_id), allowed(May.REGISTER_READ), now()))


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
