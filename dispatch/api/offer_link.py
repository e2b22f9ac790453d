"""An offer behind a single-use link: two buttons, no sign-in, no cookie, no script. The link is the key."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from dispatch.api.context import centre, context, now
from dispatch.api.elder_words import HELPS
from dispatch.domain.errors import Conflict, DispatchError, HelperBusy, Invalid, NotFound, OfferExpired
from dispatch.domain.helps.offers import Decline
from dispatch.services.helps import links

pages = Blueprint("offer_link", __name__)

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "lang": "zh-CN",
        "title": "派单",
        "other_lang": "English",
        "urgent": "紧急",
        "need": "需要：",
        "eta": "约 {minutes} 分钟",
        "accept": "接单",
        "decline": "不接",
        "why": "不接的原因",
        "busy": "正在忙",
        "far": "太远",
        "cannot": "不会做",
        "sick": "生病了",
        "other": "其他原因",
        "accepted": "已确认：派给您了",
        "accepted_text": "地址和电话马上用短信发给您。到场回3，完成回4，要协助回0",
        "declined": "收到，已转派给别人",
        "declined_text": "谢谢您",
        "taken": "已由他人接单",
        "taken_text": "谢谢您",
        "busy_already": "您还有一件紧急任务",
        "busy_already_text": "同时只能去一件紧急任务",
        "over": "这一单已经结束",
        "over_text": "有人接了，或者不需要了",
        "gone": "这个链接已经失效",
        "gone_text": "链接只能用一次，15 分钟内有效。请回短信，或打电话给中心",
        "call": "打电话给中心",
    },
    "en": {
        "lang": "en",
        "title": "A request",
        "other_lang": "中文",
        "urgent": "Urgent",
        "need": "Needs: ",
        "eta": "about {minutes} min",
        "accept": "Accept",
        "decline": "Refuse",
        "why": "Why not",
        "busy": "Busy",
        "far": "Too far",
        "cannot": "Cannot do it",
        "sick": "Sick",
        "other": "Another reason",
        "accepted": "Confirmed: it is yours",
        "accepted_text": "The address and the telephone come by SMS. Reply 3 when there, 4 when done, 0 for help",
        "declined": "Received: somebody else is asked",
        "declined_text": "Thank you",
        "taken": "Somebody else goes already",
        "taken_text": "Thank you",
        "busy_already": "You are in another emergency",
        "busy_already_text": "Nobody goes to two at once",
        "over": "This request is over",
        "over_text": "Somebody goes, or it is not needed any more",
        "gone": "This link opens nothing any more",
        "gone_text": "A link works once, within 15 minutes. Reply by SMS, or telephone the centre",
        "call": "Telephone the centre",
    },
}


@pages.get("/o/<token>")
def show(token: str) -> Response:
    """The offer. Nothing is answered by looking: programs that preview links look too."""
    try:
        return _page(token, 200, offer=links.look(centre(), token, now()))
    except DispatchError as error:
        return _ended(token, error)


@pages.post("/o/<token>")
def answer(token: str) -> Response:
    said = request.form.get("answer")
    if said not in ("accept", "decline"):
        raise Invalid("answer", "unknown", "send accept or decline")
    reason = request.form.get("reason")
    try:
        known = reason if reason in set(Decline) else None
        links.answer(centre(), token, now(), yes=said == "accept", reason=known)
    except DispatchError as error:
        return _ended(token, error)
    return _page(token, 200, said="accepted" if said == "accept" else "declined")


def _ended(token: str, error: DispatchError) -> Response:
    if isinstance(error, NotFound):
        return _page(token, 404, said="gone")
    if isinstance(error, OfferExpired):
        return _page(token, 410, said="over")
    if isinstance(error, HelperBusy):
        return _page(token, 409, said="busy_already")
    if isinstance(error, Conflict):
        return _page(token, 409, said="taken")
    raise error


def _page(token: str, status: int, **shown: Any) -> Response:
    lang = "en" if request.args.get("lang", "").lower().startswith("en") else "zh"
    hotline = context().settings.hotline
    body = render_template(
        "offer_link.html",
        words=WORDS[lang],
        lang=lang,
        other="zh" if lang == "en" else "en",
        token=token,
        helps=HELPS[lang],
        reasons=list(Decline),
        hotline=hotline,
        dial=hotline.replace(" ", "").replace("-", ""),
        **shown,
    )
    answer_ = make_response(body, status)
    answer_.headers["Referrer-Policy"] = "no-referrer"
    answer_.headers["Cache-Control"] = "no-store"
    answer_.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer_
