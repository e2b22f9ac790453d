"""The doors to what words mean: who may, what is refused in words, and that webhooks follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatch.bootstrap.web import web_of
from dispatch.services.devices import meanings
from tests.api.test_webhooks import TOKEN, configured
from tests.support import factories
from tests.support.factories import PASSWORD, Town
from tests.support.web import end

WORD = {"device": "SOS-1", "kind": "double"}
SOS = {"actions": {"double": "sos"}}
SAID = {"number": "SOS-1", "scope": "device", "name": "SOS-1", "words": SOS}
SAVED = {**SAID, "version": "0", "reason": "she carries it"}


@pytest.fixture
def app(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr(meanings, "FRESH", -1.0)
    chosen = configured(town, tmp_path)
    made = web_of(chosen, factories.centre_for(chosen)).app
    yield made
    end(made)


def by(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
    client.environ_base["HTTP_X_CSRF_TOKEN"] = answer.json["csrf_token"]
    return client


def hook(app: Flask, body: dict[str, Any] | None = None) -> int:
    answer = app.test_client().post(f"/webhooks/plain?token={TOKEN}", json=body or WORD)
    assert answer.status_code == 200, answer.text
    return int(answer.json["signals"])


def test_a_word_of_a_cloud_is_mapped_from_the_unreadable_message(app: Flask) -> None:
    hook(app)
    boss = by(app, "boss")
    (unread,) = boss.get("/api/v1/signals?understood=false").json["items"]
    assert unread["data"] == {"device": "SOS-1", "word": "double"}
    found = boss.get("/api/v1/mapping?number=SOS-1").json
    assert (found["way"], found["heard"]["words"]) == ("webhook", [{"word": "double", "count": 1, "means": None}])
    trial = boss.post("/api/v1/mapping/trial", json=SAID).json
    assert (trial["counts"], trial["not_read"]) == ({"changed": 1, "lost": 0, "gained": 1}, 0)
    answer = boss.put("/api/v1/mapping", json=SAVED)
    assert answer.json["effective"]["actions"]["double"] == "sos", answer.text
    hook(app, WORD | {"event_id": "e2"})
    (case,) = boss.get("/api/v1/cases").json["items"]
    assert case["cause"] == "sos"


def test_who_may_only_look_does_not_save(app: Flask) -> None:
    hook(app)
    lin = by(app, "lin")
    assert lin.get("/api/v1/mapping?number=SOS-1").json["may_save"] == {"device": False, "model": False}
    assert lin.post("/api/v1/mapping/trial", json=SAID).status_code == 200
    assert lin.put("/api/v1/mapping", json=SAVED).status_code == 403
    west = by(app, "west_op")
    for answer in (
        west.get("/api/v1/mapping?number=SOS-1"),
        west.post("/api/v1/mapping/trial", json=SAID),
        west.get("/api/v1/mapping/versions?number=SOS-1&scope=device"),
    ):
        assert answer.status_code == 404


def test_second_is_told_and_silence_is_asked_about(app: Flask) -> None:
    hook(app)
    boss = by(app, "boss")
    assert boss.put("/api/v1/mapping", json=SAVED).status_code == 200
    second = boss.put("/api/v1/mapping", json=SAVED)
    assert (second.status_code, second.json["type"].rpartition("/")[2]) == (409, "version-conflict")
    silent = {**SAVED, "words": None, "version": str(second.json["version"])}
    refused = boss.put("/api/v1/mapping", json=silent)
    assert (refused.status_code, refused.json["words"]) == (409, ["double"])
    assert boss.put("/api/v1/mapping", json=silent | {"even_if_silent": True}).status_code == 200
    said = boss.get("/api/v1/mapping/versions?number=SOS-1&scope=device&limit=1").json
    assert [one["words"] for one in said["items"]] == [None]
    assert said["next_cursor"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": {"actions": {"double": "alarm"}}},
        {"words": {"actions": {"double": ["sos"]}}},
        {"words": {"actions": {" ": "sos"}}},
        {"words": {"actions": {str(n): "sos" for n in range(500)}}},
        {"words": {"states": {"door": {}}}},
        {"words": {"states": {"door": {"x" * 5000: "door"}}}},
        {"words": {"states": {"a\0": {"b": "sos"}}}},
        {"words": "sos"},
        {"scope": "street"},
        {"name": "SOS-2"},
        {"reason": ""},
        {"reason": "x" * 201},
        {"version": "-1"},
        {"number": "x" * 101},
    ],
)
def test_nonsense_is_refused_in_words(app: Flask, wrong: dict[str, Any]) -> None:
    hook(app)
    boss = by(app, "boss")
    answer = boss.put("/api/v1/mapping", json=SAVED | wrong)
    assert answer.status_code == 422, answer.text
    assert boss.get("/api/v1/mapping/versions?number=SOS-1&scope=device").json["items"] == []


def test_a_device_that_speaks_by_no_words_has_none(app: Flask, town: Town) -> None:
    headers = {"Authorization": f"Bearer {town.signals_token}"}
    app.test_client().post("/api/v1/signals", json={"device": "SOS-2", "kind": "sos"}, headers=headers)
    found = by(app, "boss").get("/api/v1/mapping?number=SOS-2").json
    assert (found["way"], found["of_model"], found["heard"]) == (None, None, {"words": [], "states": []})
