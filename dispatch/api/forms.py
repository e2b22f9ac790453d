"""Paper forms: everything that can be asked for in the browser can be asked for with a pen, and written down at the
counter."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from dispatch.api.context import centre, context
from dispatch.api.elder_words import HELPS
from dispatch.api.form_fields import FORMS
from dispatch.domain.errors import NotFound

pages = Blueprint("forms", __name__, static_folder="static", static_url_path="/forms/static")


@pages.get("/forms/<name>")
def form(name: str) -> Response:
    """One empty form, to be printed: Chinese first, large print."""
    if name not in FORMS:
        raise NotFound(f"there is no form {name}: {', '.join(FORMS)}")
    purposes = [purpose for purpose in centre().care.purposes.values() if purpose.needs_consent]
    body = render_template(
        "form.html",
        name=name,
        form=FORMS[name],
        others={other: body.title for other, body in FORMS.items()},
        helps=zip(HELPS["zh"].values(), HELPS["en"].values(), strict=True),
        purposes=purposes,
        hotline=context().settings.hotline,
    )
    return make_response(body)
