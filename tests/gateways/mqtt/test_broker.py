"""The listener with a real Mosquitto: nothing that the broker took is lost, whoever dies."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish

from dispatch.domain.listening import Setup
from dispatch.gateways.frame import OURS
from dispatch.gateways.mqtt import discovery, reading
from dispatch.gateways.mqtt.listener import MqttListener
from tests.support.mosquitto import Mosquitto, certified
from tests.support.mqtt import Book, Hall, mapping_of

pytestmark = [pytest.mark.peers, pytest.mark.slow]
WITHIN = 60


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path / "mosquitto")
    yield made
    made.stop()


class Post:
    """A listener on the broker; started and stopped as the gateway process does."""

    def __init__(self, port: int, directory: Path, hall: Hall, book: Book, **options: Any) -> None:
        secrets = options.pop("secrets", {})
        setup = Setup.load("mqtt", {"host": "127.0.0.1", "port": port, "options": options})
        self.setup = replace(setup, secrets=secrets)
        self.directory = directory
        self.hall = hall
        self.book = book

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[asyncio.Task[None]]:
        before = len(self.hall.where)
        listener = MqttListener(self.setup, mapping_of(), self.book, self.directory)
        task = asyncio.create_task(listener.run(self.hall))
        try:
            await until(lambda: len(self.hall.where) > before or task.done())
            if task.done():
                task.result()
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN):
        while not true():
            await asyncio.sleep(0.02)


@pytest.fixture
def post(broker: Mosquitto, tmp_path: Path) -> Post:
    return Post(broker.port, tmp_path / "memory", Hall(), Book("attic/Generic-Remote/7"))


async def say(broker: Mosquitto, topic: str, payload: Any, **more: Any) -> None:
    await asyncio.to_thread(lambda: broker.say(topic, payload, **more))


def test_what_is_said_while_we_are_away_comes_when_we_are_back(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        async with post.at_work():
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])
        await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
        await say(broker, "zigbee2mqtt/smoke", {"smoke": True}, qos=0)
        async with post.at_work():
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos", "sos"])
            await until(lambda: post.hall.kinds("zigbee2mqtt/smoke") == ["smoke"])
        assert post.hall.where == [f"mqtt://127.0.0.1:{broker.port}"] * 2

    asyncio.run(tell())


def test_what_is_not_stored_is_not_acknowledged_and_comes_again(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        post.hall.away = True
        async with post.at_work():
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await asyncio.sleep(0.5)
        assert post.hall.taken == []
        broker.stop(kill=False)
        broker.start()
        post.hall.away = False
        async with post.at_work():
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])

    asyncio.run(tell())


def test_while_nothing_can_be_stored_it_is_tried_until_it_can(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        post.hall.away = True
        async with post.at_work():
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await asyncio.sleep(0.5)
            post.hall.away = False
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])
        assert post.hall.kept == []

    asyncio.run(tell())


def test_one_message_that_cannot_be_stored_holds_up_nobody(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        post.hall.poison = "zigbee2mqtt/poison"
        async with post.at_work():
            for _ in range(3):
                await say(broker, "zigbee2mqtt/poison", {"action": "emergency"})
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])
            await until(lambda: post.hall.kept)
        assert post.hall.kept[0][1].startswith(b"zigbee2mqtt/poison\n{")

    asyncio.run(tell())


def test_after_a_restart_an_old_alarm_is_not_told_again(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        async with post.at_work():
            await say(broker, "zigbee2mqtt/smoke", {"smoke": True}, retain=True)
            await until(lambda: post.hall.kinds("zigbee2mqtt/smoke") == ["smoke"])
        async with post.at_work():
            await say(broker, "zigbee2mqtt/smoke", {"smoke": True})
            await until(lambda: post.hall.kinds("zigbee2mqtt/smoke") == ["smoke", "heartbeat"])

    asyncio.run(tell())


def test_an_announced_device_is_listened_to_at_once_and_after_a_restart(broker: Mosquitto, post: Post) -> None:
    cord = {"device": {"identifiers": ["c"]}, "device_class": "safety", "state_topic": "cord/state"}

    async def tell() -> None:
        async with post.at_work():
            await say(broker, "homeassistant/binary_sensor/cord/config", cord)
            await until(lambda: [p.number for p in post.book.proposed] == ["c"])
            await say(broker, "cord/state", b"OFF", retain=True)
            await until(lambda: post.hall.kinds("c"))
        await say(broker, "cord/state", b"ON")
        async with post.at_work():
            await until(lambda: "sos" in post.hall.kinds("c"))
        assert len(post.book.proposed) == 1

    asyncio.run(tell())


def test_a_pendant_that_nobody_registered_is_proposed_and_calls_nobody(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        async with post.at_work():
            for number in (8, 7):
                await say(broker, "rtl_433/attic/events", {"model": "Generic-Remote", "id": number, "cmd": 1})
            await until(lambda: post.hall.kinds("attic/Generic-Remote/7") == ["sos"])
        assert post.hall.of("attic/Generic-Remote/8") == []
        assert [p.number for p in post.book.proposed] == ["attic/Generic-Remote/8"]

    asyncio.run(tell())


def test_what_nobody_can_read_is_kept_and_ends_nothing(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        async with post.at_work():
            await say(broker, "zigbee2mqtt/sos", b"\xff\x00")
            await say(broker, "zigbee2mqtt/sos", b"[" * 50_000)
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])
            await until(lambda: len(post.hall.kept) == 2)
        assert post.hall.kept[0][:2] == ("mqtt zigbee2mqtt/sos", b"zigbee2mqtt/sos\n\xff\x00")

    asyncio.run(tell())


def test_a_fault_of_ours_holds_up_nobody_and_is_put_before_an_operator(
    broker: Mosquitto, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise AttributeError("'int' object has no attribute 'items'")

    async def tell() -> None:
        async with post.at_work():
            monkeypatch.setattr(discovery, "announced", fails)
            await say(broker, "homeassistant/device/cord/config", {"components": 4}, retain=True)
            await until(lambda: post.hall.kept)
            monkeypatch.setattr(reading, "understand", fails)
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: len(post.hall.kept) == 2)
            monkeypatch.undo()
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])
        assert [(raw.partition(b"\n")[0], reason) for _, raw, reason in post.hall.kept] == [
            (b"homeassistant/device/cord/config", OURS),
            (b"zigbee2mqtt/sos", OURS),
        ]

    asyncio.run(tell())


def test_a_remembered_fact_that_we_fail_at_keeps_nobody_from_being_heard(
    broker: Mosquitto, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"state_topic": "a/b", "device": {"identifiers": ["cord-1"]}, "device_class": "safety"}

    def fails(*_: Any) -> None:
        raise AttributeError("'int' object has no attribute 'items'")

    async def tell() -> None:
        async with post.at_work():
            await say(broker, "homeassistant/binary_sensor/cord/config", config)
            await until(lambda: post.book.proposed)
            await asyncio.sleep(0.3)  # it is in the file
        monkeypatch.setattr(discovery, "announced", fails)
        async with post.at_work():
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])

    asyncio.run(tell())


def test_a_broker_that_dies_is_noticed(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        async with post.at_work() as task:
            broker.stop(kill=True)
            with pytest.raises(OSError, match="the broker has gone"):
                await asyncio.wait_for(task, WITHIN)
        with pytest.raises(OSError):  # noqa: PT011 -- the system's own words
            async with post.at_work():
                pass
        broker.start()
        async with post.at_work():
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])

    asyncio.run(tell())


def test_a_flood_of_one_device_is_stored_and_holds_up_nobody(broker: Mosquitto, post: Post) -> None:
    async def tell() -> None:
        flood = [("zigbee2mqtt/stuck", b'{"action": "emergency"}', 0, False)] * 3000
        async with post.at_work():
            sent = asyncio.to_thread(lambda: publish.multiple(flood, hostname="127.0.0.1", port=broker.port))
            flooding = asyncio.create_task(sent)
            await say(broker, "zigbee2mqtt/sos", {"action": "emergency"})
            await until(lambda: post.hall.kinds("zigbee2mqtt/sos") == ["sos"])
            await flooding
        assert 0 < len(post.hall.kinds("zigbee2mqtt/stuck")) <= 3000

    asyncio.run(tell())


# paho leaves the socket of a failed handshake to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_wrong_password_is_said_and_the_right_one_comes_in_by_tls(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "dispatch", "right"], check=True)
    ca, certificate, key = certified(tmp_path)
    tls = f"cafile {ca}\ncertfile {certificate}\nkeyfile {key}"
    made = Mosquitto(tmp_path / "locked", f"{tls}\nallow_anonymous false\npassword_file {passwords}")
    safe = {"username": "dispatch", "tls": True, "ca_file": str(ca)}

    async def tell() -> None:
        for options, password, reason in (
            (safe, "wrong", "refuses us"),
            ({**safe, "ca_file": ""}, "right", "certificate"),
            (safe, "right", ""),
        ):
            post = Post(made.port, tmp_path / "memory", Hall(), Book(), secrets={"": password}, **options)
            if not reason:
                async with post.at_work():
                    assert post.hall.where == [f"mqtts://127.0.0.1:{made.port}"]
                continue
            with pytest.raises(OSError, match=reason):
                async with post.at_work():
                    pytest.fail("came in")

    try:
        asyncio.run(tell())
    finally:
        made.stop()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"topics": {"zigbee": ["x"]}}, "no dialect 'zigbee'"),
        ({"topics": {"zigbee2mqtt": ["x/#"]}}, "beginnings"),
        ({"tls": True, "ca_file": "/nowhere"}, "ca_file"),
        ({"colour": "red"}, "no option colour"),
    ],
)
def test_options_that_it_cannot_work_with(tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    setup = Setup.load("mqtt", {"port": 1, "options": options})
    with pytest.raises(ValueError, match=reason):
        MqttListener(setup, mapping_of(), Book(), tmp_path)
