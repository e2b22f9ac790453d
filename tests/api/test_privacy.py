"""The doors of assessments, groups, consents and the privacy desk over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.factories import PASSWORD, Town
from tests.support.web import end, web

API = "/api/v1"
SignIn = Callable[..., FlaskClient]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def app(town: Town, tmp_path: Path) -> Iterator[Flask]:
    made = web(town, tmp_path / "data")
    yield made
    end(made)


@pytest.fixture
def boss(app: Flask) -> FlaskClient:
    client = app.test_client()
    answer = client.post(f"{API}/session", json={"username": "boss", "password": PASSWORD})
    client.environ_base["HTTP_X_CSRF_TOKEN"] = answer.json["csrf_token"]
    return client


@pytest.fixture
def wang(town: Town) -> str:
    return f"{API}/elders/{town.elders['Wang']}"


def form(client: FlaskClient, **more: Any) -> dict[str, Any]:
    standard = next(s for s in client.get(f"{API}/assessments/standards").json["items"] if s["sets_level"])
    scores = {item["id"]: item["max"] for group in standard["groups"] for item in group["items"]}
    return {
        "standard": standard["code"],
        "reason": "first",
        "assessed_on": TODAY.isoformat(),
        "assessors": ["An", "Bo"],
        "scores": scores,
        **more,
    }


def test_a_form_of_26_items_makes_a_level(boss: FlaskClient, wang: str) -> None:
    body = form(boss, diagnoses=[{"code": "F03"}], risk_events=[{"kind": "fall", "on": TODAY.isoformat()}])
    assert len(body["scores"]) == 26
    answer = boss.post(f"{wang}/assessments", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json
    assert (found["total"], found["preliminary_level"], found["final_level"]) == (90, 0, 1)
    assert found["group_scores"] == {"B1": 32, "B2": 15, "B3": 28, "B4": 15}
    assert found["changes"] == ["dementia"]
    assert boss.get(f"{wang}/assessments").json["items"][0]["id"] == found["id"]
    void = boss.post(f"{wang}/assessments/{found['id']}/void", json={"reason": "another person's form"})
    assert void.json["valid"] is False


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"scores": {}}, "scores"),
        ({"scores": {"eating": 99}}, "scores"),
        ({"assessors": ["An"]}, "assessors"),
        ({"assessed_on": "2999-01-01"}, "assessed_on"),
        ({"standard": "GB/T 1"}, "standard"),
        ({"diagnoses": [{"code": "dementia"}]}, "diagnoses"),
        ({"reason": "because"}, "reason"),
    ],
)
def test_a_wrong_form_is_refused_by_its_field(boss: FlaskClient, wang: str, more: dict[str, Any], field: str) -> None:
    answer = boss.post(f"{wang}/assessments", json=form(boss, **more))
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["field"].startswith(field)


def test_groups_over_http(boss: FlaskClient, wang: str) -> None:
    known = boss.get(f"{API}/register/tags").json
    assert {"destitute", "family_planning_special"} <= {g["code"] for g in known["items"]}
    body = {"code": "destitute", "source": "civil affairs", "evidence": "no. 12", "valid_from": TODAY.isoformat()}
    new = boss.post(f"{wang}/tags", json=body, headers={"Idempotency-Key": "k"}).json
    assert boss.post(f"{wang}/tags", json=body, headers={"Idempotency-Key": "k"}).json == new
    assert boss.post(f"{wang}/tags", json=body).status_code == 409
    assert "destitute" in boss.get(wang).json["elder"]["flags"]
    until = (TODAY + timedelta(days=9)).isoformat()
    changed = boss.patch(f"{wang}/tags/{new['id']}", json={"valid_to": until, "version": 1})
    assert (changed.json["valid_to"], changed.json["version"]) == (until, 2)
    assert boss.patch(f"{wang}/tags/{new['id']}", json={"valid_to": until, "version": 1}).status_code == 409
    ended = boss.delete(f"{wang}/tags/{new['id']}", json={"reason": "moved"})
    assert ended.json["holds"] is False
    assert "destitute" not in boss.get(wang).json["elder"]["flags"]
    for wrong in ({**body, "code": "rich"}, {**body, "valid_to": "1999-01-01"}, {**body, "valid_from": "tomorrow"}):
        assert boss.post(f"{wang}/tags", json=wrong).status_code == 422


def test_the_form_of_care_over_http(boss: FlaskClient, wang: str) -> None:
    answer = boss.put(f"{wang}/service-form", json={"form": "home_care_bed", "reason": "bedridden"})
    assert answer.json["form"] == "home_care_bed"
    assert boss.get(f"{wang}/service-form").json["items"][0]["reason"] == "bedridden"


def test_consents_over_http(boss: FlaskClient, wang: str) -> None:
    purposes = {p["code"]: p for p in boss.get(f"{API}/privacy/purposes").json["items"]}
    assert purposes["call_recording"]["article"] == "13(1)(1)"
    body = {"purpose": "call_recording", "given": True, "how": "telephone", "by": "Wang", "read_by": "Lin"}
    assert boss.post(f"{wang}/consents", json=body).status_code == 201
    found = {c["purpose"]: c for c in boss.get(f"{wang}/consents").json["items"]}
    assert found["call_recording"]["given"] is True


def test_masks_and_reveal_over_http(app: Flask, boss: FlaskClient, town: Town, wang: str) -> None:
    file = boss.get(wang).text
    assert "13800001000" not in file
    assert "138****1000" in file
    assert boss.post(f"{wang}/reveal", json={"fields": ["phone"]}).status_code == 422
    assert boss.post(f"{wang}/reveal", json={"fields": ["phone"], "reason": " "}).status_code == 422
    assert boss.post(f"{wang}/reveal", json={"fields": ["password"], "reason": "why"}).status_code == 422
    shown = boss.post(f"{wang}/reveal", json={"fields": ["phone"], "reason": "she asked for a call"})
    assert shown.json == {"values": {"phone": "13800001000"}}
    seen = boss.get(f"{wang}/accesses").json["items"][0]
    assert (seen["actor"]["name"], seen["reason"], seen["data"]) == (
        "Boss",
        "she asked for a call",
        {"fields": ["phone"]},
    )
    assert boss.get(f"{API}/privacy/reveals").json["by_person"] == [{"name": "Boss", "count": 1}]


def ask(boss: FlaskClient, town: Town, kind: str = "copy", **more: Any) -> dict[str, Any]:
    body = {"elder_id": str(town.elders["Wang"]), "kind": kind, "channel": "counter", **more}
    answer = boss.post(f"{API}/privacy/requests", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


@pytest.mark.parametrize("format_", ["json", "html"])
def test_a_record_is_handed_out_as_a_file(boss: FlaskClient, town: Town, wang: str, format_: str) -> None:
    asked = ask(boss, town)
    body = {"request_id": asked["id"], "format": format_}
    assert boss.post(f"{wang}/record", json=body).status_code == 409
    boss.post(f"{API}/privacy/requests/{asked['id']}/check", json={"how": "identity card seen"})
    answer = boss.post(f"{wang}/record", json=body)
    assert answer.status_code == 200, answer.text
    assert f".{format_}" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    for known in ("13800001000", "13700000000", "Elm Road 1", "living_alone"):
        assert known in answer.text


def test_nothing_of_a_record_is_read_as_markup(boss: FlaskClient, town: Town, wang: str) -> None:
    mean = "<script>alert(1)</script>"
    asked = ask(boss, town, text=mean)
    boss.post(f"{API}/privacy/requests/{asked['id']}/check", json={"how": mean})
    boss.put(f"{wang}/service-form", json={"form": "institution", "reason": mean})
    page = boss.post(f"{wang}/record", json={"request_id": asked["id"], "format": "html", "language": "en"}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_request_goes_its_way_over_http(boss: FlaskClient, town: Town) -> None:
    asked = ask(boss, town, "correction", text="wrong street", asker="guardian", asker_name="Daughter")
    here = f"{API}/privacy/requests/{asked['id']}"
    assert boss.post(f"{here}/decide", json={"granted": True, "answer": "done"}).status_code == 409
    checked = boss.post(f"{here}/check", json={"how": "called back", "version": asked["version"]}).json
    assert boss.post(f"{here}/decide", json={"granted": True, "answer": "x", "version": 1}).status_code == 409
    done = boss.post(f"{here}/decide", json={"granted": True, "answer": "done", "version": checked["version"]})
    assert done.json["state"] == "granted"
    lists = [boss.get(f"{API}/privacy/requests?state={state}").json for state in ("open", "done")]
    assert [len(page["items"]) for page in lists] == [0, 1]


def test_incidents_and_impact_assessments_over_http(boss: FlaskClient) -> None:
    leak = {
        "title": "a list went astray",
        "discovered_at": datetime.now(UTC).isoformat(),
        "kinds": ["name"],
        "cause": "wrong address",
        "harm": "calls",
        "measures": "deleted",
        "advice": "beware",
        "contact": "centre",
    }
    found = boss.post(f"{API}/privacy/incidents", json=leak)
    assert found.status_code == 201
    here = f"{API}/privacy/incidents/{found.json['id']}"
    now = datetime.now(UTC).isoformat()
    assert boss.patch(here, json={"closed_at": now}).status_code == 422
    told = {"authority_told_at": now, "persons_told_at": now, "closed_at": now, "version": 1}
    assert boss.patch(here, json=told).json["closed_at"] is not None
    assert boss.post(f"{API}/privacy/incidents", json={**leak, "kinds": []}).status_code == 422
    impact = {
        "title": "recording calls",
        "trigger": "sensitive",
        "lawful": "law",
        "impact": "small",
        "measures": "masks",
        "assessed_on": TODAY.isoformat(),
        "assessed_by": "An",
    }
    assert boss.post(f"{API}/privacy/impact-assessments", json=impact).status_code == 201
    assert len(boss.get(f"{API}/privacy/impact-assessments").json["items"]) == 1
    assert boss.get(f"{API}/privacy/retention").json["items"][0]["kind"] == "recordings"


def test_sharing_and_duties_over_http(boss: FlaskClient, wang: str) -> None:
    given = {
        "receiver": "Spring Home Care",
        "receiver_kind": "provider",
        "purpose": "share_provider",
        "kinds": ["address"],
        "basis": "consent",
    }
    assert boss.post(f"{wang}/sharings", json=given).status_code == 409
    assert boss.post(f"{wang}/sharings", json={**given, "basis": "because"}).status_code == 422
    assert boss.post(f"{wang}/sharings", json={**given, "basis": "legal_duty"}).status_code == 201
    assert boss.get(f"{wang}/sharings").json["items"][0]["receiver"] == "Spring Home Care"
    listed = {**given, "purpose": "visits", "receiver": "Bureau", "receiver_kind": "authority", "persons": 812}
    assert boss.post(f"{API}/privacy/sharings", json=listed).status_code == 409  # nobody agrees for a whole list
    assert boss.post(f"{API}/privacy/sharings", json={**listed, "basis": "legal_duty"}).status_code == 201
    written = boss.get(f"{API}/privacy/sharings").json["items"]
    assert [(one["receiver"], one["persons"]) for one in written] == [("Bureau", 812), ("Spring Home Care", 1)]
    assert boss.get(f"{API}/privacy/duties").json["items"] == []
    assert boss.get(f"{API}/privacy/duties?done=true").json["items"] == []
