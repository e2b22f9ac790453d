"""The web application over a town, for requests without a server."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from dispatch.bootstrap.web import web_of
from tests.support import factories
from tests.support.factories import Town


def web(town: Town, data_dir: Path, **more: object) -> Flask:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    chosen = factories.settings(url, data_dir, **more)
    return web_of(chosen, factories.centre_for(chosen)).app


def end(app: Flask) -> None:
    app.extensions["dispatch"].centre.database.engine.dispose()
