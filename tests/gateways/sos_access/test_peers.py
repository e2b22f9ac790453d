"""PyPI's sos-access as alarm transmitter against the running gateway."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.gateways.sos_access import codes
from dispatch.gateways.sos_access.reading import Asked, answered
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services.centre import Centre
from tests.support import factories
from tests.support.gateway import GatewayProcess
from tests.support.parts import missing, program
from tests.support.peers import PEERS, Transmitter

pytestmark = [pytest.mark.peers, pytest.mark.postgres, pytest.mark.slow]
NUMBER = "0012345"
LISTENERS = "sos_access: {on: true, host: 127.0.0.1, port: 0, options: {timezone: Europe/Stockholm}}\n"
SECRETS = "sos_access:123456789012345,sos_access/key:a-long-key-of-the-centre"


class AlarmTransmitter(Transmitter):
    def __init__(self, port: int) -> None:
        own = PEERS / "sos_access" / "venv" / "bin" / "python"
        python = program("DISPATCH_TEST_SOS_ACCESS", *([str(own)] if own.exists() else []))
        if python is None:
            missing("PyPI's sos-access (./test installs it into tests/peers/sos_access/venv)")
        self.port = port
        super().__init__(Path(python), PEERS / "sos_access")

    def does(self, what: str, given: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
        return self.told({"do": what, "port": self.port, "with": given or {}} | order)


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
    with GatewayProcess(centre, LISTENERS, DISPATCH_GATEWAY_SECRETS=SECRETS) as started:
        yield started


@pytest.fixture
def transmitter(gateway: GatewayProcess) -> Iterator[AlarmTransmitter]:
    made = AlarmTransmitter(gateway.port("sos_access"))
    yield made
    made.stop()


def signals(centre: Centre) -> list[Signal]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Signal).order_by(Signal.received_at)))


def cases(centre: Centre) -> list[Case]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def test_from_the_alarm_to_the_case_and_what_follows(centre: Centre, transmitter: AlarmTransmitter) -> None:
    told = {"reference": "r-1", "detector_text": "Sängkammare", "additional_info": {"Våning": 2}}
    assert transmitter.does("send_alarm", {"event_code": "AL"} | told)["status"] == 0
    (case,), (signal,) = cases(centre), signals(centre)
    assert (case.cause, case.priority, case.household_id is not None) == ("sos", 1, True)
    assert signal.data is not None
    assert (signal.data["detector_text"], signal.data["text"]) == ("Sängkammare", "Våning: 2")
    assert b"123456789012345" not in bytes(signal.raw)
    # Sent again, because the first answer was lost.
    assert transmitter.does("send_alarm", {"event_code": "AL"} | told)["status"] == 0
    assert [one.signals for one in cases(centre)] == [1]
    assert transmitter.does("send_alarm", {"event_code": "AL"} | told | {"reference": "r-2"})["status"] == 0
    assert [one.signals for one in cases(centre)] == [2]
    assert transmitter.does("restore_alarm", {"event_code": "AL", "reference": "r-3"})["status"] == 0
    assert transmitter.does("send_alarm", {"event_code": "RP", "reference": "r-4"})["status"] == 0
    assert transmitter.does("ping")["status"] == 0
    assert [str(one.kind) for one in signals(centre)] == ["sos", "sos", "restore", "test"]
    assert [one.signals for one in cases(centre)] == [2]


def test_a_new_password_is_given_and_fits(transmitter: AlarmTransmitter) -> None:
    given = transmitter.does("request_new_auth")
    assert len(given["new"]) == 15
    assert transmitter.does("ping", password=given["new"])["status"] == 0
    assert transmitter.does("ping", password="543210987654321") == {"refused": "NotAuthorized"}


def test_a_wrong_password_opens_nothing_and_is_seen(centre: Centre, transmitter: AlarmTransmitter) -> None:
    refused = transmitter.does("send_alarm", {"event_code": "AL"}, password="543210987654321")
    assert refused == {"refused": "NotAuthorized"}
    assert cases(centre) == []
    assert [(one.understood, one.reason) for one in signals(centre)] == [(False, "wrong password")]


def test_a_stranger_tries_the_other_receiver_and_has_a_case_all_the_same(
    centre: Centre, transmitter: AlarmTransmitter
) -> None:
    assert "refused" in transmitter.does("send_alarm", {"event_code": "AL", "reference": "r-1"}, code="77")
    assert [(one.origin_device, one.signals) for one in cases(centre)] == [("77", 1)]


def test_the_second_receiver_takes_what_the_first_could_not(centre: Centre, transmitter: AlarmTransmitter) -> None:
    refusal = answered(Asked("alarmrequest", codes.NOT_TREATED), codes.NOT_TREATED, datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as first:
        second, transmitter.port = transmitter.port, first.getsockname()[1]

        def refuse() -> None:
            line, _ = first.accept()
            with line:
                line.recv(4096)
                line.sendall(refusal)

        refusing = threading.Thread(target=refuse)
        refusing.start()
        assert transmitter.does("send_alarm", {"event_code": "FA"}, other=second)["status"] == 0
        refusing.join(20)
    assert [one.cause for one in cases(centre)] == ["smoke"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello", b"2"),
        (b"<alarmrequest><a></alarmrequest>", b"2"),
        (b"<x></x>", b"3"),
        (b"<alarmrequest>" + b"x" * 20_000, b"1"),
    ],
)
def test_hostile_senders_have_an_answer_and_end_nothing(
    centre: Centre, gateway: GatewayProcess, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port("sos_access")), timeout=20) as line:
        line.sendall(sent)
        found = b""
        while some := line.recv(4096):
            found += some
    assert b"<status>" + status + b"</status>" in found
    assert [one.understood for one in signals(centre)] == [False]
