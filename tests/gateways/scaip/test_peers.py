"""SIPp as telecare units, with Kamailio in front of us and without, against the running gateway."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services.centre import Centre
from tests.support import factories
from tests.support.certificate import self_signed
from tests.support.gateway import GatewayProcess
from tests.support.scaip import Relay, Unit

pytestmark = [pytest.mark.peers, pytest.mark.postgres, pytest.mark.slow]
NUMBER = "26317"


class Place:
    """The gateway, with the centre behind it."""

    def __init__(self, centre: Centre, home: Path, options: str, unknown: str) -> None:
        self.centre = centre
        self.home = home
        listeners = f"scaip: {{on: true, host: 127.0.0.1, port: 0, unknown: {unknown}, options: {{{options}}}}}\n"
        self.gateway = GatewayProcess(centre, listeners)
        self.gateway.start()
        ways = 3 if "certificate" in options else 2

        def all_open() -> dict[str, int] | None:
            row = self.gateway.row("scaip")
            found = row.address.split(", ") if row is not None and row.state == "hearing" else []
            return {one.split(" ")[0]: int(one.rpartition(":")[2]) for one in found} if len(found) == ways else None

        self.ports: dict[str, int] = self.gateway.wait(all_open)

    def unit(self, way: str, certificate: tuple[Path, Path] | None = None) -> Unit:
        return Unit(self.ports[way], {"udp": "u1", "tcp": "t1", "tls": "l1"}[way], self.home, certificate)

    def signals(self) -> list[Signal]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Signal).order_by(Signal.received_at)))

    def cases(self) -> list[Case]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Case).order_by(Case.id)))


@pytest.fixture
def place(postgres_url: str, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    centre = factories.make_centre(postgres_url, tmp_path / "data")
    factories.build_town(centre)
    with centre.database.sessions.begin() as session:
        session.execute(Device.__table__.update().where(Device.number == "SOS-1").values(number=NUMBER))  # type: ignore[attr-defined]
    made: list[Place] = []

    def begin(options: str = "", unknown: str = "refuse") -> Place:
        made.append(Place(centre, tmp_path, options, unknown))
        return made[-1]

    yield begin
    for one in made:
        one.gateway.stop()
    centre.database.engine.dispose()


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_a_units_alarm_is_a_case_and_the_answer_says_so(place: Callable[..., Place], way: str) -> None:
    ours = place()
    unit = ours.unit(way)
    unit.says("options")
    unit.says(calls=20)
    (case,) = ours.cases()
    assert (case.cause, case.signals, case.household_id is not None) == ("sos", 20, True)
    assert b"<cid>26317</cid>" in bytes(ours.signals()[0].raw)
    unit.says(dty="0002", stc="0102")
    unit.says(mty="PI", dty="0002", stc="")
    unit.says(mty="RE", stc="0093")
    assert [one.kind for one in ours.signals()[20:]] == ["test", "restore"]
    assert len(ours.cases()) == 1


def test_over_a_bad_line_each_alarm_is_one(place: Callable[..., Place]) -> None:
    ours = place()
    ours.unit("udp").says("again", calls=5)
    assert len(ours.signals()) == 5
    assert [one.signals for one in ours.cases()] == [5]


def test_through_the_relay_that_operators_put_in_front(place: Callable[..., Place]) -> None:
    ours = place()
    relay = Relay(ours.ports["tcp"], ours.home)
    try:
        unit = Unit(relay.port, "u1", ours.home)
        relay.wait(unit)
        unit.says(calls=20)
    finally:
        relay.stop()
    assert [one.signals for one in ours.cases()] == [20]


def test_the_other_style_of_answering(place: Callable[..., Place]) -> None:
    ours = place("answers: message")
    ours.unit("udp").says("apart")
    assert len(ours.cases()) == 1


def test_over_tls(place: Callable[..., Place], tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    ours = place(f"certificate: {certificate}, key: {key}, tls_port: 0")
    context = ssl.create_default_context(cafile=str(certificate))
    body = b"<mrq><ref>1</ref><cid>26317</cid><dty>0003</dty></mrq>"
    with (
        socket.create_connection(("127.0.0.1", ours.ports["tls"]), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        line.sendall(message(body, "TLS") + b"\r\n\r\n")
        assert b"<snu>0</snu>" in read_answer(line)
        assert line.recv(2) == b"\r\n"
    assert len(ours.cases()) == 1


def test_a_stranger_is_told_to_try_elsewhere_and_has_a_case_all_the_same(place: Callable[..., Place]) -> None:
    ours = place()
    ours.unit("udp").says(cid="99999", snu="5")
    assert [(one.origin_device, one.household_id) for one in ours.cases()] == [("99999", None)]


def test_a_stranger_is_accepted_where_that_is_wanted(place: Callable[..., Place]) -> None:
    ours = place(unknown="accept")
    ours.unit("udp").says(cid="99999", snu="0")
    assert len(ours.cases()) == 1


def test_what_is_wrong_is_told_and_kept(place: Callable[..., Place]) -> None:
    ours = place()
    for body, snu, signals in (
        (b"<mrq><ref>1</ref><cid>26317</cid></mrq>", b"7", 1),
        (b"<mrq><ref>2</ref>", b"2", 2),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><mrq><ref>3</ref><cid>&b;</cid></mrq>", b"2", 3),
    ):
        with socket.create_connection(("127.0.0.1", ours.ports["tcp"]), timeout=20) as line:
            line.sendall(message(body, "TCP"))
            assert b"<snu>" + snu + b"</snu>" in read_answer(line)
        assert len(ours.signals()) == signals
    assert len(ours.cases()) == 1  # the alarm in which only something was missing
    with socket.create_connection(("127.0.0.1", ours.ports["tcp"]), timeout=20) as line:
        line.sendall(b"\xff" * 40_000)
        assert hung_up(line)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"\x00" * 3000, ("127.0.0.1", ours.ports["udp"]))
    ours.unit("udp").says()


def message(body: bytes, way: str) -> bytes:
    head = (
        f"MESSAGE sip:alarm@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{way} 127.0.0.1:5060;branch=z9hG4bKx\r\n"
        "From: <sip:26317@127.0.0.1>;tag=1\r\nTo: <sip:alarm@127.0.0.1>\r\n"
        f"Call-ID: {len(body)}\r\nCSeq: 1 MESSAGE\r\nContent-Type: application/scaip+xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read_answer(line: socket.socket) -> bytes:
    found = b""
    while b"</mrs>" not in found:
        some = line.recv(4096)
        assert some, found
        found += some
    return found


def hung_up(line: socket.socket) -> bool:
    try:
        while line.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True
