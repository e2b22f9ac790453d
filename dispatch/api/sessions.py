"""Signing in and out."""

from __future__ import annotations

from flask import Response, jsonify, session
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import centre, context, door, myself, now, remember, visit
from dispatch.api.schemas import Problem, SignInIn
from dispatch.services.access import sessions
from dispatch.services.access.sign_in import Attempt, sign_in
from dispatch.services.rows import stamp

api = APIBlueprint("sessions", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="session")])


@api.post(
    "/session",
    summary="Sign in",
    description=(
        "401 with the code `second-factor-required` asks for `code` too: six digits of the authenticator, or a "
        "recovery code. `pending` in the answer names a step that must be done before anything else is allowed."
    ),
    responses={401: Problem, 423: Problem, 429: Problem},
)
def post_session(body: SignInIn) -> Response:
    attempt = Attempt(body.username, body.password, body.code, door())
    found = sign_in(centre(), attempt, now())
    return _answer(remember(found, "second-factor" if found.second_factor else "password"))


@api.get("/session", summary="Who is signed in", security=[{"cookie": []}])
def get_session() -> Response:
    visit()
    return _answer(str(session["csrf"]))


@api.delete("/session", summary="Sign out", security=[{"cookie": []}], responses={204: None})
def delete_session() -> Response:
    # Only with the CSRF token: a foreign page must not sign an operator out in the middle of a case.
    sessions.end(centre(), myself(), now())
    session.clear()
    return Response(status=204)


def _answer(csrf_token: str) -> Response:
    here = visit()
    found = here.person
    return jsonify(
        user={
            "id": found.actor.id,
            "username": found.username,
            "name": found.actor.name,
            "roles": sorted(found.actor.roles),
            "areas": [{"id": area_id, "name": name} for area_id, name in found.areas],
            "locale": found.locale,
        },
        may=sorted(what.value for what in found.actor.rights),
        pending=found.pending and found.pending.value,
        ends_at=stamp(here.ends_at),
        csrf_token=csrf_token,
        demo=context().settings.demo,
        server_time=stamp(now()),
        timezone=str(centre().zone),
        build=context().build,
    )
