"""The web application over a town, for requests without a server."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule

from dispatch.bootstrap.web import web_of
from tests.support import factories
from tests.support.factories import Town

Builder = Callable[..., tuple[str, str]]


def compile_rules_once() -> None:
    """Nine tenths of the time in which an application is made went into compiling its four hundred rules, anew for each
    test, and what a rule compiles to depends on its words alone.
    """
    compiled = Rule._compile_builder
    known: dict[tuple[object, ...], Builder] = {}

    @functools.wraps(compiled)
    def remembered(rule: Rule, append_unknown: bool = True) -> Builder:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        words = (rule.host, rule.subdomain, rule.rule, rule.merge_slashes, defaults, append_unknown)
        if words not in known:
            known[words] = compiled(rule, append_unknown)
        return known[words]

    Rule._compile_builder = remembered  # type: ignore[method-assign]


def web(town: Town, data_dir: Path, **more: object) -> Flask:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    chosen = factories.settings(url, data_dir, **more)
    return web_of(chosen, factories.centre_for(chosen)).app


def end(app: Flask) -> None:
    app.extensions["dispatch"].centre.database.engine.dispose()
