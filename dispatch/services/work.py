"""What people do with a case: one function an act, one transaction each, the new row as the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import ACTIVE, IN_HAND, OPEN, UNFINISHED, Flag, State, Trigger
from dispatch.domain.errors import (
    CaseTaken,
    Conflict,
    Forbidden,
    IllegalTransition,
    Invalid,
    Urgent,
    VersionConflict,
)
from dispatch.domain.escalation import Deadline, Due
from dispatch.domain.floor import GROUPED
from dispatch.domain.followup import Result, Then
from dispatch.domain.permissions import OF_ROLE, May
from dispatch.models.cases import Case, Command, Draft
from dispatch.models.people import User
from dispatch.models.places import Area, paths_of
from dispatch.services.centre import Centre
from dispatch.services.followup import complaints
from dispatch.services.followup.ending import Answer, end, without_row
from dispatch.services.followup.opening import after_closing, of_case, off
from dispatch.services.lifecycle import (
    acted,
    begin_wait,
    begin_work,
    change_priority,
    drop,
    end_watch,
    has_news,
    move,
    put,
    record,
    set_deadline,
)
from dispatch.services.response import settling
from dispatch.services.response.progress import need_reason
from dispatch.services.rows import Row, case_row, must_see, stamp
from dispatch.services.transact import transact

LONGEST_HOLD = timedelta(hours=8)
REOPEN_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Act:
    """Who acts when, on which version of the row they saw, under which idempotency key."""

    actor: Actor
    now: datetime
    version: int | None = None
    key: str | None = None
    bulk: bool = False
    """One of many at once: refused for what is or ever was urgent, for each of those is looked at by itself."""


def locked(session: Session, case_id: int, actor: Actor) -> Case:
    """The case, locked for this transaction. Raises ``NotFound`` when it is not there or not in the actor's areas."""
    must_see(session, case_id, actor)
    return session.scalars(
        select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _person(act: Act) -> int:
    if act.actor.user_id is None:
        raise Forbidden("only a signed-in person can answer for a case; a token cannot")
    return act.actor.user_id


def perform(
    centre: Centre,
    case_id: int,
    act: Act,
    change: Callable[[Session, Case], None],
    *,
    any_version: bool = False,
    also: int | None = None,
) -> Row:
    """Run ``change`` on the locked case once, and return the row as it is afterwards.

    The same idempotency key again changes nothing and answers the row as it is now. Raises ``VersionConflict`` when
    something has happened that the actor did not see, unless ``any_version``. ``also`` names a second case that
    ``change`` will lock.
    """

    def once(session: Session) -> Row:
        if not _done_before(session, act):
            for first in sorted({case_id, also or case_id}):  # one order for all: no deadlock
                locked(session, first, act.actor)
            case = session.get_one(Case, case_id)
            if not any_version and act.version is not None and has_news(session, case, act.version):
                raise _changed(case, case_row(session, centre, case_id, act.now))
            if act.bulk:
                _not_urgent(case)
            if act.key is not None:
                session.add(Command(actor=act.actor.key, key=act.key, case_id=case_id, at=act.now))
                session.flush()
            change(session, case)
            session.flush()
        return case_row(session, centre, case_id, act.now)

    return transact(centre, once)


def _not_urgent(case: Case) -> None:
    if case.priority not in GROUPED or case.top_priority == 1:
        raise Urgent(f"case {case.id} is urgent, or was: act on it by itself", priority=case.priority)


def _changed(case: Case, row: Row) -> VersionConflict:
    return VersionConflict(
        f"{case.changed_by} changed case {case.id} in the meantime: look at it again",
        version=case.version,
        changed_by=case.changed_by,
        changed_at=stamp(case.changed_at),
        row=row,
    )


def _done_before(session: Session, act: Act) -> bool:
    return act.key is not None and session.get(Command, (act.actor.key, act.key)) is not None


def take(centre: Centre, case_id: int, act: Act, *, force: bool = False, reason: str | None = None) -> Row:
    """Answer for the case. Of two at once the second gets ``CaseTaken``; by the owner again: "I am still on it"."""
    person = _person(act)

    def change(session: Session, case: Case) -> None:
        if State(case.state) not in UNFINISHED:
            move(case, Trigger.TAKE)  # refuses, also whoever had it last
        if case.owner_id == person and case.held_until is None:
            acted(case, act.now)
            record(session, case, "confirmed", act.actor, act.now)
            return
        if case.owner_id is not None and case.owner_id != person:
            _take_over(session, case, act, person, force=force, reason=reason)
            return
        move(case, Trigger.TAKE if case.owner_id is None else Trigger.TAKE_OVER)
        begin_work(case, person, act.now)
        record(session, case, "taken", act.actor, act.now, channel="console")

    return perform(centre, case_id, act, change, any_version=True)


def assign(centre: Centre, case_id: int, act: Act, *, to: int) -> Row:
    """A supervisor gives the case to somebody at the desk who may see it. Others hand over, and wait for the yes."""
    if not act.actor.is_supervisor:
        raise Forbidden("only a supervisor gives a case to somebody else: hand it over instead")

    def change(session: Session, case: Case) -> None:
        person = _at_desk(session, case, to)
        owner = session.get(User, case.owner_id) if case.owner_id is not None else None
        move(case, Trigger.TAKE if owner is None or State(case.state) not in OPEN else Trigger.TAKE_OVER)
        begin_work(case, person.id, act.now)
        data = {"to": person.name, "to_id": str(person.id), "from": owner and owner.name}
        record(session, case, "given_to", act.actor, act.now, channel="console", data=data)

    return perform(centre, case_id, act, change, any_version=True)


def _at_desk(session: Session, case: Case, user_id: int) -> User:
    user = session.get(User, user_id)
    area = session.get(Area, case.area_id) if case.area_id is not None else None
    works = user is not None and user.active and any(May.CASES_WORK in OF_ROLE[role] for role in user.roles)
    if user is None or not works:
        raise Invalid("to", "unknown", "choose somebody who works at the desk")
    if area is not None and not area.path.startswith(tuple(paths_of(session, user.area_ids))):
        raise Invalid("to", "not-there", f"{user.name} does not see the area of this case")
    return user


def _take_over(session: Session, case: Case, act: Act, person: int, *, force: bool, reason: str | None) -> None:
    owner = session.get_one(User, case.owner_id)
    if not force:
        raise CaseTaken(
            f"{owner.name} has this case",
            owner={"id": str(owner.id), "name": owner.name},
            taken_at=stamp(case.owned_since),
        )
    move(case, Trigger.TAKE_OVER)
    begin_work(case, person, act.now)
    record(session, case, "taken_over", act.actor, act.now, text=reason, data={"from": owner.name})


def release(centre: Centre, case_id: int, act: Act, *, reason: str | None = None) -> Row:
    """Put the case back into the queue, where it waits and escalates anew."""

    def change(session: Session, case: Case) -> None:
        _mine(case, act)
        move(case, Trigger.RELEASE)
        drop(case, Flag.HELD, Flag.ASK_OWNER)
        put(case, Flag.RETURNED)
        begin_wait(case, act.now)
        record(session, case, "released", act.actor, act.now, text=reason)

    return perform(centre, case_id, act, change)


def hold(centre: Centre, case_id: int, act: Act, *, until: datetime, reason: str) -> Row:
    """Shelve the case until a time at which it returns by itself. Never P1, at most eight hours."""
    if not act.now < until <= act.now + LONGEST_HOLD:
        raise Invalid("until", "out-of-range", "choose a time within the next 8 hours")

    def change(session: Session, case: Case) -> None:
        if case.priority == 1:
            raise Invalid("until", "p1-never-held", "an urgent case cannot be held: act on it, or hand it over")
        if case.owner_id is not None:
            _mine(case, act)
        move(case, Trigger.HOLD)
        case.held_until = until
        case.hold_reason = reason
        put(case, Flag.HELD)
        drop(case, Flag.ASK_OWNER)
        settling.put_aside(session, centre, case, act.now)
        set_deadline(case, Deadline(until, Due.UNHOLD))
        record(session, case, "held", act.actor, act.now, text=reason, data={"until": stamp(until)})

    return perform(centre, case_id, act, change)


def note(centre: Centre, case_id: int, act: Act, *, text: str, tab: str = "") -> Row:
    """Write something down. Never refused by state or version: what somebody knows must not be lost."""

    def change(session: Session, case: Case) -> None:
        move(case, Trigger.NOTE)
        if act.actor.user_id == case.owner_id:
            acted(case, act.now)
        _use_drafts(session, case, act, text, tab)
        record(session, case, "note", act.actor, act.now, text=text, channel="console")

    return perform(centre, case_id, act, change, any_version=True)


def set_priority(centre: Centre, case_id: int, act: Act, *, priority: int, reason: str | None = None) -> Row:
    """Raise or lower; lowering needs a reason. A waiting case starts the escalation of its new priority."""

    def change(session: Session, case: Case) -> None:
        move(case, Trigger.PRIORITY)
        before = case.priority
        if priority > before and not reason:
            raise Invalid("reason", "required", "say why this case is less urgent")
        if priority != before:
            change_priority(case, priority, centre.policies, act.now)
        if act.actor.user_id == case.owner_id:
            acted(case, act.now)
        record(session, case, "priority", act.actor, act.now, text=reason, data={"from": before, "to": priority})

    return perform(centre, case_id, act, change)


def merge(centre: Centre, case_id: int, act: Act, *, into: int) -> Row:
    """End this case as a part of another open one; both histories say so and the other takes the higher priority."""
    if into == case_id:
        raise Invalid("into", "same-case", "a case cannot be merged into itself")

    def change(session: Session, case: Case) -> None:
        if case.owner_id is not None:
            _mine(case, act)
        target = session.get_one(Case, into)
        if State(target.state) not in OPEN:
            raise IllegalTransition(f"case {into} is {target.state}: choose an open one", state=target.state)
        if State(case.state) in ACTIVE and State(target.state) not in ACTIVE:
            raise IllegalTransition(f"case {into} only waits for its return call: reopen it first", state=target.state)
        fold(session, centre, act, case, target)

    return perform(centre, case_id, act, change, also=into)


def fold(session: Session, centre: Centre, act: Act, case: Case, target: Case) -> None:
    """Make ``case`` a part of ``target``; both are locked, open, and may be merged."""
    move(case, Trigger.MERGE)
    case.merged_into = target.id
    case.closed_at = act.now
    end_watch(case)
    settling.hand_to(session, centre, case, target, act.now)
    record(session, case, "merged", act.actor, act.now, data={"into": str(target.id)})
    session.flush()
    target.signals += case.signals
    target.top_priority = min(target.top_priority, case.top_priority)
    if case.priority < target.priority:
        change_priority(target, case.priority, centre.policies, act.now)
    if act.actor.user_id == target.owner_id:
        acted(target, act.now)
    record(session, target, "merged_in", act.actor, act.now, data={"from": str(case.id)})


@dataclass(frozen=True)
class Closing:
    outcome: str
    text: str | None = None
    follow_up_at: datetime | None = None
    script_reason: str | None = None
    """Why mandatory steps of the script have no answer."""


def close(centre: Centre, case_id: int, act: Act, closing: Closing) -> Row:
    """End the case with an outcome, or leave it open for a return call at ``follow_up_at``."""
    outcomes = {o["code"]: o for o in centre.desk["outcomes"]}
    if closing.outcome not in outcomes:
        raise Invalid("outcome", "unknown", f"choose one of: {', '.join(outcomes)}")
    if closing.follow_up_at is not None and closing.follow_up_at <= act.now:
        raise Invalid("follow_up_at", "in-the-past", "choose a time that is still to come")

    def change(session: Session, case: Case) -> None:
        if State(case.state) in IN_HAND:
            _mine(case, act)
        strict = outcomes[closing.outcome].get("needs_supervisor_for_p1", False)
        if strict and case.top_priority == 1 and not act.actor.is_supervisor:  # lowered by the same hand, it still was
            raise Invalid("outcome", "needs-supervisor", "only a supervisor may end an urgent case like this")
        if complaints.unsolved(session, case.id):
            raise Conflict("a complaint ends with what was found: solve it, and tell whoever complained")
        said = need_reason(session, centre, case, closing.script_reason)
        move(case, Trigger.CLOSE_FOLLOW_UP if closing.follow_up_at else Trigger.CLOSE)
        case.outcome = closing.outcome
        settling.settle(session, centre, case, act.actor, act.now)
        end_watch(case)
        if not closing.follow_up_at:
            case.closed_at = act.now
        after_closing(session, centre, case, closing.follow_up_at, act.now)
        data = {"outcome": closing.outcome, "follow_up_at": stamp(closing.follow_up_at), **said}
        record(session, case, "closed", act.actor, act.now, text=closing.text, data=data)

    return perform(centre, case_id, act, change)


def reopen(centre: Centre, case_id: int, act: Act, *, reason: str) -> Row:
    """Take a closed case up again, within 24 hours; it belongs to whoever reopens it."""
    person = _person(act)

    def change(session: Session, case: Case) -> None:
        if case.closed_at is not None and act.now - case.closed_at > REOPEN_WITHIN:
            raise IllegalTransition("closed more than 24 hours ago: open a new case", state=case.state)
        move(case, Trigger.REOPEN)
        case.closed_at = None
        case.outcome = None
        case.follow_up_at = None
        begin_work(case, person, act.now)
        record(session, case, "reopened", act.actor, act.now, text=reason)
        try:
            session.flush()
        except IntegrityError:
            raise IllegalTransition(
                "this home has another open emergency: work on that one", state=State.CLOSED
            ) from None
        off(session, case)

    return perform(centre, case_id, act, change)


@dataclass(frozen=True)
class Told:
    """What the return call brought."""

    result: Result
    text: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    then: Then | None = None


def follow_up(centre: Centre, case_id: int, act: Act, told: Told) -> Row:
    """Write down the return call (回访) and end the case.

    Raises ``Conflict`` when it was asked already, ``Invalid`` for a "not satisfied" that nothing follows from.
    """

    def change(session: Session, case: Case) -> None:
        said = Answer(told.result, act.actor, act.now, "console", told.text, told.answers, told.then)
        row = of_case(session, case.id)
        if row is None:
            without_row(session, case, said)
        else:
            end(session, centre, case, row, said)

    return perform(centre, case_id, act, change)


def save_draft(centre: Centre, case_id: int, act: Act, *, text: str, tab: str = "") -> None:
    """Keep a note that is still being written, so that a crash of the browser costs nothing.

    Each window (``tab``) keeps its own: two of them never overwrite each other. An empty text forgets it.
    """
    person = _person(act)
    with centre.database.sessions.begin() as session:
        locked(session, case_id, act.actor)
        if text:
            session.merge(Draft(case_id=case_id, user_id=person, tab=tab, text=text, updated_at=act.now))
        else:
            session.execute(
                delete(Draft).where(Draft.case_id == case_id, Draft.user_id == person, Draft.tab == tab),
                execution_options={"synchronize_session": False},
            )


def _use_drafts(session: Session, case: Case, act: Act, text: str, tab: str) -> None:
    """Forget the drafts that have gone into the note; what was written in another window stays."""
    drafts = session.scalars(select(Draft).where(Draft.case_id == case.id, Draft.user_id == act.actor.user_id))
    for draft in drafts.all():
        if draft.tab == tab or draft.text.strip() in text:
            session.delete(draft)


def _mine(case: Case, act: Act) -> None:
    """Only the owner or a supervisor ends, holds or releases a case that a person answers for."""
    if act.actor.is_supervisor or case.owner_id == act.actor.user_id or act.actor.kind == "token":
        return
    raise Forbidden("somebody else answers for this case: take it over first", owner=str(case.owner_id))
