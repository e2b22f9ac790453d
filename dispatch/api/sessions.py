"""Signing in and out."""

from __future__ import annotations

from flask import Response, jsonify, session
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import actor, centre, context, now, person, remember
from dispatch.api.schemas import SignInIn
from dispatch.services import accounts
from dispatch.services.accounts import Person
from dispatch.services.rows import stamp

api = APIBlueprint("sessions", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="session")])


@api.post("/session", summary="Sign in")
def post_session(body: SignInIn) -> Response:
    found = accounts.sign_in(centre(), body.username, body.password, now())
    return _answer(found, remember(found))


@api.get("/session", summary="Who is signed in", security=[{"cookie": []}])
def get_session() -> Response:
    return _answer(person(), str(session["csrf"]))


@api.delete("/session", summary="Sign out", security=[{"cookie": []}], responses={204: None})
def delete_session() -> Response:
    person()
    actor()  # only with the CSRF token: a foreign page must not sign an operator out in the middle of a case
    session.clear()
    return Response(status=204)


def _answer(found: Person, csrf_token: str) -> Response:
    return jsonify(
        user={
            "id": found.actor.id,
            "username": found.username,
            "name": found.actor.name,
            "roles": sorted(found.actor.roles),
            "areas": [{"id": area_id, "name": name} for area_id, name in found.areas],
            "locale": found.locale,
        },
        csrf_token=csrf_token,
        demo=context().settings.demo,
        server_time=stamp(now()),
        build=context().build,
    )
