"""Elder watches at the running gateway: from bytes on a wire to a case, and the answer that stops the watch."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services.centre import Centre
from tests.support import factories
from tests.support.gateway import GatewayProcess

pytestmark = pytest.mark.postgres
LISTENERS = "watch: {on: true, host: 127.0.0.1, port: 0}\n"
NUMBER = "8800000015"


class Watch:
    def __init__(self, port: int, number: str = NUMBER) -> None:
        self._number = number
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def frame(self, content: str | bytes) -> bytes:
        body = content.encode() if isinstance(content, str) else content
        return f"[3G*{self._number}*{len(body):04X}*".encode() + body + b"]"

    def send(self, *contents: str | bytes) -> None:
        self._socket.sendall(b"".join(self.frame(one) for one in contents))

    def raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hears(self, content: str) -> None:
        wanted = self.frame(content)
        found = b""
        while len(found) < len(wanted) and (some := self._socket.recv(len(wanted) - len(found))):
            found += some
        assert found == wanted

    def is_hung_up_on(self) -> bool:
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def centre(postgres_url: str, tmp_path: Path) -> Iterator[Centre]:
    made = factories.make_centre(postgres_url, tmp_path / "data")
    factories.build_town(made)
    with made.database.sessions.begin() as session:
        session.execute(Device.__table__.update().where(Device.number == "SOS-1").values(number=NUMBER))  # type: ignore[attr-defined]
    yield made
    made.database.engine.dispose()


@pytest.fixture
def gateway(centre: Centre) -> Iterator[GatewayProcess]:
    with GatewayProcess(centre, LISTENERS) as started:
        yield started


def alarm(status: str = "00010000", ago: timedelta = timedelta(0), fix: str = "A,45.302178,N,130.9664,E") -> str:
    at = datetime.now(UTC) - ago
    return f"AL,{at:%d%m%y,%H%M%S},{fix},0,0,0,7,100,82,1000,50,{status},1,1,460,01,42308,101992452,100,0,12.5"


def signals(centre: Centre) -> list[Signal]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Signal).order_by(Signal.received_at)))


def cases(centre: Centre) -> list[Case]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def test_from_the_press_to_the_case(centre: Centre, gateway: GatewayProcess) -> None:
    pressed = alarm()
    with Watch(gateway.port("watch")) as watch:
        watch.send("LK,0,10,90")
        watch.hears("LK")
        watch.send(pressed)
        watch.hears("AL")
        (case,), (signal,) = cases(centre), signals(centre)
        assert (case.cause, case.priority, case.household_id is not None) == ("sos", 1, True)
        assert (signal.case_id, bytes(signal.raw)) == (case.id, watch.frame(pressed))
        assert signal.data is not None
        assert (signal.data["lat"], signal.data["fix"], signal.data["battery"]) == (45.302178, "gps", 82)
        # Its answer was lost: the same once more is the same.
        watch.send(pressed, pressed)
        watch.hears("AL")
        watch.hears("AL")
        assert (len(signals(centre)), cases(centre)[0].signals) == (1, 1)
        # Anew: the same case, louder.
        watch.send(alarm("00200000", ago=timedelta(seconds=-3)))
        watch.hears("AL")
    assert ([one.signals for one in cases(centre)], signals(centre)[-1].kind) == ([2], "fall")


def test_a_watch_without_satellites_tells_where_it_was(centre: Centre, gateway: GatewayProcess) -> None:
    with Watch(gateway.port("watch")) as watch:
        watch.send(alarm("00000000", ago=timedelta(minutes=4)).replace("AL", "UD", 1), "LK")
        watch.hears("LK")
        watch.send(alarm(fix="V,0.0,N,0.0,E"))
        watch.hears("AL")
    data = signals(centre)[-1].data
    assert data is not None
    assert (data["lat"], data["fix"]) == (45.302178, "last")
    assert datetime.now(UTC) - datetime.fromisoformat(data["fixed_at"]) >= timedelta(minutes=4)


def test_in_pieces_with_a_wrong_length_and_beside_sound(centre: Centre, gateway: GatewayProcess) -> None:
    with Watch(gateway.port("watch")) as watch:
        whole = watch.frame(b"TK,#!AMR]]][[[*,\x00\xff") + watch.frame(alarm())
        for byte in range(len(whole)):
            watch.raw(whole[byte : byte + 1])
        watch.hears("TK,0")
        watch.hears("AL")
        content = alarm("00200000")
        watch.raw(f"[3G*{NUMBER}*0FFF*{content}]".encode())
        watch.hears("AL")
    assert sorted(str(one.kind) for one in signals(centre)) == ["fall", "sos"]


def test_low_battery_taken_off_and_measurements_page_nobody(centre: Centre, gateway: GatewayProcess) -> None:
    with Watch(gateway.port("watch")) as watch:
        watch.send(alarm("00020000"), alarm("00100008"), "heart,72", "bphrt,120,79,73,,,,", "btemp2,1,36.5", "LK")
        for heard in ("AL", "AL", "LK"):
            watch.hears(heard)
        assert cases(centre) == []
        watch.send("heart,150", "heart,151", "LK")
        watch.hears("LK")
    assert [(one.cause, one.signals) for one in cases(centre)] == [("vitals", 1)]


def test_a_stranger_opens_a_case_too(centre: Centre, gateway: GatewayProcess) -> None:
    with Watch(gateway.port("watch"), "9999999999") as watch:
        watch.send(alarm())
        watch.hears("AL")
    (case,) = cases(centre)
    assert (case.origin_device, case.household_id, case.flags) == ("9999999999", None, ["unknown_device"])


def test_a_clock_that_is_wrong_is_kept_beside_ours(centre: Centre, gateway: GatewayProcess) -> None:
    with Watch(gateway.port("watch")) as watch:
        for _ in range(2):
            watch.send(alarm(ago=timedelta(days=3000)))
            watch.hears("AL")
    first, second = signals(centre)
    assert (first.clock_off, second.clock_off, first.event_id) == (True, True, None)
    assert first.occurred_at is not None
    assert [one.signals for one in cases(centre)] == [2]


def test_rubbish_is_kept_and_cut_off_and_others_are_heard(centre: Centre, gateway: GatewayProcess) -> None:
    port = gateway.port("watch")
    with Watch(port) as rubbish, Watch(port) as watch:
        rubbish.raw(b"GET / HTTP/1.1\r\n" + b"[[[]]]" * 40)
        assert rubbish.is_hung_up_on()
        watch.send(alarm())
        watch.hears("AL")
    kept = [one for one in signals(centre) if not one.understood]
    assert kept
    assert kept[0].source == "watch 127.0.0.1"


def test_a_frame_without_an_end_is_cut_off(centre: Centre, gateway: GatewayProcess) -> None:
    with Watch(gateway.port("watch")) as flood:
        try:
            flood.raw(b"[3G*8800000015*FFFF*UD," + b"1" * 200_000)
            assert flood.is_hung_up_on()
        except (ConnectionResetError, BrokenPipeError):
            pass

    def kept() -> list[Signal]:
        return [one for one in signals(centre) if not one.understood]

    assert gateway.wait(kept)[0].raw_size > 60_000


def test_what_was_answered_survives_a_killed_gateway(centre: Centre, gateway: GatewayProcess) -> None:
    """Killed in the middle of a stream: all that was answered is there, and a watch that reconnects goes on."""
    answered = 0
    port = gateway.port("watch")
    since = datetime.now(UTC)
    with Watch(port) as watch:
        for steps in range(30):
            watch.send(alarm().replace(",1000,", f",{steps},"))
            if steps < 20:
                watch.hears("AL")
                answered += 1
        gateway.kill()
    assert len(signals(centre)) >= answered
    gateway.start()
    with Watch(gateway.port("watch", since)) as watch:
        watch.send(alarm())
        watch.hears("AL")
    assert len(cases(centre)) == 1
