"""The elder's page over HTTP: words, forms, no cookie, and the truth while the database is away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dispatch.api.form_fields import FORMS
from dispatch.domain.errors import Unavailable
from dispatch.models.cases import Case
from dispatch.services import elder_links, elder_page, spool
from dispatch.services.work import Act
from tests.support.factories import PASSWORD, START, Town
from tests.support.web import end, web


@pytest.fixture
def app(town: Town, tmp_path: Path) -> Iterator[Flask]:
    made = web(town, tmp_path / "data", hotline="0467-123 4567")
    yield made
    end(made)


@pytest.fixture
def elder(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def link(town: Town) -> str:
    act = Act(town.actor("lin"), START)
    return "/e/" + str(elder_links.make_link(town.centre, town.elders["Wang"], act)["token"])


def press_of(page: Any) -> str:
    found = re.search(r'name="press" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def cases(town: Town) -> list[Case]:
    with town.centre.database.reads() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def test_looking_opens_nothing_and_pressing_does(town: Town, elder: FlaskClient, link: str) -> None:
    page = elder.get(link)
    assert (page.status_code, "需要帮助时" in page.text, 'href="tel:04671234567"' in page.text) == (200, True, True)
    for address in (link, f"{link}/state", f"{link}/services", f"{link}/help"):
        elder.get(address)
        elder.head(address)
    assert cases(town) == []

    pressed = elder.post(f"{link}/help", data={"press": press_of(page)})
    assert pressed.status_code == 303
    assert [case.priority for case in cases(town)] == [1]
    shown = elder.get(pressed.location)
    assert "已接到，正在联系您" in shown.text
    assert "您的求助已经收到" in shown.text
    assert elder.get(f"{link}/state?lang=en").json["text"] == "Received. We are contacting you"
    assert "Received" in elder.get(f"{link}?lang=en").text


def test_no_cookie_is_set_and_the_address_is_told_to_nobody(elder: FlaskClient, link: str) -> None:
    for answer in (elder.get(link), elder.get(f"{link}/services"), elder.post(f"{link}/help", data={})):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_torn_form_is_help_all_the_same_and_nothing_else(town: Town, elder: FlaskClient, link: str) -> None:
    for torn in ("", "x", "x.y", "." * 50, "é.ü", "a" * 9000):
        assert elder.post(f"{link}/service", data={"press": torn, "wanted": "meal"}).status_code == 200
        assert "请再按一次" in elder.post(f"{link}/fine", data={"press": torn}).text
    assert cases(town) == []
    assert elder.post(f"{link}/help", data={"press": "x.y"}).status_code == 303
    assert len(cases(town)) == 1
    assert elder.post(f"{link}/help").status_code == 303
    assert [case.signals for case in cases(town)] == [1]


def test_the_form_of_one_card_is_not_that_of_another(town: Town, elder: FlaskClient, link: str) -> None:
    other = elder_links.make_link(town.centre, town.elders["Zhao"], Act(town.actor("lin"), START))["token"]
    press = press_of(elder.get(link))
    assert "请再按一次" in elder.post(f"/e/{other}/fine", data={"press": press}).text


def test_services_and_their_end(town: Town, elder: FlaskClient, link: str) -> None:
    page = elder.get(f"{link}/services")
    assert page.text.count("data-deed=") == 10, "the ten helps"
    sent = {"press": press_of(page), "wanted": "meal"}
    taken = elder.post(f"{link}/service", data=sent)
    shown = elder.get(taken.location)
    assert "已经登记" in shown.text
    assert "助餐" in shown.text
    for wrong in ("", "nothing", "<b>", "9" * 40):
        answer = elder.post(f"{link}/service", data={"press": press_of(shown), "wanted": wrong})
        assert (answer.status_code, "请再按一次" in answer.text) == (200, True)
        answer = elder.post(f"{link}/withdraw", data={"press": press_of(shown), "wanted": wrong})
        assert answer.status_code == 200
    gone = elder.post(f"{link}/withdraw", data={"press": press_of(shown), "wanted": str(cases(town)[0].id)})
    assert "已说不要" in elder.get(gone.location).text


def test_a_link_of_nobody_says_whom_to_ring(elder: FlaskClient) -> None:
    for address in ("/e/nobody", "/e/nobody/services"):
        answer = elder.get(address)
        assert (answer.status_code, "tel:04671234567" in answer.text) == (404, True)
    answer = elder.post("/e/nobody/help", data={})
    assert (answer.status_code, "0467-123 4567" in answer.text) == (404, True)
    assert elder.post("/e/nobody/explode").status_code == 404


def away(*_: object) -> None:
    raise OperationalError("select", {}, Exception("gone"))


def test_a_call_for_help_is_kept_while_the_database_is_away(
    app: Flask, town: Town, elder: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = press_of(elder.get(link))
    centre = app.extensions["dispatch"].centre

    with monkeypatch.context() as broken:
        broken.setattr(elder_page, "transact", away)
        for _ in range(2):  # a second try of the same press
            answer = elder.post(f"{link}/help", data={"press": press})
            assert answer.status_code == 202
            assert "求助已经存好" in answer.text
            assert "请现在也打电话 0467-123 4567" in answer.text
        elder.post("/e/of-nobody/help")
        assert elder.post(f"{link}/fine", data={"press": press}).status_code == 503
    (*_, last) = sorted(centre.spool_dir.glob("*.json"))
    assert link.rpartition("/")[2] not in last.read_text(), "the link is a key and is written nowhere"
    assert spool.drain(centre.spool_dir, partial(spool.bring_in, centre)) == 2
    assert spool.rejected(centre.spool_dir) == 1, "the card of nobody is put aside"
    (case,) = cases(town)
    assert (case.priority, case.cause, case.flags) == (1, "sos", ["spooled"])
    assert case.opened_at < datetime.now(UTC)
    assert elder.post(f"{link}/help", data={"press": press}).status_code == 303
    assert len(cases(town)) == 1


def test_when_nothing_can_be_kept_the_page_never_pretends(
    town: Town, elder: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = press_of(elder.get(link))

    def full(*_: object) -> None:
        raise Unavailable("the spool is full")

    with monkeypatch.context() as broken:
        broken.setattr(elder_page, "transact", away)
        broken.setattr(spool, "keep", full)
        answer = elder.post(f"{link}/help", data={"press": press})
        assert answer.status_code == 503
        assert "现在送不出去" in answer.text
        assert "请马上拨打电话 0467-123 4567" in answer.text
        assert press_of(answer) == press, "the same press again, not another"
        assert "已" not in answer.text
        broken.setattr(elder_page, "look", away)
        assert elder.get(link).status_code == 503
    assert elder.post(f"{link}/help", data={"press": press}).status_code == 303
    assert len(cases(town)) == 1


def test_the_desk_makes_and_takes_back_the_card(app: Flask, town: Town, elder: FlaskClient) -> None:
    desk = app.test_client()
    signed_in = desk.post("/api/v1/session", json={"username": "lin", "password": PASSWORD})
    desk.environ_base["HTTP_X_CSRF_TOKEN"] = signed_in.json["csrf_token"]
    address = f"/api/v1/elders/{town.elders['Wang']}/link"
    assert desk.get(address).json == {"link": None}
    made = desk.post(address)
    assert made.status_code == 201
    assert made.json["qr"].startswith("data:image/svg+xml")
    assert elder.get(made.json["url"]).status_code == 200
    kept = desk.get(address).json["link"]
    assert set(kept) == {"created_at", "created_by", "used_at"}
    elder.post(f"{made.json['url']}/help")
    assert desk.get(address).json["link"]["used_at"]
    assert desk.delete(address).status_code == 204
    assert elder.get(made.json["url"]).status_code == 404


def test_who_asked_for_somebody_else_is_written_down(app: Flask, town: Town) -> None:
    desk = app.test_client()
    signed_in = desk.post("/api/v1/session", json={"username": "lin", "password": PASSWORD})
    desk.environ_base["HTTP_X_CSRF_TOKEN"] = signed_in.json["csrf_token"]
    body = {
        "kind": "service",
        "channel": "paper",
        "elder_id": str(town.elders["Wang"]),
        "applicant": {"name": "Li Na", "relation": "daughter"},
    }
    made = desk.post("/api/v1/cases", json=body)
    assert made.status_code == 201, made.text
    first = desk.get(f"/api/v1/cases/{made.json['id']}/timeline").json["items"][0]
    assert (first["channel"], first["data"]["applicant"]) == ("paper", body["applicant"])
    body["applicant"] = {"name": ""}
    assert desk.post("/api/v1/cases", json=body).status_code == 422


@pytest.mark.parametrize("name", FORMS)
def test_every_form_can_be_printed(elder: FlaskClient, name: str) -> None:
    page = elder.get(f"/forms/{name}")
    assert page.status_code == 200
    assert FORMS[name].title[0] in page.text
    assert "0467-123 4567" in page.text


def test_there_are_no_other_forms(elder: FlaskClient) -> None:
    assert elder.get("/forms/passwd").status_code == 404
