"""The gateway process with a protocol of the tests' own: what is answered is stored, and nobody holds up another."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from dispatch.gateways.frame import OURS
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.models.listening import DeviceBeat
from dispatch.services import spool
from dispatch.services.centre import Centre
from dispatch.services.devices import listening
from tests.support import databases, factories
from tests.support.gateway import FAKE, GatewayProcess, Line
from tests.support.parts import missing
from tests.support.postgres import Postgres, find_binaries

pytestmark = [
    pytest.mark.postgres,
    # Servers and processes are killed under connections of the test's own; nobody is there to close them in order.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]
HOST = "127.0.0.1"
CONFIG = "fake: {on: true, host: 127.0.0.1, port: 0}\n"
Gateways = Callable[..., GatewayProcess]


@pytest.fixture
def centre(postgres_url: str, tmp_path: Path) -> Iterator[Centre]:
    made = factories.make_centre(postgres_url, tmp_path / "data")
    factories.build_town(made)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def start(centre: Centre) -> Iterator[Gateways]:
    started: list[GatewayProcess] = []

    def begin(listeners: str = CONFIG, over: Centre = centre) -> GatewayProcess:
        started.append(GatewayProcess(over, listeners, FAKE))
        started[-1].start()
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def stored(centre: Centre) -> int:
    with centre.database.reads() as session:
        return int(session.scalar(select(func.count(Signal.id)).where(Signal.understood)) or 0)


def test_an_alarm_is_a_case_and_its_copy_is_none(centre: Centre, start: Gateways) -> None:
    with Line(start().port("fake")) as line:
        assert line.say("SOS-1 sos e1") == "ACK e1"
        assert line.say("SOS-1 sos e1") == "DUP e1"
        assert line.say("SOS-1 test -") == "ACK -"
    with centre.database.reads() as session:
        case = session.scalars(select(Case)).one()
        signal = session.scalars(select(Signal).where(Signal.event_id == "e1")).one()
    assert (case.signals, case.origin_device, signal.case_id) == (1, "SOS-1", case.id)
    assert (bytes(signal.raw), signal.source) == (b"SOS-1 sos e1\n", "fake 127.0.0.1")


def test_a_strangers_alarm_is_a_case_too_and_is_told_that_nobody_knows_it(centre: Centre, start: Gateways) -> None:
    with Line(start().port("fake")) as line:
        assert line.say("NOBODY sos e1") == "WHO e1"
    with centre.database.reads() as session:
        assert session.scalars(select(Case)).one().household_id is None


def test_heartbeats_are_folded_and_the_last_one_is_kept(centre: Centre, start: Gateways) -> None:
    gateway = start()
    with Line(gateway.port("fake")) as line:
        for battery in (80, 30, 70):
            assert line.say(f"SOS-1 heartbeat e{battery} {battery}") == f"ACK e{battery}"
        assert line.say("NOBODY heartbeat - 50") == "WHO -"
        assert line.say("NOBODY heartbeat - 50") == "WHO -"

    def folded() -> DeviceBeat | None:
        with centre.database.reads() as session:
            found = session.scalar(select(DeviceBeat))
        return found if found is not None and found.beats == 3 else None

    beat = gateway.wait(folded)
    assert (beat.battery, beat.battery_least, bytes(beat.raw)) == (70, 30, b"SOS-1 heartbeat e70 70\n")
    with centre.database.reads() as session:
        device = session.scalars(select(Device).where(Device.number == "SOS-1")).one()
        assert device.battery_percent == 70
        assert device.last_seen_at == beat.last_at
        # Of a stranger one is kept, so that an operator sees that somebody calls.
        assert list(session.scalars(select(Signal.device_number))) == ["NOBODY"]


def test_who_is_connected_and_what_was_heard_today_is_told(centre: Centre, start: Gateways) -> None:
    gateway = start()
    port = gateway.port("fake")

    def told(connected: int, messages: int, alarms: int) -> bool:
        items = listening.listeners(centre, datetime.now(UTC))["items"]
        one = next(item for item in items if item["name"] == "fake")
        return (one["connected"], one["today"]) == (connected, {"messages": messages, "alarms": alarms})

    with Line(port) as line, Line(port) as other:
        for said in ("SOS-1 sos e1", "SOS-1 sos e1", "SOS-1 heartbeat -", "NOBODY sos e2", "rubbish"):
            line.say(said)
        other.say("SOS-1 test -")
        gateway.wait(lambda: told(2, 6, 2))
    gateway.stop()
    assert told_at_the_end(centre) == (None, 6, 2)


def told_at_the_end(centre: Centre) -> tuple[int | None, int, int]:
    (one,) = (i for i in listening.listeners(centre, datetime.now(UTC))["items"] if i["name"] == "fake")
    return one["connected"], one["today"]["messages"], one["today"]["alarms"]


def test_rubbish_is_kept_and_ends_nothing(centre: Centre, start: Gateways) -> None:
    port = start().port("fake")
    with Line(port) as line, Line(port) as crashing:
        assert line.say("rubbish") == "NAK"
        crashing.send(b"crash\n")
        assert crashing.read() == ""  # that connection alone
        assert line.say("SOS-1\0 sos e1") == "NAK e1"
        assert line.say("SOS-1 sos e2") == "ACK e2"
    with centre.database.reads() as session:
        kept = session.scalars(select(Signal).where(~Signal.understood).order_by(Signal.received_at)).all()
    assert [(bytes(one.raw), one.reason) for one in kept] == [
        (b"rubbish\n", "not three words"),
        (b"crash\n", OURS),
        (b"SOS-1\0 sos e1\n", "the number of its device is empty, or longer than 100 characters"),
    ]


def test_what_is_too_long_is_kept_and_cut_off(centre: Centre, start: Gateways) -> None:
    gateway = start()
    port = gateway.port("fake")
    with Line(port) as line:
        line.send(b"x" * 5000)
        assert line.read() == ""

    def kept() -> Signal | None:
        with centre.database.reads() as session:
            return session.scalar(select(Signal).where(~Signal.understood))

    found = gateway.wait(kept)
    assert found.reason == "longer than 200 bytes"
    assert found.raw_size > 200
    with Line(port) as line:
        assert line.say("SOS-1 sos e2") == "ACK e2"


def test_rubbish_does_not_fill_the_disk(centre: Centre, start: Gateways) -> None:
    with Line(start().port("fake")) as line:
        for _ in range(60):
            line.say("rubbish")
    with centre.database.reads() as session:
        assert session.scalar(select(func.count(Signal.id))) == 20


def test_who_speaks_too_slowly_is_hung_up_on(centre: Centre, start: Gateways) -> None:
    config = "fake: {on: true, host: 127.0.0.1, port: 0, options: {idle: 1.0, within: 1.0}}\n"
    gateway = start(config)
    port = gateway.port("fake")
    with Line(port) as silent, Line(port) as slow, Line(port) as proper:
        slow.send(b"SOS-1 so")
        assert proper.say("SOS-1 sos e1") == "ACK e1"
        assert slow.read() == ""
        assert silent.read() == ""
    with centre.database.reads() as session:
        kept = session.scalars(select(Signal).where(~Signal.understood)).one()
    assert (bytes(kept.raw), kept.reason) == (b"SOS-1 so", "it did not come to its end in time")


def test_one_address_does_not_take_all_connections(start: Gateways) -> None:
    config = "fake: {on: true, host: 0.0.0.0, port: 0, options: {connections: 6, of_a_peer: 4}}\n"
    port = start(config).port("fake")

    def opened(host: str) -> Line | None:
        line = Line.__new__(Line)
        line._socket = socket.create_connection((HOST, port), timeout=10, source_address=(host, 0))
        line._file = line._socket.makefile("rb")
        try:
            if line.say("SOS-1 test -"):
                return line
        except OSError:
            pass
        line.close()
        return None

    many = [opened("127.0.0.1") for _ in range(6)]
    other = opened("127.0.0.2")
    assert [line is not None for line in many] == [True] * 4 + [False] * 2
    assert other is not None
    for line in (*many, other):
        if line is not None:
            line.close()


def test_a_flood_of_one_peer_holds_up_no_other(centre: Centre, start: Gateways) -> None:
    port = start().port("fake")
    over = threading.Event()

    def flood() -> None:
        with Line(port) as line:
            number = 0
            while not over.is_set():
                number += 1
                line.send("".join(f"SOS-1 sos f{number}.{n}\n" for n in range(50)).encode())
                for _ in range(50):
                    line.read()

    floods = [threading.Thread(target=flood) for _ in range(4)]
    for each in floods:
        each.start()
    try:
        with Line(port) as line:
            took = []
            for number in range(20):
                began = time.monotonic()
                assert line.say(f"HOME-1 sos e{number}") == f"ACK e{number}"
                took.append(time.monotonic() - began)
    finally:
        over.set()
        for each in floods:
            each.join()
    assert sorted(took)[10] < 2  # far above what it takes, far below what a line behind the flood would


def test_a_datagram_is_answered_like_a_line(centre: Centre, start: Gateways) -> None:
    config = "fake: {on: true, host: 127.0.0.1, port: 0, options: {udp: true}}\n"
    port = start(config).port("fake")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(10)
        peer.connect((HOST, port))
        for message, answer in (
            (b"SOS-1 sos e1\n", b"ACK e1\n"),
            (b"SOS-1 sos e1\n", b"DUP e1\n"),
            (b"rubbish\n", b"NAK\n"),
        ):
            peer.send(message)
            assert peer.recv(100) == answer
        peer.send(b"no end")
        peer.send(b"crash\n")
        peer.send(b"y" * 900)
        peer.send(b"SOS-1 sos e2\n")
        assert peer.recv(100) == b"ACK e2\n"
    with centre.database.reads() as session:
        kept = set(session.scalars(select(Signal.reason).where(~Signal.understood)))
    assert kept == {"not three words", OURS, "the datagram is not a whole message", "longer than 200 bytes"}


def test_an_answer_follows_the_commit_also_when_the_process_is_killed_before_it(
    centre: Centre, start: Gateways
) -> None:
    """The alarm waits at a locked device; killed there, it is neither stored nor answered; sent again, it is one."""
    gateway = start()
    port = gateway.port("fake")
    with Line(port) as line:
        assert line.say("SOS-1 sos e1") == "ACK e1"
        with centre.database.engine.begin() as other:
            other.execute(text("SELECT 1 FROM devices WHERE number = 'SOS-1' FOR UPDATE"))
            line.send(b"SOS-1 sos e2\n")
            gateway.wait(lambda: waits_for_a_lock(centre))
            gateway.kill()
            assert line.read() == ""
            other.rollback()
    assert stored(centre) == 1
    began = datetime.now(UTC)
    gateway.start()
    with Line(gateway.port("fake", began)) as line:
        assert line.say("SOS-1 sos e2") == "ACK e2"
        assert line.say("SOS-1 sos e2") == "DUP e2"
    assert stored(centre) == 2


def waits_for_a_lock(centre: Centre) -> bool:
    with centre.database.engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.execute(text(waiting)).scalar_one())


def test_an_alarm_that_hangs_in_the_database_is_answered_from_the_disk_and_stored_once(
    centre: Centre, start: Gateways
) -> None:
    gateway = start()
    with Line(gateway.port("fake")) as line, centre.database.engine.begin() as other:
        other.execute(text("SELECT 1 FROM devices WHERE number = 'SOS-1' FOR UPDATE"))
        assert line.say("SOS-1 sos e1") == "ACK e1"
        assert spool.waiting(centre.spool_dir) == 1
        other.rollback()
        gateway.wait(lambda: line.say("SOS-1 sos e1") == "DUP e1")
        gateway.wait(lambda: spool.waiting(centre.spool_dir) == 0)
    assert (stored(centre), spool.rejected(centre.spool_dir)) == (1, 0)


def test_while_the_database_is_away_the_disk_answers_and_is_emptied_afterwards(tmp_path: Path) -> None:
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL's server programs (Debian: apt-get install postgresql)")
    server = Postgres(binaries)
    try:
        server.start()
        server.execute("CREATE DATABASE away")
        databases.migrate(server.url("away"), tmp_path)
        centre = factories.make_centre(server.url("away"), tmp_path / "data")
        factories.build_town(centre)
        with GatewayProcess(centre, CONFIG, FAKE) as gateway, Line(gateway.port("fake")) as line:
            assert line.say("SOS-1 heartbeat - 90") == "ACK -"
            server.kill()
            for number in range(3):
                assert line.say(f"SOS-1 sos e{number}") == f"ACK e{number}"
            assert line.say("SOS-1 heartbeat - 60") == "ACK -"
            assert line.say("HOME-1 heartbeat - 60") == "ACK -"
            assert line.say("rubbish") == "NAK"
            assert spool.waiting(centre.spool_dir) == 3
            gateway.kill()  # what was acknowledged lies on the disk
            began = datetime.now(UTC)
            gateway.start()
            server.start()
            gateway.port("fake", began)
            gateway.wait(lambda: spool.waiting(centre.spool_dir) == 0)
        with centre.database.reads() as session:
            assert session.scalars(select(Case)).one().signals == 3
            assert set(session.scalars(select(Signal.event_id))) == {"e0", "e1", "e2"}
        centre.database.engine.dispose()
    finally:
        server.remove()


def test_a_taken_port_and_a_crash_are_shown_and_end_no_other_listener(centre: Centre, start: Gateways) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        gateway = start(
            f"taken: {{on: true, protocol: fake, host: 127.0.0.1, port: {port}}}\n"
            "crashing: {on: true, port: 0}\n" + CONFIG
        )
        with Line(gateway.port("fake")) as line:
            assert line.say("SOS-1 sos e1") == "ACK e1"

        def down(name: str, reason: str) -> bool:
            row = gateway.row(name)
            return row is not None and row.state == "down" and reason in (row.error or "")

        gateway.wait(lambda: down("taken", "address already in use") and down("crashing", "it is broken"))
    gateway.port("taken")  # free again: it is begun again by itself


def test_wrong_settings_are_one_clear_line(centre: Centre) -> None:
    for config, said in (
        ("fake: {on: true, port: 99999}\n", "port is a number from 0 to 65535"),
        ("fake: {on: true, port: 1, options: {mesage: 5}}\n", "there is no option mesage"),
        ("fake: {on: true, port: 1, options: {message: much}}\n", "message is a int"),
        ("other: {on: true, port: 1}\n", "no protocol other"),
        ("fake: {on: true, port: 1, unknown: perhaps}\n", "perhaps"),
        ("{}\n", "no listener is switched on"),
    ):
        gateway = GatewayProcess(centre, config, FAKE)
        gateway.start()
        assert gateway.process is not None
        assert gateway.process.wait(30) == 1
        assert said in gateway.log, gateway.log
        gateway.process = None
