"""Area events, and one act on many cases."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import Id, Model, Note, Short, When
from dispatch.domain.permissions import May
from dispatch.services.floor import floods, groups
from dispatch.services.floor.groups import Group, GroupAct

api = APIBlueprint(
    "area_events",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="area events")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class EventPath(Model):
    event_id: Id


class EventIn(Model):
    area_id: Id
    cause: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class EndIn(Model):
    reason: Short


class GroupIn(Model):
    """``cases`` or ``area_event``; a note needs ``text``, holding ``text`` and ``until``, closing ``outcome``, merging
    ``into``, and assigning, which is a supervisor's, ``to``.
    """

    cases: list[Id] = Field(default_factory=list, max_length=groups.MOST)
    area_event: Id | None = None
    verb: Literal["take", "note", "hold", "close", "merge", "assign"]
    text: Note | None = None
    until: When | None = None
    outcome: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    into: Id | None = None
    to: Id | None = None


@api.get("/area-events", summary="Those that last, and the latest that have ended")
def get_events() -> Response:
    return jsonify(items=floods.events(centre(), allowed(May.CASES_READ)), next_cursor=None)


@api.post("/area-events", summary="Declare one that nobody proposed")
def post_event(body: EventIn) -> Response:
    return jsonify(floods.declare(centre(), act(), area_id=int(body.area_id), cause=body.cause))


@api.post("/area-events/<event_id>/declare", summary="Yes, it is one happening")
def declare(path: EventPath) -> Response:
    return jsonify(floods.declare(centre(), act(), event_id=int(path.event_id)))


@api.post("/area-events/<event_id>/end", summary="It is over; of a proposed one: it is none")
def end(path: EventPath, body: EndIn) -> Response:
    return jsonify(floods.end(centre(), int(path.event_id), act(), reason=body.reason))


@api.post("/cases/group", summary="One act on many cases, none of them urgent")
def group(body: GroupIn) -> Response:
    wanted = Group(tuple(map(int, body.cases)), int(body.area_event) if body.area_event else None)
    into, to = (None if one is None else int(one) for one in (body.into, body.to))
    what = GroupAct(body.verb, body.text, body.until, body.outcome, into, to)
    return jsonify(groups.act_on_all(centre(), act(), wanted, what))
