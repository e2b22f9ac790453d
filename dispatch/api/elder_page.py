"""The elder's own page: big text, three buttons, no sign-in, no cookie, no script needed.

The link is the key. A form carries a press token made for it: a lost answer, a double tap and a second try are one
press. A call for help is never refused for a form that is old or torn; everything else then asks to be pressed again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import segno
import structlog
from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import act, allowed, centre, context, now
from dispatch.api.elder_words import HELPS, WORDS
from dispatch.api.problems import AWAY
from dispatch.api.schemas import ElderPath, Problem
from dispatch.domain.case import Help
from dispatch.domain.errors import NotFound, Unavailable
from dispatch.domain.followup import RATINGS, Result
from dispatch.domain.permissions import May
from dispatch.services import elder_links, elder_page, spool
from dispatch.services.accounts import digest
from dispatch.services.elder_page import Deed, Outcome, Page, Press, Wish

log = structlog.get_logger()
api = APIBlueprint(
    "elder_links",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="elders")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem},
)
pages = Blueprint("elder_page", __name__, static_folder="static", static_url_path="/elder/static")


# -- the card, for the desk


@api.get("/elders/<elder_id>/link", summary="The elder's card, if one counts")
def get_link(path: ElderPath) -> Response:
    return jsonify(link=elder_links.link_of(centre(), int(path.elder_id), allowed(May.REGISTER_READ)))


@api.post("/elders/<elder_id>/link", summary="A new card; its link is shown once, the old card opens nothing any more")
def post_link(path: ElderPath) -> Response:
    made = elder_links.make_link(centre(), int(path.elder_id), act(may=May.REGISTER_EDIT))
    url = url_for("elder_page.show", token=made.pop("token"), _external=True)
    code = segno.make(url, error="q").svg_data_uri(scale=1, border=2)
    answer = jsonify({**made, "url": url, "qr": code, "hotline": context().settings.hotline})
    answer.status_code = 201
    return answer


@api.delete("/elders/<elder_id>/link", summary="The card opens nothing any more", responses={204: None})
def delete_link(path: ElderPath) -> Response:
    elder_links.revoke_link(centre(), int(path.elder_id), act(may=May.REGISTER_EDIT))
    return Response(status=204)


# -- the page


@pages.get("/e/<token>")
def show(token: str) -> Response:
    """The three buttons and how it stands."""
    return _guarded(token, None, lambda: _page(token, _look(token)))


@pages.get("/e/<token>/state")
def state(token: str) -> Response:
    """The words of the page alone, for the script that keeps them fresh."""
    found = _look(token)
    answer = jsonify(phase=found.phase, text=_state_words(found), said=_said_words(found))
    return _private(answer)


@pages.get("/e/<token>/services")
def services(token: str) -> Response:
    """The ten helps as buttons."""
    return _guarded(token, None, lambda: _page(token, _look(token), "services"))


@pages.post("/e/<token>/<deed>")
def press(token: str, deed: str) -> Response:
    """A button. Answered only after the commit; then the browser is led to the page, so that a reload sends nothing."""
    if deed not in set(Deed):
        raise NotFound("there is no such button")
    key = _key(token)
    pressed = Press(digest(token), now(), key)
    keep = partial(spool.keep, centre().spool_dir, pressed) if deed == Deed.HELP else None
    return _guarded(token, deed, lambda: _done(token, key, _press(Deed(deed), pressed)), keep)


def _press(deed: Deed, pressed: Press) -> Outcome | None:
    """None: this form was not ours, or asks for something that is not there."""
    if deed is Deed.HELP:
        elder_page.call_for_help(centre(), pressed)
        return Outcome.HELP
    if pressed.key is None:
        return None
    if deed is Deed.FINE:
        return elder_page.say_fine(centre(), pressed)
    wanted = request.form.get("wanted", "")
    if deed is Deed.RATE:
        case_id, _, result = wanted.partition(":")
        known = _is_id(case_id) and result in {one.value for one in RATINGS}
        return elder_page.rate(centre(), pressed, int(case_id), Result(result)) if known else None
    if deed is Deed.WITHDRAW:
        return elder_page.withdraw(centre(), pressed, int(wanted)) if _is_id(wanted) else None
    return elder_page.ask_for(centre(), pressed, Help(wanted)) if wanted in set(Help) else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _done(token: str, key: str | None, outcome: Outcome | None) -> Response:
    if outcome in (Outcome.HELP, Outcome.FINE, Outcome.SERVICE, Outcome.RATED):
        shown = url_for("elder_page.show", token=token, done=key, lang=_lang())
        return _private(make_response(redirect(shown, 303)))
    words = WORDS[_lang()]
    return _page(token, _look(token), said=words["stale"] if outcome is None else words[f"did_{outcome}"])


def _guarded(
    token: str, deed: str | None, work: Callable[[], Response], keep: Callable[[], None] | None = None
) -> Response:
    """Say it in words when the link is of nobody, and when the database is away; then ``keep`` is all that is done."""
    try:
        return work()
    except NotFound:
        return _plain("gone", 404, token, None)
    except AWAY as error:
        log.warning("elder_page_away", deed=deed or "look", kept=keep is not None, error=type(error).__name__)
    try:
        if keep is not None:
            keep()
            return _plain("kept", 202, token, None)
    except Unavailable as error:
        log.error("elder_press_lost", reason=error.detail)
    return _plain("away", 503, token, deed)


def _look(token: str) -> Page:
    return elder_page.look(centre(), token, request.args.get("done"), now())


def _state_words(found: Page) -> str:
    return WORDS[_lang()][found.phase].format(who=found.who or "", minutes=found.minutes)


def _said_words(found: Page) -> str:
    words = WORDS[_lang()]
    if found.last is not None and found.last is not Outcome.HELP:
        return words[f"did_{found.last}"]
    if found.said_fine and found.phase in elder_page.OPEN_PHASES:
        return words["said_fine"]
    return words["did_help"] if found.last is Outcome.HELP else ""


def _when_words(wish: Wish) -> str:
    """``11月25日 11:30 张敏``; nothing for what has no time yet."""
    if wish.wanted_at is None:
        return ""
    at = wish.wanted_at.astimezone(centre().zone)
    day = f"{at.month}月{at.day}日" if _lang() == "zh" else f"{at.day}/{at.month}"
    return " ".join(filter(None, (f"{day} {at:%H:%M}", wish.who)))


def _page(token: str, found: Page, part: str = "page", said: str | None = None) -> Response:
    lang = _lang()
    body = render_template(
        "elder_page.html",
        **_frame(token),
        part=part,
        hello=WORDS[lang]["hello"].format(name=found.name),
        phase=found.phase,
        state=_state_words(found),
        said=_said_words(found) if said is None else said,
        wishes=[(wish, _when_words(wish)) for wish in found.wishes],
        unrated=found.unrated,
        helps=HELPS[lang],
        open=found.phase in elder_page.OPEN_PHASES,
        press=_new_press(token),
    )
    return _private(make_response(body))


def _plain(kind: str, status: int, token: str, deed: str | None) -> Response:
    words = WORDS[_lang()]
    hotline = context().settings.hotline
    again = {"deed": deed, "press": request.form.get("press", ""), "wanted": request.form.get("wanted", "")}
    body = render_template(
        "elder_page_plain.html",
        **_frame(token),
        headline=words[kind],
        text=words[f"{kind}_text"].format(hotline=hotline),
        kind=kind,
        again=again,
    )
    answer = _private(make_response(body, status))
    if kind == "away":
        answer.headers["Retry-After"] = "5"
    return answer


def _frame(token: str) -> dict[str, Any]:
    lang = _lang()
    hotline = context().settings.hotline
    words = {name: text.replace("{hotline}", hotline) for name, text in WORDS[lang].items()}
    return {
        "words": words,
        "lang": lang,
        "other": "zh" if lang == "en" else "en",
        "token": token,
        "hotline": hotline,
        "dial": hotline.replace(" ", "").replace("-", ""),
    }


def _lang() -> str:
    return "en" if request.args.get("lang", "").lower().startswith("en") else "zh"


def _private(answer: Response) -> Response:
    """The address is a key: it is told to nobody and kept nowhere."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


# -- the press token


def _new_press(token: str) -> str:
    name = secrets.token_urlsafe(12)
    return f"{name}.{_sign(token, name)}"


def _key(token: str) -> str | None:
    """The name of this press, if our own page of this link made it."""
    name, _, signature = request.form.get("press", "").partition(".")
    if not name or not hmac.compare_digest(_sign(token, name).encode(), signature.encode()):
        return None
    return name


def _sign(token: str, name: str) -> str:
    secret = context().settings.secret_key.encode()
    return hmac.new(secret, f"press\0{digest(token)}\0{name}".encode(), hashlib.sha256).hexdigest()[:32]
