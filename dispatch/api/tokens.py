"""Tokens of machines."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import Id, Model, Page, Problem
from dispatch.domain.permissions import May
from dispatch.services.access import tokens

api = APIBlueprint(
    "tokens",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="users")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class TokenPath(Model):
    token_id: Id


class TokenIn(Model):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    scopes: list[Annotated[str, StringConstraints(max_length=40)]] = Field(min_length=1, max_length=10)


@api.get("/tokens", summary="Tokens of machines, newest first")
def list_tokens(query: Page) -> Response:
    before = None if query.cursor is None else int(query.cursor)
    return jsonify(tokens.tokens(centre(), allowed(May.USERS), query.limit, before))


@api.post("/tokens", summary="Add a token; the answer shows it once", responses={201: None, 403: Problem})
def post_token(body: TokenIn) -> Response:
    row, text = tokens.add(centre(), act(may=May.USERS), body.name, body.scopes)
    answer = jsonify(token=row, text=text)
    answer.status_code = 201
    return answer


@api.post("/tokens/<token_id>/revoke", summary="End a token", responses={404: Problem})
def post_revoke(path: TokenPath) -> Response:
    return jsonify(tokens.revoke(centre(), act(may=May.USERS), int(path.token_id)))
