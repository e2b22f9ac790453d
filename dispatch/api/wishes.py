"""Which helpers an elder wants, and which not again."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import ElderPath, Id, Model, Problem
from dispatch.api.workforce import WorkerPath
from dispatch.domain.permissions import May
from dispatch.services.workforce import wishes

api = APIBlueprint(
    "wishes",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="workforce")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)


class WishPath(Model):
    elder_id: Id
    worker_id: Id


class WishIn(Model):
    wanted: bool
    """False: not again, whatever the need."""


@api.get("/elders/<elder_id>/wishes", summary="Whom this elder wants, and whom not")
def list_of_elder(path: ElderPath) -> Response:
    return jsonify(wishes.of_elder(centre(), int(path.elder_id), allowed(May.REGISTER_READ)))


@api.get("/workers/<worker_id>/wishes", summary="Who wants this helper, and who does not")
def list_of_worker(path: WorkerPath) -> Response:
    return jsonify(wishes.of_helper(centre(), path.id, allowed(May.REGISTER_READ)))


@api.put("/elders/<elder_id>/wishes/<worker_id>", summary="Write down what the elder says about a helper")
def put_wish(path: WishPath, body: WishIn) -> Response:
    doer = act(may=May.REGISTER_EDIT)
    return jsonify(wishes.record(centre(), int(path.elder_id), int(path.worker_id), doer, wanted=body.wanted))


@api.delete("/elders/<elder_id>/wishes/<worker_id>", summary="It is not said any more")
def delete_wish(path: WishPath) -> Response:
    wishes.forget(centre(), int(path.elder_id), int(path.worker_id), act(may=May.REGISTER_EDIT))
    return Response(status=204)
