"""A day at the centre, told with telephones that ring and a clock that the test moves.

Everything is the product's own: the use cases, the clock's cycle, the outbox, the simulated network. Only the time is
given and, since no worker runs here, the broker is away: then the clock sends by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from dispatch.domain.actor import Actor
from dispatch.domain.calls import CallEvent, CallReport
from dispatch.domain.signals import SignalKind
from dispatch.gateways.simulated import Quality, SimulatedNetwork
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.duty import Routine
from dispatch.models.floor import AreaEvent, CallBack
from dispatch.models.followup import Complaint, FollowUp
from dispatch.models.helps import Offer, OfferPlan, Order
from dispatch.models.outbox import Message
from dispatch.models.response import Arrival, Cascade, CascadeCall
from dispatch.models.simnet import SimTraffic
from dispatch.services import calls, chain, deliver, intake, live, requests, work
from dispatch.services.calls import CallReceipt
from dispatch.services.intake import Incoming, Receipt
from dispatch.services.rows import Row
from dispatch.services.work import Act, Closing
from dispatch.workers import tasks
from dispatch.workers.clock import CYCLE, Clock
from dispatch.workers.send import Runtime
from tests.support.factories import START, Town
from tests.support.rounds import by_hand

STEP = timedelta(seconds=CYCLE)
DEAD_BROKER = "redis://127.0.0.1:9/0"


class Inline(Executor):
    """Does the work at once, where a pool of threads would."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Telephone:
    """One number: what has come to it, and what its owner does."""

    def __init__(self, story: Story, number: str) -> None:
        self._story = story
        self.number = number

    def expect_sms(self, text: str = "") -> SimTraffic:
        return self._expect("sms", text)

    def expect_call(self, text: str = "") -> SimTraffic:
        return self._expect("voice", text)

    def expect_silence(self) -> None:
        heard = self._story.unexpected(self.number)
        assert not heard, f"{self.number} heard {[(t.channel, t.body) for t in heard]}"

    def press(self, digit: str) -> None:
        self._story.hear(self._story.network.press(self.number, digit, self._story.now))

    def answer(self) -> None:
        self._story.hear(self._story.network.answer(self.number, self._story.now))

    def reject(self) -> None:
        self._story.hear(self._story.network.hang_up(self.number, self._story.now))

    def reply(self, text: str) -> None:
        self._story.hear(self._story.network.reply(self.number, text, self._story.now))

    def _expect(self, channel: str, text: str) -> SimTraffic:
        """The oldest message that no test has asked for yet; fails when it is another one or there is none."""
        waiting = [t for t in self._story.unexpected(self.number) if t.channel == channel]
        assert waiting, f"nothing by {channel} came to {self.number}"
        found = waiting[0]
        assert text in found.body, f"{self.number} got {found.body!r} and not {text!r}"
        self._story.seen.add(found.id)
        return found


NEXT = select(
    *(
        select(func.min(column)).scalar_subquery()
        for column in (
            Case.next_due_at,
            Message.next_try_at,
            SimTraffic.due_at,
            CallBack.next_due_at,
            Cascade.next_due_at,
            CascadeCall.hang_up_at,
            Arrival.next_due_at,
            OfferPlan.next_due_at,
            Offer.hang_up_at,
            FollowUp.next_due_at,
            Complaint.next_due_at,
            Order.remind_at,
            AreaEvent.quiet_at,
            Routine.next_due_at,
        )
    ),
    select(Routine.name).limit(1).scalar_subquery(),
)
"""When something can be due next, by its kind, and one of the rounds of the house."""


class Story:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.centre = town.centre
        self.now = START
        self.network = SimulatedNetwork(self.centre.database)
        tasks.app.conf.broker_url = DEAD_BROKER
        tasks.give_up_at_once()
        self.clock = self.new_clock()
        self.seen: set[int] = set()
        self._events = 0

    def new_clock(self) -> Clock:
        runtime = Runtime(self.centre, self.network, by_hand)
        return Clock(runtime, self.network.advance, outward=Inline(), time=lambda: self.now)

    def call_no_family(self) -> None:
        """For stories of the desk alone: the clock starts no cascade by itself."""
        quiet = dataclasses.replace(self.centre.cascade, unowned_after=None)
        self.centre = dataclasses.replace(self.centre, cascade=quiet)
        self.clock = self.new_clock()

    # -- time

    def forward(self, seconds: float) -> None:
        """Let time pass: the clock cycles every 250 ms; cycles in which nothing can be due are left out."""
        until = self.now + timedelta(seconds=seconds)
        while (at := self._next_cycle()) <= until:
            self.now = at
            self.clock.cycle(at)
        self.now = until

    def sleep(self, seconds: float) -> None:
        """Time passes and no clock runs."""
        self.now += timedelta(seconds=seconds)

    def _next_cycle(self) -> datetime:
        with self.centre.database.reads() as session:
            *due, any_round = session.execute(NEXT).one()
        if any_round is None:
            due.append(self.now)  # the rounds of the house were never made: the first cycle makes them
        known = [at for at in due if at is not None]
        wanted = max(min(known), self.now) if known else self.now + timedelta(days=30)
        steps = -(-(wanted - START) // STEP)
        at = START + steps * STEP
        return at if at > self.now else at + STEP

    @property
    def elapsed(self) -> float:
        return (self.now - START).total_seconds()

    # -- what comes in

    def press(self, device: str, kind: str = "sos", event_id: str | None = None, **data: Any) -> Receipt:
        return intake.receive_signal(self.centre, self.signal(device, kind, event_id, **data))

    def signal(self, device: str, kind: str = "sos", event_id: str | None = None, **data: Any) -> Incoming:
        return Incoming(
            device=device,
            kind=SignalKind(kind),
            event_id=event_id,
            occurred_at=None,
            data=data or None,
            raw=f"{device} {kind}".encode(),
            source="test",
            received_at=self.now,
            id=intake.new_signal_id(device, event_id),
        )

    def call(self, event: CallEvent | str, call_id: str = "c1", **report: Any) -> CallReceipt:
        return calls.receive_call(self.centre, CallReport(call_id, CallEvent(event), **report), self.now)

    def request(self, by: str = "lin", **request: Any) -> tuple[Row, bool]:
        return requests.open_case(self.centre, self.act(by), requests.Request(**request))

    def hear(self, receipts: list[Any]) -> None:
        for receipt in receipts:
            deliver.receive_receipt(self.centre, receipt)

    # -- what people do

    def act(self, by: str | Actor, version: int | None = None, key: str | None = None) -> Act:
        return Act(self.town.actor(by) if isinstance(by, str) else by, self.now, version, key)

    def take(self, by: str = "lin", case: int | None = None, **more: Any) -> Row:
        return work.take(self.centre, case or self.case.id, self.act(by), **more)

    def release(self, by: str = "lin", case: int | None = None) -> Row:
        return work.release(self.centre, case or self.case.id, self.act(by))

    def hold(self, minutes: float, by: str = "lin", case: int | None = None) -> Row:
        until = self.now + timedelta(minutes=minutes)
        return work.hold(self.centre, case or self.case.id, self.act(by), until=until, reason="waiting_family")

    def note(self, text: str, by: str = "lin", case: int | None = None) -> Row:
        return work.note(self.centre, case or self.case.id, self.act(by), text=text)

    def priority(self, priority: int, by: str = "lin", case: int | None = None, reason: str | None = None) -> Row:
        return work.set_priority(self.centre, case or self.case.id, self.act(by), priority=priority, reason=reason)

    def merge(self, case: int, into: int, by: str = "lin") -> Row:
        return work.merge(self.centre, case, self.act(by), into=into)

    def close(self, outcome: str = "talk", by: str = "lin", case: int | None = None, **closing: Any) -> Row:
        return work.close(self.centre, case or self.case.id, self.act(by), Closing(outcome, **closing))

    def reopen(self, by: str = "lin", case: int | None = None) -> Row:
        return work.reopen(self.centre, case or self.case.id, self.act(by), reason="they rang again")

    # -- what is true

    @property
    def case(self) -> Case:
        """The newest case."""
        with self.centre.database.reads() as session:
            return session.scalars(select(Case).order_by(Case.id.desc()).limit(1)).one()

    def get(self, case_id: int) -> Case:
        with self.centre.database.reads() as session:
            return session.get_one(Case, case_id)

    def cases(self) -> list[Case]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Case).order_by(Case.id)))

    def events(self, case: int | None = None) -> list[CaseEvent]:
        statement = select(CaseEvent).order_by(CaseEvent.id)
        if case is not None:
            statement = statement.where(CaseEvent.case_id == case)
        with self.centre.database.reads() as session:
            return list(session.scalars(statement))

    def expect_event(self, kind: str, /, **data: Any) -> CaseEvent:
        """The next event of the whole centre that no test has asked for yet; messages have ``expect_sms``."""
        found = self._fresh()
        assert found, f"nothing has happened, {kind} was expected"
        event = found[0]
        assert event.kind == kind, f"{kind} was expected, and then: {[e.kind for e in found]}"
        wrong = {name: event.data.get(name) for name, value in data.items() if event.data.get(name) != value}
        assert not wrong, f"{kind} has {wrong}"
        self._events = event.id
        return event

    def expect_events(self, *kinds: str) -> list[CaseEvent]:
        return [self.expect_event(kind) for kind in kinds]

    def expect_nothing(self) -> None:
        assert [e.kind for e in self._fresh()] == []

    def _fresh(self) -> list[CaseEvent]:
        return [e for e in self.events() if e.id > self._events and e.kind != "message"]

    def told(self, case: int | None = None) -> list[tuple[str, str, str]]:
        """What the timeline says of messages: label, channel, state."""
        return [
            (e.data["to"], e.channel, e.data["state"]) for e in self.events(case or self.case.id) if e.kind == "message"
        ]

    def messages(self) -> list[Message]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def phone(self, number: str) -> Telephone:
        return Telephone(self, number)

    def break_network(self, **quality: Any) -> None:
        self.network.set_settings(Quality(**quality))

    def mend_network(self) -> None:
        self.network.set_settings(Quality())

    def unexpected(self, number: str | None = None) -> list[SimTraffic]:
        """What reached a telephone and was not asked for."""
        statement = select(SimTraffic).where(SimTraffic.direction == "in", SimTraffic.state != "travelling")
        if number is not None:
            statement = statement.where(SimTraffic.phone == number)
        with self.centre.database.reads() as session:
            return [t for t in session.scalars(statement.order_by(SimTraffic.id)) if t.id not in self.seen]

    def finish(self) -> None:
        """Nothing unexpected was sent, no promise is open, and the history is whole."""
        assert [(t.phone, t.channel, t.body) for t in self.unexpected()] == []
        while live.sequence(self.centre):
            pass
        for each in chain.CHAINS:
            while chain.seal(self.centre, each, self.now):
                pass
            assert chain.verify(self.centre, each, self.now).broken_at is None
        assert chain.verify(self.centre, chain.TIMELINE, self.now).held == len(self.events())
        assert [c.id for c in self.cases() if c.state in ("new", "owned") and c.next_due_at is None] == []

    def signal_ids(self) -> Iterator[UUID]:
        with self.centre.database.reads() as session:
            yield from session.scalars(select(intake.Signal.id))
