"""Promised call-backs."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import CasePath, Id, Model, Note, Phone, Short, When
from dispatch.domain.permissions import May
from dispatch.services.floor import callbacks
from dispatch.services.floor.callbacks import Promise
from dispatch.services.phone_numbers import normal_number

api = APIBlueprint(
    "callbacks",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="call-backs")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class CallbackPath(Model):
    callback_id: Id


class PromiseIn(Model):
    due_at: When
    note: Note
    phone: Phone | None = None


class CallbacksQuery(Model):
    mine: bool = False


class CancelIn(Model):
    reason: Short


class DoneIn(Model):
    text: Note | None = None


@api.post("/cases/<case_id>/callbacks", summary="Promise to ring back", responses={201: None})
def post_callback(path: CasePath, body: PromiseIn) -> Response:
    wanted = Promise(body.due_at, body.note, normal_number(body.phone))
    answer = jsonify(callbacks.promise(centre(), path.id, act(), wanted))
    answer.status_code = 201
    return answer


@api.get("/cases/<case_id>/callbacks", summary="All that were promised in this case")
def get_of_case(path: CasePath) -> Response:
    found = callbacks.callbacks(centre(), allowed(May.CASES_READ), case_id=path.id)
    return jsonify(items=found, next_cursor=None)


@api.get("/callbacks", summary="The open ones by their time")
def get_callbacks(query: CallbacksQuery) -> Response:
    found = callbacks.callbacks(centre(), allowed(May.CASES_READ), mine=query.mine)
    return jsonify(items=found, next_cursor=None)


@api.post("/callbacks/<callback_id>/done", summary="It was made")
def done(path: CallbackPath, body: DoneIn) -> Response:
    return jsonify(callbacks.settle(centre(), int(path.callback_id), act(), done=True, reason=body.text))


@api.post("/callbacks/<callback_id>/cancel", summary="It is not needed any more")
def cancel(path: CallbackPath, body: CancelIn) -> Response:
    return jsonify(callbacks.settle(centre(), int(path.callback_id), act(), done=False, reason=body.reason))
