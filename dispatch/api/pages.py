"""The console's built files, and where people land."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, send_from_directory
from werkzeug.wrappers import Response as BaseResponse

from dispatch.api.context import context

pages = Blueprint("pages", __name__)
A_YEAR = 31_536_000


@pages.get("/")
def root() -> BaseResponse:
    return redirect("/console/")


@pages.get("/console/")
@pages.get("/console/<path:path>")
def console(path: str = "") -> Response:
    """A file of the build, or the console's page for every address that the console itself understands."""
    directory = context().settings.console_dir
    if path.startswith("assets/"):
        response = send_from_directory(directory, path, max_age=A_YEAR)
        response.cache_control.immutable = True
        return response
    if path and (directory / path).is_file() and not path.endswith(".html"):
        return send_from_directory(directory, path)
    return page("index.html")


@pages.get("/provider")
def provider() -> Response:
    """The helper's page, for a telephone."""
    return page("provider.html")


@pages.get("/provider-worker.js")
def provider_worker() -> Response:
    """Lets that page open without a network. It stands beside the page, and is asked for anew at each opening."""
    return page("provider-worker.js")


def page(name: str) -> Response:
    directory = context().settings.console_dir
    if not (directory / name).is_file():
        abort(503, f"the console is not built: {name} is missing")
    response = send_from_directory(directory, name)
    response.cache_control.no_cache = True
    return response
