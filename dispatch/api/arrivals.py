"""Who has promised to be there when, and whether they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints, model_validator

from dispatch.api.context import act, centre
from dispatch.api.schemas import CasePath, Id, Model, Problem, Short, When
from dispatch.services.response import arrivals, view
from dispatch.services.work import Act

api = APIBlueprint(
    "arrivals",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="arrivals")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}


class ArrivalPath(Model):
    arrival_id: Id


class At(Model):
    """Either a time or minutes from now."""

    due_at: When | None = None
    minutes: int | None = Field(None, ge=1, le=720)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.due_at is None) == (self.minutes is None):
            raise ValueError("give either due_at or minutes")
        return self


class PromiseIn(At):
    who: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CancelArrivalIn(Model):
    reason: Short


def _seen(case_id: int, doing: Act) -> Response:
    return jsonify(view.response(centre(), case_id, doing.actor, doing.now))


def _due(body: At, doing: Act) -> datetime:
    return body.due_at or doing.now + timedelta(minutes=body.minutes or 0)


@api.post("/cases/<case_id>/arrivals", summary="Somebody will be there at a time", responses={201: None, **REFUSED})
def post_arrival(path: CasePath, body: PromiseIn) -> Response:
    doing = act()
    arrivals.promise(centre(), path.id, doing, arrivals.Promise(body.who, _due(body, doing)))
    answer = _seen(path.id, doing)
    answer.status_code = 201
    return answer


@api.post("/arrivals/<arrival_id>/move", summary="They will be there at another time", responses=REFUSED)
def post_move(path: ArrivalPath, body: At) -> Response:
    doing = act()
    return _seen(arrivals.move_to(centre(), int(path.arrival_id), doing, _due(body, doing)), doing)


@api.post("/arrivals/<arrival_id>/arrived", summary="They are there", responses=REFUSED)
def post_arrived(path: ArrivalPath) -> Response:
    doing = act()
    return _seen(arrivals.arrived(centre(), int(path.arrival_id), doing), doing)


@api.post("/arrivals/<arrival_id>/cancel", summary="Nobody waits for them any more", responses=REFUSED)
def post_cancel(path: ArrivalPath, body: CancelArrivalIn) -> Response:
    doing = act()
    return _seen(arrivals.cancel(centre(), int(path.arrival_id), doing, reason=body.reason), doing)
