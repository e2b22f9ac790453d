"""Where gateways call: known by their secret, answered at once, heard once, in whatever alphabet they write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from dispatch.bootstrap.process import StartRefused
from dispatch.bootstrap.web import web_of
from dispatch.models.sms import SmsReport
from dispatch.settings import Settings
from tests.support import factories
from tests.support.factories import Town
from tests.support.web import end


@pytest.fixture
def chosen(town: Town, tmp_path: Path) -> Settings:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    return factories.settings(
        url,
        tmp_path / "data",
        phone_network="kannel",
        sms_secrets="kannel:secret",
        sms_callback_url="http://127.0.0.1:1",
    )


@pytest.fixture
def app(chosen: Settings) -> Iterator[Flask]:
    made = web_of(chosen, factories.centre_for(chosen)).app
    yield made
    end(made)


def reports(town: Town) -> list[SmsReport]:
    with town.centre.database.reads() as session:
        return list(session.scalars(select(SmsReport).order_by(SmsReport.id)))


def test_receipts_are_kept_once_and_those_on_the_way_not_at_all(app: Flask, chosen: Settings, town: Town) -> None:
    client = app.test_client()
    where = f"/gateways/sms/kannel/receipt?secret={chosen.callback_secret('kannel')}"
    for kind in ("8", "1", "1", "4"):
        assert client.get(f"{where}&id=abc&type={kind}").status_code == 200
    assert client.get(f"{where}&id=abd&type=16").status_code == 200
    assert client.get(f"{where}&type=1").status_code == 422
    assert [(r.provider_id, r.state) for r in reports(town)] == [("abc", "delivered"), ("abd", "failed")]


@pytest.mark.parametrize(
    ("text", "charset"),
    [("1", ""), ("收到，马上出发", "UTF-16BE"), ("好的", "UTF-8"), ("好的", "GBK")],
)
def test_a_text_is_read_in_its_alphabet(app: Flask, chosen: Settings, town: Town, text: str, charset: str) -> None:
    written = quote(text.encode({"": "utf-8", "UTF-16BE": "utf-16-be"}.get(charset, charset)))
    query = f"secret={chosen.callback_secret('kannel')}&from=8613900139000&id=i1&charset={charset}&text={written}"
    client = app.test_client()
    assert client.get(f"/gateways/sms/kannel/text?{query}").status_code == 200
    assert client.get(f"/gateways/sms/kannel/text?{query}").status_code == 200
    assert [(r.phone, r.text) for r in reports(town)] == [("8613900139000", text)]


@pytest.mark.parametrize("secret", ["", "secret=", "secret=guess", "secret=%FF%00"])
@pytest.mark.parametrize("door", ["receipt", "text"])
def test_without_the_secret_nothing_is_kept(app: Flask, town: Town, door: str, secret: str) -> None:
    answer = app.test_client().get(f"/gateways/sms/kannel/{door}?{secret}&id=1&type=1&from=1&text=1")
    assert answer.status_code == 403
    assert reports(town) == []


def test_a_gateway_that_is_not_used_has_no_door(app: Flask, chosen: Settings) -> None:
    for name in ("smsc", "nobody"):
        secret = chosen.callback_secret(name)
        assert app.test_client().get(f"/gateways/sms/{name}/receipt?secret={secret}&id=1").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"phone_network": "pigeon"}, "not known"),
        ({"phone_network": "kannel,pigeon"}, "not known"),
        ({"sms_secrets": ""}, "no password"),
        ({"sms_secrets": "smsc:secret"}, "no password"),
        ({"sms_callback_url": ""}, "DISPATCH_SMS_CALLBACK_URL"),
        ({"phone_network": ""}, "names no"),
    ],
)
def test_a_process_does_not_start_with_half_a_gateway(chosen: Settings, wrong: dict[str, str], said: str) -> None:
    with pytest.raises(StartRefused, match=said):
        web_of(chosen.model_copy(update=wrong))
