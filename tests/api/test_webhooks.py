"""Where clouds call: known by token, signature and address, answered after the storing, and once for each event."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from dispatch.bootstrap.process import StartRefused
from dispatch.bootstrap.web import web_of
from dispatch.domain.mapping import Words
from dispatch.gateways.frame import OURS
from dispatch.gateways.mqtt.understand import Said
from dispatch.gateways.webhooks import forms
from dispatch.gateways.webhooks.signature import signature
from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.services import spool
from dispatch.settings import ROOT, Settings
from tests.support import factories
from tests.support.factories import Town
from tests.support.parts import free_port
from tests.support.web import end

TOKEN = "a-token-of-the-cloud"
SECRETS = ",".join(f"{name}:{TOKEN}" for name in ("ctwing", "onenet", "ttn", "traccar", "plain"))
SOS = {"device": "SOS-1", "kind": "sos", "event_id": "e1"}


def configured(town: Town, tmp_path: Path, **more: Any) -> Settings:
    home = tmp_path / "config"
    if not home.exists():
        shutil.copytree(ROOT / "config", home)
        sources = yaml.safe_load((home / "webhooks.yaml").read_text("utf-8"))
        sources = {name: source | {True: True} for name, source in sources.items()}  # `on: true`, as YAML reads it
        sources["ttn"]["from"] = ["10.0.0.0/8"]
        (home / "webhooks.yaml").write_text(yaml.safe_dump(sources), "utf-8")
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    return factories.settings(url, tmp_path / "data", **{"config_dir": home, "gateway_secrets": SECRETS, **more})


@pytest.fixture
def app(town: Town, tmp_path: Path) -> Iterator[Flask]:
    chosen = configured(town, tmp_path)
    made = web_of(chosen, factories.centre_for(chosen)).app
    yield made
    end(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def signals(town: Town) -> list[Signal]:
    with town.centre.database.reads() as session:
        return list(session.scalars(select(Signal).order_by(Signal.received_at)))


def cases(town: Town) -> list[Case]:
    with town.centre.database.reads() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def test_from_the_cloud_to_the_case_once(client: FlaskClient, town: Town) -> None:
    for _ in range(2):
        answer = client.post(f"/webhooks/plain?token={TOKEN}", json=SOS)
        assert (answer.status_code, answer.json) == (200, {"signals": 1, "kept": False})
    (case,), (signal,) = cases(town), signals(town)
    assert (case.cause, case.signals, case.household_id is not None) == ("sos", 1, True)
    assert (signal.source, json.loads(signal.raw)) == ("webhook plain", SOS)


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (f"/webhooks/plain?token={TOKEN}", {}),
        (f"/webhooks/plain/{TOKEN}", {}),
        ("/webhooks/plain", {"Authorization": f"Bearer {TOKEN}"}),
        ("/webhooks/plain", {"X-Webhook-Token": TOKEN}),
    ],
)
def test_the_token_comes_in_four_ways(client: FlaskClient, address: str, headers: dict[str, str]) -> None:
    assert client.post(address, json=SOS, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/webhooks/plain", 403),
        ("/webhooks/plain?token=", 403),
        ("/webhooks/plain/guess", 403),
        ("/webhooks/plain?token=%FF%00", 403),
        (f"/webhooks/ttn/{TOKEN}", 403),
        (f"/webhooks/onenet/{TOKEN}", 403),
        (f"/webhooks/nobody/{TOKEN}", 404),
    ],
)
def test_nobody_else_is_heard_and_nothing_is_kept(client: FlaskClient, town: Town, address: str, status: int) -> None:
    assert client.post(address, json=SOS).status_code == status
    assert signals(town) == []


def test_onenet_asks_and_is_answered_and_brings_what_it_has_signed(client: FlaskClient, town: Town) -> None:
    good = {"msg": "hello+1", "nonce": "n/+", "signature": signature(TOKEN, "n/+", "hello+1")}
    answer = client.get("/webhooks/onenet", query_string=good)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "hello+1", "text/plain")
    assert client.get("/webhooks/onenet", query_string=good | {"msg": "other"}).status_code == 403
    assert client.get("/webhooks/plain", query_string=good).status_code == 404
    msg = json.dumps({
        "messageType": "notify", "notifyType": "event", "productId": "p", "deviceName": "SOS-1",
        "data": {"params": {"sos": {"value": {}, "time": 1_800_000_000_000}}},
    })  # fmt: skip
    body = {"msg": msg, "nonce": "n", "signature": signature(TOKEN, "n", msg)}
    for nonce in ("n", "n", "m"):  # delivered again, it may be signed anew
        sent = body | {"nonce": nonce, "signature": signature(TOKEN, nonce, msg)}
        assert client.post("/webhooks/onenet", json=sent).json == {"signals": 1, "kept": False}
    assert client.post("/webhooks/onenet", json=body | {"msg": msg.replace("SOS-1", "SOS-2")}).status_code == 403
    assert [one.signals for one in cases(town)] == [1]


def onenet(client: FlaskClient, kind: str, at: datetime, **params: Any) -> Any:
    """Brings properties (or an event) with this time, signed."""
    given = {name: {"value": value, "time": int(at.timestamp() * 1000)} for name, value in params.items()}
    msg = json.dumps({
        "messageType": "notify", "notifyType": kind, "productId": "p", "deviceName": "SOS-1", "data": {"params": given},
    })  # fmt: skip
    body = {"msg": msg, "nonce": "abcdefgh", "signature": signature(TOKEN, "abcdefgh", msg), "time": 1, "id": "1"}
    answer = client.post("/webhooks/onenet", json=body)
    assert answer.status_code == 200
    return answer.json


@pytest.mark.parametrize("off", [timedelta(hours=-4), timedelta(hours=4)])
def test_what_is_out_of_time_calms_nobody_and_waits_for_an_operator(
    client: FlaskClient, town: Town, off: timedelta
) -> None:
    now = datetime.now(UTC)
    assert onenet(client, "property", now - timedelta(hours=2), smokeState=1) == {"signals": 1, "kept": False}
    assert onenet(client, "property", now + off, smokeState=0) == {"signals": 0, "kept": True}
    assert onenet(client, "property", now + off, battery=80) == {"signals": 0, "kept": False}, "one an hour is enough"
    assert [(one.understood, str(one.kind)) for one in signals(town)] == [(True, "smoke"), (False, "None")]
    assert "minutes off" in str(signals(town)[-1].reason)


def test_an_alarm_with_a_wrong_clock_is_a_case_and_again_a_copy(client: FlaskClient, town: Town) -> None:
    old = datetime.now(UTC) - timedelta(days=3)
    for _ in range(2):
        assert onenet(client, "event", old, sos={}) == {"signals": 1, "kept": False}
    assert [(one.cause, one.signals) for one in cases(town)] == [("sos", 1)]


def test_a_state_that_lasts_is_one_alarm(client: FlaskClient, town: Town) -> None:
    """Whatever process of ours hears the next report: what was said before stands in the database."""

    def reports(smoke: int, at: int) -> None:
        body = {"messageType": "dataReport", "deviceId": "SOS-1", "timestamp": at, "payload": {"smokeState": smoke}}
        assert client.post(f"/webhooks/ctwing/{TOKEN}", json=body).status_code == 200

    for minute, smoke in enumerate((0, 1, 1, 1, 0, 0, 1)):
        reports(smoke, 1_800_000_000_000 + minute * 60_000)
    told = [str(one.kind) for one in signals(town) if one.kind != "heartbeat"]
    assert told == ["smoke", "restore", "smoke"]
    assert [one.signals for one in cases(town)] == [2]


def test_what_cannot_be_read_is_kept_and_not_sent_again(client: FlaskClient, town: Town) -> None:
    for body in (b"{", b"[1]", b'{"kind": "sos"}', b"\xff\x00"):
        answer = client.post(f"/webhooks/plain/{TOKEN}", data=body)
        assert (answer.status_code, answer.json) == (200, {"signals": 0, "kept": True})
    assert client.post(f"/webhooks/plain/{TOKEN}", data=b"x" * 300_000).status_code == 413
    assert [one.understood for one in signals(town)] == [False] * 5


def test_what_we_fail_at_is_kept_too(client: FlaskClient, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise AttributeError("'int' object has no attribute 'items'")

    monkeypatch.setattr(forms, "read", fails)
    answer = client.post(f"/webhooks/plain/{TOKEN}", json=SOS)
    assert (answer.status_code, answer.json) == (200, {"signals": 0, "kept": True})
    assert [(one.understood, one.reason) for one in signals(town)] == [(False, OURS)]


def test_where_we_fail_at_one_message_the_others_count(
    client: FlaskClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_mapped = forms.as_mapped

    def fails_at_one(said: Said, words: Words) -> Said:
        if said.device == "SOS-2":
            raise KeyError(said.device)
        return as_mapped(said, words)

    monkeypatch.setattr(forms, "as_mapped", fails_at_one)
    several = [SOS | {"device": device} for device in ("SOS-2", "SOS-1")]
    answer = client.post(f"/webhooks/plain/{TOKEN}", json=several)
    assert (answer.status_code, answer.json) == (200, {"signals": 1, "kept": True})
    assert sorted((one.understood, one.reason) for one in signals(town)) == [(False, OURS), (True, None)]
    assert len(cases(town)) == 1


def test_a_word_that_nobody_has_mapped_is_put_before_an_operator(client: FlaskClient, town: Town) -> None:
    client.post(f"/webhooks/plain/{TOKEN}", json={"device": "SOS-1", "kind": "qwerty"})
    kept = [one for one in signals(town) if not one.understood]
    assert [one.reason for one in kept] == ["nobody has said what qwerty means"]
    assert cases(town) == []


def test_a_stranger_opens_a_case_too(client: FlaskClient, town: Town) -> None:
    client.post(f"/webhooks/plain/{TOKEN}", json=SOS | {"device": "NOBODY"})
    assert [(one.origin_device, one.household_id) for one in cases(town)] == [("NOBODY", None)]


def test_while_the_database_is_away_it_goes_to_the_disk(town: Town, tmp_path: Path) -> None:
    away = {"database_url": f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"}
    chosen = configured(town, tmp_path).model_copy(update=away)
    app = web_of(chosen).app
    client = app.test_client()
    try:
        assert client.post(f"/webhooks/plain/{TOKEN}", json=SOS).status_code == 200
        assert client.post(f"/webhooks/plain/{TOKEN}", data=b"{").status_code == 503
    finally:
        end(app)
    assert spool.waiting(chosen.spool_dir) == 1
    assert spool.drain(chosen.spool_dir, lambda kept: spool.bring_in(town.centre, kept)) == 1
    assert [(one.origin_device, one.signals) for one in cases(town)] == [("SOS-1", 1)]


@pytest.mark.parametrize("secrets", ["", "ctwing:short", SECRETS.replace("ttn:", "tnt:")])
def test_a_door_without_a_lock_keeps_the_web_from_starting(town: Town, tmp_path: Path, secrets: str) -> None:
    chosen = configured(town, tmp_path, gateway_secrets=secrets)
    with pytest.raises(StartRefused, match="DISPATCH_GATEWAY_SECRETS"):
        web_of(chosen, factories.centre_for(chosen))
