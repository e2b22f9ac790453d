"""Doors that only a demo has: the elder's big-text page, one-click sign-in, a storm of alarms."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime

import structlog
from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from dispatch.api.context import centre, now, remember
from dispatch.api.pages import page
from dispatch.api.schemas import Problem
from dispatch.domain.errors import Conflict
from dispatch.services.accounts import person_named
from dispatch.services.centre import Centre
from dispatch.services.demo.breathing import breathe
from dispatch.services.demo.devices import HEROINE
from dispatch.services.demo.elder import Phase, elder_state
from dispatch.services.demo.storm import Storm, plan_storm, storm_alarm
from dispatch.services.demo.walking import walk
from dispatch.services.intake import receive_signal

log = structlog.get_logger()
pages = Blueprint("demo", __name__, url_prefix="/demo", static_folder="static", static_url_path="/static")
api = APIBlueprint("demo_api", __name__, url_prefix="/api/v1/demo", abp_tags=[Tag(name="demo")])
TOKEN = "demo-device-token"  # noqa: S105 -- public: the page carries it
HOME = "/console/"
LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")
STORM_SECONDS = 30.0

WORDS = {
    "zh": {
        "lang": "zh-CN",
        "title": "王桂英的求助页面",
        "hello": "王奶奶，您好",
        "sos": "求助",
        "sos_hint": "按一下，马上有人联系您",
        "fine": "我没事",
        "test": "试一试设备",
        "other_lang": "English",
        "sending": "正在发送，请稍等…",
        "retrying": "还没有送到，正在再试。请不要离开",
        "refused": "没有送到。请直接拨打电话，或请邻居帮忙",
        "sent_sos": "已经收到您的求助",
        "sent_cancel": "已经告诉接警员：您说没事。接警员还会和您核实一下",
        "sent_cancel_idle": "收到了。现在没有正在处理的求助",
        "sent_test": "设备正常，线路通畅",
        Phase.QUIET: "需要帮助时，请按红色按钮",
        Phase.RECEIVED: "通知已收到，接警员马上联系您",
        Phase.IN_HAND: "接警员{name}正在处理",
        Phase.SETTLED: "已办结。有事请再按红色按钮",
    },
    "en": {
        "lang": "en",
        "title": "Wang Guiying's call for help",
        "hello": "Good day, Mrs Wang",
        "sos": "Help! SOS",
        "sos_hint": "Press once: somebody will call you at once",
        "fine": "I am fine",
        "test": "Try the device",
        "other_lang": "中文",
        "sending": "Sending, one moment…",
        "retrying": "Not delivered yet, trying again. Please stay",
        "refused": "Not delivered. Please telephone, or ask a neighbour",
        "sent_sos": "Your call for help has been received",
        "sent_cancel": "The operator knows that you are fine, and will still check with you",
        "sent_cancel_idle": "Received. There is no call for help at the moment",
        "sent_test": "The device works and the line is open",
        Phase.QUIET: "If you need help, press the red button",
        Phase.RECEIVED: "Received: an operator will call you at once",
        Phase.IN_HAND: "{name} is looking after your call",
        Phase.SETTLED: "Settled. If you need anything, press the red button again",
    },
}


class StormOut(BaseModel):
    alarms: int
    seconds: float
    community: str


def register(app: Flask) -> None:
    assert isinstance(app, OpenAPI)
    app.register_blueprint(pages)
    app.register_api(api)


def _language() -> str:
    return "en" if request.args.get("lang", "").lower().startswith("en") else "zh"


@pages.get("")
def split_view() -> Response:
    return page("demo.html")


@pages.get("/phones")
def phones() -> Response:
    return page("phones.html")


@pages.get("/elder")
def elder() -> str:
    lang = _language()
    other = "zh" if lang == "en" else "en"
    return render_template("demo_button.html", words=WORDS[lang], lang=lang, other=other, device=HEROINE, token=TOKEN)


@pages.get("/elder/state")
def state() -> Response:
    phase, name = elder_state(centre(), HEROINE, now())
    return jsonify(phase=phase, text=WORDS[_language()][phase].format(name=name or ""))


@pages.get("/as/<username>")
def sign_in_as(username: str) -> BaseResponse:
    """Sign a demo user in with one click."""
    remember(person_named(centre(), username), "demo")
    return redirect(local_path(request.args.get("next", HOME)))


def local_path(wanted: str) -> str:
    """``wanted`` if it stays on this server, else the console: ``//host`` and ``/\\host`` lead elsewhere."""
    return wanted if LOCAL_PATH.fullmatch(wanted) else HOME


@api.post(
    "/storm",
    summary="Sixty alarms in one community within half a minute",
    description="Only in a demo, one at a time. The alarms go the way of real ones.",
    responses={202: StormOut, 409: Problem},
)
def post_storm() -> Response:
    storm = storms.begin(centre())
    answer = StormOut(alarms=len(storm.devices), seconds=STORM_SECONDS, community=storm.community)
    return Response(answer.model_dump_json(), 202, mimetype="application/json")


@api.post(
    "/positions",
    summary="The helpers' telephones say where they are",
    description="Only in a demo: those on shift, at most every five minutes.",
)
def post_positions() -> Response:
    return jsonify({"helpers": walk(centre(), now())})


@api.post(
    "/beats",
    summary="The devices say that they are well",
    description="Only in a demo: those that owe a heartbeat, folded as those of listeners are.",
)
def post_beats() -> Response:
    return jsonify({"devices": breathe(centre(), now())})


class Storms:
    """The storm of this web process, if one rages."""

    def __init__(self, seconds: float = STORM_SECONDS) -> None:
        self._seconds = seconds
        self._raging = threading.Lock()

    @property
    def raging(self) -> bool:
        return self._raging.locked()

    def begin(self, over: Centre) -> Storm:
        """Start a storm in the background. Raises ``Conflict`` while one rages."""
        if not self._raging.acquire(blocking=False):
            raise Conflict("a storm is raging already: wait for its end")
        try:
            storm = plan_storm(over, datetime.now(UTC))
        except BaseException:
            self._raging.release()
            raise
        threading.Thread(target=self._rage, args=(over, storm), name="demo-storm", daemon=True).start()
        return storm

    def _rage(self, over: Centre, storm: Storm) -> None:
        try:
            for device in storm.devices:
                self._alarm(over, device)
                time.sleep(self._seconds / len(storm.devices))
        finally:
            self._raging.release()

    def _alarm(self, over: Centre, device: str) -> None:
        try:
            receive_signal(over, storm_alarm(device, datetime.now(UTC)))
        except SQLAlchemyError as error:
            log.warning("storm_alarm_failed", error=type(error).__name__)


storms = Storms()
