"""One's own account: password and sessions."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import centre, myself, now
from dispatch.api.schemas import Id, Model, Problem
from dispatch.services.access import myself as own
from dispatch.services.access import sessions

api = APIBlueprint(
    "me", __name__, url_prefix="/api/v1/me", abp_tags=[Tag(name="session")], abp_security=[{"cookie": []}]
)
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=200)]


class PasswordIn(Model):
    current: Password
    password: Password


class SessionPath(Model):
    session_id: Id


@api.post("/password", summary="Choose another password", responses={204: None, 422: Problem, 423: Problem})
def post_password(body: PasswordIn) -> Response:
    own.change_password(centre(), myself(), body.current, body.password, now())
    return Response(status=204)


@api.get("/sessions", summary="Where one is signed in")
def list_sessions() -> Response:
    return jsonify(items=sessions.of_person(centre(), myself(), now()), next_cursor=None)


@api.delete("/sessions/<session_id>", summary="Sign out there", responses={204: None, 404: Problem})
def delete_session(path: SessionPath) -> Response:
    sessions.end_one(centre(), myself().person.actor, int(path.session_id), now())
    return Response(status=204)


@api.post("/end-sessions", summary="Sign out everywhere but here")
def post_end_sessions() -> Response:
    return jsonify(ended=sessions.end_others(centre(), myself(), now()))
