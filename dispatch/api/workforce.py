"""Those who go to the homes."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, StringConstraints

from dispatch.api.context import allowed, centre
from dispatch.api.schemas import Page
from dispatch.domain.permissions import May
from dispatch.services import workforce
from dispatch.services.desk import PageOf

api = APIBlueprint(
    "workforce",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="register")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class WorkersQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""


class WorkerOut(BaseModel):
    id: str
    name: str
    phone: str
    """Masked: enough to recognise, too little to call."""
    kind: str
    skills: list[str]
    area: dict[str, str]
    user_id: str | None


class WorkersOut(BaseModel):
    items: list[WorkerOut]
    next_cursor: str | None


@api.get("/workers", summary="Those who go to the homes, by name or telephone ending", responses={200: WorkersOut})
def list_workers(query: WorkersQuery) -> Response:
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(workforce.workers(centre(), allowed(May.REGISTER_READ), query.q, page))
