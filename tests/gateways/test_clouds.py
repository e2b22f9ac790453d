"""Texts by clouds, with the SDKs of their own: which template goes out, how it is signed, and what becomes of a no.

Against the documents alone: the real clouds have never been spoken to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from flask import Flask
from sqlalchemy import select

from dispatch.bootstrap.network import network
from dispatch.bootstrap.process import StartRefused
from dispatch.bootstrap.web import web_of
from dispatch.domain.errors import Permanent, Retryable, SendFailed
from dispatch.domain.messages import Outgoing
from dispatch.gateways.ways import SmsGateway, Ways
from dispatch.models.outbox import Message
from dispatch.models.sms import SmsReport
from dispatch.services import deliver
from dispatch.settings import ROOT, Settings
from tests.support import factories
from tests.support.clouds import KEY, SECRET, Cloud
from tests.support.factories import DUTY_EAST, START, Town
from tests.support.helps import NEAR, Dispatching
from tests.support.story import Story

CLOUDS = ("aliyun", "tencent")


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> Iterator[tuple[Cloud, str]]:
    made = Cloud(request.param)
    address = made.start()
    yield made, address
    made.stop()


@pytest.fixture
def chosen(sqlite_url: str, tmp_path: Path, cloud: tuple[Cloud, str]) -> Settings:
    config = tmp_path / "config"
    config.mkdir()
    for file in (ROOT / "config").iterdir():
        (config / file.name).symlink_to(file)
    rules = yaml.safe_load((ROOT / "config" / "sms.yaml").read_text("utf-8"))
    rules["gateways"][cloud[0].kind] |= {"address": cloud[1], "user": KEY}
    (config / "sms.yaml").unlink()
    (config / "sms.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False), "utf-8")
    return factories.settings(
        sqlite_url,
        tmp_path / "data",
        config_dir=config,
        phone_network=cloud[0].kind,
        sms_secrets=f"{cloud[0].kind}:{SECRET}",
        sms_callback_url="http://127.0.0.1:1",
    )


@pytest.fixture
def app(chosen: Settings) -> Iterator[Flask]:
    made = web_of(chosen).app
    yield made
    made.extensions["dispatch"].centre.database.engine.dispose()


@pytest.fixture
def town(app: Flask) -> Town:
    return factories.build_town(app.extensions["dispatch"].centre)


def gateway_of(chosen: Settings, town: Town) -> SmsGateway:
    made = network(chosen, town.centre)
    assert isinstance(made, Ways)
    (found,) = made.gateways.values()
    return found


def an_offer(town: Town) -> Outgoing:
    """As it is written down for a helper."""
    story = Story(town)
    story.call_no_family()
    helps = Dispatching(story)
    story.press("FALL-1", "fall")
    story.take()
    helps.offer("direct", NEAR, reason="near")
    with town.centre.database.reads() as session:
        found = session.scalars(select(Message).where(Message.purpose == "offer_urgent")).one()
    outgoing = deliver.claim(town.centre, found.id, START)
    assert outgoing is not None
    return outgoing


def test_a_text_goes_out_as_the_template_it_was_made_from(
    chosen: Settings, town: Town, cloud: tuple[Cloud, str]
) -> None:
    offer = an_offer(town)
    gateway = gateway_of(chosen, town)
    name = gateway.send(offer)
    (got,) = cloud[0].got
    filled = ["101", "紧急：W奶奶86岁跌倒报警", "Elm 1，0.3公里", "10分钟"]
    if cloud[0].kind == "aliyun":
        assert (name, got["action"], got["PhoneNumbers"]) == ("biz-1", "SendSms", NEAR.phone)
        assert (got["SignName"], got["TemplateCode"], got["OutId"]) == ("银铃", "SMS_10", offer.reference)
        values = list(got["TemplateParam"].values())
    else:
        assert (name, got["action"], got["PhoneNumberSet"]) == ("no-1", "SendSms", [f"+86{NEAR.phone}"])
        assert (got["SignName"], got["TemplateId"], got["SmsSdkAppId"]) == ("银铃", "SMS_10", "1400000000")
        values = got["TemplateParamSet"]
    assert values == filled
    assert all(value in offer.body for value in values), "the same words as in the text"


HOPELESS = {"aliyun": "isv.MOBILE_NUMBER_ILLEGAL", "tencent": "InvalidParameterValue.IncorrectPhoneNumber"}
LATER = {"aliyun": "isv.BUSINESS_LIMIT_CONTROL", "tencent": "LimitExceeded.PhoneNumberDailyLimit"}


def test_what_it_refuses_is_tried_again_or_never(chosen: Settings, town: Town, cloud: tuple[Cloud, str]) -> None:
    offer = an_offer(town)
    gateway = gateway_of(chosen, town)

    def refused(expected: type[SendFailed], match: str, message: Outgoing = offer, by: SmsGateway = gateway) -> None:
        with pytest.raises(expected, match=match):
            by.send(message)

    kind = cloud[0].kind
    cloud[0].says = HOPELESS[kind]
    refused(Permanent, HOPELESS[kind])
    cloud[0].says = LATER[kind]
    refused(Retryable, LATER[kind])
    cloud[0].says = ""
    refused(Permanent, "no template", replace(offer, template="offer_link"))
    wrong = chosen.model_copy(update={"sms_secrets": f"{kind}:another-secret"})
    refused(Retryable, "Signature", by=gateway_of(wrong, town))
    cloud[0].stop()
    refused(Retryable, "answers")
    cloud[0].start()


@pytest.mark.parametrize("cloud", ["aliyun"], indirect=True)
def test_a_process_that_sends_nothing_does_not_load_the_sdk(chosen: Settings, cloud: tuple[Cloud, str]) -> None:
    given = {f"DISPATCH_{name.upper()}": str(getattr(chosen, name)) for name in chosen.model_fields_set}
    program = """
import sys
from dispatch.bootstrap.centre import centre_of
from dispatch.bootstrap.network import network
from dispatch.settings import Settings
network(Settings(), centre_of(Settings()))
assert not {"Tea", "tencentcloud"} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **given}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_a_template_that_asks_for_an_unknown_word_is_no_start(chosen: Settings, town: Town) -> None:
    rules = (chosen.config_dir / "sms.yaml").read_text("utf-8").replace("'{code}'", "'{illness}'")
    (chosen.config_dir / "sms.yaml").write_text(rules, "utf-8")
    with pytest.raises(StartRefused, match="illness"):
        web_of(chosen)


def test_every_text_but_the_link_has_its_template_in_the_example() -> None:
    texts = yaml.safe_load((ROOT / "config" / "messages.yaml").read_text("utf-8"))
    sent = {name for name, text in texts.items() if isinstance(text, dict) and "sms" in text}
    gateways = yaml.safe_load((ROOT / "config" / "sms.yaml").read_text("utf-8"))["gateways"]
    for cloud in CLOUDS:
        assert sent - set(gateways[cloud]["templates"]) == {"offer_link"}


RECEIPTS = {
    "aliyun": [
        {"phone_number": DUTY_EAST, "success": True, "err_code": "DELIVERED", "biz_id": "b1", "out_id": "x"},
        {"phone_number": DUTY_EAST, "success": False, "err_code": "UNDELIV", "biz_id": "b2", "out_id": "y"},
    ],
    "tencent": [
        {"mobile": DUTY_EAST, "nationcode": "86", "report_status": "SUCCESS", "errmsg": "DELIVRD", "sid": "b1"},
        {"mobile": DUTY_EAST, "nationcode": "86", "report_status": "FAIL", "errmsg": "UNDELIV", "sid": "b2"},
    ],
}
TEXTS = {
    "aliyun": [{"phone_number": DUTY_EAST, "content": "1", "dest_code": "1234", "sequence_id": 1234567890}],
    "tencent": {"mobile": DUTY_EAST, "nationcode": "86", "text": "1", "time": 1_700_000_000, "extend": "01"},
}
TAKEN = {"aliyun": {"code": 0, "msg": "接收成功"}, "tencent": {"result": 0, "errmsg": "OK"}}


def test_what_a_cloud_brings_is_kept_once_and_only_from_the_one_who_knows_the_secret(
    app: Flask, chosen: Settings, town: Town, cloud: tuple[Cloud, str]
) -> None:
    client, kind = app.test_client(), cloud[0].kind
    where, key = f"/gateways/sms/{kind}", f"?secret={chosen.callback_secret(kind)}"
    for _ in range(2):
        for what, body in (("receipts", RECEIPTS[kind]), ("texts", TEXTS[kind])):
            answer = client.post(f"{where}/{what}{key}", json=body)
            assert (answer.status_code, answer.json) == (200, TAKEN[kind])
    with town.centre.database.reads() as session:
        kept = [(r.provider_id, r.state, r.phone, r.text) for r in session.scalars(select(SmsReport))]
    assert kept == [("b1", "delivered", None, None), ("b2", "failed", None, None), (None, None, DUTY_EAST, "1")]
    assert client.post(f"{where}/texts?secret=guess", json=TEXTS[kind]).status_code == 403
    assert client.post(f"/gateways/sms/kannel/texts{key}", json={}).status_code == 404
    for broken in ([1], [{}], None):
        assert client.post(f"{where}/texts{key}", json=broken).status_code == 422
