"""Elders that may be one and the same: side by side, merged or left apart by a person."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Id, Model, Page, Short
from dispatch.domain.permissions import May
from dispatch.services.imports import doubles, merging

api = APIBlueprint(
    "duplicates",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="register")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class DoublePath(Model):
    double_id: Id


class DoublesQuery(Page):
    elder: Id | None = None


class MergeIn(Model):
    keep: Id
    """The elder whose file stays; the other's is archived and points to it."""
    versions: dict[Id, int] = Field(default_factory=dict, max_length=2)
    """Of both elders by id, as they were seen side by side."""


class DismissIn(Model):
    reason: Short


@api.get("/duplicates", summary="Pairs that somebody should look at, the likeliest first")
def list_doubles(query: DoublesQuery) -> Response:
    page = doubles.Wanted(query.limit, query.cursor, None if query.elder is None else int(query.elder))
    return jsonify(doubles.listing(centre(), allowed(May.REGISTER_EDIT), page, now()))


@api.get("/duplicates/<double_id>", summary="Both files side by side")
def get_double(path: DoublePath) -> Response:
    return jsonify(doubles.side_by_side(centre(), allowed(May.REGISTER_EDIT), int(path.double_id), now()))


@api.post("/duplicates/<double_id>/merge", summary="They are one: keep one file, move what hangs on the other")
def post_merge(path: DoublePath, body: MergeIn) -> Response:
    wanted = merging.Merge(int(path.double_id), int(body.keep), {int(key): v for key, v in body.versions.items()})
    return jsonify(merging.merge(centre(), allowed(May.REGISTER_EDIT), wanted, now()))


@api.post("/duplicates/<double_id>/dismiss", summary="They are two people")
def post_dismiss(path: DoublePath, body: DismissIn) -> Response:
    return jsonify(doubles.dismiss(centre(), allowed(May.REGISTER_EDIT), int(path.double_id), body.reason, now()))
