"""The simulated telephone network: what people and the centre see of it, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.domain.errors import NotFound, Retryable
from dispatch.domain.messages import Outgoing, ReceiptState
from dispatch.gateways.simulated import Quality, SimulatedNetwork
from dispatch.models.database import Database, connect
from dispatch.models.simnet import SimPhone

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DAUGHTER = "13800001234"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = connect(database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def network(database: Database) -> SimulatedNetwork:
    return SimulatedNetwork(database)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def message(reference: str = "m1", channel: str = "sms", phone: str = DAUGHTER) -> Outgoing:
    return Outgoing(reference, channel, phone, "一条消息")


def states(network: SimulatedNetwork, now: datetime) -> list[ReceiptState]:
    return [receipt.state for receipt in network.advance(now)]


def screen(network: SimulatedNetwork, number: str = DAUGHTER) -> dict:
    return next(phone for phone in network.phones() if phone["number"] == number)


def robot(database: Database, number: str, kind: str) -> None:
    with database.sessions.begin() as session:
        session.add(SimPhone(number=number, label="robot", kind=kind, robot=True))


def test_a_short_message_travels_and_is_receipted_once(network: SimulatedNetwork) -> None:
    network.send(message(), START)
    assert states(network, after(0.3)) == []
    assert screen(network)["messages"] == []
    assert states(network, after(0.5)) == [ReceiptState.DELIVERED]
    assert states(network, after(60)) == []
    assert screen(network)["unread"] == 1


def test_the_same_reference_again_is_one_message(network: SimulatedNetwork) -> None:
    assert network.send(message(), START) == network.send(message(), after(5))
    assert states(network, after(10)) == [ReceiptState.DELIVERED]


def test_a_network_that_is_down_accepts_nothing(network: SimulatedNetwork) -> None:
    network.set_settings(Quality(down=True))
    with pytest.raises(Retryable):
        network.send(message(), START)
    network.set_settings(Quality())
    network.send(message(), after(5))
    assert network.settings() == Quality()
    assert states(network, after(10)) == [ReceiptState.DELIVERED]


def test_what_is_lost_is_silence_for_a_message_and_a_failure_for_a_call(network: SimulatedNetwork) -> None:
    network.set_settings(Quality(loss=1.0))
    network.send(message("s"), START)
    network.send(message("v", "voice"), START)
    assert states(network, after(300)) == [ReceiptState.FAILED]
    assert screen(network)["messages"] == []


def test_a_double_is_seen_and_receipted_twice(network: SimulatedNetwork) -> None:
    network.set_settings(Quality(duplicate=1.0))
    network.send(message(), START)
    assert states(network, after(1)) == [ReceiptState.DELIVERED] * 2
    assert [m["body"] for m in screen(network)["messages"]] == ["一条消息"] * 2


def test_half_of_a_lossy_network_arrives_and_always_the_same_half(database: Database) -> None:
    network = SimulatedNetwork(database, seed=7)
    network.set_settings(Quality(loss=0.5))
    for number in range(40):
        network.send(message(f"m{number}"), START)
    arrived = {receipt.reference for receipt in network.advance(after(1))}
    assert 8 < len(arrived) < 32
    again = SimulatedNetwork(database, seed=7)
    assert [again._chance(i, "loss") for i in range(9)] == [network._chance(i, "loss") for i in range(9)]
    assert again._chance(1, "loss") != SimulatedNetwork(database, seed=8)._chance(1, "loss")


def test_a_call_rings_25_seconds_and_then_nobody_has_answered(network: SimulatedNetwork) -> None:
    network.send(message(channel="voice"), START)
    assert states(network, after(1)) == []
    assert screen(network)["ringing"]["text"] == "一条消息"
    assert states(network, after(25)) == []
    assert states(network, after(26)) == [ReceiptState.NO_ANSWER]
    assert screen(network)["ringing"] is None
    with pytest.raises(NotFound):
        network.answer(DAUGHTER, after(27))


def test_a_call_is_answered_and_a_key_pressed(network: SimulatedNetwork) -> None:
    network.send(message(channel="voice"), START)
    list(network.advance(after(1)))
    (answered,) = network.answer(DAUGHTER, after(3))
    assert (answered.reference, answered.state, answered.reply) == ("m1", ReceiptState.ANSWERED, None)
    assert screen(network)["talking"] is not None
    (pressed,) = network.press(DAUGHTER, "1", after(6))
    assert pressed.reply == "1"
    assert network.hang_up(DAUGHTER, after(8)) == []
    assert states(network, after(300)) == []
    with pytest.raises(NotFound):
        network.press(DAUGHTER, "1", after(301))


def test_a_rejected_call_is_no_answer(network: SimulatedNetwork) -> None:
    network.send(message(channel="voice"), START)
    list(network.advance(after(1)))
    (receipt,) = network.hang_up(DAUGHTER, after(2))
    assert receipt.state is ReceiptState.NO_ANSWER
    assert states(network, after(300)) == []


def test_hanging_up_ends_the_call_that_is_heard_and_not_the_one_that_waits(network: SimulatedNetwork) -> None:
    network.send(message("m1", "voice"), START)
    list(network.advance(after(1)))
    network.answer(DAUGHTER, after(2))
    network.send(message("m2", "voice"), after(3))
    list(network.advance(after(4)))
    assert network.hang_up(DAUGHTER, after(5)) == []
    assert screen(network)["talking"] is None
    assert screen(network)["ringing"] is not None


def test_a_reply_answers_the_newest_message(network: SimulatedNetwork) -> None:
    assert network.reply(DAUGHTER, "在吗", START) == []
    network.send(message("first"), START)
    network.send(message("second"), after(1))
    list(network.advance(after(2)))
    (receipt,) = network.reply(DAUGHTER, "1", after(9))
    assert (receipt.reference, receipt.reply) == ("second", "1")
    assert [m["direction"] for m in screen(network)["messages"]] == ["out", "in", "in", "out"]
    assert screen(network)["unread"] == 0


def test_a_robot_answers_calls_within_seconds_and_never_writes(network: SimulatedNetwork, database: Database) -> None:
    robot(database, DAUGHTER, "contact")
    network.send(message("v", "voice"), START)
    network.send(message("s"), START)
    assert states(network, after(1)) == [ReceiptState.DELIVERED]
    (receipt,) = network.advance(after(60))
    assert receipt.state is ReceiptState.ANSWERED
    assert 2 <= (receipt.at - after(0.4)).total_seconds() <= 6
    assert states(network, after(300)) == []


@pytest.mark.parametrize("channel", ["voice", "sms"])
def test_a_robot_on_duty_says_yes(network: SimulatedNetwork, database: Database, channel: str) -> None:
    robot(database, "13900000001", "duty")
    network.send(message(channel=channel, phone="13900000001"), START)
    assert [r.reply for r in network.advance(after(60)) if r.state is ReceiptState.ANSWERED] == ["1"]


def test_a_clock_that_dies_hears_the_receipt_again(network: SimulatedNetwork) -> None:
    network.send(message(), START)
    first = next(network.advance(after(1)))  # the clock dies here
    assert [first] == list(network.advance(after(2)))
    assert list(network.advance(after(3))) == []


def test_a_person_is_quicker_than_the_robot_and_is_heard_once(network: SimulatedNetwork, database: Database) -> None:
    robot(database, DAUGHTER, "contact")
    network.send(message(channel="voice"), START)
    list(network.advance(after(1)))
    network.answer(DAUGHTER, after(1.5))
    assert states(network, after(200)) == []
