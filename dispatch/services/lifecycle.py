"""The few ways in which a case changes: its state, its deadlines, and the history row that goes with both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import IN_HAND, SENT, Flag, Kind, State, Trigger, follow
from dispatch.domain.escalation import Deadline, Due, Policy, in_hand, waiting
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.engine import LiveOp
from dispatch.models.outbox import MessageState

EVENTS: Table = CaseEvent.__table__  # type: ignore[assignment]
CASES: Table = Case.__table__  # type: ignore[assignment]
OPEN_CASES = insert(CASES).returning(CASES.c.id, sort_by_parameter_order=True)
WRITE_EVENTS = insert(EVENTS)
GONE_OUT = {MessageState.SENT, MessageState.DELIVERED}
MOST_TEXTS = 20
EVENT_COLUMNS = tuple(column.key for column in EVENTS.columns if column.key != "id")


def move(case: Case, trigger: Trigger) -> None:
    """Follow ``trigger``; the one place where a state is written. Raises ``IllegalTransition``."""
    case.state = follow(State(case.state), trigger)


def set_deadline(case: Case, deadline: Deadline | None) -> None:
    case.next_due_at = deadline.at if deadline else None
    case.due = deadline.due if deadline else None


def policy_of(case: Case) -> Policy:
    return Policy.load(case.policy)


def begin_wait(case: Case, now: datetime) -> None:
    """Put the case into the queue: nobody owns it and its escalation starts from the first step."""
    policy = policy_of(case)
    case.owner_id = None
    case.owned_since = None
    case.waiting_since = now
    case.answer_due_at = now + timedelta(seconds=policy.answer_within)
    case.held_until = None
    case.round += 1
    case.step = 0
    set_deadline(case, waiting(policy, now))


GOES_ON = ((Flag.THERE, Trigger.ARRIVE), (Flag.COMING, Trigger.ASSIGN), (Flag.OFFERED, Trigger.DISPATCH))
"""What a case that comes out of the queue finds going on."""


def begin_work(case: Case, owner_id: int, now: datetime) -> None:
    """Give the case to a person, and watch from now on that the person acts. Helpers who are on their way stay so."""
    for flag, trigger in GOES_ON:
        if case.state == State.OWNED and flag in case.flags:
            move(case, trigger)
    case.owner_id = owner_id
    case.owned_since = now
    case.answered_at = case.answered_at or now
    case.held_until = None
    drop(case, Flag.HELD, Flag.RETURNED, Flag.NEW_SIGNAL)
    acted(case, now)


def acted(case: Case, now: datetime) -> None:
    """A person did something for this case: the question to the owner is moot and its clock starts again."""
    case.last_act_at = now
    drop(case, Flag.ASK_OWNER)
    if State(case.state) in IN_HAND and case.held_until is None:
        drop(case, Flag.NEW_SIGNAL)
        watch(case, now)


def watch(case: Case, now: datetime) -> None:
    """When the owner of a case in hand is asked: not before those who were sent should have said something."""
    deadline = in_hand(policy_of(case), now)
    if State(case.state) in SENT and case.expected_at is not None:
        deadline = in_hand(policy_of(case), max(now, case.expected_at))
    set_deadline(case, deadline)


def change_priority(case: Case, priority: int, policies: Mapping[int, Policy], now: datetime) -> None:
    """Give ``case`` another urgency and its policy. What becomes P1 is held no longer; its watch starts again.

    The owner of a complaint has days for it, however urgent it is.
    """
    owners_time = {"ask_owner_after": case.policy["ask_owner_after"]} if case.kind == Kind.COMPLAINT else {}
    case.top_priority = min(case.top_priority or case.priority, priority)
    case.priority = priority
    case.policy = {**policies[priority].dump(), **owners_time}
    if priority == 1 and case.held_until is not None:
        case.held_until = None
        drop(case, Flag.HELD)
    if case.held_until is not None:
        return
    if case.state == State.NEW:
        begin_wait(case, now)
    elif State(case.state) in IN_HAND:
        watch(case, now)


def end_watch(case: Case) -> None:
    case.held_until = None
    drop(case, Flag.HELD, Flag.ASK_OWNER, Flag.NEW_SIGNAL)
    set_deadline(case, None)


def follow_up_at(case: Case, at: datetime) -> None:
    case.follow_up_at = at
    set_deadline(case, Deadline(at, Due.FOLLOW_UP))


def put(case: Case, *flags: Flag) -> None:
    case.flags = [*case.flags, *(f.value for f in flags if f not in case.flags)]


def drop(case: Case, *flags: Flag) -> None:
    if any(f in case.flags for f in flags):
        case.flags = [f for f in case.flags if f not in flags]


def record(  # one row of history needs all of its columns
    session: Session,
    case: Case,
    kind: str,
    actor: Actor,
    now: datetime,
    *,
    text: str | None = None,
    channel: str = "",
    once_key: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write what happened into the timeline and tell the live stream. Call it once for each change, last."""
    write(session, happened(case, kind, actor, now, text=text, channel=channel, once_key=once_key, data=data))


def happened(
    case: Case,
    kind: str,
    actor: Actor,
    now: datetime,
    *,
    text: str | None = None,
    channel: str = "",
    once_key: str | None = None,
    data: dict[str, Any] | None = None,
) -> CaseEvent:
    """The next row of the case's timeline, and the case as it is with it."""
    case.version += 1
    case.changed_by = actor.name or actor.kind
    case.changed_at = now
    case.last_event_kind = kind
    case.last_event_at = now
    return CaseEvent(
        case_id=case.id,
        at=now,
        kind=kind,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        channel=channel,
        text=text,
        data=data or {},
        once_key=once_key,
    )


def has_news(session: Session, case: Case, version: int) -> bool:
    """Whether more happened since ``version`` than that messages went out.

    Whoever moves a visit and cancels it in the next second acts on what they saw, though the text about the move has
    been written into the case meanwhile.
    """
    missed = case.version - version  # each row of history is one version
    if not 0 <= missed <= MOST_TEXTS:
        return True
    last = select(CaseEvent.kind, CaseEvent.data).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id.desc())
    found = session.execute(last.limit(missed)) if missed else ()
    return any(kind != "message" or data.get("state") not in GONE_OUT for kind, data in found)


def open_with(session: Session, cases: Sequence[Case], firsts: Sequence[CaseEvent]) -> list[int]:
    """Insert new cases as they are, each with the first row of its history, past the unit of work; returns their ids.

    They stay outside of the session: whoever wants to change one afterwards reads it back.
    """
    if not cases:
        return []
    values = [{name: value for name, value in vars(case).items() if not name.startswith("_")} for case in cases]
    ids = list(session.connection().execute(OPEN_CASES, values).scalars())
    for first, case_id in zip(firsts, ids, strict=True):
        first.case_id = case_id
    write(session, *firsts)
    return ids


def write(session: Session, *events: CaseEvent) -> None:
    """Insert rows of history; the database tells the live stream. Past the unit of work, which would double the price.

    The session itself would flush the case first, and fail at another place.
    """
    rows = [{name: getattr(event, name) for name in EVENT_COLUMNS} for event in events]
    session.connection().execute(WRITE_EVENTS, rows)


def announce(session: Session, case_ids: Iterable[int], now: datetime) -> None:
    """Tell the live stream of rows that look different without a row of history of their own."""
    session.add_all(LiveOp(case_id=case_id, at=now) for case_id in case_ids)
