"""The trade's own transmitters, PyPI's my-dc09-spt and pysiaalarm's sender, against the running gateway."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from dispatch.gateways.dc09 import cipher, frames
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.models.listening import DeviceBeat
from dispatch.services.centre import Centre
from tests.support import factories
from tests.support.gateway import GatewayProcess
from tests.support.parts import missing
from tests.support.peers import PEERS, Transmitter

pytestmark = [
    pytest.mark.peers,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
KEYS = {"2222": "A" * 16, "3333": "0123456789abcdef0123456789ABCDE!", "4444": "24 bytes are a key also."}
ACCOUNTS = {"SOS-1": "1111", "SOS-2": "2222", "HOME-1": "3333", "HOME-2": "4444"}
SECRETS = ",".join(f"dc09/{account}:text:{key}" for account, key in KEYS.items())
LISTENERS = "dc09: {on: true, host: 127.0.0.1, port: 0}\n"
MEDICAL = {"code": "MA", "zone": 3, "text": "SOS bedroom", "time": "20:53:02"}


class Panel(Transmitter):
    def __init__(self, ports: dict[str, int]) -> None:
        home = PEERS / "dc09"
        python = home / "venv" / "bin" / "python"
        if not python.exists():
            missing("PyPI's my-dc09-spt and pysiaalarm (./test installs them into tests/peers/dc09/venv)")
        self._ports = ports
        super().__init__(python, home)

    def does(self, do: str, account: str, type_: str, transport: str = "tcp", **more: Any) -> dict[str, Any]:
        order = {"do": do, "account": account, "type": type_, "transport": transport, "port": self._ports[transport]}
        return self.told(order | {"key": KEYS.get(account)} | more)


@pytest.fixture
def centre(postgres_url: str, tmp_path: Path) -> Iterator[Centre]:
    made = factories.make_centre(postgres_url, tmp_path / "data")
    factories.build_town(made)
    with made.database.sessions.begin() as session:
        for number, account in ACCOUNTS.items():
            session.execute(update(Device).where(Device.number == number).values(number=account, protocol="dc09"))
    yield made
    made.database.engine.dispose()


@pytest.fixture
def begin(centre: Centre) -> Iterator[Callable[..., GatewayProcess]]:
    started: list[GatewayProcess] = []

    def start(listeners: str = LISTENERS) -> GatewayProcess:
        started.append(GatewayProcess(centre, listeners, DISPATCH_GATEWAY_SECRETS=SECRETS))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def gateway(begin: Callable[..., GatewayProcess]) -> GatewayProcess:
    return begin()


@pytest.fixture
def transmitter(gateway: GatewayProcess) -> Iterator[Panel]:
    one = Panel({kind: gateway.port("dc09", kind=kind) for kind in ("tcp", "udp")})
    yield one
    one.stop()


def signals(centre: Centre) -> list[Signal]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Signal).order_by(Signal.received_at)))


def cases(centre: Centre) -> list[Case]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("account", ["1111", "2222", "3333"], ids=["plain", "AES-128", "AES-256"])
def test_an_alarm_of_my_dc09_spt_is_a_case(centre: Centre, transmitter: Panel, account: str, transport: str) -> None:
    assert transmitter.does("spt", account, "SIA-DCS", transport, **{"with": MEDICAL})["acknowledged"]
    (case,), (signal,) = cases(centre), signals(centre)
    assert (case.cause, case.household_id is not None, signal.case_id) == ("sos", True, case.id)
    assert signal.data == {"code": "MA", "zone": "3", "text": "SOS bedroom", "device_time": "20:53:02"} | (
        {"encrypted": True} if account in KEYS else {}
    )
    assert signal.raw.startswith(b"\n")
    assert signal.source == "dc09 127.0.0.1"
    contact = {"code": "101", "q": 3, "zone": 3}
    assert transmitter.does("spt", account, "ADM-CID", transport, **{"with": contact})["acknowledged"]
    assert [signal.kind for signal in signals(centre)] == ["sos", "restore"]
    assert transmitter.does("spt", account, "NULL", transport)["acknowledged"]

    def beaten() -> DeviceBeat | None:
        with centre.database.reads() as session:
            return session.scalar(select(DeviceBeat))

    assert wait(centre, beaten).beats == 1
    assert len(cases(centre)) == 1


def wait(centre: Centre, holds: Callable[[], Any]) -> Any:
    probe = GatewayProcess.__new__(GatewayProcess)
    probe.process, probe._log = None, centre.data_dir / "gateway.log"
    return probe.wait(holds)


def test_a_stranger_is_a_case_too_and_hears_no(centre: Centre, transmitter: Panel) -> None:
    message = "#9999|NMA3]"
    assert not transmitter.does("spt", "9999", "SIA-DCS", once=True, message=message)["acknowledged"]
    (case,) = cases(centre)
    assert case.household_id is None
    # Encrypted, by somebody whose key nobody has: kept for an operator, and refused, as often as it is said.
    assert not transmitter.does("spt", "9998", "SIA-DCS", key="K" * 16, once=True, message=message)["acknowledged"]
    assert [signal.understood for signal in signals(centre)] == [True, False, False]


def test_a_stranger_may_be_acknowledged(centre: Centre, begin: Callable[..., GatewayProcess]) -> None:
    gateway = begin("dc09: {on: true, host: 127.0.0.1, port: 0, unknown: accept}\n")
    one = Panel({"tcp": gateway.port("dc09", kind="tcp")})
    assert one.does("spt", "9999", "SIA-DCS", once=True, message="#9999|NMA3]")["acknowledged"]
    one.stop()
    assert len(cases(centre)) == 1


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("account", ["1111", "2222"], ids=["plain", "encrypted"])
def test_the_sender_of_pysiaalarm(centre: Centre, transmitter: Panel, account: str, transport: str) -> None:
    """Its lines have a wrong length, no beginning and no end."""

    def says(code: str, seq: str, type_: str = "SIA-DCS", **more: Any) -> str | None:
        answer: str | None = transmitter.does("line", account, type_, transport, code=code, seq=seq, **more)["answer"]
        return answer

    star = "*" if account in KEYS else ""
    assert f'"{star}ACK"7001L0#{account}[' in str(says("WA", "7001"))
    assert f'"{star}ACK"7001L0#{account}[' in str(says("WA", "7001"))  # its answer was lost: the same event
    assert f'"{star}ACK"7002L0#{account}[' in str(says("WA", "7002", "ADM-CID"))
    assert f'"{star}ACK"7003L0#{account}[' in str(says("RP", "7003"))
    assert f'"{star}DUH"7004L0#{account}[' in str(says("QQ", "7004"))
    assert says("WA", "7005", alter_crc=True, patience=1) is None
    found = [signal for signal in signals(centre) if signal.understood]
    assert [(signal.kind, signal.data["code"]) for signal in found if signal.data] == [
        ("water", "WA"),
        ("smoke", "113"),
    ]
    assert [case.signals for case in cases(centre)] == [2]
    # A clock that is wrong: told the time, kept aside; said again, it is taken with both times.
    late = says("WA", "7006", late=3600)
    assert late is not None
    assert '"NAK"0000R0L0A0[]_' in late
    told = datetime.strptime(late[-20:-1], "%H:%M:%S,%m-%d-%Y").replace(tzinfo=UTC)
    assert abs(told - datetime.now(UTC)) < timedelta(minutes=1)
    assert f'"{star}ACK"7007L0#{account}[' in str(says("WA", "7007", late=3600))
    last = [signal for signal in signals(centre) if signal.understood][-1]
    assert last.occurred_at is not None
    assert timedelta(minutes=59) < last.received_at - last.occurred_at < timedelta(minutes=61)


@pytest.mark.parametrize("size", [16, 24, 32])
def test_every_size_of_key_and_answers_in_the_form_that_was_asked(
    centre: Centre, gateway: GatewayProcess, size: int
) -> None:
    """Of 192 bits the trade's programs know nothing: by hand. And a checksum of two bytes is answered by one."""
    account = {16: "2222", 24: "4444", 32: "3333"}[size]
    key = KEYS[account].encode()
    inside = cipher.sealed(f"#{account}|Nri1/MA3]{frames.stamp(datetime.now(UTC))}", key)
    with socket.create_connection(("127.0.0.1", gateway.port("dc09", kind="tcp")), 20) as peer:
        for sequence, binary in ((f"00{size}", False), (f"10{size}", True)):
            peer.sendall(frames.written(f'"*SIA-DCS"{sequence}R1L1#{account}[{inside}', binary=binary))
            answer = frames.read(peer.recv(1024))
            assert (answer.token, answer.sequence, answer.encrypted) == ("ACK", sequence, True)
            assert answer.binary is binary
            assert cipher.opened(answer.content, key)[:2] == "]_"
        peer.sendall(b"SR0001L0001    1111    [ID00000000]\r")
        assert peer.recv(10) == b"\x06"
    assert len(cases(centre)) == 1
    assert KEYS[account] not in gateway.log
