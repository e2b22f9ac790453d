"""Gateways and what they say: the second way, both for an emergency, nobody flooded, nothing heard twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Permanent, Retryable, SendFailed
from dispatch.domain.messages import Outgoing, ReceiptState, Report
from dispatch.domain.sms import SmsRules, national, order
from dispatch.gateways.ways import Ways
from dispatch.models.outbox import Message
from dispatch.models.sms import Sending, SmsReport
from dispatch.services import deliver
from dispatch.services.sms import inbox
from dispatch.workers.clock import Clock
from dispatch.workers.send import Runtime
from tests.support.factories import DUTY_EAST, START, Town, town_in_fresh
from tests.support.helps import NEAR, Dispatching
from tests.support.rounds import by_hand
from tests.support.story import Inline, Story

PHONE = "13912345678"


class Fake:
    """A gateway that takes what it gets, or refuses with ``fault``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fault: SendFailed | None = None
        self.got: list[tuple[str, str]] = []

    def send(self, message: Outgoing) -> str:
        if self.fault is not None:
            raise self.fault
        self.got.append((message.phone, message.body))
        return f"{self.name}-{len(self.got)}"

    def listen(self) -> None:
        """The tests tell what it would."""


class Wired(Story):
    """A story whose messages go by two gateways."""

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self.first, self.second = Fake("first"), Fake("second")
        ways = Ways({"first": self.first, "second": self.second}, {})
        advance = partial(inbox.advance, self.centre)
        self.clock = Clock(Runtime(self.centre, ways, by_hand), advance, outward=Inline(), time=lambda: self.now)
        self._written = 0

    def write(self, purpose: str = "test", phone: str = PHONE) -> int:
        self._written += 1
        with self.centre.database.sessions.begin() as session:
            message = Message(
                reference=f"{purpose}:{self._written}",
                channel="sms",
                purpose=purpose,
                phone=phone,
                label="Somebody",
                body=f"text {self._written}",
                case_round=0,
                created_at=self.now,
                next_try_at=self.now,
                receipt={},
            )
            session.add(message)
            session.flush()
            return message.id

    def cycle(self, seconds: float = 0) -> None:
        """The clock alone, at this moment: a test that counts cycles looks at the rows in between."""
        self.now += timedelta(seconds=seconds)
        self.clock.cycle(self.now)

    def tell(self, gateway: str, sequence: str, **report: object) -> bool:
        return inbox.keep(self.centre, Report(gateway, sequence, self.now, **report), self.now)  # type: ignore[arg-type]

    def state(self, message_id: int) -> str:
        return next(m.state for m in self.messages() if m.id == message_id)


@pytest.fixture
def wired(centre) -> Iterator[Wired]:
    two = dataclasses.replace(centre, ways=("first", "second"))
    told = Wired(town_in_fresh(two))
    yield told
    told.finish()


def test_a_text_goes_by_the_first_way_and_its_receipt_is_heard_once(wired: Wired) -> None:
    written = wired.write()
    wired.cycle()
    assert (len(wired.first.got), len(wired.second.got)) == (1, 0)
    receipt = {"provider_id": "first-1", "state": ReceiptState.DELIVERED}
    assert wired.tell("first", "r1", **receipt)
    assert not wired.tell("first", "r1", **receipt)
    wired.cycle(1)
    assert wired.state(written) == "delivered"


@pytest.mark.parametrize("fault", [Retryable("away"), Permanent("no such sender")])
def test_where_the_first_refuses_the_second_takes_it_at_once(wired: Wired, fault: SendFailed) -> None:
    wired.first.fault = fault
    written = wired.write()
    wired.cycle()
    assert len(wired.second.got) == 1
    assert wired.state(written) == "sent"


def test_a_way_that_failed_the_last_texts_is_not_asked_first_any_more(wired: Wired) -> None:
    wired.first.fault = Retryable("away")
    for number in range(wired.centre.sms.least):
        wired.write(phone=f"1390000100{number}")
    wired.cycle()
    wired.first.fault = None
    wired.write()
    wired.cycle(1)
    assert wired.first.got == []
    assert wired.second.got[-1][0] == PHONE


def test_without_a_receipt_in_time_it_goes_by_the_other_way_too_and_then_no_more(wired: Wired) -> None:
    written = wired.write()
    wired.cycle()
    slow = wired.centre.sms.slow.total_seconds()
    wired.cycle(slow - 1)
    assert wired.second.got == []
    wired.cycle(2)
    wired.cycle(1)
    assert len(wired.second.got) == 1
    wired.cycle(slow + 1)
    wired.cycle(1)
    assert (len(wired.first.got), len(wired.second.got)) == (1, 1)
    wired.tell("second", "r", provider_id="second-1", state=ReceiptState.DELIVERED)
    wired.cycle(1)
    assert wired.state(written) == "delivered"


def test_what_one_way_cannot_deliver_the_other_one_tries_and_only_then_it_has_failed(wired: Wired) -> None:
    written = wired.write()
    wired.cycle()
    wired.tell("first", "r1", provider_id="first-1", state=ReceiptState.FAILED)
    wired.cycle(1)
    wired.cycle(1)
    assert len(wired.second.got) == 1
    assert wired.state(written) == "sent"
    wired.tell("second", "r2", provider_id="second-1", state=ReceiptState.FAILED)
    wired.cycle(1)
    assert wired.state(written) == "dead"


def test_an_emergency_goes_by_both_ways_at_once_and_its_answer_takes_the_case(wired: Wired) -> None:
    wired.press("SOS-1")
    wired.forward(61)
    pages = [text for phone, text in wired.first.got if phone == DUTY_EAST]
    assert pages
    assert pages == [text for phone, text in wired.second.got if phone == DUTY_EAST]
    wired.tell("second", "t1", phone=f"+86{DUTY_EAST}", text="1。")
    wired.tell("second", "t1", phone=f"+86{DUTY_EAST}", text="1。")
    wired.cycle(1)
    assert wired.case.state == "owned"


def test_an_answer_reaches_the_question_although_something_else_came_after_it(wired: Wired) -> None:
    wired.press("SOS-1")
    wired.forward(61)
    wired.write(phone=DUTY_EAST)
    wired.cycle(1)
    wired.tell("first", "t1", phone=DUTY_EAST, text="1")
    wired.cycle(1)
    assert wired.case.state == "owned"


def test_of_two_ways_that_fail_an_emergency_one_is_still_hope(wired: Wired) -> None:
    wired.press("SOS-1")
    wired.forward(61)
    page = next(m for m in wired.messages() if m.phone == DUTY_EAST and m.channel == "sms")
    with wired.centre.database.reads() as session:
        named = dict(
            session.execute(select(Sending.gateway, Sending.provider_id).where(Sending.message_id == page.id)).all()
        )
    wired.tell("first", "f", provider_id=named["first"], state=ReceiptState.FAILED)
    wired.cycle(1)
    assert wired.state(page.id) == "sent"
    wired.tell("second", "s", provider_id=named["second"], state=ReceiptState.DELIVERED)
    wired.cycle(1)
    assert wired.state(page.id) == "delivered"


def test_one_telephone_is_not_flooded(wired: Wired) -> None:
    most = wired.centre.sms.per_hour
    for _ in range(most + 3):
        wired.write()
    wired.cycle()
    assert len(wired.first.got) == most
    wired.write(phone="13987654321")
    wired.cycle(1)
    assert [phone for phone, _ in wired.first.got[most:]] == ["13987654321"]
    wired.cycle(3600)
    wired.cycle(61)
    said = {text for _, text in wired.first.got + wired.second.got}
    assert {f"text {number}" for number in range(1, most + 4)} <= said


def test_a_question_that_is_put_off_for_long_is_asked_by_hand(wired: Wired) -> None:
    helps = Dispatching(wired)
    for _ in range(wired.centre.sms.per_hour):
        wired.write(phone=NEAR.phone)
    wired.cycle()
    row, _ = wired.request(
        kind=Kind.SERVICE, channel=Channel.HOTLINE, elder_id=wired.town.elders["Wang"], help=Help.MEAL, take=True
    )
    helps.offer("direct", NEAR, reason="near")

    def asked() -> tuple[bool, str | None]:
        (one,) = helps.seen(int(row["id"]))["items"]
        (question,) = one["messages"]
        return question["fails"], one["phone"]

    assert asked() == (False, None), "it has just been written down"
    wired.cycle()
    assert asked() == (True, NEAR.phone), "this telephone has had enough, and that lasts longer than half a minute"


def test_a_duty_telephone_that_has_had_enough_is_paged_all_the_same(wired: Wired) -> None:
    for _ in range(wired.centre.sms.per_hour):
        wired.write(phone=DUTY_EAST)
    wired.cycle()
    before = len(wired.first.got)
    wired.press("SOS-1")
    wired.forward(61)
    assert DUTY_EAST in [phone for phone, _ in wired.first.got[before:]]


def test_a_receipt_that_overtakes_the_answer_waits_for_it(wired: Wired) -> None:
    wired.tell("first", "early", provider_id="first-1", state=ReceiptState.DELIVERED)
    wired.cycle()
    written = wired.write()
    wired.cycle(1)
    assert wired.state(written) == "sent"
    wired.cycle(2)
    assert wired.state(written) == "delivered"


def test_a_text_of_somebody_who_was_never_written_to_is_kept_and_changes_nothing(wired: Wired) -> None:
    wired.tell("first", "t", phone="13999999999", text="1")
    wired.cycle()
    with wired.centre.database.reads() as session:
        report = session.scalars(select(SmsReport)).one()
    assert (report.text, report.next_try_at) == ("1", None)


def test_a_call_cannot_go_by_a_way_for_texts(wired: Wired) -> None:
    wired.press("SOS-1")
    wired.forward(61)
    calls = [m for m in wired.messages() if m.channel == "voice"]
    assert {(m.state, m.reason) for m in calls} == {("dead", "no gateway for voice is set up")}


def test_what_is_old_is_forgotten(wired: Wired) -> None:
    wired.write()
    wired.cycle()
    wired.tell("first", "r1", provider_id="first-1", state=ReceiptState.DELIVERED)
    wired.cycle()
    inbox.prune(wired.centre, wired.now + timedelta(days=8))
    with wired.centre.database.reads() as session:
        assert session.scalar(select(func.count()).select_from(Sending)) == 0
        assert session.scalar(select(func.count()).select_from(SmsReport)) == 0


def test_two_bad_ways_stay_in_their_order(wired: Wired) -> None:
    assert order(("a", "b"), [], wired.centre.sms, START) == ("a", "b")


def test_numbers_are_one_however_a_gateway_writes_them() -> None:
    for written in ("13900139000", "+8613900139000", "8613900139000", "008613900139000", "+86 139-0013-9000"):
        assert national(written) == "13900139000"
    assert national("12349") == "12349"


@pytest.mark.parametrize(
    "wrong",
    [{"share": 0}, {"share": 2}, {"per_hour": 100}, {"slow_seconds": 900}, {"gateways": {"x": {"kind": "fax"}}}],
)
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, object]) -> None:
    right = {"slow_seconds": 30, "window_minutes": 10, "least": 5, "share": 0.5, "per_hour": 20, "per_day": 60}
    with pytest.raises((ValueError, KeyError)):
        SmsRules.load({**right, "gateways": {}, **wrong})


def test_deliver_knows_a_claim_by_its_ways(wired: Wired) -> None:
    written = wired.write()
    outgoing = deliver.claim(wired.centre, written, wired.now)
    assert outgoing is not None
    assert (outgoing.ways, outgoing.urgent) == (("first", "second"), False)
