"""One's own account: password, second factor and sessions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import centre, myself, now
from dispatch.api.schemas import Id, Model, Problem
from dispatch.services.access import factor, sessions
from dispatch.services.access import myself as own

api = APIBlueprint(
    "me", __name__, url_prefix="/api/v1/me", abp_tags=[Tag(name="session")], abp_security=[{"cookie": []}]
)
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=200)]


class PasswordIn(Model):
    current: Password
    password: Password


class ProofIn(Model):
    password: Password


class CodeIn(Model):
    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class RemoveIn(ProofIn, CodeIn):
    pass


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


@api.get("/second-factor", summary="Whether one has a second factor, and must")
def get_second_factor() -> Response:
    return jsonify(factor.state(centre(), myself()))


@api.post("/second-factor", summary="Begin to enrol: a secret and its picture", responses={409: Problem, 422: Problem})
def post_second_factor(body: ProofIn) -> Response:
    return jsonify(asdict(factor.begin(centre(), myself(), body.password, now())))


@api.post("/second-factor/confirm", summary="The first code; the answer shows recovery codes once")
def post_confirm(body: CodeIn) -> Response:
    return jsonify(recovery_codes=factor.confirm(centre(), myself(), body.code, now()))


@api.post("/second-factor/recovery-codes", summary="Ten new recovery codes")
def post_recovery_codes(body: CodeIn) -> Response:
    return jsonify(recovery_codes=factor.renew_codes(centre(), myself(), body.code, now()))


@api.post("/second-factor/remove", summary="Remove the second factor", responses={204: None, 422: Problem})
def post_remove(body: RemoveIn) -> Response:
    factor.remove(centre(), myself(), body.password, body.code, now())
    return Response(status=204)
