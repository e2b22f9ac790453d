"""What an administrator must know to set up a gateway."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from dispatch.cli.main import main
from tests.support import factories


def test_each_chosen_way_says_where_its_texts_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "SECRET_KEY": factories.SECRET,
        "DATA_KEYS": factories.DATA_KEYS,
        "PHONE_NETWORK": "kannel,smsc,aliyun,simulated",
    }
    for name, value in {**given, "SMS_CALLBACK_URL": "http://10.1.2.3:8000/"}.items():
        monkeypatch.setenv(f"DISPATCH_{name}", value)
    said = CliRunner().invoke(main, ["gateways"])
    kannel, smsc, receipts, texts, simulated = said.output.splitlines()
    assert "http://10.1.2.3:8000/gateways/sms/kannel/text?secret=" in kannel
    assert kannel.endswith('&from=%p&text=%b&charset=%C&id=%I"')
    assert smsc == "smsc: smpp://127.0.0.1:2775, texts come by the same connection"
    assert receipts.startswith("aliyun: receipts = http://10.1.2.3:8000/gateways/sms/aliyun/receipts?secret=")
    assert texts.startswith("aliyun: texts = http://10.1.2.3:8000/gateways/sms/aliyun/texts?secret=")
    assert simulated == "simulated: nothing to set up"
