"""Write down who was refused what: somebody who tries doors is worth a look."""

from __future__ import annotations

import structlog
from flask import g, request
from sqlalchemy.exc import SQLAlchemyError

from dispatch.api.context import bearer, centre, context, now, tokens
from dispatch.domain.actor import Actor
from dispatch.domain.errors import DispatchError, Forbidden
from dispatch.services import trail
from dispatch.services.trail import Deed, Subject

log = structlog.get_logger()


def note_refusal(error: DispatchError) -> None:
    """For a right that was missing; not for a stale page or a case that is somebody else's."""
    if not isinstance(error, Forbidden) or "needs" not in error.extra:
        return
    try:
        who = _who()
        route = f"{request.method} {request.url_rule}"[:100]
        if who is not None and context().refusals.is_new((who.key, route), now()):
            deed = Deed(
                "refused",
                Subject("route", (request.endpoint or "?")[:40]),
                data={"route": route, "needs": error.extra["needs"]},
            )
            trail.note(centre(), who, deed, now())
    except (SQLAlchemyError, DispatchError) as failed:
        log.warning("refusal_not_written", error=type(failed).__name__)


def _who() -> Actor | None:
    token = bearer()
    if token is not None:
        return tokens.actor(centre(), token)
    visit = g.get("visit")
    return visit.person.actor if visit is not None else None
