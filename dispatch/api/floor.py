"""The floor: my position, and what a supervisor sees of all."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import CasePath, Id, Model
from dispatch.domain.floor import Status
from dispatch.domain.permissions import May
from dispatch.services.floor import broadcasts, news, numbers, positions, watch
from dispatch.services.floor.broadcasts import Word
from dispatch.services.floor.positions import Beat
from dispatch.services.hotline import figures

api = APIBlueprint(
    "floor",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="floor")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class BeatIn(Model):
    status: Status | None = None
    """None: as before."""
    seat: Annotated[str, StringConstraints(max_length=20)] | None = None
    case_id: Id | None = None
    """What is on the screen."""


class BroadcastIn(Model):
    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    minutes: int = Field(60, ge=1, le=24 * 60)
    wall: bool = False


class BroadcastPath(Model):
    broadcast_id: Id


@api.put("/floor/me", summary="Where I am and what I do; answers what waits for me")
def put_me(body: BeatIn) -> Response:
    said = Beat(body.status, body.seat, int(body.case_id) if body.case_id else None)
    return jsonify(news.beat(centre(), allowed(May.CASES_READ), said, now()))


@api.delete("/floor/me", summary="I go", responses={204: None})
def delete_me() -> Response:
    positions.leave(centre(), allowed(May.CASES_READ), now())
    return Response(status=204)


@api.get("/floor/colleagues", summary="Who could take something over")
def get_colleagues() -> Response:
    return jsonify(items=positions.colleagues(centre(), allowed(May.CASES_WORK), now()), next_cursor=None)


@api.get("/floor/seats", summary="At which seats somebody else sits")
def get_seats() -> Response:
    return jsonify(items=positions.taken(centre(), allowed(May.CASES_READ), now()), next_cursor=None)


@api.get("/cases/<case_id>/viewers", summary="Who else has this case on the screen")
def get_viewers(path: CasePath) -> Response:
    found = positions.viewers_of(centre(), path.id, allowed(May.CASES_READ), now())
    return jsonify(items=found, next_cursor=None)


@api.get("/floor/numbers", summary="Who waits, answered in time, load, positions, trend")
def get_numbers() -> Response:
    return jsonify(numbers.numbers(centre(), allowed(May.SUPERVISE), now()))


@api.get("/floor/hotline", summary="Who waits in the queue, which seats are free, how many calls are answered in time")
def get_hotline() -> Response:
    return jsonify(figures.hotline(centre(), allowed(May.SUPERVISE), now()))


@api.get("/floor/needs-me", summary="What needs a supervisor now")
def get_needs() -> Response:
    return jsonify(items=watch.needs_me(centre(), allowed(May.SUPERVISE), now()), next_cursor=None)


@api.get("/floor/held", summary="The shelving list: by whom, why, until when")
def get_held() -> Response:
    return jsonify(items=watch.held(centre(), allowed(May.CASES_READ), now()), next_cursor=None)


@api.get("/floor/stale", summary="Taken and nothing done, or open for hours")
def get_stale() -> Response:
    return jsonify(items=watch.stale(centre(), allowed(May.SUPERVISE), now()), next_cursor=None)


@api.get("/floor/priority-changes", summary="Made more or less urgent in the last day, and why")
def get_changes() -> Response:
    return jsonify(items=watch.priority_changes(centre(), allowed(May.SUPERVISE), now()), next_cursor=None)


@api.get("/broadcasts", summary="What was told to all seats, and who has confirmed")
def get_broadcasts() -> Response:
    return jsonify(items=broadcasts.latest(centre(), allowed(May.SUPERVISE), now()), next_cursor=None)


@api.post("/broadcasts", summary="Tell all seats; each must confirm", responses={201: None})
def post_broadcast(body: BroadcastIn) -> Response:
    word = Word(body.text, body.minutes, body.wall)
    answer = jsonify(broadcasts.send(centre(), act(may=May.SUPERVISE), word))
    answer.status_code = 201
    return answer


@api.post("/broadcasts/<broadcast_id>/confirm", summary="I have read it", responses={204: None})
def confirm(path: BroadcastPath) -> Response:
    broadcasts.confirm(centre(), int(path.broadcast_id), act(may=May.CASES_READ))
    return Response(status=204)
