"""A case lived through in memory: the rules of a real one, with the time wound forward, and written down afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import Channel, Flag, Help, Kind, State, Trigger
from dispatch.domain.escalation import Deadline, Do, Due, escalate, waiting
from dispatch.domain.scripts import Auto, Doing, Script, Situation
from dispatch.domain.signals import SignalKind
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device, Signal
from dispatch.models.engine import LiveOp
from dispatch.models.outbox import Message
from dispatch.models.people import Contact, User
from dispatch.models.response import Arrival, Cascade, CascadeCall, Handoff, ScriptRun
from dispatch.models.simnet import SimPhone
from dispatch.services.centre import Centre
from dispatch.services.demo.people import Home
from dispatch.services.intake import new_signal_id
from dispatch.services.lifecycle import (
    acted,
    announce,
    begin_work,
    change_priority,
    drop,
    end_watch,
    follow_up_at,
    happened,
    move,
    policy_of,
    put,
    set_deadline,
)
from dispatch.services.opening import Scene, new_case
from dispatch.services.response.asked import began, new_run, note_answer
from dispatch.services.rows import mask, stamp

SECONDS_A_STEP = 7


@dataclass
class Called:
    """A cascade with its calls, or a promise to be there: rows that want the ids of others (``demo/called.py``)."""

    cascade: Cascade | None = None
    calls: list[CascadeCall] = field(default_factory=list)
    arrival: Arrival | None = None
    messages: list[tuple[CascadeCall, Message]] = field(default_factory=list)
    phones: list[SimPhone] = field(default_factory=list)


def desk(user: User) -> Actor:
    return Actor("user", str(user.id), user.name)


@dataclass
class Tape:
    """Wind it with ``wait``; each act happens at ``now``."""

    centre: Centre
    home: Home
    case: Case
    now: datetime
    events: list[CaseEvent] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    runs: list[ScriptRun] = field(default_factory=list)
    handoffs: list[Handoff] = field(default_factory=list)
    called: list[Called] = field(default_factory=list)

    def note(self, kind: str, actor: Actor, **more: Any) -> None:
        self.events.append(happened(self.case, kind, actor, self.now, **more))

    def wait(self, seconds: float) -> Tape:
        """Let time pass; a case that nobody has taken escalates on the way, as the clock would have it."""
        until = self.now + timedelta(seconds=seconds)
        case = self.case
        if case.due == Due.ESCALATE:
            policy = policy_of(case)
            fired, case.step = escalate(policy, case.waiting_since, case.step, until)
            set_deadline(case, waiting(policy, case.waiting_since, case.step))
            for item in fired:
                assert item.step.do is not Do.PAGE_DUTY, "the invented past pages nobody"
                self.now = item.due_at
                data = {"step": item.number, "after": item.step.after, "due_at": stamp(item.due_at)}
                key = f"escalate:{case.round}:{item.number}"
                self.note(item.step.do.value, SYSTEM, once_key=key, data=data)
        elif case.due in (Due.ASK_OWNER, Due.UNHOLD):
            assert case.next_due_at is not None, "a watched case has a deadline"
            assert until < case.next_due_at, "in the invented past nobody forgets a case"
        elif case.due == Due.FOLLOW_UP and case.next_due_at is not None and case.next_due_at <= until:
            self.now = case.next_due_at
            set_deadline(case, None)
            self.note("follow_up_due", SYSTEM)
        self.now = until
        return self

    def again(self, kind: str) -> Tape:
        """The home's device calls again, or takes it back."""
        device = self.home.devices.get(kind) or self.home.devices["sos"]
        signal = self._signal(device, SignalKind(kind))
        move(self.case, Trigger.SIGNAL)
        self.case.signals += 1
        self.case.last_signal_at = self.now
        put(self.case, Flag.REPEAT)
        self.note("repeat", _device_actor(device), data=_signal_data(signal, device) | {"count": self.case.signals})
        return self

    def cancelled(self) -> Tape:
        device = self.home.devices["sos"]
        signal = self._signal(device, SignalKind.CANCEL)
        put(self.case, Flag.CANCELLED_BY_ELDER)
        self.note("cancelled_by_elder", _device_actor(device), data=_signal_data(signal, device))
        return self

    def _signal(self, device: Device, kind: SignalKind) -> Signal:
        body = {"device": device.number, "kind": kind.value, "event_id": f"past-{self.now.timestamp():.0f}"}
        raw = json.dumps(body).encode()
        signal = Signal(
            id=new_signal_id(device.number, body["event_id"]),
            device_number=device.number,
            device_id=device.id,
            kind=kind,
            event_id=body["event_id"],
            received_at=self.now,
            occurred_at=self.now,
            clock_off=False,
            raw=raw,
            raw_size=len(raw),
            source="demo-device",
            understood=True,
        )
        self.signals.append(signal)
        return signal

    def take(self, user: User) -> Tape:
        move(self.case, Trigger.TAKE)
        begin_work(self.case, user.id, self.now)
        self.note("taken", desk(user), channel="console")
        return self

    def call(self, user: User, contact: Contact | None, *, rings: float, answered: bool) -> Tape:
        """Ring the elder or a contact and hear what comes of it."""
        label = contact.name if contact else self.home.elders[0].name
        self.acts()
        data: dict[str, Any] = {"to": label, "contact_id": contact and str(contact.id)}
        self.note("call_out", desk(user), channel="voice", data=data)
        for seconds, state in ((1, "sent"), (rings, "answered" if answered else "no_answer")):
            self.wait(seconds)
            data = {"state": state, "to": label, "channel": "voice", "purpose": "call_out"}
            self.note("message", SYSTEM, channel="voice", data=data)
        return self

    def acts(self) -> None:
        """Somebody works on it: nobody has to ask its owner."""
        move(self.case, Trigger.NOTE)
        acted(self.case, self.now)

    def say(self, user: User, text: str) -> Tape:
        self.acts()
        self.note("note", desk(user), text=text, channel="console")
        return self

    def follow(self, user: User, *answers: tuple[str, str]) -> Tape:
        """Go through the script that fits, some seconds a step; one that leads to another is gone on with."""
        case = self.case
        found = Situation(case.kind, case.cause, help=case.help, unknown=case.elder_id is None)
        script, actor = self.centre.scripts.choose(found), desk(user)
        run = self._begin(script, actor)
        for step_id, answer_id in answers:
            self.wait(SECONDS_A_STEP)
            step = script.step(step_id)
            assert step is not None, f"{script.code} has no step {step_id}"
            chosen = step.answer(answer_id)
            assert chosen is not None, f"{script.code}, {step_id} has no answer {answer_id}"
            acted(case, self.now)
            data = note_answer(run, (step, chosen), actor, self.now)
            self.note("script_answer", actor, channel="console", data=data)
            for doing in chosen.do:
                self._set_off(run, step_id, answer_id, doing, actor)
            if chosen.script:
                run.ended_at = self.now
                script = self.centre.scripts.by_code[chosen.script]
                run = self._begin(script, actor)
        return self

    def _begin(self, script: Script, actor: Actor) -> ScriptRun:
        self.runs.append(new_run(self.case, script, actor, self.now))
        self.note("script_started", actor, data=began(script))
        return self.runs[-1]

    def _set_off(self, run: ScriptRun, step: str, answer: str, doing: Doing, actor: Actor) -> None:
        """A priority and the sheet; the invented past calls nobody by itself."""
        if doing.what not in (Auto.PRIORITY, Auto.HANDOFF):
            return
        if doing.what is Auto.PRIORITY and int(doing.value) < self.case.priority:
            change_priority(self.case, int(doing.value), self.centre.policies, self.now)
        run.done = [*run.done, f"{step}:{answer}:{doing.name}"]
        data = {"script": run.code, "step": step, "do": doing.what.value, "value": doing.value}
        self.note("script_auto", actor, data=data)

    def hand_off(self, user: User, service: str, dispatcher: str, reference: str, note: str) -> Tape:
        """Read the case to 120, 119 or 110."""
        called = {"service": service, "dispatcher": dispatcher, "reference": reference}
        new = Handoff(**called, called_at=self.now, recorded_at=self.now, recorded_by=user.id, note=note)
        self.handoffs.append(new)
        put(self.case, Flag.HANDED_OVER)
        acted(self.case, self.now)
        data = {**called, "called_at": stamp(self.now)}
        self.note("handed_to_service", desk(user), text=note, data=data)
        return self

    def hold(self, user: User, until: datetime, reason: str) -> Tape:
        move(self.case, Trigger.HOLD)
        self.case.held_until = until
        self.case.hold_reason = reason
        put(self.case, Flag.HELD)
        set_deadline(self.case, Deadline(until, Due.UNHOLD))
        self.note("held", desk(user), text=reason, data={"until": stamp(until)})
        return self

    def close(self, user: User, outcome: str, text: str, follow_up: datetime | None = None) -> Tape:
        case = self.case
        move(case, Trigger.CLOSE_FOLLOW_UP if follow_up else Trigger.CLOSE)
        case.outcome = outcome
        end_watch(case)
        if follow_up:
            put(case, Flag.FOLLOW_UP)
            follow_up_at(case, follow_up)
        else:
            case.closed_at = self.now
        data = {"outcome": outcome, "follow_up_at": stamp(follow_up)}
        self.note("closed", desk(user), text=text, data=data)
        return self

    def follow_up(self, user: User, result: str, text: str) -> Tape:
        move(self.case, Trigger.FOLLOW_UP)
        self.case.closed_at = self.now
        drop(self.case, Flag.FOLLOW_UP)
        end_watch(self.case)
        self.note("follow_up", desk(user), text=text, data={"result": result})
        return self

    def call_event(self, event: str, user: User | None = None) -> Tape:
        """What the exchange reports of the call that this case began with."""
        case = self.case
        if event == "answered" and user is not None:
            move(case, Trigger.TAKE)
            begin_work(case, user.id, self.now)
        if event == "missed":
            put(case, Flag.MISSED_CALL)
            change_priority(case, 2, self.centre.policies, self.now)
        call_id = f"past-{case.opened_at.timestamp():.0f}"
        data = {"event": event, "call_id": call_id, "agent": user and user.username}
        self.note("call_in", Actor("caller", call_id, mask(case.caller) or ""), channel=Channel.HOTLINE, data=data)
        return self


def alarm(centre: Centre, home: Home, kind: str, at: datetime) -> Tape:
    """A device of the home raises an alarm."""
    device = home.devices[kind]
    elder = home.elders[0] if len(home.elders) == 1 or device.elder_id else None
    signal_kind = SignalKind(kind)
    case = new_case(
        centre,
        kind=Kind.EMERGENCY,
        cause=kind,
        channel=Channel.DEVICE,
        priority=centre.priorities[signal_kind],
        at=at,
        scene=Scene.of(elder, home.household, at),
    )
    case.origin_device = device.number
    case.signals = 1
    case.last_signal_at = at
    tape = Tape(centre, home, case, at)
    signal = tape._signal(device, signal_kind)
    tape.note("opened", _device_actor(device), data=_signal_data(signal, device))
    return tape


def phone_call(centre: Centre, home: Home, caller: str, at: datetime) -> Tape:
    """Somebody rings the centre."""
    case = new_case(
        centre,
        kind=Kind.ENQUIRY,
        cause="call",
        channel=Channel.HOTLINE,
        priority=3,
        at=at,
        scene=Scene.of(home.elders[0], home.household, at),
    )
    case.caller = caller
    case.signals = 1
    case.last_signal_at = at
    return Tape(centre, home, case, at).call_event("ringing")


@dataclass(frozen=True)
class Wish:
    kind: Kind
    channel: Channel
    text: str
    help: Help | None = None
    priority: int = 3


def request(centre: Centre, home: Home, wish: Wish, user: User, at: datetime) -> Tape:
    """A person at the desk writes down what somebody asks for."""
    case = new_case(
        centre,
        kind=wish.kind,
        cause="request",
        channel=wish.channel,
        priority=wish.priority,
        at=at,
        scene=Scene.of(home.elders[0], home.household, at),
    )
    case.help = wish.help
    case.caller = home.elders[0].phone
    case.text = wish.text
    if wish.kind is Kind.COMPLAINT:
        put(case, Flag.COMPLAINT)
    tape = Tape(centre, home, case, at)
    tape.note("opened", desk(user), text=wish.text, channel=wish.channel, data={"kind": wish.kind.value})
    return tape


def _device_actor(device: Device) -> Actor:
    return Actor("device", device.number, device.model)


def _signal_data(signal: Signal, device: Device) -> dict[str, Any]:
    return {
        "kind": str(signal.kind),
        "device": device.number,
        "signal_id": str(signal.id),
        "location": device.location,
    }


def _at(event: CaseEvent) -> datetime:
    return event.at


def write(session: Session, tapes: Iterable[Tape], now: datetime) -> None:
    """Insert what was lived through, in the order in which it happened. Only open cases are news."""
    ordered = sorted(tapes, key=lambda tape: tape.case.opened_at)
    session.add_all(tape.case for tape in ordered)
    session.flush()
    events: list[CaseEvent] = []
    for tape in ordered:
        for event in tape.events:
            event.case_id = tape.case.id
        for signal in tape.signals:
            signal.case_id = tape.case.id
        for run in tape.runs:
            run.case_id = tape.case.id
        for handoff in tape.handoffs:
            handoff.case_id = tape.case.id
        session.add_all([*tape.signals, *tape.runs, *tape.handoffs])
        events += tape.events
    events.sort(key=_at)
    session.add_all(events)
    session.flush()
    session.execute(delete(LiveOp))
    announce(session, [t.case.id for t in ordered if t.case.state not in (State.CLOSED, State.MERGED)], now)
