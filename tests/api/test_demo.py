"""The doors of the demo: the red button, one click to sign in, telephones, a storm. And that nobody else has them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from dispatch.api.app import CSP
from dispatch.api.context import Context
from dispatch.api.demo import Storms, local_path
from dispatch.bootstrap.web import web_of
from dispatch.domain.messages import Outgoing
from dispatch.gateways.simulated import SimulatedNetwork
from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.models.places import Area
from dispatch.models.workforce import WorkerPosition
from dispatch.services.demo.seed import seed_demo
from tests.support import databases, factories

BEARER = {"Authorization": "Bearer demo-device-token"}


@pytest.fixture(scope="module")
def seeded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo")
    centre = factories.make_centre(databases.copy_sqlite(sqlite_template, directory), directory)
    seed_demo(centre, datetime.now(UTC))
    centre.database.engine.dispose()
    return directory / "dispatch.db"


@pytest.fixture
def make_app(seeded: Path, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    made: list[Flask] = []

    def make(*, demo: bool = True) -> Flask:
        url = databases.copy_sqlite(seeded, tmp_path)
        chosen = factories.settings(url, tmp_path, demo=demo)
        web = web_of(chosen, factories.centre_for(chosen))
        made.append(web.app)
        return web.app

    yield make
    for app in made:
        found: Context = app.extensions["dispatch"]
        found.centre.database.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def context(app: Flask) -> Context:
    found = app.extensions["dispatch"]
    assert isinstance(found, Context)
    return found


def network(app: Flask) -> SimulatedNetwork:
    found = context(app).network
    assert isinstance(found, SimulatedNetwork)
    return found


def press(client: FlaskClient, kind: str, event_id: str = "press-1") -> dict:
    answer = client.post(
        "/api/v1/signals", json={"device": "DEMO-0001", "kind": kind, "event_id": event_id}, headers=BEARER
    )
    assert answer.status_code == 202
    return answer.json


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_has_three_buttons_and_no_script_or_style_of_its_own(client: FlaskClient, lang: str) -> None:
    answer = client.get(f"/demo/elder?lang={lang}")
    assert answer.headers["Content-Security-Policy"] == CSP
    assert answer.text.count("<button") == 3
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text)
    for link in re.findall(r'(?:src|href)="(/demo/static/[^"]+)"', answer.text):
        file = client.get(link)
        assert file.status_code == 200
        file.close()


def test_the_elder_hears_how_far_it_is(client: FlaskClient) -> None:
    def state(lang: str = "en") -> tuple[str, str]:
        answer = client.get(f"/demo/elder/state?lang={lang}").json
        return answer["phase"], answer["text"]

    assert state()[0] == "quiet"
    case_id = press(client, "sos")["case_id"]
    assert press(client, "sos") == press(client, "sos"), "the same press again is one press"
    assert state()[0] == "received"
    client.get("/demo/as/operator")
    csrf = {"X-CSRF-Token": client.get("/api/v1/session").json["csrf_token"]}
    client.post(f"/api/v1/cases/{case_id}/take", json={}, headers=csrf)
    assert state() == ("in_hand", "陈晓 is looking after your call")
    assert state("zh")[1] == "接警员陈晓正在处理"
    assert press(client, "cancel", "press-2")["case_id"] == case_id
    assert state()[0] == "in_hand", "a pressed button settles nothing"
    client.post(f"/api/v1/cases/{case_id}/close", json={"outcome": "false_alarm"}, headers=csrf)
    assert state()[0] == "settled"


def test_one_click_signs_a_demo_user_in(client: FlaskClient) -> None:
    answer = client.get("/demo/as/supervisor?next=/console/cases/7")
    assert (answer.status_code, answer.location) == (302, "/console/cases/7")
    session = client.get("/api/v1/session").json
    assert session["user"]["username"] == "supervisor"
    assert session["demo"] is True
    assert client.get("/demo/as/nobody").status_code == 401


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "console/",
        "",
        " /console/",
        "/\x00",
    ],
)
def test_signing_in_never_leads_elsewhere(client: FlaskClient, elsewhere: str) -> None:
    assert local_path(elsewhere) == "/console/"
    answer = client.get("/demo/as/operator", query_string={"next": elsewhere})
    assert answer.location == "/console/"


def test_local_ways_are_kept() -> None:
    for wanted in ("/console/cases/7?q=王&x=//y", "/demo", "/a#b"):
        assert local_path(wanted) == wanted


def test_a_telephone_rings_and_is_answered(app: Flask, client: FlaskClient) -> None:
    network(app).send(Outgoing("m1", "voice", "13900000011", "您好"), datetime(2026, 1, 1, tzinfo=UTC))
    list(network(app).advance(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)))
    phones = client.get("/api/v1/sim/phones").json["items"]
    assert [p["kind"] for p in phones[:2]] == ["duty", "duty"]
    (ringing,) = [p for p in phones if p["ringing"]]
    assert ringing["number"] == "13900000011"
    assert ringing["ringing"]["since"] == "2026-01-01T00:00:00.000Z"
    answered = client.post("/api/v1/sim/phones/13900000011/answer").json
    assert answered["talking"]["text"] == "您好"
    assert client.post("/api/v1/sim/phones/13900000011/press", json={"digit": "1"}).status_code == 200
    assert client.post("/api/v1/sim/phones/13900000011/press", json={"digit": "10"}).status_code == 422
    assert client.post("/api/v1/sim/phones/13900000011/hangup").json["talking"] is None
    assert client.post("/api/v1/sim/phones/13900000011/answer").status_code == 404
    replied = client.post("/api/v1/sim/phones/13900000099/reply", json={"text": "你好"}).json
    assert [m["direction"] for m in replied["messages"]] == ["out"]


def test_the_network_is_made_bad_and_good_again(client: FlaskClient) -> None:
    good = client.get("/api/v1/sim/network").json
    assert client.put("/api/v1/sim/network", json={"down": True}).json == {**good, "down": True}
    assert client.post("/api/v1/sim/phones/13900000011/reply", json={"text": "1"}).status_code == 502
    assert client.put("/api/v1/sim/network", json={"loss": 2}).status_code == 422
    assert client.put("/api/v1/sim/network", json={"down": False}).json == good


def test_a_storm_raises_sixty_alarms_in_one_community(app: Flask) -> None:
    centre = context(app).centre
    storms = Storms(seconds=0.6)
    storm = storms.begin(centre)
    with pytest.raises(Exception, match="raging already"):
        storms.begin(centre)
    assert len(set(storm.devices)) == 60
    deadline = time.monotonic() + 30
    while storms.raging and time.monotonic() < deadline:
        time.sleep(0.05)
    with centre.database.reads() as session:
        raised = select(Signal.case_id).where(Signal.source == "demo-storm")
        assert session.scalar(select(func.count()).select_from(raised.subquery())) == 60
        places = select(Area.path).join(Case, Case.area_id == Area.id).where(Case.id.in_(raised))
        assert len({path.rsplit("/", 2)[0] for path in session.scalars(places)}) == 1


def test_the_storm_is_started_by_a_post(client: FlaskClient) -> None:
    assert client.get("/api/v1/demo/storm").status_code == 405


def test_the_telephones_of_those_on_shift_say_where_they_are(client: FlaskClient, app: Flask) -> None:
    """Without them nobody's place would be known a quarter of an hour after the start."""
    sessions = context(app).centre.database.sessions
    with sessions.begin() as session:
        session.execute(update(WorkerPosition).values(at=datetime.now(UTC) - timedelta(hours=1)))
    spoke = client.post("/api/v1/demo/positions").json["helpers"]
    assert spoke > 0
    with sessions() as session:
        fresh = select(func.count()).where(WorkerPosition.at > datetime.now(UTC) - timedelta(minutes=1))
        everybody = session.scalar(select(func.count()).select_from(WorkerPosition))
        assert session.scalar(fresh) == spoke < everybody, "who is off shift, or whose telephone is off, says nothing"
    assert client.post("/api/v1/demo/positions").json == {"helpers": 0}, "at most every five minutes"


def test_the_devices_of_the_demo_say_that_they_are_well(app: Flask, client: FlaskClient) -> None:
    assert client.post("/api/v1/demo/beats").json == {"devices": 0}, "each when it owes a heartbeat"


def test_workers_are_listed_page_by_page(client: FlaskClient) -> None:
    assert client.get("/api/v1/workers").status_code == 401
    headers = {"Authorization": "Bearer demo-admin-token"}
    found: list[dict] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 15, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/api/v1/workers", query_string=query, headers=headers).json
        found += answer["items"]
        cursor = answer["next_cursor"]
    assert len({worker["id"] for worker in found}) == 40
    assert all("****" in worker["phone"] for worker in found)
    assert client.get("/api/v1/workers?q=赵建军", headers=headers).json["items"][0]["user_id"]


def test_only_a_demo_has_these_doors(make_app: Callable[..., Flask]) -> None:
    client = make_app(demo=False).test_client()
    for path in ("/demo", "/demo/elder", "/demo/elder/state", "/demo/as/operator"):
        assert client.get(path).status_code == 404
    assert client.post("/api/v1/demo/storm").status_code == 404
    assert client.post("/api/v1/demo/positions").status_code == 404
    assert client.post("/api/v1/demo/beats").status_code == 404
    assert client.get("/api/v1/sim/phones").status_code == 401
    assert client.put("/api/v1/sim/network", json={"down": True}).status_code == 401
    sees = client.get("/api/v1/sim/phones", headers={"Authorization": "Bearer demo-admin-token"})
    assert sees.status_code == 200
    assert client.get("/api/v1/sim/phones", headers=BEARER).status_code == 403
