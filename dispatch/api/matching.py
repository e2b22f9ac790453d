"""The 15-minute circle of the homes, and other weights tried on past matches."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Model
from dispatch.domain.errors import Invalid
from dispatch.domain.helps.rules import MatchRules
from dispatch.domain.permissions import May
from dispatch.services.helps import circles, replay

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


Points = Annotated[float, Field(ge=0, le=100)]


class WeightsIn(Model):
    time: Points
    continuity: Points
    skill: Points
    load: Points
    fairness: Points
    acceptance: Points


class MinutesIn(Model):
    best: Annotated[float, Field(ge=0, le=600)]
    worst: Annotated[float, Field(gt=0, le=600)]


class ReplayIn(Model):
    """What is left out stays as it is in force."""

    weights: WeightsIn | None = None
    """They add up to 100."""
    time_minutes: MinutesIn | None = None
    unknown_share: Annotated[float, Field(ge=0, le=1)] | None = None
    visits_full: Annotated[int, Field(ge=1, le=1000)] | None = None
    last: Annotated[int, Field(ge=1, le=replay.MOST)] = 200
    emergency: bool = False
    """Of emergencies, which have points of their own; else of all other cases."""


@api.get("/matching", summary="The points that are given for whom to ask, as they are in force")
def get_matching() -> Response:
    allowed(May.SUPERVISE)
    rules = centre().matching
    return jsonify({**_in_force(rules), "emergency": _in_force(rules.points_for(emergency=True))})


@api.post("/matching/replay", summary="Past matches under other points: who would have been first; nothing is changed")
def post_replay(body: ReplayIn) -> Response:
    actor = allowed(May.SUPERVISE)
    trial = replay.Trial(body.last, body.emergency)
    try:
        tuned = trial.in_force(centre()).tuned(body.model_dump(exclude={"last", "emergency"}, exclude_none=True))
    except ValueError as error:
        field, _, words = str(error).partition(": ")
        raise Invalid(field, "wrong", words) from error
    return jsonify({"tried": _in_force(tuned), **replay.replay(centre(), tuned, trial, actor)})


def _in_force(rules: MatchRules) -> dict[str, Any]:
    return {
        "weights": dict(rules.weights),
        "time_minutes": {"best": rules.best_minutes, "worst": rules.worst_minutes},
        "unknown_share": rules.unknown_share,
        "visits_full": rules.visits_full,
    }
