"""Plans of check-in visits: asked for, watched, looked at as a preview, published or thrown away."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import Id, Model, Page, Versioned
from dispatch.api.visits import REFUSED
from dispatch.domain.permissions import May
from dispatch.domain.rounds.reasons import Reason
from dispatch.services.desk import PageOf
from dispatch.services.rounds import asking, listing

api = APIBlueprint(
    "visit_plans",
    __name__,
    url_prefix="/api/v1/visits/plans",
    abp_tags=[Tag(name="visits")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
MOST_NAMED = 200


class PlanPath(Model):
    plan_id: Id

    @property
    def id(self) -> int:
        return int(self.plan_id)


class PlanIn(Model):
    area_id: Id | None = None
    worker_id: Id | None = None
    """Instead of the area: where this helper is expected on these days, whom somebody must replace."""
    first: date
    last: date
    anew: bool = False
    """What is booked on later days than today may get another day and visitor."""
    visit_ids: Annotated[list[Id], Field(max_length=MOST_NAMED, default_factory=list)]
    """Only these are to be placed, and before all others; empty: all that have no visitor."""
    seconds: Annotated[float, Field(ge=0.2, le=1800)] | None = None
    """How long the solver may take; None: as config/planning.yaml says."""

    def asked(self) -> asking.Asked:
        ids = tuple(int(id_) for id_ in self.visit_ids)
        area, worker = (None if id_ is None else int(id_) for id_ in (self.area_id, self.worker_id))
        return asking.Asked(area, self.first, self.last, self.anew, ids, self.seconds, worker)


class RoundsQuery(Page):
    day: date | None = None
    worker: Id | None = None


class UnplacedQuery(Page):
    reason: Reason | None = None


def _page(query: Page) -> PageOf:
    return PageOf(query.limit, int(query.cursor) if query.cursor else None)


@api.post("", summary="Plan the visits of an area on some days; a worker makes it", responses=REFUSED)
def post_plan(body: PlanIn) -> Response:
    return jsonify(asking.ask(centre(), act(may=May.VISITS_PLAN), body.asked()))


@api.get("", summary="Plans, the newest first")
def get_plans(query: Page) -> Response:
    return jsonify(listing.plans(centre(), allowed(May.VISITS_READ), _page(query)))


@api.get("/<plan_id>", summary="How far a plan is, and its days", responses=REFUSED)
def get_plan(path: PlanPath) -> Response:
    return jsonify(listing.plan(centre(), path.id, allowed(May.VISITS_READ)))


@api.get("/<plan_id>/rounds", summary="Its rounds with their stops", responses=REFUSED)
def get_rounds(path: PlanPath, query: RoundsQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    wanted = listing.Wanted(query.day, int(query.worker) if query.worker else None)
    return jsonify(listing.rounds(centre(), path.id, actor, wanted, _page(query)))


@api.get("/<plan_id>/unplaced", summary="The visits in no round, and why", responses=REFUSED)
def get_unplaced(path: PlanPath, query: UnplacedQuery) -> Response:
    who = (allowed(May.VISITS_READ), now())
    return jsonify(listing.unplaced(centre(), path.id, who, query.reason, _page(query)))


@api.post("/<plan_id>/publish", summary="Book its visits and tell the visitors", responses=REFUSED)
def post_publish(path: PlanPath, body: Versioned) -> Response:
    return jsonify(asking.publish(centre(), path.id, act(body.version, may=May.VISITS_PLAN)))


@api.post("/<plan_id>/cancel", summary="Stop making it, or throw the preview away", responses=REFUSED)
def post_cancel(path: PlanPath, body: Versioned) -> Response:
    return jsonify(asking.cancel(centre(), path.id, act(body.version, may=May.VISITS_PLAN)))
