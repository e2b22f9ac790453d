"""The lists that the contract names: one shape, one way of paging, one way of searching."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dispatch.services import accounts
from tests.support.factories import START, Town
from tests.support.web import end, web

API = "/api/v1"
LISTS = {
    "elders": "Wang",
    "households": "Elm",
    "devices": "SOS-1",
    "users": "lin",
    "areas": "Ea",
    "services": "助浴",
}
"""And what finds something in each."""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_list_is_paged_and_searched_alike(town: Town, tmp_path: Path) -> None:
    app = web(town, tmp_path / "data")
    machine = app.test_client()
    machine.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {accounts.add_token(town.centre, 'all', ['admin'], START)}"
    for path, q in LISTS.items():
        whole = machine.get(f"{API}/{path}").json
        key = "code" if path == "services" else "id"
        assert [one[key] for one in whole["items"]], path
        assert whole["next_cursor"] is None, path
        assert pages(machine, path, key) == [one[key] for one in whole["items"]], path
        found = machine.get(f"{API}/{path}", query_string={"q": q}).json["items"]
        assert found, f"{path}: {q} finds nothing"
        assert machine.get(f"{API}/{path}?q=nothing-of-that-kind").json["items"] == [], path
        refused = machine.get(f"{API}/{path}?limit=201")
        assert (refused.status_code, refused.content_type) == (422, "application/problem+json"), path
        assert [one["field"] for one in refused.json["errors"]] == ["limit"], path
    for path in ("workers", "providers", "stations"):  # of which this town has none
        assert machine.get(f"{API}/{path}?q=x").json == {"items": [], "next_cursor": None, "total": 0}, path
    end(app)


def pages(machine: FlaskClient, path: str, key: str) -> list[str]:
    """One by one."""
    found: list[str] = []
    cursor = None
    while cursor is not None or not found:
        page = machine.get(f"{API}/{path}", query_string={"limit": 1, **({"cursor": cursor} if cursor else {})}).json
        found += [one[key] for one in page["items"]]
        cursor = page["next_cursor"]
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_home_is_written_down_before_anybody_moves_in(town: Town, tmp_path: Path) -> None:
    app = web(town, tmp_path / "data")
    machine = app.test_client()
    machine.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {accounts.add_token(town.centre, 'all', ['admin'], START)}"
    area = machine.get(f"{API}/areas").json["items"][-1]["id"]
    body = {"area_id": area, "address": "Elm  Road １０", "access_notes": "the bell is broken"}
    first = machine.post(f"{API}/households", json=body, headers={"Idempotency-Key": "k1"})
    assert first.status_code == 201, first.json
    again = machine.post(f"{API}/households", json=body, headers={"Idempotency-Key": "k1"})
    assert again.json["id"] == first.json["id"]
    home = machine.get(f"{API}/households/{first.json['id']}").json
    assert (home["elders"], home["version"], home["area"]["id"]) == ([], 1, area)
    half = machine.post(f"{API}/households", json=body | {"lat": 45.3})
    assert (half.status_code, [one["field"] for one in half.json["errors"]]) == (422, ["lat"])
    moved_in = {"name": "Gao Lan", "sex": "F", "birth_date": "1941-05-06", "household": {"id": first.json["id"]}}
    elder = machine.post(f"{API}/elders", json=moved_in)
    assert elder.status_code == 201, elder.json
    assert [one["name"] for one in machine.get(f"{API}/households/{first.json['id']}").json["elders"]] == ["Gao Lan"]
    end(app)
