"""The demo's invented centre: as large as promised, true to the rules, the same every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, Help, Kind, State, Trigger, follow
from dispatch.domain.errors import Conflict, IllegalTransition
from dispatch.domain.messages import NetworkReceipt, ReceiptState
from dispatch.domain.permissions import SCOPES
from dispatch.domain.signals import SignalKind
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device, Signal
from dispatch.models.engine import LiveOp
from dispatch.models.helps import Order
from dispatch.models.imports import Double
from dispatch.models.listening import DeviceBeat
from dispatch.models.outbox import Message
from dispatch.models.people import Contact, DutyPhone, Elder, User
from dispatch.models.places import Household
from dispatch.models.sealed import has_phone
from dispatch.models.workforce import Worker
from dispatch.services import accounts, deliver, escalate, live
from dispatch.services.access.sessions import Door
from dispatch.services.access.sign_in import Attempt, sign_in
from dispatch.services.access.users import add_by_hand
from dispatch.services.accounts import person_named
from dispatch.services.centre import Centre
from dispatch.services.demo.breathing import ALMOST_EMPTY, breathe
from dispatch.services.demo.devices import HEROINE, falls_silent
from dispatch.services.demo.seed import seed_demo
from dispatch.services.devices.breath import breath
from dispatch.services.intake import Incoming, new_signal_id, receive_signal
from dispatch.services.requests import Callee, call_out
from dispatch.services.work import Act, Closing, close, take
from dispatch.settings import ROOT
from tests.support import databases, factories
from tests.support.postgres import Postgres

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CONFIG = ROOT / "config"
ACTS = {
    "taken": Trigger.TAKE,
    "held": Trigger.HOLD,
    "repeat": Trigger.SIGNAL,
    "note": Trigger.NOTE,
    "follow_up": Trigger.FOLLOW_UP,
    "order_cancelled": Trigger.CANCEL,
}


def centre_at(url: str, directory: Path) -> Centre:
    return factories.make_centre(url, directory)


def seed_at(url: str, directory: Path, now: datetime = NOW) -> None:
    centre = centre_at(url, directory)
    assert seed_demo(centre, now)
    centre.database.engine.dispose()


@pytest.fixture(scope="module")
def seeded_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("seeded")
    seed_at(databases.copy_sqlite(sqlite_template, directory), directory)
    return directory / "dispatch.db"


@pytest.fixture(scope="module")
def seeded_database(postgres: Postgres, postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = postgres.create_database(postgres_template)
    seed_at(postgres.url(name), tmp_path_factory.mktemp("seeded"))
    return name


@pytest.fixture
def sqlite_centre(seeded_file: Path, tmp_path: Path) -> Iterator[Centre]:
    found = centre_at(databases.copy_sqlite(seeded_file, tmp_path), tmp_path)
    yield found
    found.database.engine.dispose()


@pytest.fixture
def postgres_centre(postgres: Postgres, seeded_database: str, tmp_path: Path) -> Iterator[Centre]:
    name = postgres.create_database(seeded_database)
    found = centre_at(postgres.url(name), tmp_path)
    yield found
    found.database.engine.dispose()
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def centre(request: pytest.FixtureRequest) -> Centre:
    """The seeded demo, once on each database."""
    found = request.getfixturevalue(f"{request.param}_centre")
    assert isinstance(found, Centre)
    return found


def trigger_of(event: CaseEvent) -> Trigger | None:
    """Which act of the domain a row of the timeline stands for."""
    if event.kind == "closed":
        return Trigger.CLOSE_FOLLOW_UP if event.data["follow_up_at"] else Trigger.CLOSE
    if event.kind == "call_in":
        return Trigger.TAKE if event.data["event"] == "answered" else None
    return ACTS.get(event.kind)


def test_the_district_is_as_large_as_promised(centre: Centre) -> None:
    with centre.database.reads() as session:
        counts = {
            table: session.scalar(select(func.count()).select_from(table)) for table in (Elder, Worker, User, DutyPhone)
        }
        ordered = select(Order.case_id)
        states = Counter(session.scalars(select(Case.state).where(Case.id.not_in(ordered))))
        orders = Counter(session.scalars(select(Case.state).where(Case.id.in_(ordered))))
        helps = set(session.scalars(select(Case.help).where(Case.id.in_(ordered))))
    assert helps == set(Help) - {Help.EMERGENCY}, "each of the ten helps is there"
    assert orders[State.PLANNED] > 200
    assert set(orders) == {State.PLANNED, State.CLOSED}
    assert counts == {Elder: 1200, Worker: 40, User: 7, DutyPhone: 4}
    assert states[State.CLOSED] > 300, "250 of thirty days, and the services of the last week"
    assert sum(states[state] for state in OPEN) == 12
    assert states[State.NEW] == 5


def test_the_devices_have_spoken_for_a_month_and_go_on(centre: Centre) -> None:
    button, weak = (days_of(centre, number) for number in (HEROINE, ALMOST_EMPTY))
    assert all(day["heard"] for day in button)
    assert sum(day["heard"] < day["due"] for day in button[:-1]) in range(1, 6), "now and then one gets lost"
    told = [day["battery"] for day in weak if day["battery"] is not None]
    assert told == sorted(told, reverse=True)
    assert (told[-1], told[0] > 60) == (12, True)
    assert breathe(centre, NOW + timedelta(minutes=5)) == 0
    tomorrow = NOW + timedelta(days=1)
    spoke = breathe(centre, tomorrow)
    assert breathe(centre, tomorrow + timedelta(minutes=10)) == 0
    with centre.database.reads() as session:
        seen = {row.number: row.last_seen_at for row in session.execute(select(Device.number, Device.last_seen_at))}
        told_today = session.scalar(select(func.count()).select_from(DeviceBeat).where(DeviceBeat.last_at == tomorrow))
    seen = {number: at for number, at in seen.items() if number.startswith("DEMO-")}
    silent = {number for number in seen if falls_silent(number)}
    assert {number for number, at in seen.items() if at < NOW - timedelta(days=1)} == silent
    assert spoke == told_today == len(seen) - len(silent)
    assert 20 < len(silent) < 100


def days_of(centre: Centre, number: str) -> list[dict[str, Any]]:
    with centre.database.reads() as session:
        device_id = session.scalars(select(Device.id).where(Device.number == number)).one()
    found: list[dict[str, Any]] = breath(centre, person_named(centre, "supervisor").actor, device_id, 30, NOW)["days"]
    return found


def test_again_it_changes_nothing(centre: Centre) -> None:
    assert not seed_demo(centre, NOW + timedelta(days=3))


def test_a_database_that_somebody_uses_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    used = centre_at(sqlite_url, tmp_path)
    user = User(username="li", name="李", roles=["operator"], area_ids=[], locale="zh-CN", active=True)
    add_by_hand(used, user, "a long enough password", NOW)
    with pytest.raises(Conflict, match="users of its own"):
        seed_demo(used, NOW)
    used.database.engine.dispose()


def test_every_history_follows_the_rules(sqlite_centre: Centre) -> None:
    with sqlite_centre.database.reads() as session:
        cases = {case.id: case for case in session.scalars(select(Case))}
        events: dict[int, list[CaseEvent]] = {case_id: [] for case_id in cases}
        for event in session.scalars(select(CaseEvent).order_by(CaseEvent.id)):
            events[event.case_id].append(event)
    for case_id, case in cases.items():
        planned = events[case_id][0].kind == "planned"
        state = State.PLANNED if planned else State.NEW
        for event in events[case_id]:
            trigger = trigger_of(event)
            try:
                state = follow(state, trigger) if trigger else state
            except IllegalTransition as error:
                pytest.fail(f"case {case_id}: {error}")
        assert state == case.state
        assert case.version == len(events[case_id])
        assert all(a.at <= b.at for a, b in pairwise(events[case_id]))
        assert events[case_id][0].at == case.opened_at
        assert case.changed_at == events[case_id][-1].at <= NOW
    ids = [case.opened_at for case in cases.values()]
    assert ids == sorted(ids), "numbers grow with time"


def test_the_past_was_answered_in_five_to_forty_seconds(sqlite_centre: Centre) -> None:
    with sqlite_centre.database.reads() as session:
        closed = session.scalars(select(Case).where(Case.state == State.CLOSED)).all()
    waits = [(case.answered_at - case.waiting_since).total_seconds() for case in closed if case.answered_at]
    assert len(waits) == len(closed)
    assert min(waits) >= 2
    assert max(waits) <= 45
    assert all(case.closed_at and case.next_due_at is None and case.outcome for case in closed)
    assert NOW - timedelta(days=30) < min(case.opened_at for case in closed)
    outcomes = {outcome["code"] for outcome in sqlite_centre.desk["outcomes"]}
    assert {case.outcome for case in closed} <= outcomes


def test_open_cases_have_their_deadlines_ahead(centre: Centre) -> None:
    with centre.database.reads() as session:
        found = session.scalars(select(Case).where(Case.state.in_(OPEN))).all()
        waiting = session.scalar(select(func.count()).select_from(LiveOp))
    assert all(case.next_due_at is not None and case.next_due_at > NOW for case in found)
    assert {flag for case in found for flag in case.flags} == {"held", "missed_call", "complaint", "follow_up"}
    complaints = [case.next_due_at for case in found if case.kind == Kind.COMPLAINT]
    assert [due is not None and due > NOW + timedelta(days=5) for due in complaints] == [True], "not asked for days"
    assert waiting == len(found), "the past is no news"
    assert escalate.tick(centre, NOW + timedelta(seconds=1)) == 0


def test_wang_guiying_presses_her_button(centre: Centre) -> None:
    with centre.database.reads() as session:
        elder = session.scalars(select(Elder).where(Elder.name == "王桂英", Elder.initials == "wgy")).one()
        contacts = session.scalars(select(Contact).where(Contact.elder_id == elder.id).order_by(Contact.position)).all()
    assert elder.age(NOW.date()) == 82
    assert [(c.relation, c.has_key) for c in contacts] == [("daughter", False), ("neighbour", True), ("son", False)]
    receipt = press(centre, NOW)
    assert not receipt.unknown_device
    with centre.database.reads() as session:
        case = session.get_one(Case, receipt.case_id)
        assert (case.elder_id, case.state, case.priority) == (elder.id, State.NEW, 1)


def press(centre: Centre, now: datetime, event_id: str = "e1"):
    return receive_signal(
        centre,
        Incoming(
            device="DEMO-0001",
            kind=SignalKind.SOS,
            event_id=event_id,
            occurred_at=now,
            data=None,
            raw=b"{}",
            source="demo-device",
            received_at=now,
            id=new_signal_id("DEMO-0001", event_id),
        ),
    )


def test_demo_users_and_tokens_come_in(sqlite_centre: Centre) -> None:
    for username in ("operator", "operator2", "supervisor", "provider", "admin", "auditor"):
        attempt = Attempt(username, "demo", None, Door("127.0.0.1", ""))
        person = sign_in(sqlite_centre, attempt, NOW)
        assert person.actor.paths
        assert person.actor.name
    assert accounts.machine(sqlite_centre, "demo-device-token").scopes == {"signals"}
    assert accounts.machine(sqlite_centre, "demo-admin-token").scopes == SCOPES


def test_open_cases_can_be_worked_on(sqlite_centre: Centre) -> None:
    operator = accounts.person_named(sqlite_centre, "operator").actor
    rows = live.snapshot(sqlite_centre, operator, NOW)["cases"]
    row = next(row for row in rows if row["state"] == "new" and row["cause"] == "inactivity")
    take(sqlite_centre, int(row["id"]), Act(operator, NOW))
    done = close(sqlite_centre, int(row["id"]), Act(operator, NOW), Closing("false_alarm"))
    assert done["state"] == "closed"


def everything_invented(centre: Centre) -> tuple[list[tuple], ...]:
    statements = (
        select(Elder.name, Elder.phone, Household.address).join(Elder.household).order_by(Elder.id),
        select(Device.number, Device.model).order_by(Device.id),
        select(Case.cause, Case.outcome, Case.elder_id).order_by(Case.id),
    )
    with centre.database.reads() as session:
        return tuple([tuple(row) for row in session.execute(statement)] for statement in statements)


def test_the_same_people_every_time(sqlite_centre: Centre, sqlite_template: Path, tmp_path: Path) -> None:
    directory = tmp_path / "later"
    directory.mkdir()
    url = databases.copy_sqlite(sqlite_template, directory)
    seed_at(url, directory, NOW + timedelta(days=14))
    other = centre_at(url, directory)
    assert everything_invented(other) == everything_invented(sqlite_centre)
    other.database.engine.dispose()


def test_telephones_are_invented(sqlite_centre: Centre) -> None:
    with sqlite_centre.database.reads() as session:
        phones = [p for p in session.scalars(select(Elder.phone)) if p] + list(session.scalars(select(Contact.phone)))
        shared = sum("phone" in reasons for reasons in session.scalars(select(Double.reasons)))
        assert (len(set(phones)), shared) == (len(phones) - 2, 2), "two are doubles of somebody"
        signals = session.scalars(select(Signal)).all()
    assert all(phone.startswith(("1380000", "1390000", "046755")) for phone in phones)
    assert all(signal.case_id and signal.device_id for signal in signals)


def page(centre: Centre) -> tuple[int, Message]:
    """An alarm that nobody takes for a minute; the message that goes to the duty telephone."""
    case_id = press(centre, NOW).case_id
    escalate.tick(centre, NOW + timedelta(seconds=61))
    with centre.database.reads() as session:
        statement = select(Message).where(Message.case_id == case_id, Message.channel == "voice").order_by(Message.id)
        return case_id, session.scalars(statement).first()


def hear(centre: Centre, message: Message, state: ReceiptState, reply: str | None = None) -> bool:
    return deliver.receive_receipt(centre, NetworkReceipt(message.reference, state, NOW + timedelta(seconds=70), reply))


@pytest.mark.parametrize("reply", ["1", "1。", "好的", "OK"])
def test_the_duty_telephone_takes_the_case(centre: Centre, reply: str) -> None:
    case_id, message = page(centre)
    assert hear(centre, message, ReceiptState.ANSWERED)
    assert hear(centre, message, ReceiptState.ANSWERED, reply), "a key is pressed after the call was answered"
    assert not hear(centre, message, ReceiptState.ANSWERED, reply), "the same again is no news"
    assert not hear(centre, message, ReceiptState.NO_ANSWER)
    assert not hear(centre, message, ReceiptState.FAILED)
    with centre.database.reads() as session:
        case = session.get_one(Case, case_id)
        owner = session.get_one(User, case.owner_id)
        events = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id)).all()
    assert owner.username == "supervisor"
    assert case.state == State.OWNED
    assert case.version == len(events)
    assert [event.kind for event in events][-3:] == ["message", "message", "taken"]


def test_another_reply_takes_nothing_until_it_is_corrected(centre: Centre) -> None:
    case_id, message = page(centre)
    assert hear(centre, message, ReceiptState.ANSWERED, "谁?")
    assert hear(centre, message, ReceiptState.ANSWERED, "1")
    with centre.database.reads() as session:
        assert session.get_one(Case, case_id).state == State.OWNED


def test_a_contact_that_answers_is_counted_once(sqlite_centre: Centre) -> None:
    case_id = press(sqlite_centre, NOW).case_id
    operator: Actor = accounts.person_named(sqlite_centre, "operator").actor
    take(sqlite_centre, case_id, Act(operator, NOW))
    with sqlite_centre.database.reads() as session:
        daughter = session.scalars(
            select(Contact).where(Contact.name == "李娜", has_phone(Contact.phone_index, "13900000011"))
        ).one()
    call_out(sqlite_centre, case_id, Act(operator, NOW), Callee(daughter.id))
    with sqlite_centre.database.reads() as session:
        message = session.scalars(select(Message).where(Message.contact_id == daughter.id)).one()
    hear(sqlite_centre, message, ReceiptState.ANSWERED)
    hear(sqlite_centre, message, ReceiptState.ANSWERED, "1")
    with sqlite_centre.database.reads() as session:
        after = session.get_one(Contact, daughter.id)
    assert (after.answered, after.tried) == (daughter.answered + 1, daughter.tried + 1)
