"""A real Asterisk with the samples of config/asterisk, and SIPp for the telephones: what is said to it and by it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.bootstrap.centre import centre_of
from dispatch.bootstrap.hotline import asterisk
from dispatch.bootstrap.network import network
from dispatch.domain.actor import Actor
from dispatch.domain.signals import SignalKind
from dispatch.models.cases import Call, Case, CaseEvent
from dispatch.models.exchange import ExchangeState
from dispatch.models.outbox import Message
from dispatch.services import intake, requests
from dispatch.services.centre import Centre
from dispatch.services.floor import news
from dispatch.services.floor.positions import Beat
from dispatch.services.hotline import talking
from dispatch.services.intake import Incoming
from dispatch.services.requests import Callee
from dispatch.services.sms import inbox
from dispatch.services.work import Act
from dispatch.settings import ROOT, exchanges
from dispatch.workers import tasks
from dispatch.workers.clock import Clock
from dispatch.workers.send import Runtime
from tests.support import factories
from tests.support.asterisk import AMI, ARI, Asterisk
from tests.support.rounds import by_hand
from tests.support.story import DEAD_BROKER, Inline

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.timeout(300)]
SCENARIOS = ROOT / "tests" / "peers" / "asterisk"
WITHIN = 60
WANG = "13800001000"


class Corridor:
    """Of a listener that has no signals."""

    def __init__(self) -> None:
        self.states: list[str] = []

    def connected(self, more: int) -> None: ...

    def at_work(self, where: str) -> None:
        self.states.append("at work")

    def interrupted(self, reason: str) -> None:
        self.states.append(reason)


class House:
    """A centre with a hotline; the clock cycles when the test looks."""

    def __init__(self, database_url: str, directory: Path, exchange: Asterisk) -> None:
        config = directory / "config"
        config.mkdir()
        for one in (ROOT / "config").iterdir():
            if one.name != "gateways.yaml":
                (config / one.name).symlink_to(one)
        (config / "gateways.yaml").write_text(
            f"""
asterisk:
  host: 127.0.0.1
  port: {exchange.ami}
  options:
    ari: http://127.0.0.1:{exchange.ari}
    sounds: {exchange.sounds}
    sounds_there: {exchange.inside / "sounds"}
    speech: [chroot, {exchange.root}, espeak-ng, -v, cmn, --stdin, --stdout]
    rings_seconds: 8
    times: 1
"""
        )
        chosen = factories.settings(
            database_url,
            directory,
            config_dir=config,
            phone_network="asterisk",
            gateway_secrets=f"asterisk/ami:{AMI},asterisk/ari:{ARI}",
        )
        self.exchange = exchange
        self.centre: Centre = centre_of(chosen)
        self.town = factories.build_town(self.centre)
        tasks.app.conf.broker_url = DEAD_BROKER
        tasks.give_up_at_once()
        self.clock = Clock(
            Runtime(self.centre, network(chosen, self.centre), by_hand),
            partial(inbox.advance, self.centre),
            outward=Inline(),
            time=self.now,
        )
        self.corridor = Corridor()
        self.listener = asterisk(exchanges(chosen)["asterisk"], self.centre)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        self.until(lambda: "at work" in self.corridor.states and self.connected())

    def _listen(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self.listener.run(self.corridor))  # type: ignore[arg-type]
        with_end = asyncio.gather(self._task, return_exceptions=True)
        self._loop.run_until_complete(with_end)
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.centre.database.engine.dispose()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def connected(self) -> bool:
        with self.centre.database.reads() as session:
            found = session.get(ExchangeState, "asterisk")
            return found is not None and found.connected

    def until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + WITHIN
        while not true():
            assert time.monotonic() < deadline, self.told()
            self.clock.cycle(self.now())
            news.beat(self.centre, self.town.actor("lin"), Beat(seat="01"), self.now())
            time.sleep(0.1)

    def told(self) -> str:
        calls = [(c.call_id, c.events, c.agent, c.waited) for c in self.calls()]
        messages = [(m.purpose, m.channel, m.state, m.reason) for m in self.messages()]
        return f"{calls}\n{messages}\n{self.corridor.states}\n{self.exchange.log()}"

    def calls(self) -> list[Call]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Call).order_by(Call.id)))

    def messages(self, purpose: str = "") -> list[Message]:
        with self.centre.database.reads() as session:
            found = session.scalars(select(Message).order_by(Message.id))
            return [one for one in found if one.channel == "voice" and purpose in ("", one.purpose)]

    def case(self) -> Case:
        with self.centre.database.reads() as session:
            return session.scalars(select(Case).order_by(Case.id.desc()).limit(1)).one()

    def kinds(self) -> list[str]:
        with self.centre.database.reads() as session:
            return [str(e.data.get("event", e.kind)) for e in session.scalars(select(CaseEvent).order_by(CaseEvent.id))]

    def act(self, by: str = "lin") -> Act:
        actor: Actor = self.town.actor(by)
        return Act(actor, self.now())

    # -- telephones

    def caller(self, milliseconds: int, number: str = WANG) -> None:
        text = scenario("caller").replace("NUMBER", number).replace("TALK", str(milliseconds))
        self.exchange.sipp(text, "-s", "12349", "-m", "1", f"127.0.0.1:{self.exchange.sip}")

    def phone(self, port: int, *, rings: int = 300, presses: str = "") -> None:
        """Picks up; ``presses``: what it does then, as SIPp says it."""
        text = scenario("picks_up").replace("RINGS", str(rings)).replace("PRESSES", presses)
        self.exchange.sipp(text, "-p", str(port))

    def never(self, port: int, how: str) -> None:
        self.exchange.sipp(scenario(how), "-p", str(port))


def scenario(name: str) -> str:
    return (SCENARIOS / f"{name}.xml").read_text("utf-8")


def digit(key: str, after: int) -> str:
    """``after`` milliseconds this key is pressed, as RFC 4733 sends it."""
    sound = f"/usr/share/sip-tester/dtmf_2833_{key}.pcap"
    return f'<pause milliseconds="{after}"/><nop><action><exec play_pcap_audio="{sound}"/></action></nop>'


VOICE = '<nop><action><exec play_pcap_audio="/usr/share/sip-tester/g711a.pcap"/></action></nop>'


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    exchange = Asterisk()
    try:
        made = House(sqlite_url, tmp_path, exchange)
        try:
            yield made
        finally:
            made.close()
    finally:
        exchange.close()


def test_a_call_opens_at_the_desk_where_it_rings_is_taken_by_it_and_recorded(house: House) -> None:
    lin = house.town.users["lin"]
    house.phone(house.exchange.desk, rings=2500, presses=VOICE)
    house.caller(6500)
    house.until(lambda: house.calls() and house.case().rings_for == [str(lin)])
    assert house.case().elder_id == house.town.elders["Wang"]
    house.until(lambda: house.case().owner_id == lin)
    house.until(lambda: house.calls()[0].recording_url)
    call = house.calls()[0]
    assert (call.agent, call.missed, call.waited in (2, 3, 4)) == ("lin", False, True)
    assert house.kinds() == ["ringing", "answered", "hangup", "recording"]
    file = house.exchange.recordings / Path(str(call.recording_url)).name
    assert file.stat().st_size > 10_000


def test_the_operator_ends_a_call_that_came_in(house: House) -> None:
    house.phone(house.exchange.desk)
    house.caller(60_000)
    house.until(lambda: house.calls() and house.calls()[0].answered_at)
    talking.hang_up_own(house.centre, house.case().id, house.calls()[0].id, house.act())
    house.until(lambda: house.calls()[0].ended_at)
    house.until(lambda: "0 active channels" in house.exchange.command("core show channels"))
    assert house.kinds()[:3] == ["ringing", "answered", "call_ended"]


def test_who_gives_up_is_owed_a_call_and_gets_it_from_the_desk(house: House) -> None:
    house.never(house.exchange.desk, "rings")
    house.caller(3000)
    house.until(lambda: house.calls() and house.calls()[0].missed)
    assert house.case().flags == ["missed_call"]
    assert house.calls()[0].waited in (2, 3)
    house.until(lambda: house.calls()[0].ended_at)


def test_the_desk_rings_first_then_the_other_and_a_third_one_joins(house: House) -> None:
    house.phone(house.exchange.desk)
    house.phone(house.exchange.trunk)
    case_id, _ = press(house)
    requests.call_out(house.centre, case_id, house.act(), Callee())
    house.until(lambda: [m.state for m in house.messages("call_out")] == ["answered"])
    house.until(lambda: [c.agent for c in house.calls()] == ["lin"])
    requests.call_out(house.centre, case_id, house.act(), Callee(house.town.contacts["Daughter"], joins=True))
    house.until(lambda: [m.state for m in house.messages("call_out")] == ["answered", "answered"])
    assert "ChanSpy" in house.exchange.command("core show channels")
    assert house.calls()[0].outward
    talking.hang_up(house.centre, case_id, house.act())
    house.until(lambda: house.calls()[0].ended_at)
    house.until(lambda: "0 active channels" in house.exchange.command("core show channels"))
    assert [m.state for m in house.messages("call_out")] == ["answered", "answered"]


def test_a_busy_line_and_a_desk_that_nobody_picks_up_are_told_apart(house: House) -> None:
    house.phone(house.exchange.desk)
    house.never(house.exchange.trunk, "refuses")
    case_id, _ = press(house)
    requests.call_out(house.centre, case_id, house.act(), Callee())
    house.until(lambda: [m.state for m in house.messages("call_out")] == ["no_answer"])


def press(house: House, ago: timedelta = timedelta()) -> tuple[int, str]:
    receipt = intake.receive_signal(
        house.centre,
        Incoming(
            device="SOS-1", kind=SignalKind.SOS, event_id="press", occurred_at=None, data=None, raw=b"press",
            source="test", received_at=house.now() - ago, id=intake.new_signal_id("SOS-1", "press"),
        ),
    )  # fmt: skip
    assert receipt.case_id is not None
    return receipt.case_id, "SOS-1"


def test_a_text_is_read_and_one_takes_the_case_by_pressing_1(house: House) -> None:
    house.phone(house.exchange.trunk, presses=digit("1", after=9000))
    press(house, timedelta(seconds=61))
    house.until(lambda: house.case().state == "owned")
    assert house.case().owner_id == house.town.users["duty"]
    assert {m.state for m in house.messages("page_duty")} == {"answered"}
    house.until(lambda: not list(house.exchange.sounds.iterdir()))


def test_a_machine_that_picks_up_is_no_answer(house: House) -> None:
    house.phone(house.exchange.trunk, presses=VOICE)
    press(house, timedelta(seconds=61))
    house.until(lambda: {m.state for m in house.messages("page_duty")} == {"voicemail"})
    assert house.case().state == "new"


def test_an_exchange_that_goes_and_comes_is_read_anew(house: House) -> None:
    house.never(house.exchange.desk, "rings")
    house.caller(60_000)
    house.until(lambda: house.calls() and house.case().rings_for)
    house.exchange.command("core restart now")
    house.until(lambda: house.calls()[0].missed)
    house.until(house.connected)
