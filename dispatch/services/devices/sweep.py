"""A device gets a home: what it said before it was registered becomes its own, and its waiting alarm goes there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from dispatch.domain.case import ACTIVE, IN_HAND, OPEN, Flag, Kind, State
from dispatch.domain.signals import Effect, SignalKind, effect
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.models.engine import LiveOp
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services import intake
from dispatch.services.centre import Centre
from dispatch.services.devices.scope import Doing
from dispatch.services.lifecycle import drop, record
from dispatch.services.opening import comes_up
from dispatch.services.work import Act, fold

ALARMS = frozenset(kind.value for kind in SignalKind if effect(kind) is Effect.ALARM)
START = datetime.min.replace(tzinfo=UTC)


def queue_up(session: Session, centre: Centre, number: str | None) -> None:
    """Let no alarm of this device slip in between: it waits, and then finds the device registered."""
    if number is not None and centre.database.is_postgresql:
        intake.queue_up(session, number)


def sweep_in(session: Session, centre: Centre, doing: Doing, device: Device) -> None:
    """Give ``device``, flushed and with its number queued up at, what it has said and what waits because of it."""
    _take_signals(session, device)
    if device.household_id is not None:
        _Homecoming(session, centre, doing, device, session.get_one(Household, device.household_id)).bring_all()


def _take_signals(session: Session, device: Device) -> None:
    strange = and_(Signal.device_number == device.number, Signal.device_id.is_(None))
    heard = select(Signal.kind, func.max(Signal.received_at)).where(strange).group_by(Signal.kind)
    last = {row[0]: row[1] for row in session.execute(heard)}
    if not last:
        return
    alarms = [at for kind, at in last.items() if kind in ALARMS]
    device.last_seen_at = max(device.last_seen_at or START, *last.values())
    device.last_alarm_at = device.last_alarm_at or max(alarms, default=None)
    device.last_test_at = device.last_test_at or last.get(SignalKind.TEST)
    device.low_battery_at = device.low_battery_at or last.get(SignalKind.LOW_BATTERY)
    device.fault_at = device.fault_at or last.get(SignalKind.FAULT)
    session.execute(
        update(Signal).where(strange).values(device_id=device.id), execution_options={"synchronize_session": False}
    )


@dataclass(frozen=True)
class _Homecoming:
    """The cases of a device on their way into its home."""

    session: Session
    centre: Centre
    doing: Doing
    device: Device
    home: Household

    def bring_all(self) -> None:
        cases = self._locked()
        at_home = next((case for case in cases if case.household_id == self.home.id), None)
        for case in cases:
            if case is not at_home:
                self._bring(case, at_home)

    def _locked(self) -> list[Case]:
        """What waits without a place, and the open emergency of the home; all of them locked, in one order for all."""
        waiting = and_(Case.household_id.is_(None), Case.origin_device == self.device.number, Case.state.in_(OPEN))
        at_home = and_(Case.household_id == self.home.id, Case.state.in_(ACTIVE))
        statement = select(Case).where(Case.kind == Kind.EMERGENCY, or_(waiting, at_home)).order_by(Case.id)
        return list(self.session.scalars(statement.with_for_update().execution_options(populate_existing=True)))

    def _bring(self, case: Case, at_home: Case | None) -> None:
        drop(case, Flag.UNKNOWN_DEVICE)
        data = {"device": self.device.number}
        record(self.session, case, "device_registered", self.doing.actor, self.doing.now, data=data)
        self.session.add(LiveOp(case_id=case.id, at=self.doing.now, placed=True))
        if at_home is not None and State(case.state) in ACTIVE:
            self._make_one(case, at_home)
        # Last, when one of the two is open no longer: the index would refuse both.
        case.household_id, case.area_id = self.home.id, self.home.area_id
        case.elder_id = self.device.elder_id or (at_home and at_home.elder_id) or self._only()

    def _make_one(self, case: Case, at_home: Case) -> None:
        """A home has one open emergency: the one that a person has in hand stays, else the one of the home."""
        act = Act(self.doing.actor, self.doing.now)
        has_hand = State(case.state) in IN_HAND and State(at_home.state) not in IN_HAND
        other, stays = (at_home, case) if has_hand else (case, at_home)
        comes_up(stays, self.doing.now)
        fold(self.session, self.centre, act, other, stays)

    def _only(self) -> int | None:
        found = list(self.session.scalars(select(Elder.id).where(Elder.household_id == self.home.id).limit(2)))
        return found[0] if len(found) == 1 else None
