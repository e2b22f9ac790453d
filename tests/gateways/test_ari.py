"""Calls by the REST interface of an Asterisk: what is asked of it, what is read out, and what is heard.

The server here says what the documents say; tests/gateways/test_real_asterisk.py does the same with a real one.
"""

from __future__ import annotations

import asyncio
import io
import json
import queue
import sys
import threading
import wave
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import simple_websocket
from flask import Flask, Response, request
from werkzeug.serving import make_server

from dispatch.domain.calls import CallReport
from dispatch.domain.errors import Permanent, Retryable
from dispatch.domain.listening import Setup, Unknown
from dispatch.domain.messages import Outgoing, Report
from dispatch.domain.pbx import channel_of
from dispatch.gateways.pbx.door import Seen
from dispatch.gateways.pbx.listener import OPTIONS, AsteriskListener
from dispatch.gateways.pbx.speech import RATE, Mute, Speech, telephone
from dispatch.gateways.pbx.voice import AsteriskVoice

WITHIN = 60
READ = channel_of("cascade:1:voice")
ENGINE = """
import io, sys, wave
text = sys.stdin.read()
if text == "silence":
    sys.exit(3)
made = io.BytesIO()
with wave.open(made, "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(22050); file.writeframes(bytes(22050))
sys.stdout.buffer.write(made.getvalue())
"""


class Ari:
    """Its REST interface, and its events for one application."""

    def __init__(self) -> None:
        self.asked: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.answers: dict[str, int] = {}
        self._events: queue.Queue[str | None] = queue.Queue()
        self.listening = threading.Event()
        app = Flask("ari")
        app.add_url_rule("/ari/events", view_func=self._listen, websocket=True)
        app.add_url_rule("/ari/<path:path>", view_func=self._answer, methods=["GET", "POST", "DELETE"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def _listen(self) -> Response:
        socket = simple_websocket.Server(request.environ)
        assert request.authorization is not None
        assert request.authorization.password == "ari"
        self.listening.set()
        while (event := self._events.get()) is not None:
            socket.send(event)
        return Response("")

    def _answer(self, path: str) -> Response:
        if path.startswith("applications/"):
            return Response("{}", 200 if self.listening.is_set() else 404)
        body = request.get_json(silent=True) or {}
        self.asked.put((f"{request.method} {path}", {**request.args.to_dict(), **body}))
        found = json.dumps({"name": "PJSIP/agent1001-00000001"})
        return Response(found, self.answers.get(request.method, 200), mimetype="application/json")

    def tell(self, kind: str, **more: Any) -> None:
        self._events.put(json.dumps({"type": kind, **more}))

    def next(self) -> tuple[str, dict[str, Any]]:
        return self.asked.get(timeout=WITHIN)

    def stop(self) -> None:
        self._events.put(None)
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


@pytest.fixture
def ari() -> Iterator[Ari]:
    made = Ari()
    yield made
    made.stop()


def setup(ari: Ari, **options: Any) -> Setup:
    return Setup(
        "asterisk", "asterisk", on=True, demo=False, host="127.0.0.1", port=9, unknown=Unknown.REFUSE,
        options={"ari": ari.url, **options}, secrets={"ami": "ami", "ari": "ari"},
    )  # fmt: skip


@pytest.fixture
def voice(ari: Ari) -> AsteriskVoice:
    return AsteriskVoice(setup(ari), {**OPTIONS, "ari": ari.url})


def message(reference: str = "cascade:1:voice", phone: str = "13800001000", **more: str) -> Outgoing:
    return Outgoing(reference, "voice", phone, "梧桐路18号有人呼救，能去请按1。", **more)  # type: ignore[arg-type]


# -- what is asked


def test_the_desk_rings_first_and_then_the_number(ari: Ari, voice: AsteriskVoice) -> None:
    asked = message("call:1:0:elder", desk="1003")
    assert voice.send(asked) == channel_of(asked.reference)
    what, fields = ari.next()
    assert what == f"POST channels/{channel_of(asked.reference)}"
    assert (fields["endpoint"], fields["context"], fields["extension"]) == (
        "PJSIP/agent1003",
        "dispatch-dial",
        "13800001000",
    )


def test_a_third_one_comes_into_the_conversation(ari: Ari, voice: AsteriskVoice) -> None:
    voice.send(message("join:1:1:7", joins="1795468493.0"))
    assert ari.next()[0] == "GET channels/1795468493.0"
    _, fields = ari.next()
    assert fields["variables"] == {"DISPATCH_JOINS": "PJSIP/agent1001-00000001"}
    ari.answers["GET"] = 404
    with pytest.raises(Permanent, match="over"):
        voice.send(message("join:1:2:7", joins="1795468493.0"))


def test_nothing_rings_while_nobody_is_there_to_read(ari: Ari, voice: AsteriskVoice) -> None:
    with pytest.raises(Retryable, match="no gateway process"):
        voice.send(message())
    assert ari.asked.empty()
    ari.listening.set()
    assert voice.send(message()) == READ


def test_a_second_try_of_the_same_message_is_the_same_call(ari: Ari, voice: AsteriskVoice) -> None:
    ari.answers["POST"] = 409
    assert voice.send(message("call:1:0:elder", desk="1003")) == channel_of("call:1:0:elder")


@pytest.mark.parametrize(("status", "error"), [(400, Permanent), (401, Retryable), (500, Retryable)])
def test_what_the_exchange_refuses(ari: Ari, voice: AsteriskVoice, status: int, error: type[Exception]) -> None:
    ari.answers["POST"] = status
    with pytest.raises(error, match=str(status)):
        voice.send(message("call:1:0:elder", desk="1003"))


@pytest.mark.parametrize("phone", ["", "1", "138&Local/9", "a@b", "13800001000\r\nX: 1"])
def test_what_is_no_number_is_never_dialled(ari: Ari, voice: AsteriskVoice, phone: str) -> None:
    with pytest.raises(Permanent):
        voice.send(message("call:1:0:elder", phone, desk="1003"))
    assert ari.asked.empty()


def test_what_rings_is_ended_and_what_is_over_is_over(ari: Ari, voice: AsteriskVoice) -> None:
    ari.answers["DELETE"] = 404
    voice.withdraw("call:1:0:elder")
    assert ari.next()[0] == f"DELETE channels/{channel_of('call:1:0:elder')}"
    ari.answers["DELETE"] = 500
    with pytest.raises(Retryable):
        voice.withdraw("call:1:0:elder")


def test_an_exchange_that_is_not_there_may_come(ari: Ari) -> None:
    gone = AsteriskVoice(setup(ari), {**OPTIONS, "ari": "http://127.0.0.1:9"})
    with pytest.raises(Retryable, match="does not answer"):
        gone.withdraw("call:1:0:elder")


# -- what is read out, and heard


class Door:
    def __init__(self) -> None:
        self.reports: queue.Queue[Report] = queue.Queue()
        self.text = "去吗？能去请按1。"

    async def open_calls(self) -> list[str]:
        return []

    async def call(self, report: CallReport) -> None:
        raise AssertionError("nobody rings")

    async def heard(self, report: Report) -> None:
        self.reports.put(report)

    async def text_of(self, channel: str) -> str | None:
        return self.text

    async def to_end(self) -> list[str]:
        return []

    async def seen(self, seen: Seen, at: datetime) -> None:
        pass

    def next(self) -> tuple[str, str | None, str]:
        report = self.reports.get(timeout=WITHIN)
        assert report.provider_id == READ
        return str(report.state), report.text, report.answered_by


class Corridor:
    def connected(self, more: int) -> None: ...

    def at_work(self, where: str) -> None:
        raise AssertionError("there is no AMI here")

    def interrupted(self, reason: str) -> None:
        pass


@pytest.fixture
def door(ari: Ari, tmp_path: Path) -> Iterator[Door]:
    """Of a listener that has connected to the events."""
    made = Door()
    chosen = setup(ari, sounds=str(tmp_path), speech=[sys.executable, "-c", ENGINE], times=1)
    listener = AsteriskListener(chosen, made)

    async def run() -> None:
        task = asyncio.create_task(listener.run(Corridor()))  # type: ignore[arg-type]
        await asyncio.to_thread(ended.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ari.listening.wait(WITHIN)
    yield made
    ended.set()
    thread.join(WITHIN)
    assert not thread.is_alive()
    assert list(tmp_path.iterdir()) == []


def picks_up(ari: Ari, status: str) -> None:
    ari.tell("StasisStart", args=[status], channel={"id": READ})


def test_a_text_is_read_the_digit_is_stored_and_then_thanked_for(ari: Ari, door: Door) -> None:
    ari.tell("StasisStart", args=["HUMAN"], channel={"id": "1795468493.0"})  # somebody else's
    picks_up(ari, "NOTSURE")
    assert door.next() == ("answered", None, "human")
    what, fields = ari.next()
    assert what == f"POST channels/{READ}/play/{READ}"
    assert fields["media"].startswith("sound:/")
    ari.tell("ChannelDtmfReceived", digit="#", channel={"id": READ})
    ari.tell("ChannelDtmfReceived", digit="1", channel={"id": READ})
    assert door.next() == ("answered", "1", "human")
    thanks, _ = ari.next()
    assert thanks.endswith("-thanks")
    ari.tell("PlaybackFinished", playback={"id": f"{READ}-thanks", "target_uri": f"channel:{READ}"})
    assert ari.next()[0] == f"DELETE channels/{READ}"


def test_a_machine_hears_nothing(ari: Ari, door: Door) -> None:
    picks_up(ari, "MACHINE")
    assert door.next() == ("answered", None, "machine")
    assert ari.next()[0] == f"DELETE channels/{READ}"


def test_who_hangs_up_during_the_text_has_pressed_nothing(ari: Ari, door: Door) -> None:
    picks_up(ari, "HUMAN")
    assert door.next() == ("answered", None, "human")
    ari.next()
    ari.tell("StasisEnd", channel={"id": READ})
    assert ari.next()[0] == f"DELETE channels/{READ}"
    assert door.reports.empty()


def test_a_voice_that_fails_is_told(ari: Ari, door: Door) -> None:
    door.text = "silence"
    picks_up(ari, "HUMAN")
    assert door.next()[0] == "answered"
    assert door.next()[0] == "failed"
    assert ari.next()[0] == f"DELETE channels/{READ}"


# -- speech


def test_sound_is_made_for_the_telephone() -> None:
    assert len(telephone(_wav(22_050, 22_050))) == pytest.approx(2 * RATE, abs=4)
    assert telephone(_wav(RATE, 3)) == bytes(6)


@pytest.mark.parametrize("sound", [b"", b"RIFF", b"no sound at all", bytes(100)])
def test_what_is_no_sound_is_said_so(sound: bytes) -> None:
    with pytest.raises(Mute):
        telephone(sound)


def test_a_program_for_speech_that_is_not_there_is_told_at_the_start() -> None:
    with pytest.raises(ValueError, match="espeak-ng"):
        Speech(["no-such-program"])


@pytest.mark.parametrize(("options", "says"), [({"sounds": "/nowhere"}, "sounds"), ({"queue": []}, "no option queue")])
def test_options_that_cannot_work_are_refused(ari: Ari, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        AsteriskListener(setup(ari, **options), Door())


def test_a_missing_password_is_told(ari: Ari) -> None:
    with pytest.raises(ValueError, match="asterisk/ami"):
        AsteriskListener(replace(setup(ari), secrets={}), Door())
    with pytest.raises(ValueError, match="asterisk/ari"):
        AsteriskVoice(replace(setup(ari), secrets={}), {**OPTIONS, "ari": ari.url})


def _wav(rate: int, samples: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * samples))
    return made.getvalue()
