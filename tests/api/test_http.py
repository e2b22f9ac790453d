"""The doors over HTTP: who comes in, what is refused and how, what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from dispatch.bootstrap.web import web_of
from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.models.engine import LiveOp
from dispatch.services import live, rows, spool
from tests.support import factories
from tests.support.factories import PASSWORD, Town
from tests.support.parts import free_port
from tests.support.web import end, web

API = "/api/v1"
SignIn = Callable[..., FlaskClient]


@pytest.fixture
def app(town: Town, tmp_path: Path) -> Iterator[Flask]:
    made = web(town, tmp_path / "data")
    yield made
    end(made)


@pytest.fixture
def signed_in(app: Flask) -> SignIn:
    def sign_in(username: str = "lin") -> FlaskClient:
        client = app.test_client()
        answer = client.post(f"{API}/session", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.environ_base["HTTP_X_CSRF_TOKEN"] = answer.json["csrf_token"]
        return client

    return sign_in


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def press(app: Flask, town: Town, device: str = "SOS-1", kind: str = "sos", **more: Any) -> Any:
    body = {"device": device, "kind": kind, **more}
    answer = app.test_client().post(f"{API}/signals", json=body, headers=bearer(town.signals_token))
    assert answer.status_code == 202, answer.text
    return answer.json


# -- who comes in


def test_a_person_signs_in_and_out(signed_in: SignIn) -> None:
    client = signed_in()
    who = client.get(f"{API}/session").json
    assert (who["user"]["username"], who["user"]["roles"], who["demo"]) == ("lin", ["operator"], False)
    assert [a["name"] for a in who["user"]["areas"]] == ["Town"]
    assert client.delete(f"{API}/session").status_code == 204
    assert client.get(f"{API}/session").status_code == 401
    assert client.get(f"{API}/live/snapshot").status_code == 401


def test_wrong_names_and_wrong_passwords_are_told_alike(app: Flask) -> None:
    client = app.test_client()
    first = client.post(f"{API}/session", json={"username": "lin", "password": "guess"})
    second = client.post(f"{API}/session", json={"username": "nobody", "password": "guess"})
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert first.status_code == 401


def test_after_some_wrong_passwords_sign_in_is_closed_for_a_while(app: Flask) -> None:
    client = app.test_client()
    wrong = [client.post(f"{API}/session", json={"username": "lin", "password": "?"}) for _ in range(8)]
    assert {a.status_code for a in wrong} == {401}
    closed = client.post(f"{API}/session", json={"username": "lin", "password": PASSWORD})
    assert (closed.status_code, closed.json["type"]) == (423, "/problems/locked")
    assert closed.json["opens_at"].endswith("Z")
    assert client.post(f"{API}/session", json={"username": "mei", "password": PASSWORD}).status_code == 200


def test_a_change_without_the_page_s_token_is_refused(app: Flask, town: Town, signed_in: SignIn) -> None:
    case = press(app, town)["case_id"]
    client = signed_in()
    for token in ("", "wrong", "ü"):
        answer = client.post(f"{API}/cases/{case}/take", json={}, headers={"X-CSRF-Token": token})
        assert answer.status_code == 403
    assert client.delete(f"{API}/session", headers={"X-CSRF-Token": "wrong"}).status_code == 403
    assert client.post(f"{API}/cases/{case}/take", json={}).status_code == 200


def test_each_token_opens_its_own_door(app: Flask, town: Town, signed_in: SignIn) -> None:
    client = app.test_client()
    body = {"device": "SOS-1", "kind": "sos"}
    assert client.post(f"{API}/signals", json=body).status_code == 401
    assert client.post(f"{API}/signals", json=body, headers=bearer("guess")).status_code == 401
    assert client.post(f"{API}/signals", json=body, headers=bearer(town.calls_token)).status_code == 403
    assert client.get(f"{API}/cases", headers=bearer(town.signals_token)).status_code == 403
    assert client.get(f"{API}/cases", headers=bearer(town.admin_token)).status_code == 200
    assert signed_in("helper").get(f"{API}/cases").status_code == 403


# -- what comes in


def test_an_alarm_is_answered_after_it_is_stored(app: Flask, town: Town) -> None:
    first = press(app, town, event_id="e1", occurred_at="2026-11-24T16:00:00+08:00", data={"battery": 50})
    assert first == {**first, "duplicate": False, "unknown_device": False, "spooled": False}
    assert press(app, town, event_id="e1") == {**first, "duplicate": True}
    assert press(app, town, "STRANGER")["unknown_device"] is True
    assert press(app, town, "STRANGER", "heartbeat")["case_id"] is None


def test_fifty_copies_at_once_hear_the_same(app: Flask, town: Town) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: press(app, town, event_id="e1"), range(50)))
    assert len({(a["signal_id"], a["case_id"]) for a in answers}) == 1
    assert sorted(a["duplicate"] for a in answers) == [False] + [True] * 49


UNREADABLE: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "text": (b"HELP ME", 400),
    "cut": (b'{"device": "SOS-1", "kind": "so', 400),
    "bad utf-8": (b'{"device": "\xff\xfe", "kind": "sos"}', 400),
    "NaN": (b'{"device": "SOS-1", "kind": "sos", "data": {"x": NaN}}', 400),
    "Infinity": (b'{"device": "SOS-1", "kind": "sos", "data": {"x": -Infinity}}', 400),
    "1e999": (b'{"device": "SOS-1", "kind": "sos", "data": {"x": 1e999}}', 422),
    "endless number": (b'{"device": "SOS-1", "kind": "sos", "data": {"x": ' + b"9" * 6000 + b"}}", 400),
    "NUL": (b'{"device": "SOS\\u0000", "kind": "sos"}', 422),
    "lone surrogate": (b'{"device": "SOS-\\ud800", "kind": "sos"}', 422),
    "lone surrogate as a key": (b'{"device": "SOS-1", "kind": "sos", "data": {"\\udfff": 1}}', 422),
    "deep": (b'{"device": "SOS-1", "kind": "sos", "data": ' + b'{"a":' * 60 + b"1" + b"}" * 61, 422),
    "abyss": (b"[" * 60_000, 400),
    "list": (b"[]", 422),
    "null": (b"null", 422),
    "number": (b"7", 422),
    "wrong types": (b'{"device": 7, "kind": ["sos"]}', 422),
    "no device": (b'{"kind": "sos"}', 422),
    "unknown kind": (b'{"device": "SOS-1", "kind": "earthquake"}', 422),
    "long device": (b'{"kind": "sos", "device": "' + b"x" * 101 + b'"}', 422),
    "no zone": (b'{"device": "SOS-1", "kind": "sos", "occurred_at": "2026-11-24T08:00:00"}', 422),
    "before all time": (b'{"device": "SOS-1", "kind": "sos", "occurred_at": "0001-01-01T00:00:00+14:00"}', 422),
    "large": (b'{"device": "SOS-1", "kind": "sos", "data": {"x": "' + b"x" * 70_000 + b'"}}', 413),
    "1 MiB": (b"x" * 1024 * 1024, 413),
    "2 MiB": (b"x" * 2 * 1024 * 1024, 413),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused_and_kept(app: Flask, town: Town, name: str) -> None:
    raw, status = UNREADABLE[name]
    answer = app.test_client().post(f"{API}/signals", data=raw, headers=bearer(town.signals_token))
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    with town.centre.database.reads() as session:
        (kept,) = session.scalars(select(Signal))
    assert (kept.understood, kept.source) == (False, "signals of the tests")
    assert kept.raw == raw[: 64 * 1024]
    listed = app.test_client().get(f"{API}/signals?understood=false", headers=bearer(town.admin_token)).json
    assert [i["id"] for i in listed["items"]] == [str(kept.id)]


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_device_with_a_wrong_clock_is_believed_about_the_alarm(app: Flask, town: Town, at: str) -> None:
    case = press(app, town, occurred_at=at)["case_id"]
    detail = app.test_client().get(f"{API}/cases/{case}", headers=bearer(town.admin_token)).json
    assert detail["signals"][0]["clock_off"] is True
    assert detail["row"]["opened_at"] != at


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_the_label_of_a_body_does_not_matter(app: Flask, town: Town, content_type: str) -> None:
    answer = app.test_client().post(
        f"{API}/signals",
        data=b'{"device": "SOS-1", "kind": "sos"}',
        headers={**bearer(town.signals_token), "Content-Type": content_type},
    )
    assert answer.status_code == 202


def test_while_the_database_is_away_alarms_go_to_the_disk(town: Town, tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"
    app = web_of(factories.settings(url, tmp_path / "data")).app
    client = app.test_client()
    body = {"device": "SOS-1", "kind": "sos", "event_id": "e1"}
    first = client.post(f"{API}/signals", json=body, headers=bearer(town.signals_token))
    again = client.post(f"{API}/signals", json=body, headers=bearer(town.signals_token))
    assert (first.status_code, first.json["spooled"], first.json["case_id"]) == (202, True, None)
    assert first.json["signal_id"] == again.json["signal_id"]
    assert client.post(f"{API}/signals", data=b"?", headers=bearer(town.signals_token)).status_code == 503
    assert client.get(f"{API}/cases", headers=bearer(town.admin_token)).status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert spool.waiting(town.centre.spool_dir) == 2
    assert spool.drain(town.centre.spool_dir, lambda s: spool.bring_in(town.centre, s)) == 2
    with town.centre.database.reads() as session:
        (stored,) = session.scalars(select(Signal))
    assert str(stored.id) == first.json["signal_id"]
    end(app)


# -- what people do


def test_a_district_sees_its_own_cases_and_those_without_a_place(app: Flask, town: Town, signed_in: SignIn) -> None:
    east = press(app, town, "SOS-1")["case_id"]
    west = press(app, town, "SOS-W")["case_id"]
    nowhere = press(app, town, "STRANGER")["case_id"]
    client = signed_in("west_op")
    assert {r["id"] for r in client.get(f"{API}/cases").json["items"]} == {west, nowhere}
    assert {r["id"] for r in client.get(f"{API}/live/snapshot").json["cases"]} == {west, nowhere}
    while live.sequence(town.centre):
        pass
    seen = client.get(f"{API}/live/since?seq=0").json
    assert {op["row"]["id"] for op in seen["ops"]} == {west, nowhere}
    for path in ("", "/timeline"):
        assert client.get(f"{API}/cases/{east}{path}").status_code == 404
    for act, body in {"take": {}, "notes": {"text": "x"}, "release": {}, "merge": {"into": west}}.items():
        assert client.post(f"{API}/cases/{east}/{act}", json=body).status_code == 404
    assert client.post(f"{API}/cases/{west}/merge", json={"into": east}).status_code == 404
    assert client.get(f"{API}/elders/{town.elders['Wang']}").status_code == 404
    heard = client.get(f"{API}/signals").json["items"]
    assert {s["device"] for s in heard} == {"SOS-W", "STRANGER"}
    assert [e["name"] for e in client.get(f"{API}/elders").json["items"]] == ["Qian"]
    asked = {"kind": "service", "channel": "hotline", "elder_id": str(town.elders["Wang"])}
    assert client.post(f"{API}/cases", json=asked).status_code == 422


def test_conflicts_say_who_was_first(app: Flask, town: Town, signed_in: SignIn) -> None:
    case = press(app, town)["case_id"]
    lin, mei = signed_in("lin"), signed_in("mei")
    row = lin.post(f"{API}/cases/{case}/take", json={}).json
    taken = mei.post(f"{API}/cases/{case}/take", json={})
    assert (taken.status_code, taken.json["type"]) == (409, "/problems/case-taken")
    assert taken.json["owner"] == {"id": str(town.users["lin"]), "name": "Lin"}
    assert taken.json["taken_at"] == row["owner"]["since"]
    stale = lin.post(f"{API}/cases/{case}/release", json={"version": 1})
    assert (stale.status_code, stale.json["type"]) == (409, "/problems/version-conflict")
    assert (stale.json["version"], stale.json["changed_by"], stale.json["row"]) == (row["version"], "Lin", row)
    lin.post(f"{API}/cases/{case}/close", json={"outcome": "talk"})
    ended = lin.post(f"{API}/cases/{case}/release", json={})
    assert (ended.status_code, ended.json["type"], ended.json["state"]) == (
        409,
        "/problems/illegal-transition",
        "closed",
    )


def test_a_wrong_field_is_named(app: Flask, town: Town, signed_in: SignIn) -> None:
    case = press(app, town, "WATER-1", "water")["case_id"]
    client = signed_in()
    wrong = {
        "hold": [{"until": "tomorrow", "reason": "x"}, {"until": "2099-01-01T00:00:00Z", "reason": "other"}],
        "close": [{}, {"outcome": "nothing"}],
        "priority": [{"priority": 5}, {"priority": 4}],
        "merge": [{"into": case}, {"into": "x"}],
        "notes": [{"text": ""}, {"text": "x" * 4001}, {"text": "\0"}],
    }
    for act, bodies in wrong.items():
        client.post(f"{API}/cases/{case}/take", json={})
        for body in bodies:
            answer = client.post(f"{API}/cases/{case}/{act}", json=body)
            assert answer.status_code == 422, (act, body)
            assert all(e["field"] and e["code"] for e in answer.json["errors"])
    assert client.post(f"{API}/cases/99/take", json={}).status_code == 404
    assert client.post(f"{API}/cases/x/take", json={}).status_code == 422
    for key in ("", "x" * 201, "ü"):
        answer = client.post(f"{API}/cases/{case}/notes", json={"text": "x"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 422


def test_a_key_and_a_draft(app: Flask, town: Town, signed_in: SignIn) -> None:
    case = press(app, town)["case_id"]
    client = signed_in()
    assert client.put(f"{API}/cases/{case}/draft", json={"text": " half a wo"}).status_code == 204
    assert client.get(f"{API}/cases/{case}").json["my_draft"] == " half a wo"
    assert signed_in("mei").get(f"{API}/cases/{case}").json["my_draft"] is None
    for _ in range(2):
        client.post(f"{API}/cases/{case}/notes", json={"text": "a word", "client_uuid": "u1"})
    assert client.get(f"{API}/cases/{case}").json["my_draft"] is None
    items = client.get(f"{API}/cases/{case}/timeline").json["items"]
    assert [(e["kind"], e["text"]) for e in items] == [("opened", None), ("note", "a word")]


def test_pages_reach_every_row_once(app: Flask, town: Town, signed_in: SignIn) -> None:
    for number in range(7):
        press(app, town, f"S{number}")
    for _ in range(6):
        press(app, town, "S0")
    client = signed_in()

    def walk(path: str) -> list[str]:
        found, cursor = [], ""
        for _ in range(9):
            page = client.get(f"{API}/{path}limit=3{cursor}").json
            assert len(page["items"]) <= 3
            found += [i["id"] for i in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"
        raise AssertionError("the pages never end")

    assert walk("cases?") == [str(n) for n in range(7, 0, -1)]
    assert client.get(f"{API}/cases?limit=1").json["total"] == 7
    assert len(set(walk("cases/1/timeline?"))) == 7
    assert len(set(walk("signals?"))) == 13
    assert len(set(walk("elders?"))) == 5
    for bad in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=-1", "state=x", "owner=x", "from=x", "area=99"):
        assert client.get(f"{API}/cases?{bad}").status_code == 422, bad


def test_filters(app: Flask, town: Town, signed_in: SignIn) -> None:
    press(app, town, "SOS-1")
    press(app, town, "WATER-1", "water")
    press(app, town, "SOS-W")
    client = signed_in()
    client.post(f"{API}/cases/2/take", json={})

    def ids(query: str) -> list[str]:
        return [r["id"] for r in client.get(f"{API}/cases?{query}").json["items"]]

    assert ids("state=owned") == ids("owner=me") == ids(f"owner={town.users['lin']}") == ["2"]
    assert ids("owner=none") == ["1"]
    assert ids(f"area={town.areas['East']}") == ["1"]
    assert ids(f"elder={town.elders['Qian']}") == ids("q=qia") == ids("q=Oak") == ids("q=SOS-W") == ids("q=2") == ["2"]
    assert ids("kind=service") == ids("priority=4") == ids("q=%25") == ids("to=2000-01-01T00:00:00Z") == []


# -- the live stream


def test_the_stream_has_no_gap_and_leads_to_what_the_database_says(app: Flask, town: Town, signed_in: SignIn) -> None:
    client = signed_in()
    for number in range(6):
        press(app, town, f"S{number}")
        while live.sequence(town.centre):
            pass
    client.post(f"{API}/cases/1/take", json={})
    client.post(f"{API}/cases/1/close", json={"outcome": "talk"})
    while live.sequence(town.centre):
        pass
    with town.centre.database.reads() as session:
        numbers = sorted(set(session.scalars(select(LiveOp.seq))))
        at = factories.START
        rows_now = {
            str(found.id): rows.row_of(found, town.centre, at)
            for found in session.execute(rows.row_statement().order_by(Case.id))
        }
    assert numbers == list(range(1, len(numbers) + 1))
    for seq in range(len(numbers) + 1):
        answer = client.get(f"{API}/live/since?seq={seq}").json
        assert answer["seq"] == len(numbers)
        for op in answer["ops"]:
            assert op["row"] == json.loads(json.dumps(rows_now[op["row"]["id"]]))
            assert op["op"] == ("del" if op["row"]["id"] == "1" else "put")
    assert {o["row"]["id"] for o in client.get(f"{API}/live/since?seq=0").json["ops"]} == set(rows_now)
    assert client.get(f"{API}/live/since?seq={len(numbers)}").json["ops"] == []
    snapshot = client.get(f"{API}/live/snapshot").json
    assert (snapshot["seq"], {r["id"] for r in snapshot["cases"]}) == (len(numbers), set(rows_now) - {"1"})
    ahead = client.get(f"{API}/live/since?seq={len(numbers) + 1}")
    assert (ahead.status_code, ahead.json["type"]) == (410, "/problems/too-old")


def test_a_stream_that_was_forgotten_says_so(app: Flask, town: Town, signed_in: SignIn, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "KEEP", 2)
    for number in range(6):
        press(app, town, f"S{number}")
        live.sequence(town.centre)
    assert live.prune(town.centre, factories.START) == 3
    client = signed_in()
    assert [client.get(f"{API}/live/since?seq={n}").status_code for n in (0, 2, 3, 6)] == [410, 410, 200, 200]
