"""The audit trail, for those who watch."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Page, When
from dispatch.domain.permissions import May
from dispatch.services import chain, trail

api = APIBlueprint(
    "trail",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="audit")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TrailQuery(Page):
    action: Code | None = None
    actor_kind: Code | None = None
    actor: Code | None = None
    """Id of who did it."""
    subject_kind: Code | None = None
    subject: Code | None = None
    since: When | None = Field(None, alias="from")
    until: When | None = Field(None, alias="to")


@api.get("/trail", summary="Who did and saw what, newest first")
def list_trail(query: TrailQuery) -> Response:
    allowed(May.TRAIL_READ)
    wanted = trail.TrailFilter(
        action=query.action,
        actor_kind=query.actor_kind,
        actor_id=query.actor,
        subject_kind=query.subject_kind,
        subject_id=query.subject,
        since=query.since,
        until=query.until,
    )
    before = None if query.cursor is None else int(query.cursor)
    return jsonify(trail.entries(centre(), wanted, query.limit, before))


@api.get("/trail/chain", summary="Whether the trail is what it was when it was sealed")
def get_chain() -> Response:
    allowed(May.TRAIL_READ)
    return jsonify(asdict(chain.verify(centre(), chain.TRAIL, now())))
