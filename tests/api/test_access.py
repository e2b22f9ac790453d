"""Coming in, one's own account, users, tokens and the trail of it all, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from dispatch.domain.access import Pending
from dispatch.domain.errors import Unauthenticated
from dispatch.models.access import SignedIn
from dispatch.models.people import User
from dispatch.models.trail import TrailEntry
from dispatch.services.access import sessions, users
from dispatch.services.access.codes import STEP
from dispatch.services.access.sessions import Door
from dispatch.services.accounts import person_named
from tests.support import factories
from tests.support.factories import PASSWORD, START, Town
from tests.support.web import end, web

API = "/api/v1"
NEW = "an even longer password"
DOOR = Door("127.0.0.1", "a browser")
SignIn = Callable[..., FlaskClient]


@pytest.fixture
def app(town: Town, tmp_path: Path) -> Iterator[Flask]:
    for username, roles, area in (
        ("root", ["admin"], "Town"),
        ("root2", ["admin"], "Town"),
        ("east_root", ["admin"], "East"),
        ("watch", ["auditor"], "Town"),
    ):
        with town.centre.database.sessions.begin() as session:
            user = User(username=username, name=username, roles=roles, area_ids=[town.areas[area]], locale="en")
            user.password_hash = factories.password_hash()
            session.add(user)
            session.flush()
            town.users[username] = user.id
    made = web(town, tmp_path / "data")
    yield made
    end(made)


@pytest.fixture
def strict(town: Town, app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """The same centre where administrators must have a second factor."""
    made = web(town, tmp_path / "data", second_factor=True)
    yield made
    end(made)


def come(app: Flask, username: str, password: str = PASSWORD, **more: Any) -> Any:
    client = app.test_client()
    answer = client.post(f"{API}/session", json={"username": username, "password": password, **more})
    if answer.status_code == 200:
        client.environ_base["HTTP_X_CSRF_TOKEN"] = answer.json["csrf_token"]
    return client, answer


@pytest.fixture
def signed_in(app: Flask) -> SignIn:
    def sign_in(username: str = "root", password: str = PASSWORD) -> FlaskClient:
        client, answer = come(app, username, password)
        assert answer.status_code == 200, answer.text
        found: FlaskClient = client
        return found

    return sign_in


def code_of(answer: Any) -> str:
    return str(answer.json["type"]).removeprefix("/problems/")


def deeds(town: Town, *actions: str) -> list[tuple[str, str, str]]:
    """Who did which of these to whom."""
    with town.centre.database.reads() as session:
        found = session.scalars(select(TrailEntry).where(TrailEntry.action.in_(actions)).order_by(TrailEntry.id))
        return [(e.actor_id, e.action, e.subject_id) for e in found]


# -- sessions


def test_the_cookie_holds_no_rights(app: Flask, town: Town, signed_in: SignIn) -> None:
    client = signed_in("lin")
    assert client.get(f"{API}/session").json["may"] == sorted(town.actor("lin").rights)
    with client.session_transaction() as cookie:
        assert set(cookie) == {"key", "csrf", "_permanent"}
    with town.centre.database.sessions.begin() as session:
        session.get_one(User, town.users["lin"]).roles = ["provider"]
    assert client.get(f"{API}/cases").status_code == 403
    assert client.get(f"{API}/session").json["may"] == ["jobs"]


def test_a_stolen_cookie_is_worthless_after_signing_out(app: Flask, signed_in: SignIn) -> None:
    client = signed_in("lin")
    thief = app.test_client()
    thief.set_cookie("dispatch_session", client.get_cookie("dispatch_session").value)  # type: ignore[union-attr]
    assert thief.get(f"{API}/session").status_code == 200
    assert client.delete(f"{API}/session").status_code == 204
    assert thief.get(f"{API}/session").status_code == 401


def test_an_idle_session_ends_and_a_busy_one_at_the_end_of_the_shift(town: Town, app: Flask) -> None:
    centre = bootstrap_strict(town)
    root = person_named(centre, "root")
    key = sessions.begin(centre, root, DOOR, START)
    now = START
    for _ in range(26):  # busy
        now += timedelta(minutes=27)
        sessions.find(centre, key, now)
    assert sessions.find(centre, key, now + timedelta(minutes=17)).ends_at == START + timedelta(hours=12)
    with pytest.raises(Unauthenticated):
        sessions.find(centre, key, START + timedelta(hours=12))
    idle = sessions.begin(centre, root, DOOR, START)
    with pytest.raises(Unauthenticated):
        sessions.find(centre, idle, START + timedelta(minutes=30))
    operator = sessions.begin(centre, person_named(centre, "lin"), DOOR, START)
    assert sessions.find(centre, operator, START + timedelta(hours=11)).person.username == "lin"
    centre.database.engine.dispose()


def test_a_console_that_asks_by_itself_does_not_keep_a_session_alive(town: Town, app: Flask) -> None:
    centre = bootstrap_strict(town)
    key = sessions.begin(centre, person_named(centre, "root"), DOOR, START)
    for minutes in (10, 20, 29):
        now = START + timedelta(minutes=minutes)
        visit = sessions.find(centre, key, now, idle=timedelta(minutes=minutes))
        assert visit.ends_at == START + timedelta(minutes=30)
    with pytest.raises(Unauthenticated):
        sessions.find(centre, key, START + timedelta(minutes=31), idle=timedelta(0))
    centre.database.engine.dispose()


def bootstrap_strict(town: Town) -> Any:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    return factories.centre_for(factories.settings(url, town.centre.spool_dir.parent, second_factor=True))


def test_one_s_sessions_are_listed_and_ended(app: Flask, signed_in: SignIn) -> None:
    here, there, third = signed_in("lin"), signed_in("lin"), signed_in("lin")
    other = signed_in("mei")
    listed = here.get(f"{API}/me/sessions").json["items"]
    assert [row["current"] for row in listed].count(True) == 1
    assert len(listed) == 3
    elsewhere = next(row["id"] for row in there.get(f"{API}/me/sessions").json["items"] if row["current"])
    assert other.delete(f"{API}/me/sessions/{elsewhere}").status_code == 404
    assert here.delete(f"{API}/me/sessions/{elsewhere}").status_code == 204
    assert [c.get(f"{API}/session").status_code for c in (here, there, third)] == [200, 401, 200]
    assert here.post(f"{API}/me/end-sessions").json == {"ended": 1}
    assert [c.get(f"{API}/session").status_code for c in (here, third, other)] == [200, 401, 200]


def test_whose_session_ended_listens_no_longer(town: Town, app: Flask) -> None:
    centre = town.centre
    keys = [sessions.begin(centre, person_named(centre, "lin"), DOOR, START) for _ in range(2)]
    ids = [sessions.find(centre, key, START).id for key in keys]
    assert sessions.still_open(centre, ids, START) == set(ids)
    with centre.database.sessions.begin() as session:
        session.get_one(SignedIn, ids[0]).ended_at = START
    assert sessions.still_open(centre, ids, START) == {ids[1]}
    assert sessions.still_open(centre, ids, START + timedelta(hours=13)) == set()


# -- guessing


def test_one_address_that_guesses_is_slowed_and_shuts_nobody_out(app: Flask, town: Town, signed_in: SignIn) -> None:
    signed_in("lin")  # came in from here before
    rules = town.centre.access.lock_out
    tried = [come(app, f"nobody{n}", "guess")[1].status_code for n in range(rules.address_tries + 5)]
    assert tried.count(401) in range(rules.address_tries, rules.address_tries + 3)
    assert tried[-1] == 429
    refused = come(app, "mei")[1]
    assert (refused.status_code, code_of(refused), refused.json["retry_after"]) == (429, "too-many-tries", 10)
    assert come(app, "lin")[1].status_code == 200, "who was here before still comes in"
    far_away = app.test_client()
    far_away.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    body = {"username": "mei", "password": PASSWORD}
    assert far_away.post(f"{API}/session", json=body).status_code == 200, "and everybody from elsewhere"


def test_the_tries_of_an_address_are_counted_once_for_all_web_processes(app: Flask, strict: Flask, town: Town) -> None:
    rules = town.centre.access.lock_out
    apps = [app, strict]  # two processes on one database
    tried = [come(apps[n % 2], f"nobody{n}", "guess")[1].status_code for n in range(rules.address_tries + 5)]
    assert tried.count(401) in range(rules.address_tries, rules.address_tries + 3)
    assert tried[-2:] == [429, 429]


def test_what_is_typed_as_a_name_is_not_written_down(app: Flask, town: Town) -> None:
    come(app, "My-Secret-Passw0rd", "oops")
    come(app, "lin", "guess")
    found = deeds(town, "sign_in_refused")
    assert found == [("127.0.0.1", "sign_in_refused", "unknown"), (str(town.users["lin"]), *found[1][1:])]
    with town.centre.database.engine.connect() as connection:
        assert "Secret" not in str(connection.execute(text("SELECT * FROM trail")).all())


# -- passwords


def test_a_one_time_password_is_for_choosing_another(app: Flask, town: Town, signed_in: SignIn) -> None:
    root = signed_in()
    made = root.post(f"{API}/users", json={"username": "xu", "name": "Xu", "roles": ["operator"]})
    assert made.status_code == 201, made.text
    password = made.json["one_time_password"]
    client, answer = come(app, "xu", password)
    assert answer.json["pending"] == Pending.CHANGE_PASSWORD
    refused = client.get(f"{API}/cases")
    assert (refused.status_code, code_of(refused), refused.json["pending"]) == (403, "step-first", "change-password")
    for wanted, fault in (
        ("short", "too-short"),
        ("xu has a long password", "contains-username"),
        ("password1234", "too-common"),
        (password, "used-before"),
    ):
        wrong = client.post(f"{API}/me/password", json={"current": password, "password": wanted})
        assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (422, fault)
    assert client.post(f"{API}/me/password", json={"current": password, "password": NEW}).status_code == 204
    assert client.get(f"{API}/cases").status_code == 200
    assert client.get(f"{API}/session").json["pending"] is None
    assert come(app, "xu", password)[1].status_code == 401
    assert come(app, "xu", NEW)[1].status_code == 200


def test_a_one_time_password_runs_out(app: Flask, town: Town, signed_in: SignIn) -> None:
    password = signed_in().post(f"{API}/users/{town.users['lin']}/password").json["one_time_password"]
    with town.centre.database.sessions.begin() as session:
        session.get_one(User, town.users["lin"]).password_ends_at = datetime.now(UTC) - timedelta(seconds=1)
    assert come(app, "lin", password)[1].status_code == 401


def test_another_password_ends_the_other_sessions(app: Flask, town: Town, signed_in: SignIn) -> None:
    here, there = signed_in("lin"), signed_in("lin")
    wrong = here.post(f"{API}/me/password", json={"current": "guess", "password": NEW})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "current")
    assert here.post(f"{API}/me/password", json={"current": PASSWORD, "password": NEW}).status_code == 204
    assert [c.get(f"{API}/session").status_code for c in (here, there)] == [200, 401]
    assert here.post(f"{API}/cases", json={"kind": "enquiry", "channel": "hotline"}).status_code == 201


def test_none_of_the_last_five_comes_back(app: Flask, signed_in: SignIn) -> None:
    client = signed_in("lin")
    chosen = [PASSWORD, *(f"password of the {n}. month" for n in range(5))]
    for current, wanted in pairwise(chosen):
        assert client.post(f"{API}/me/password", json={"current": current, "password": wanted}).status_code == 204
    for old, status in ((chosen[1], 422), (chosen[5], 422), (chosen[0], 204)):
        answer = client.post(f"{API}/me/password", json={"current": chosen[5], "password": old})
        assert answer.status_code == status, old


def test_a_session_left_open_is_no_place_to_guess_in(app: Flask, town: Town, signed_in: SignIn) -> None:
    client = signed_in("lin")
    tries = town.centre.access.lock_out.tries
    for _ in range(tries):
        assert client.post(f"{API}/me/password", json={"current": "guess", "password": NEW}).status_code == 422
    assert client.post(f"{API}/me/password", json={"current": PASSWORD, "password": NEW}).status_code == 423


# -- users


def test_an_administrator_sees_and_changes_users_of_the_own_areas(town: Town, signed_in: SignIn) -> None:
    root, east = signed_in(), signed_in("east_root")
    everybody = root.get(f"{API}/users").json
    assert everybody["total"] == len(town.users)
    assert [u["username"] for u in everybody["items"]] == sorted(town.users)
    assert [u["username"] for u in east.get(f"{API}/users").json["items"]] == ["east_root"]
    lin = town.users["lin"]
    assert east.get(f"{API}/users/{lin}").status_code == 404
    assert east.patch(f"{API}/users/{lin}", json={"name": "X"}).status_code == 404
    first = root.get(f"{API}/users?limit=2").json
    rest = root.get(f"{API}/users?limit=200&cursor={first['next_cursor']}").json
    assert [u["id"] for u in first["items"] + rest["items"]] == [u["id"] for u in everybody["items"]]
    assert [u["username"] for u in root.get(f"{API}/users?q=li&role=operator").json["items"]] == ["lin"]


def test_two_who_change_one_user_hear_of_each_other(town: Town, signed_in: SignIn) -> None:
    first, second = signed_in("root"), signed_in("root2")
    lin = f"{API}/users/{town.users['lin']}"
    version = first.get(lin).json["version"]
    assert first.patch(lin, json={"version": version, "name": "Lin Lin"}).status_code == 200
    late = second.patch(lin, json={"version": version, "name": "Lin"})
    assert (late.status_code, code_of(late)) == (409, "version-conflict")
    assert first.get(lin).json["name"] == "Lin Lin"


def test_a_change_of_rights_ends_the_person_s_sessions(town: Town, signed_in: SignIn) -> None:
    root, lin = signed_in(), signed_in("lin")
    address = f"{API}/users/{town.users['lin']}"
    assert root.patch(address, json={"name": "Lin Lin", "phone": "13800000000"}).status_code == 200
    assert lin.get(f"{API}/session").status_code == 200
    changed = root.patch(address, json={"roles": ["dispatcher"], "areas": [str(town.areas["East"])]})
    assert changed.json["areas"] == [{"id": str(town.areas["East"]), "name": "East"}]
    assert lin.get(f"{API}/session").status_code == 401
    again = signed_in("lin").get(f"{API}/session").json["user"]
    assert (again["roles"], [a["name"] for a in again["areas"]]) == (["dispatcher"], ["East"])
    assert root.patch(address, json={"active": False}).status_code == 200
    with pytest.raises(AssertionError):
        signed_in("lin")


WRONG_RIGHTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no role": ({"roles": []}, 422, "too_short"),
    "an unknown role": ({"roles": ["king"]}, 422, "unknown"),
    "who watches and does": ({"roles": ["auditor", "operator"]}, 422, "apart"),
    "no area": ({"areas": []}, 422, "too_short"),
    "an unknown area": ({"areas": ["99999"]}, 422, "unknown"),
    "a station of the whole town": ({"roles": ["station"]}, 422, "too-large"),
}


@pytest.mark.parametrize("name", WRONG_RIGHTS)
def test_rights_that_nobody_can_have_are_refused(town: Town, signed_in: SignIn, name: str) -> None:
    body, status, code = WRONG_RIGHTS[name]
    answer = signed_in().patch(f"{API}/users/{town.users['lin']}", json=body)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (status, code)
    assert person_named(town.centre, "lin").actor.roles == {"operator"}


def test_nobody_changes_their_own_rights_nor_gives_what_they_do_not_have(town: Town, signed_in: SignIn) -> None:
    east = signed_in("east_root")
    mine = f"{API}/users/{town.users['east_root']}"
    for body in ({"roles": ["admin", "supervisor"]}, {"areas": [str(town.areas["Town"])]}, {"active": False}):
        assert east.patch(mine, json=body).status_code == 403
    assert east.patch(mine, json={"name": "East Root"}).status_code == 200
    for act in ("password", "unlock", "end-sessions", "reset-second-factor"):
        assert east.post(f"{mine}/{act}").status_code == 403
    new = {"username": "spy", "name": "Spy", "roles": ["operator"], "areas": [str(town.areas["West"])]}
    assert east.post(f"{API}/users", json=new).status_code == 403
    made = east.post(f"{API}/users", json={**new, "areas": []})
    assert [a["name"] for a in made.json["user"]["areas"]] == ["East"]
    assert east.get(f"{API}/tokens").status_code == 403
    assert east.post(f"{API}/tokens", json={"name": "t", "scopes": ["cases"]}).status_code == 403


def test_one_administrator_is_always_left(app: Flask, town: Town, signed_in: SignIn) -> None:
    root = signed_in()
    for username in ("east_root", "root2"):
        assert root.patch(f"{API}/users/{town.users[username]}", json={"active": False}).status_code == 200
    token = {"Authorization": f"Bearer {town.admin_token}"}
    for body in ({"active": False}, {"roles": ["operator"]}):
        answer = app.test_client().patch(f"{API}/users/{town.users['root']}", json=body, headers=token)
        assert (answer.status_code, code_of(answer)) == (409, "last-administrator")


def test_two_administrators_who_remove_each_other_do_not_both_succeed(town: Town, signed_in: SignIn) -> None:
    with town.centre.database.sessions.begin() as session:
        session.get_one(User, town.users["east_root"]).active = False
    pairs = [(signed_in("root"), town.users["root2"]), (signed_in("root2"), town.users["root"])]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda p: p[0].patch(f"{API}/users/{p[1]}", json={"roles": ["operator"]}).status_code, pairs)
        )
    with town.centre.database.reads() as session:
        left = [u.username for u in session.scalars(select(User).where(User.active)) if "admin" in u.roles]
    assert answers.count(200) == 1
    assert len(left) == 1


def test_two_users_of_one_name_are_refused_by_the_database(town: Town, signed_in: SignIn) -> None:
    clients = [signed_in("root"), signed_in("root2")]
    body = {"username": "xu", "name": "Xu", "roles": ["operator"]}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda c: c.post(f"{API}/users", json=body).status_code, clients))
    assert sorted(answers) == [201, 422]


@pytest.mark.parametrize("username", ["", "a", "with space", "-dash", "王", "x" * 65, "a\u0000b", "../x"])
def test_a_user_name_that_causes_trouble_is_refused(signed_in: SignIn, username: str) -> None:
    body = {"username": username, "name": "X", "roles": ["operator"]}
    assert signed_in().post(f"{API}/users", json=body).status_code == 422


def test_who_is_locked_out_is_let_in_again(app: Flask, town: Town, signed_in: SignIn) -> None:
    root = signed_in()
    for _ in range(town.centre.access.lock_out.tries):
        come(app, "lin", "guess")
    assert come(app, "lin")[1].status_code == 423
    address = f"{API}/users/{town.users['lin']}"
    assert root.get(address).json["locked_until"] is not None
    assert root.post(f"{address}/unlock").json["locked_until"] is None
    assert come(app, "lin")[1].status_code == 200


def test_somebody_is_signed_out_everywhere(town: Town, signed_in: SignIn) -> None:
    lin = signed_in("lin")
    assert signed_in().post(f"{API}/users/{town.users['lin']}/end-sessions").status_code == 200
    assert lin.get(f"{API}/session").status_code == 401


def test_a_lost_administrator_is_rescued_from_the_command_line(town: Town, app: Flask) -> None:
    password = users.rescue(town.centre, "root", users.Also(whole_centre=True, second_factor=True), datetime.now(UTC))
    client, answer = come(app, "root", password)
    assert answer.json["pending"] == "change-password"
    assert client.get(f"{API}/users").status_code == 403


# -- tokens


def test_a_token_is_shown_once_and_revoked(app: Flask, town: Town, signed_in: SignIn) -> None:
    root = signed_in()
    made = root.post(f"{API}/tokens", json={"name": "gateway", "scopes": ["signals"]})
    assert made.status_code == 201
    text_, token_id = made.json["text"], made.json["token"]["id"]
    listed = root.get(f"{API}/tokens").json["items"]
    assert (listed[0]["id"], listed[0]["created_by"]) == (token_id, "root")
    assert text_ not in root.get(f"{API}/tokens").text
    assert root.post(f"{API}/tokens", json={"name": "x", "scopes": ["everything"]}).status_code == 422
    assert root.post(f"{API}/tokens/{token_id}/revoke").json["revoked_at"] is not None
    assert root.post(f"{API}/tokens/{token_id}/revoke").status_code == 200
    assert root.post(f"{API}/tokens/99999/revoke").status_code == 404
    device = {"Authorization": f"Bearer {text_}"}
    body = {"device": "SOS-1", "kind": "heartbeat"}
    assert app.test_client().post(f"{API}/signals", json=body, headers=device).status_code == 401


# -- second factor


def enrol(client: FlaskClient) -> tuple[pyotp.TOTP, list[str]]:
    begun = client.post(f"{API}/me/second-factor", json={"password": PASSWORD})
    assert begun.status_code == 200, begun.text
    assert begun.json["qr"].startswith("data:image/svg+xml")
    assert begun.json["secret"] in begun.json["uri"]
    totp = pyotp.TOTP(begun.json["secret"])
    assert client.post(f"{API}/me/second-factor/confirm", json={"code": "000000"}).status_code == 422
    done = client.post(f"{API}/me/second-factor/confirm", json={"code": shown(totp, -1)})
    assert done.status_code == 200, done.text
    return totp, list(done.json["recovery_codes"])


def shown(totp: pyotp.TOTP, steps: int = 0) -> str:
    """What the authenticator shows now, or some steps before or after."""
    return totp.generate_otp(int(datetime.now(UTC).timestamp()) // STEP + steps)


def test_an_administrator_must_enrol_before_anything_else(strict: Flask, town: Town) -> None:
    client, answer = come(strict, "root")
    assert answer.json["pending"] == "enrol-second-factor"
    assert client.get(f"{API}/users").status_code == 403
    assert client.post(f"{API}/me/second-factor", json={"password": "guess"}).status_code == 422
    _, codes = enrol(client)
    assert len(set(codes)) == 10
    assert client.get(f"{API}/users").status_code == 200
    assert client.get(f"{API}/me/second-factor").json == {
        **client.get(f"{API}/me/second-factor").json,
        "required": True,
        "recovery_codes_left": 10,
    }
    assert come(strict, "lin")[1].json["pending"] is None


def test_the_code_is_asked_for_and_good_once(app: Flask, signed_in: SignIn) -> None:
    totp, _ = enrol(signed_in("lin"))
    missing = come(app, "lin")[1]
    assert (missing.status_code, code_of(missing)) == (401, "second-factor-required")
    wrong = come(app, "lin", code="000000")[1]
    assert (wrong.status_code, wrong.json["wrong"]) == (401, True)
    assert come(app, "lin", "guess", code=shown(totp))[1].json.get("wrong") is None
    spaced = shown(totp)
    assert come(app, "lin", code=f" {spaced[:3]} {spaced[3:]}")[1].status_code == 200
    assert come(app, "lin", code=spaced)[1].status_code == 401, "a replay"
    assert come(app, "lin", code=shown(totp, -1))[1].status_code == 401, "one from before"
    assert come(app, "lin", code=shown(totp, 1))[1].status_code == 200
    assert come(app, "lin", code=shown(totp, 20))[1].status_code == 401, "a clock ten minutes off"


def test_one_code_lets_one_of_many_in(app: Flask, signed_in: SignIn) -> None:
    totp, codes = enrol(signed_in("lin"))
    for code in (shown(totp), codes[0]):
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _, c=code: come(app, "lin", code=c)[1].status_code, range(4)))
        assert answers.count(200) == 1, answers


def test_a_recovery_code_is_good_once(app: Flask, signed_in: SignIn) -> None:
    client = signed_in("lin")
    _, codes = enrol(client)
    assert come(app, "lin", code=codes[3].upper().replace("-", " "))[1].status_code == 200
    assert come(app, "lin", code=codes[3])[1].status_code == 401
    assert client.get(f"{API}/me/second-factor").json["recovery_codes_left"] == 9
    fresh = client.post(f"{API}/me/second-factor/recovery-codes", json={"code": codes[4]}).json["recovery_codes"]
    assert come(app, "lin", code=codes[5])[1].status_code == 401
    assert come(app, "lin", code=fresh[0])[1].status_code == 200


def test_guessing_codes_locks_and_the_password_forgives_nothing(app: Flask, town: Town, signed_in: SignIn) -> None:
    totp, _ = enrol(signed_in("lin"))
    for _ in range(town.centre.access.lock_out.tries):
        come(app, "lin", code="000000")
        come(app, "lin")
    assert come(app, "lin", code=shown(totp))[1].status_code == 423


def test_the_secret_lies_sealed(town: Town, signed_in: SignIn) -> None:
    totp, codes = enrol(signed_in("lin"))
    with town.centre.database.engine.connect() as connection:
        factor = str(connection.execute(text("SELECT * FROM second_factors")).all())
        recovery = str(connection.execute(text("SELECT * FROM recovery_codes")).all())
        trail_ = str(connection.execute(text("SELECT * FROM trail")).all())
    assert totp.secret not in factor + trail_
    assert not any(code in recovery + trail_ or code.replace("-", "") in recovery for code in codes)


def test_it_is_removed_with_both_proofs_or_by_an_administrator(app: Flask, town: Town, signed_in: SignIn) -> None:
    client = signed_in("lin")
    totp, codes = enrol(client)
    assert client.post(f"{API}/me/second-factor", json={"password": PASSWORD}).status_code == 409
    for body in ({"password": "guess", "code": shown(totp)}, {"password": PASSWORD, "code": "000000"}):
        assert client.post(f"{API}/me/second-factor/remove", json=body).status_code == 422
    body = {"password": PASSWORD, "code": codes[0]}
    assert client.post(f"{API}/me/second-factor/remove", json=body).status_code == 204
    assert come(app, "lin")[1].status_code == 200
    enrol(client)
    reset = signed_in().post(f"{API}/users/{town.users['lin']}/reset-second-factor")
    assert (reset.status_code, reset.json["second_factor"]) == (200, False)
    assert client.get(f"{API}/session").status_code == 401
    assert come(app, "lin")[1].status_code == 200


# -- the trail


def test_the_trail_tells_who_did_what(app: Flask, town: Town, signed_in: SignIn) -> None:
    root = signed_in()
    lin, me = town.users["lin"], str(town.users["root"])
    root.patch(f"{API}/users/{lin}", json={"roles": ["dispatcher"]})
    root.post(f"{API}/users/{lin}/password")
    root.post(f"{API}/tokens", json={"name": "gateway", "scopes": ["signals"]})
    root.get(f"{API}/elders")
    root.get(f"{API}/elders")
    root.delete(f"{API}/session")
    mine = [(action, subject) for who, action, subject in deeds(town, *ACTIONS) if who == me]
    assert [action for action, _ in mine] == list(ACTIONS)
    watch = signed_in("watch")
    changed = watch.get(f"{API}/trail?action=user_changed").json["items"]
    assert changed[0]["data"]["roles"] == {"from": ["operator"], "to": ["dispatcher"]}
    assert (
        watch.get(f"{API}/trail?subject_kind=user&subject={lin}&actor={me}").json["items"][0]["action"]
        == "password_reset"
    )
    first = watch.get(f"{API}/trail?limit=2").json
    second = watch.get(f"{API}/trail?limit=200&cursor={first['next_cursor']}").json
    ids = [int(e["id"]) for e in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert watch.get(f"{API}/trail?from=2999-01-01T00:00:00Z").json["items"] == []
    assert watch.get(f"{API}/trail/chain").json["broken_at"] is None
    assert watch.patch(f"{API}/users/{lin}", json={"name": "X"}).status_code == 403


ACTIONS = ("sign_in", "user_changed", "password_reset", "token_added", "refused", "sign_out")


def test_a_repeated_refusal_does_not_fill_the_trail(town: Town, signed_in: SignIn) -> None:
    client = signed_in("helper")
    for _ in range(5):
        assert client.get(f"{API}/cases").status_code == 403
    with town.centre.database.reads() as session:
        assert session.scalar(select(func.count(TrailEntry.id)).where(TrailEntry.action == "refused")) == 1
