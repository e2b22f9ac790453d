"""Every refusal as RFC 9457 problem details, from one table."""

from __future__ import annotations

import structlog
from flask import Flask, Response, json
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from dispatch.api.refusals import note_refusal
from dispatch.domain import errors

log = structlog.get_logger()

STATUS: dict[type[errors.DispatchError], tuple[int, str]] = {
    errors.Unauthenticated: (401, "Sign in first"),
    errors.Forbidden: (403, "Not allowed"),
    errors.NotFound: (404, "Not found"),
    errors.Invalid: (422, "A field is wrong"),
    errors.TooManyTries: (429, "Too many tries from this address"),
    errors.Locked: (423, "Sign-in is closed for a while"),
    errors.TooOld: (410, "The stream does not reach so far"),
    errors.Unavailable: (503, "The database is away"),
    errors.ExchangeAway: (409, "The exchange is away"),
    errors.Conflict: (409, "Something else was first"),
    errors.CaseTaken: (409, "Somebody else has this case"),
    errors.Urgent: (409, "An urgent case is not one of many"),
    errors.LastAdministrator: (409, "Somebody must be left to give rights"),
    errors.VersionConflict: (409, "Somebody has changed it"),
    errors.OfferTaken: (409, "Somebody else goes already"),
    errors.HelperBusy: (409, "In another emergency already"),
    errors.OfferExpired: (410, "The offer is over"),
    errors.LooksDouble: (409, "This may be somebody who is there already"),
    errors.IllegalTransition: (409, "Not possible in this state"),
    errors.SendFailed: (502, "The message could not be sent"),
}
AWAY = (OperationalError, InterfaceError, PoolTimeout)


def problem(status: int, code: str, title: str, detail: str, **extra: object) -> Response:
    body = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail, **extra}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def of_error(error: errors.DispatchError) -> Response:
    note_refusal(error)
    for kind in type(error).__mro__:
        if kind in STATUS:
            status, title = STATUS[kind]
            return problem(status, error.code, title, error.detail, **error.extra)
    raise error


def of_validation(error: ValidationError) -> Response:
    """What pydantic found, by field; the value itself is not repeated, it may be personal."""
    found = [
        {"field": ".".join(map(str, e["loc"])) or "body", "code": e["type"], "detail": e["msg"]}
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return problem(422, "invalid", "A field is wrong", "mend the fields listed in errors", errors=found)


def _of_http(error: HTTPException) -> Response:
    code = (error.name or "error").lower().replace(" ", "-")
    return problem(error.code or 500, code, error.name, error.description or "")


def _of_database(error: DBAPIError) -> Response:
    log.warning("database_away", error=type(error).__name__)
    return problem(503, "database-away", "The database is away", "try again in a moment; nothing was changed")


def _of_maze(_error: RecursionError) -> Response:
    return problem(400, "bad-request", "Bad Request", "the body is nested too deeply")


def _of_anything(error: Exception) -> Response:
    log.error("unexpected_error", error=type(error).__name__, exc_info=error)
    return problem(500, "internal", "A defect", "this was logged; try again, and tell the administrator")


def register(app: Flask) -> None:
    app.register_error_handler(errors.DispatchError, of_error)
    app.register_error_handler(ValidationError, of_validation)
    app.register_error_handler(HTTPException, _of_http)
    for kind in AWAY:
        app.register_error_handler(kind, _of_database)
    app.register_error_handler(RecursionError, _of_maze)
    app.register_error_handler(Exception, _of_anything)
