"""Short messages through programs that others wrote: out, receipted, answered, and what goes wrong on the way."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import yaml
from werkzeug.serving import make_server

from dispatch.bootstrap.centre import centre_of
from dispatch.bootstrap.network import network
from dispatch.bootstrap.web import web_of
from dispatch.domain.errors import Retryable
from dispatch.domain.messages import Outgoing, ReceiptState, Report
from dispatch.domain.signals import SignalKind
from dispatch.domain.sms import Gateway, Kind
from dispatch.gateways.http_sms import HttpSms
from dispatch.gateways.smpp import SmppSms
from dispatch.models.cases import Case
from dispatch.models.outbox import Message
from dispatch.services import intake
from dispatch.services.centre import Centre
from dispatch.services.intake import Incoming
from dispatch.services.sms import inbox
from dispatch.settings import ROOT, Settings
from dispatch.workers import tasks
from dispatch.workers.clock import Clock
from dispatch.workers.send import Runtime
from tests.support import factories
from tests.support.factories import DUTY_EAST
from tests.support.parts import free_port
from tests.support.peers import Kannel, MessageCentre
from tests.support.rounds import by_hand
from tests.support.story import DEAD_BROKER, Inline

pytestmark = [pytest.mark.peers, pytest.mark.slow]
WITHIN = 60


def text(body: str) -> Outgoing:
    return Outgoing("test", "sms", DUTY_EAST, body)


@pytest.fixture
def message_centre() -> Iterator[MessageCentre]:
    made = MessageCentre()
    yield made
    made.stop()


class House:
    """A centre whose short messages go by gateways; the clock cycles when the test looks."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.centre: Centre = centre_of(settings)
        self.town = factories.build_town(self.centre)
        self.network = network(settings, self.centre)
        tasks.app.conf.broker_url = DEAD_BROKER
        tasks.give_up_at_once()
        self.clock = Clock(
            Runtime(self.centre, self.network, by_hand),
            partial(inbox.advance, self.centre),
            outward=Inline(),
            time=self.time,
        )

    def time(self) -> datetime:
        return datetime.now(UTC)

    def press(self, ago: timedelta) -> None:
        intake.receive_signal(
            self.centre,
            Incoming(
                device="SOS-1",
                kind=SignalKind.SOS,
                event_id="press",
                occurred_at=None,
                data=None,
                raw=b"press",
                source="test",
                received_at=self.time() - ago,
                id=intake.new_signal_id("SOS-1", "press"),
            ),
        )

    def until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + WITHIN
        while not true():
            assert time.monotonic() < deadline, [(m.purpose, m.channel, m.state, m.reason) for m in self.messages()]
            self.clock.cycle(self.time())
            time.sleep(0.1)

    def messages(self) -> list[Message]:
        with self.centre.database.reads() as session:
            return list(session.query(Message).order_by(Message.id))

    def page(self) -> Message:
        return next(m for m in self.messages() if m.channel == "sms" and m.phone == DUTY_EAST)

    def write(self, body: str) -> Callable[[], Message]:
        """A text that is no emergency; the answer looks at what has become of it."""
        now = self.time()
        with self.centre.database.sessions.begin() as session:
            message = Message(
                reference=f"test:{body}",
                channel="sms",
                purpose="test",
                phone=DUTY_EAST,
                label="Somebody",
                body=body,
                case_round=0,
                created_at=now,
                next_try_at=now,
                receipt={},
            )
            session.add(message)
        return lambda: next(m for m in self.messages() if m.body == body)

    def case(self) -> Case:
        with self.centre.database.reads() as session:
            return session.query(Case).one()


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """``house(kannel=address)``: gateways by their names, in the order in which they are used."""
    made: list[House] = []
    servers = []

    def make(port: int, **addresses: str) -> House:
        config = tmp_path / "config"
        shutil.copytree(ROOT / "config", config)
        rules = yaml.safe_load((config / "sms.yaml").read_text("utf-8"))
        rules["slow_seconds"] = 1
        for name, address in addresses.items():
            rules["gateways"][name]["address"] = address
        (config / "sms.yaml").write_text(yaml.safe_dump(rules), "utf-8")
        settings = factories.settings(
            sqlite_url,
            tmp_path / "data",
            config_dir=config,
            phone_network=",".join(addresses),
            sms_secrets=",".join(f"{name}:secret" for name in addresses),
            sms_callback_url=f"http://127.0.0.1:{port}",
        )
        app = web_of(settings).app
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread, app))
        made.append(House(settings))
        return made[-1]

    yield make
    for server, thread, app in servers:
        server.shutdown()
        thread.join(10)
        server.server_close()
        app.extensions["dispatch"].centre.database.engine.dispose()
    for one in made:
        for gateway in getattr(one.network, "gateways", {}).values():
            if isinstance(gateway, SmppSms):
                gateway.close()
        one.centre.database.engine.dispose()


def text_url(port: int) -> str:
    settings = factories.settings("sqlite://", Path("/nowhere"))
    wants = f"secret={settings.callback_secret('kannel')}&from=%p&text=%b&charset=%C&id=%I"
    return f"http://127.0.0.1:{port}/gateways/sms/kannel/text?{wants}"


@pytest.fixture
def kannel(message_centre: MessageCentre, tmp_path: Path) -> Iterator[tuple[Kannel, int]]:
    """Kannel, and the port of ours that it calls."""
    port = free_port()
    made = Kannel(tmp_path, message_centre.port, text_url(port))
    message_centre.expect("bind")
    yield made, port
    made.stop()


def test_by_kannel_a_page_goes_out_is_receipted_and_its_answer_takes_the_case(
    house: Callable[..., House], kannel: tuple[Kannel, int], message_centre: MessageCentre
) -> None:
    box, port = kannel
    ours = house(port, kannel=box.address)
    ours.press(timedelta(seconds=61))
    ours.until(lambda: any(m.sent_at for m in ours.messages()))
    submitted = message_centre.expect("submit")
    assert submitted["to"] == DUTY_EAST
    assert submitted["coding"] == 8
    assert submitted["text"] == ours.page().body
    ours.until(lambda: ours.page().state == "delivered")
    message_centre.do(**{"from": f"86{DUTY_EAST}", "to": "12349", "text": "好的。"})
    ours.until(lambda: ours.case().state == "owned")
    assert ours.page().receipt["reply"] == "好的。"


def test_what_kannel_refuses_is_tried_again_and_what_it_cannot_deliver_is_said(
    house: Callable[..., House], kannel: tuple[Kannel, int], message_centre: MessageCentre
) -> None:
    box, port = kannel
    ours = house(port, kannel=box.address)
    gateway = ours.centre.sms.gateways["kannel"]
    with pytest.raises(Retryable, match="403"):
        HttpSms(gateway, "wrong", "http://127.0.0.1:9/x?secret=s").send(text("一"))
    message_centre.behave("fail")
    ours.press(timedelta(seconds=61))
    ours.until(lambda: any(m.sent_at for m in ours.messages()))
    ours.until(lambda: ours.page().state == "dead")
    box.stop()
    with pytest.raises(Retryable, match="does not answer"):
        HttpSms(gateway, "secret", "http://127.0.0.1:9/x?secret=s").send(text("二"))


@pytest.fixture
def smpp(message_centre: MessageCentre) -> Iterator[Callable[..., SmppSms]]:
    made: list[SmppSms] = []

    def make(heard: Callable[[Report], object], password: str = "secret") -> SmppSms:
        address = f"smpp://127.0.0.1:{message_centre.port}"
        made.append(SmppSms(Gateway("smsc", Kind.SMPP, address, "dispatch", "12349"), password, heard))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_by_smpp_a_long_text_goes_out_in_parts_and_comes_back_as_one_receipt(
    smpp: Callable[..., SmppSms], message_centre: MessageCentre
) -> None:
    heard: queue.Queue[Report] = queue.Queue()
    gateway = smpp(heard.put)
    long = "【银铃】" + "和平路十二号三栋" * 12
    name = gateway.send(text(long))
    parts = [message_centre.expect("submit"), message_centre.expect("submit")]
    assert "".join(part["text"] for part in parts) == long
    assert [part["wants"] for part in parts] == [0, 1]
    assert all(part["header"] and part["coding"] == 8 for part in parts)
    receipt = heard.get(timeout=WITHIN)
    assert (receipt.provider_id, receipt.state) == (name, ReceiptState.DELIVERED)
    message_centre.behave("fail")
    gateway.send(text("短"))
    assert heard.get(timeout=WITHIN).state is ReceiptState.FAILED


def test_by_smpp_people_write_in_either_alphabet_and_what_cannot_be_kept_comes_again(
    smpp: Callable[..., SmppSms], message_centre: MessageCentre
) -> None:
    heard: queue.Queue[Report] = queue.Queue()

    def keep(report: Report) -> None:
        if report.text == "2":
            raise RuntimeError("the database is away")
        heard.put(report)

    smpp(keep).listen()
    message_centre.expect("bind")
    for text, status in (("1", 0), ("好的,马上到", 0), ("2", 0x64)):
        message_centre.do(**{"from": f"86{DUTY_EAST}", "to": "12349", "text": text})
        assert message_centre.expect("heard")["status"] == status
    written = [heard.get(timeout=WITHIN) for _ in range(2)]
    assert [(report.phone, report.text) for report in written] == [
        (f"86{DUTY_EAST}", "1"),
        (f"86{DUTY_EAST}", "好的,马上到"),
    ]


def test_by_smpp_too_fast_is_tried_again_and_a_cut_connection_comes_back(
    smpp: Callable[..., SmppSms], message_centre: MessageCentre
) -> None:
    gateway = smpp(lambda _report: None)
    gateway.listen()
    message_centre.expect("bind")
    message_centre.behave("throttle")
    with pytest.raises(Retryable, match="0x58"):
        gateway.send(text("一"))
    message_centre.behave("deliver")
    message_centre.do(drop=True)
    message_centre.expect("bind")
    assert gateway.send(text("二")).startswith("M")


def test_by_smpp_a_wrong_password_is_no_connection(smpp: Callable[..., SmppSms], message_centre: MessageCentre) -> None:
    with pytest.raises(Retryable, match="no connection"):
        smpp(lambda _report: None, password="wrong").send(text("一"))
    assert message_centre.expect("bind")["right"] is False


def test_by_two_ways_an_emergency_goes_at_once_and_the_second_takes_what_the_first_delivers_late_or_never(
    house: Callable[..., House], kannel: tuple[Kannel, int], message_centre: MessageCentre
) -> None:
    box, port = kannel
    ours = house(port, kannel=box.address, smsc=f"smpp://127.0.0.1:{message_centre.port}")
    ours.press(timedelta(seconds=61))
    ours.until(lambda: any(m.sent_at for m in ours.messages()))
    submitted = [message_centre.expect("submit") for _ in range(2)]
    assert {each["text"] for each in submitted} >= {ours.page().body}
    ours.until(lambda: ours.page().state == "delivered")

    for mode, body in (("fail", "送不到"), ("silent", "没有回执")):
        message_centre.behave(mode)
        sent = ours.write(body)
        ours.until(lambda sent=sent: sent().sent_at)  # type: ignore[misc]
        assert message_centre.expect("submit")["text"] == body, "by Kannel"
        message_centre.behave("deliver")
        ours.until(lambda sent=sent: sent().state == "delivered")  # type: ignore[misc]
        assert message_centre.expect("submit")["text"] == body, "by SMPP, once"
    assert [m.attempts for m in ours.messages() if m.purpose == "test"] == [2, 2]
