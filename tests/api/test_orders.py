"""Orders over HTTP: what a partner's app and a station may do, a standing order, the board as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispatch.domain.case import Help
from dispatch.models.people import User
from dispatch.services import accounts
from tests.support import factories
from tests.support.factories import PASSWORD, START, Town
from tests.support.web import end, web

API = "/api/v1"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_may_ask_and_what_they_learn(town: Town, tmp_path: Path) -> None:
    app = web(town, tmp_path / "data")
    wang = str(town.elders["Wang"])
    service = {"kind": "service", "channel": "app", "elder_id": wang, "help": "meal", "take": True}

    partner = app.test_client()
    partner.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {accounts.add_token(town.centre, 'app', ['requests'], START)}"
    asked = partner.post(f"{API}/cases", json=service)
    assert asked.status_code == 201, asked.text
    assert set(asked.json) == {"id", "number", "kind", "help", "state", "version", "opened_at", "joined"}
    assert partner.get(f"{API}/cases").status_code == 403

    with town.centre.database.sessions.begin() as session:
        east = {"area_ids": [town.areas["East"]], "password_hash": factories.password_hash(), "locale": "en"}
        session.add(User(username="station", name="Station", roles=["station"], **east))
    station = app.test_client()
    signed = station.post(f"{API}/session", json={"username": "station", "password": PASSWORD})
    station.environ_base["HTTP_X_CSRF_TOKEN"] = signed.json["csrf_token"]
    row = station.post(f"{API}/cases", json={**service, "channel": "station"}).json
    assert (row["state"], row["owner"]) == ("new", None), "a station writes it down, and the desk answers for it"
    elsewhere = station.post(f"{API}/cases", json={**service, "elder_id": str(town.elders["Qian"])})
    assert elsewhere.status_code == 422

    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    moved = station.post(f"{API}/cases/{row['id']}/order/move", json={"wanted_at": later, "version": row["version"]})
    assert moved.status_code == 200, moved.text
    again = station.post(f"{API}/cases/{row['id']}/order/move", json={"wanted_at": later, "version": row["version"]})
    assert again.status_code == 409

    lunch = {"item": "meal_delivery", "weekdays": [0, 1, 2, 3, 4, 5, 6], "starts": "11:30", "first": "2026-01-01"}
    made = station.post(f"{API}/elders/{wang}/standing-orders", json=lunch)
    assert made.status_code == 201, made.text
    assert made.json["next"]
    assert station.post(f"{API}/elders/{wang}/standing-orders", json={**lunch, "starts": "25:00"}).status_code == 422
    board = station.get(f"{API}/orders/board?period=week").json
    assert len(board["items"]) == 10
    meals = next(row for row in board["items"] if row["help"] == "meal")
    assert {"asked", "planned", "waiting", "late"} <= set(meals)
    found = station.get(f"{API}/orders", query_string={"from": board["from"], "to": board["to"], "help": "meal"}).json
    assert found["total"] == meals["asked"] > 1
    end(app)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_catalogue_is_a_list_like_the_others(town: Town, tmp_path: Path) -> None:
    app = web(town, tmp_path / "data")
    desk = app.test_client()
    desk.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {accounts.add_token(town.centre, 'all', ['admin'], START)}"
    everything = desk.get(f"{API}/services").json
    codes = [item["code"] for item in everything["items"]]
    assert (everything["total"], everything["next_cursor"]) == (len(codes), None)
    assert {item["help"] for item in everything["items"]} == {one["code"] for one in everything["helps"]} == set(Help)

    paged: list[str] = []
    cursor = None
    while cursor is not None or not paged:
        page = desk.get(f"{API}/services", query_string={"limit": 7, "cursor": cursor} if cursor else {"limit": 7}).json
        paged += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert paged == codes

    baths = desk.get(f"{API}/services?help=bath&q=助浴").json["items"]
    assert {(item["help"], "助浴" in item["zh"], item["price_fen"] > 0) for item in baths} == {("bath", True, True)}
    assert desk.get(f"{API}/services?q=nothing+of+that+kind").json["items"] == []
    end(app)
