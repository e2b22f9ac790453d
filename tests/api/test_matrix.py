"""Every route with every role, with every token, without sign-in, and from another area."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from dispatch.api import health
from dispatch.domain.actor import Actor
from dispatch.domain.permissions import OF_ROLE, OF_SCOPE
from dispatch.models.base import Base
from dispatch.models.cases import Call, Case
from dispatch.models.devices import Device, DeviceTask
from dispatch.models.people import ApiToken, DutyPhone, User
from dispatch.services import accounts, live
from dispatch.services.duty import patterns, roster
from dispatch.services.duty.seats import Doing, Who
from tests.support import factories, floor, helps, orders, privacy, response, tables, visit_plans, visits
from tests.support.factories import PASSWORD, START, Town
from tests.support.routes import DEMO_ROUTES, PUBLIC, ROUTES, SIGNED_IN, THING
from tests.support.web import end, web

TABLE = "tests/support/routes.py"
NOWHERE = "999999"
EVERY_ROLE = sorted(OF_ROLE)
EVERY_SCOPE = sorted(OF_SCOPE)
UNHEARD = {"trail", "trail_seals", "live_ops", "sessions", "address_tries"}
"""Tables in which a refused request may leave a trace."""


@pytest.fixture
def app(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr(health, "CYCLE_WITHIN", 0.0)
    made = web(town, tmp_path / "data")
    yield made
    end(made)


@pytest.fixture
def sqlite_only(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("rights do not depend on the database")


def routes_of(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def parts(route: str) -> list[str]:
    return [part.rpartition(":")[2] for part in re.findall(r"<([^>]+)>", route)]


def ask(client: FlaskClient, route: str, ids: dict[str, str]) -> Any:
    line = ROUTES[route]
    method, _, address = route.partition(" ")
    address = re.sub(r"<(?:[^>]*:)?([^>]+)>", lambda found: ids.get(found[1], NOWHERE), address)
    sent: dict[str, Any] = {"json": line.body} if line.body is not None else {}
    if line.form is not None:
        form = {k: (io.BytesIO(v[0].encode()), v[1]) if isinstance(v, tuple) else v for k, v in line.form.items()}
        sent = {"data": form, "content_type": "multipart/form-data"}
    return client.open(address + (f"?{line.query}" if line.query else ""), method=method, buffered=True, **sent)


def person(app: Flask, town: Town, role: str, area: str) -> FlaskClient:
    username = f"{area.lower()}_{role}"
    with town.centre.database.sessions.begin() as session:
        session.add(
            User(
                username=username,
                name=username,
                roles=[role],
                area_ids=[town.areas[area]],
                password_hash=factories.password_hash(),
                locale="en",
            )
        )
    client = app.test_client()
    answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.environ_base["HTTP_X_CSRF_TOKEN"] = answer.json["csrf_token"]
    return client


def machine(app: Flask, town: Town, scope: str) -> FlaskClient:
    token = secrets.token_hex()  # added past the service, which gives nobody the scope of the self-test
    with town.centre.database.sessions.begin() as session:
        session.add(ApiToken(name=scope, digest=accounts.digest(token), scopes=[scope], created_at=START))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def is_allowed(who: Any, actor: Actor) -> bool:
    if who is PUBLIC or who is SIGNED_IN:
        return who is PUBLIC or actor.kind == "user"
    return any(actor.may(what) for what in (who if isinstance(who, tuple) else (who,)))


# -- the table


def test_the_table_lists_every_route(app: Flask) -> None:
    found = routes_of(app)
    missing = sorted(found - set(ROUTES))
    assert not missing, (
        f"{missing}: begin the route with `allowed(May.X)` (dispatch/api/context.py) and add one line to {TABLE}:"
        ' "GET /api/v1/things/<thing_id>": Route(May.X), with a valid body or query if it needs one'
    )
    gone = sorted(set(ROUTES) - found)
    assert not gone, f"{gone}: there is no such route any more, take its line out of {TABLE}"
    unknown = sorted({part for route in ROUTES for part in parts(route)} - set(THING))
    assert not unknown, f"{unknown}: say in THING of {TABLE} what stands for this id"


def test_what_only_a_demo_has_is_listed_too(town: Town, tmp_path: Path) -> None:
    demo = web(town, tmp_path / "data", demo=True)
    assert routes_of(demo) - set(ROUTES) == DEMO_ROUTES, f"list the demo's doors in DEMO_ROUTES of {TABLE}"
    end(demo)


# -- every route with everybody


def wrong_answers(client: FlaskClient, actor: Actor) -> list[str]:
    """Of a caller who sees all areas but asks for things that are not there."""
    wrong = []
    for route, line in ROUTES.items():
        if route == "DELETE /api/v1/session":
            continue  # last, or the others would be asked by nobody
        answer = ask(client, route, {})
        status = answer.status_code
        if line.who is PUBLIC:
            continue
        if status == 403 and actor.kind == "token" and "needs" not in answer.json:
            continue  # what only a person can do, whatever a machine may
        allowed = is_allowed(line.who, actor)
        if allowed and status in (401, 403):
            wrong.append(f"{route}: {status}, though the table says {line.who}")
        elif status == 500:
            wrong.append(f"{route}: a defect")
        elif not allowed and status not in (401, 403):
            hint = f" (give its line in {TABLE} a valid body)" if status in (400, 422) else ""
            wrong.append(f"{route}: {status} instead of 403{hint}, though the table says {line.who}")
    return wrong


@pytest.mark.usefixtures("sqlite_only")
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_a_role_opens_its_own_doors_and_no_other(app: Flask, town: Town, role: str) -> None:
    client = person(app, town, role, "Town")
    assert not wrong_answers(client, Actor("user", "1", role, roles=frozenset({role})))
    assert client.delete("/api/v1/session").status_code == 204


@pytest.mark.usefixtures("sqlite_only")
@pytest.mark.parametrize("scope", EVERY_SCOPE)
def test_a_token_opens_its_own_doors_and_no_other(app: Flask, town: Town, scope: str) -> None:
    client = machine(app, town, scope)
    assert not wrong_answers(client, Actor("token", "1", scope, scopes=frozenset({scope})))
    assert client.delete("/api/v1/session").status_code in (401, 403)


@pytest.mark.usefixtures("sqlite_only")
def test_without_sign_in_only_the_public_doors_open(app: Flask, town: Town) -> None:
    client = app.test_client()
    before = fingerprint(town)
    for route, line in ROUTES.items():
        status = ask(client, route, {}).status_code
        if line.who is not PUBLIC:
            assert status == 401, f"{route}: {status}"
    assert fingerprint(town) == before


# -- the same from another area


def fingerprint(town: Town) -> dict[str, str]:
    """Each table by a hash of all its rows."""
    with town.centre.database.engine.connect() as connection:
        return {
            table.name: hashlib.sha256(repr(sorted(map(repr, connection.execute(select(table))))).encode()).hexdigest()
            for table in Base.metadata.sorted_tables
            if table.name not in UNHEARD
        }


def things(app: Flask, town: Town) -> dict[str, str]:
    """One of each in the East, where nobody of the West may look, by the name of its part of the address."""
    body = {"device": "SOS-1", "kind": "sos"}
    headers = {"Authorization": f"Bearer {town.signals_token}"}
    case_id = app.test_client().post("/api/v1/signals", json=body, headers=headers).json["case_id"]
    return {
        "case_id": case_id,
        "elder_id": str(town.elders["Wang"]),
        "household_id": str(town.households["Wang"]),
        "area_id": str(town.areas["Elm"]),
        "user_id": str(town.users["lin"]),
        **plan_the_east(town),
        **a_device(town),
        **floor.in_the_east(town, case_id),
        "call_id": a_call(town, case_id),
        "import_id": tables.brought_from(town, "East"),
        "double_id": tables.alike(town, "Wang", "Zhao"),
        **privacy.in_the_east(town, case_id),
        **response.in_the_east(town, case_id),
        **helps.in_the_east(town, case_id),
        **orders.in_the_east(town),
        **visits.in_the_east(town),
        "plan_id": visit_plans.plan_in_the_east(town),
    }


def a_call(town: Town, case_id: str) -> str:
    """One that was recorded."""
    with town.centre.database.sessions.begin() as session:
        call = Call(call_id="east", case_id=int(case_id), first_at=START, events={}, recording_url="/calls/east.wav")
        session.add(call)
        session.flush()
        return str(call.id)


def a_device(town: Town) -> dict[str, str]:
    """One that wants looking after."""
    with town.centre.database.sessions.begin() as session:
        device_id = session.scalars(select(Device.id).where(Device.number == "SOS-1")).one()
        task = DeviceTask(device_id=device_id, kind="fault", since=START, opened_at=START, state="open", data={})
        session.add(task)
        session.flush()
        return {"device_id": str(device_id), "task_id": str(task.id)}


def plan_the_east(town: Town) -> dict[str, str]:
    """A shift, a weekly pattern and a duty telephone there."""
    east = town.areas["East"]
    doing = Doing(town.actor("boss"), START)
    shift_id = roster.add_shift(
        town.centre,
        doing,
        role="rescue",
        area_id=east,
        who=Who(user_id=town.users["lin"]),
        starts_at=START,
        ends_at=START + timedelta(hours=8),
    )
    new = patterns.NewPattern(
        "operator", east, Who(user_id=town.users["mei"]), frozenset({0}), "08:00", "20:00", START.date()
    )
    pattern_id = patterns.add_pattern(town.centre, doing, new)
    with town.centre.database.reads() as session:
        phone_id = session.scalar(select(DutyPhone.id).where(DutyPhone.area_id == east))
    return {"shift_id": str(shift_id), "pattern_id": str(pattern_id), "phone_id": str(phone_id)}


@pytest.mark.parametrize("role", ["supervisor", "station", "admin", "auditor", "quality_inspector"])
def test_what_lies_in_another_area_is_not_there(app: Flask, town: Town, role: str) -> None:
    ids = things(app, town)
    in_the_east = {part for part, what in THING.items() if "in the East" in what}
    assert in_the_east == set(ids), "things() of this test and THING of the table must name the same"
    client = person(app, town, role, "West")
    before = fingerprint(town)
    for route, line in ROUTES.items():
        if not set(parts(route)) & in_the_east:
            continue
        answer = ask(client, route, ids)
        expected = (403, 404) if is_allowed(line.who, Actor("user", "1", role, roles=frozenset({role}))) else (403,)
        assert answer.status_code in expected, f"{route}: {answer.status_code} to somebody of another area"
        assert "Wang" not in answer.text, route
    assert fingerprint(town) == before


@pytest.mark.parametrize("role", ["supervisor", "station", "admin", "auditor", "quality_inspector"])
def test_no_list_names_what_lies_in_another_area(app: Flask, town: Town, role: str) -> None:
    things(app, town)
    live.sequence(town.centre)
    client = person(app, town, role, "West")
    actor = Actor("user", "1", role, roles=frozenset({role}))
    for route, line in ROUTES.items():
        if route.startswith("GET /api/v1/") and not parts(route) and line.who is not PUBLIC:
            for query in dict.fromkeys((line.query, "q=Wang", "q=SOS-1", "q=13800001000")):
                answer = client.get(f"{route.removeprefix('GET ')}?{query}")
                assert answer.status_code != 500, f"{route}?{query}"
                text = answer.data.decode(errors="replace")
                for secret in ("Wang", "SOS-1", "13800001000", "Elm 1"):
                    assert secret not in text, f"{route}?{query} names {secret} to somebody of another area"
                if is_allowed(line.who, actor) and answer.status_code == 200 and "total" in (answer.json or {}):
                    assert not (query and answer.json["items"] == [] and answer.json["total"]), f"{route} counts it"


def test_a_station_does_not_see_what_has_no_place(app: Flask, town: Town) -> None:
    """Stations see their area; the desk also sees the unknown caller."""
    body = {"call_id": "stranger", "event": "ringing", "caller": "13512345678"}
    called = app.test_client().post("/api/v1/calls", json=body, headers={"Authorization": f"Bearer {town.calls_token}"})
    case_id = called.json["case_id"]
    live.sequence(town.centre)
    with town.centre.database.reads() as session:
        assert session.get_one(Case, int(case_id)).area_id is None
    for role, seen in (("operator", 200), ("station", 404)):
        client = person(app, town, role, "West")
        assert client.get(f"/api/v1/cases/{case_id}").status_code == seen
        for listed in ("/api/v1/cases", "/api/v1/live/snapshot", "/api/v1/live/since?seq=0"):
            assert ('"enquiry"' in client.get(listed).text) == (seen == 200), listed
