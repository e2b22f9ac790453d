"""Devices that had spoken before a table brought them: their words become theirs, and what waits finds its home."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.case import State
from dispatch.domain.signals import SignalKind
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device, Signal
from dispatch.services.devices import strays, supervise
from dispatch.services.intake import Incoming, new_signal_id, receive_signal
from tests.support.factories import Town
from tests.support.tables import ELDERS, LI, Importer, row


@pytest.fixture
def boss(town: Town) -> Importer:
    return Importer(town)


DEVICES = ["设备编号", "型号", "老人身份证号"]


def says(boss: Importer, device: str, kind: str, event: str) -> int | None:
    at = boss.now
    found = Incoming(device, SignalKind(kind), event, None, None, b"x", "test", at, new_signal_id(device, event))
    return receive_signal(boss.centre, found).case_id


def cases(boss: Importer) -> list[Case]:
    with boss.centre.database.reads() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def kinds(boss: Importer, case_id: int) -> list[str]:
    with boss.centre.database.reads() as session:
        of_it = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id)
        return [event.kind for event in session.scalars(of_it)]


def strange(boss: Importer) -> list[str | None]:
    with boss.centre.database.reads() as session:
        return list(session.scalars(select(Signal.device_number).where(Signal.device_id.is_(None))))


def test_a_table_of_devices_brings_their_waiting_alarms_home(boss: Importer) -> None:
    boss.bring_in([ELDERS, row("李秀兰", LI)])
    says(boss, "NEW-1", "sos", "e1")
    says(boss, "NEW-2", "test", "e2")
    says(boss, "STRANGE", "sos", "e3")
    boss.bring_in([DEVICES, ["NEW-1", "SOS-100", LI], ["NEW-2", "SOS-100", ""]], "devices")
    placed, other = cases(boss)
    with boss.centre.database.reads() as session:
        device = session.scalars(select(Device).where(Device.number == "NEW-1")).one()
        assert session.scalars(select(Device.last_test_at).where(Device.number == "NEW-2")).one() == boss.now
    assert (placed.household_id, placed.elder_id, placed.flags) == (device.household_id, device.elder_id, [])
    assert (device.last_alarm_at, "device_registered" in kinds(boss, placed.id)) == (boss.now, True)
    assert (other.household_id, strange(boss)) == (None, ["STRANGE"])


def test_devices_that_come_with_their_elders_are_swept_in_too(boss: Importer) -> None:
    says(boss, "NEW-1", "sos", "e1")
    boss.bring_in([[*ELDERS[:7], "设备编号"], [*row("李秀兰", LI)[:7], "NEW-1"]])
    (case,) = cases(boss)
    assert (case.household_id is not None, case.flags, strange(boss)) == (True, [], [])


def test_a_device_that_leaves_the_stock_takes_its_case_along_and_joins_the_one_at_home(boss: Importer) -> None:
    boss.bring_in([ELDERS, row("李秀兰", LI)])
    boss.bring_in([DEVICES, ["NEW-0", "SOS-100", LI], ["NEW-1", "SOS-100", ""]], "devices")
    at_home, waiting = says(boss, "NEW-0", "sos", "e0"), says(boss, "NEW-1", "sos", "e1")
    assert at_home != waiting
    boss.bring_in([DEVICES, ["NEW-1", "SOS-100", LI]], "devices")
    first, second = cases(boss)
    assert (second.state, second.household_id) == (State.MERGED, first.household_id)


def test_who_dies_before_the_sweep_leaves_it_to_the_next_round(boss: Importer) -> None:
    says(boss, "NEW-1", "sos", "e1")
    with boss.centre.database.sessions.begin() as session:
        owner = session.scalars(select(Device).limit(1)).one()
        session.add(Device(number="NEW-1", model="SOS-100", protocol="http", household_id=owner.household_id))
    assert strange(boss) == ["NEW-1"]
    assert supervise.tick(boss.centre, boss.now + timedelta(minutes=10))
    assert (strange(boss), cases(boss)[0].household_id) == ([], owner.household_id)
    assert strays.bring_home(boss.centre, boss.now) == 0
