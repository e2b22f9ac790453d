"""Nonsense at every door of the OpenAPI document: refused in words, never a defect, and the document does not lie."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from dispatch.bootstrap.web import web_of
from tests.support import factories
from tests.support.postgres import Postgres

pytestmark = pytest.mark.postgres
API = "/api/v1"


class Doors:
    app: Flask
    token: str


@pytest.fixture(scope="module")
def doors(postgres: Postgres, postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """On PostgreSQL, which takes no text longer than its column, no zero in it and no number that is too large."""
    directory = tmp_path_factory.mktemp("hostile")
    name = postgres.create_database(postgres_template, "test_hostile")
    url = postgres.url(name)
    centre = factories.make_centre(url, directory / "data")
    found = Doors()
    found.token = factories.build_town(centre).admin_token
    found.app = web_of(factories.settings(url, directory / "data")).app
    client = found.app.test_client()
    for device in ("SOS-1", "SOS-2", "STRANGER"):
        client.post(
            f"{API}/signals",
            json={"device": device, "kind": "sos"},
            headers={"Authorization": f"Bearer {found.token}"},
        )
    yield found
    found.app.extensions["dispatch"].centre.database.engine.dispose()
    centre.database.engine.dispose()
    postgres.drop_database(name)


@pytest.mark.timeout(1_800)  # some three hundred doors, one after the other
def test_no_door_breaks(doors: Doors) -> None:
    """What the document allows and what it forbids: every answer is one that the document promises."""
    document = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", doors.app)
    headers = {"Authorization": f"Bearer {doors.token}"}
    seen = set()
    for found in document.exclude(path_regex="health|session|/sim/").get_all_operations():
        operation = found.ok()
        seen.add(operation.label)
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
            def ask(case: schemathesis.Case) -> None:
                case.call_and_validate(headers=headers, checks=[not_a_server_error, response_schema_conformance])

            with contextlib.suppress(Unsatisfiable):  # some doors have nothing to get wrong
                ask()
    assert {"POST /api/v1/signals", "POST /api/v1/calls", "GET /api/v1/live/since"} < seen


@pytest.mark.parametrize("path", ["cases", "elders", "signals", "live/since", "live/snapshot", "desk", "cases/1"])
@pytest.mark.parametrize(
    "query",
    ["q=" + "x" * 60_000, "q=%00", "q=%ED%A0%80", "q=%FF", "limit=1e9", "cursor=" + "9" * 400, "&&&=&=;", "seq=-1"],
    ids=["long", "nul", "surrogate", "bytes", "number", "cursor", "noise", "negative"],
)
def test_queries(doors: Doors, path: str, query: str) -> None:
    answer = doors.app.test_client().get(f"{API}/{path}?{query}", headers={"Authorization": f"Bearer {doors.token}"})
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-CSRF-Token", "Idempotency-Key", "Content-Type"])
@pytest.mark.parametrize("value", ["x" * 100_000, "Bearer ", "Bearer \xff\xfe", "dispatch_session=forged", "é"])
def test_headers(doors: Doors, name: str, value: str) -> None:
    client = doors.app.test_client()
    for answer in (
        client.get(f"{API}/cases", headers={name: value}),
        client.post(f"{API}/cases/1/take", data=b"{}", headers={name: value}),
        client.post(f"{API}/signals", data=b"{}", headers={name: value}),
    ):
        assert 400 <= answer.status_code < 500
        assert answer.mimetype == "application/problem+json"


BODIES = [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"text": "\\ud800"}', b"[" * 100_000, b"x" * 2_000_000]


@pytest.mark.parametrize("path", ["session", "calls", "cases", "cases/1/take", "cases/1/notes", "cases/1/close"])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("label", ["application/json", "text/plain"])
def test_bodies(doors: Doors, path: str, body: bytes, label: str) -> None:
    headers = {"Authorization": f"Bearer {doors.token}", "Content-Type": label}
    answer = doors.app.test_client().post(f"{API}/{path}", data=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.mimetype == "application/problem+json"


def test_no_page_of_ours_lets_foreign_script_in(doors: Doors) -> None:
    with doors.app.test_client().get("/console/nowhere") as answer:
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
