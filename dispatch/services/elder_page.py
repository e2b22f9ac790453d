"""An elder's own page: the link that opens it, what the elder is told, and what the elder can press.

Pressing "help" goes the way of every request: ``requests.open_case``, urgent, answered after the commit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import ACTIVE, IN_HAND, OPEN, UNFINISHED, Channel, Flag, Help, Kind, State, Trigger
from dispatch.domain.errors import NotFound
from dispatch.domain.followup import Result
from dispatch.domain.helps.assignments import LIVE
from dispatch.models.cases import Case, Command
from dispatch.models.elder_links import ElderLink
from dispatch.models.helps import Assignment
from dispatch.models.people import Elder, User
from dispatch.models.places import Household
from dispatch.models.response import Arrival
from dispatch.models.workforce import Worker
from dispatch.services.accounts import digest
from dispatch.services.centre import Centre
from dispatch.services.followup import by_elder
from dispatch.services.followup.by_elder import Unrated, unrated
from dispatch.services.lifecycle import move, put, record
from dispatch.services.opening import active_case, bring_up
from dispatch.services.requests import ELDER, Request, open_case
from dispatch.services.transact import transact
from dispatch.services.work import Act

REMEMBERED = timedelta(minutes=15)
"""For how long "settled" is shown before the page is quiet again."""
ANSWERED = timedelta(minutes=10)
"""For how long the page says what became of a press."""
SAME_PRESS = timedelta(minutes=2)
"""For how long a press token stands for one press."""
AHEAD = timedelta(days=2)
"""So far ahead the page tells what is planned."""
SERVICES_A_DAY = 10
"""So many wishes of one elder in 24 hours; whoever has more is asked to telephone. Never counted for "help"."""


class Phase(StrEnum):
    QUIET = "quiet"
    RECEIVED = "received"
    IN_HAND = "in_hand"
    COMING = "coming"
    SOON = "soon"
    """Somebody should have been there by now."""
    ARRIVED = "arrived"
    SETTLED = "settled"


class Outcome(StrEnum):
    """What became of a press."""

    HELP = "help"
    FINE = "fine"
    NOTHING_OPEN = "nothing_open"
    SERVICE = "service"
    ALREADY = "already"
    TOO_MANY = "too_many"
    RATED = "rated"


OPEN_PHASES = frozenset({Phase.RECEIVED, Phase.IN_HAND, Phase.COMING, Phase.SOON, Phase.ARRIVED})


@dataclass(frozen=True)
class Wish:
    """A service that was asked for and is not settled."""

    case_id: int
    help: str
    at: datetime
    withdrawn: bool
    wanted_at: datetime | None = None
    who: str | None = None
    """Who has promised to come."""
    off: bool = False
    """The centre has cancelled it."""


@dataclass(frozen=True)
class Page:
    elder_id: int
    name: str
    phase: Phase
    who: str | None
    """Who comes, or who at the desk has it."""
    minutes: int | None
    """Until they are there."""
    said_fine: bool
    wishes: tuple[Wish, ...]
    unrated: Unrated | None
    last: Outcome | None
    """What became of the press that led here."""


@dataclass(frozen=True)
class Press:
    """One touch of a button. ``key``: the same for every try of it; None when the form was not ours."""

    card: str
    """The digest of the link's token, which is written nowhere."""
    now: datetime
    key: str | None = None
    spooled: bool = False


class Deed(StrEnum):
    """The buttons."""

    HELP = "help"
    FINE = "fine"
    SERVICE = "service"
    WITHDRAW = "withdraw"
    RATE = "rate"


_WHAT_CAME = {
    Deed.HELP: Outcome.HELP,
    Deed.FINE: Outcome.FINE,
    Deed.SERVICE: Outcome.SERVICE,
    Deed.WITHDRAW: Outcome.FINE,
    Deed.RATE: Outcome.RATED,
}


# -- the page


def look(centre: Centre, token: str, press: str | None, now: datetime) -> Page:
    """What the page says. ``press``: the key of the press that led here. Raises ``NotFound`` for a link of nobody."""
    with centre.database.reads() as session:
        elder = _elder_of(session, digest(token))
        case, owner = _newest(session, elder)
        phase, who, minutes = _stands(session, case, owner, now)
        return Page(
            elder_id=elder.id,
            name=elder.name,
            phase=phase,
            who=who,
            minutes=minutes,
            said_fine=case is not None and Flag.CANCELLED_BY_ELDER in case.flags,
            wishes=_wishes(session, elder) + _coming(session, elder, now),
            unrated=unrated(session, elder.id),
            last=_outcome(session, elder, press, now),
        )


def _elder_of(session: Session, card: str) -> Elder:
    elder = session.scalar(
        select(Elder)
        .join(ElderLink, ElderLink.elder_id == Elder.id)
        .where(ElderLink.digest == card, ElderLink.revoked_at.is_(None))
        .options(joinedload(Elder.household).joinedload(Household.area))
    )
    if elder is None:
        raise NotFound("this link is not known, or was taken back")
    return elder


def _actor(elder: Elder) -> Actor:
    """The elder sees the own home's place and may ask there."""
    return Actor(ELDER, str(elder.id), elder.name, paths=(elder.household.area.path,))


def _newest(session: Session, elder: Elder) -> tuple[Case | None, str | None]:
    found = session.execute(
        select(Case, User.name)
        .outerjoin(User, User.id == Case.owner_id)
        .where(Case.household_id == elder.household_id, Case.kind == Kind.EMERGENCY, Case.state != State.MERGED)
        .order_by(Case.id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else (None, None)


def _stands(
    session: Session, case: Case | None, owner: str | None, now: datetime
) -> tuple[Phase, str | None, int | None]:
    """How far it is, who comes and in how many minutes; else who at the desk has it."""
    phase = _phase(case, now)
    if case is None or phase not in OPEN_PHASES:
        return phase, None, None
    promised = session.scalars(
        select(Arrival)
        .where(Arrival.case_id == case.id, Arrival.state.in_((ArrivalState.OPEN, ArrivalState.ARRIVED)))
        .order_by(Arrival.state == ArrivalState.OPEN, Arrival.due_at)
    ).all()
    if not promised:
        return phase, owner if phase is Phase.IN_HAND else None, None
    first = promised[0]
    if first.state == ArrivalState.ARRIVED:
        return Phase.ARRIVED, first.who, None
    if first.due_at <= now:
        return Phase.SOON, first.who, None
    return Phase.COMING, first.who, math.ceil((first.due_at - now).total_seconds() / 60)


def _phase(case: Case | None, now: datetime) -> Phase:
    if case is None:
        return Phase.QUIET
    if State(case.state) in IN_HAND:
        return Phase.IN_HAND
    if case.state == State.NEW:
        return Phase.RECEIVED
    return Phase.SETTLED if now - case.changed_at < REMEMBERED else Phase.QUIET


def _wishes(session: Session, elder: Elder) -> tuple[Wish, ...]:
    """What was asked for and is open, newest first."""
    statement = select(Case).where(Case.elder_id == elder.id, Case.kind == Kind.SERVICE, Case.state.in_(ACTIVE))
    return _seen_by_elder(session, session.scalars(statement.order_by(Case.id.desc()).limit(20)))


def _coming(session: Session, elder: Elder, now: datetime) -> tuple[Wish, ...]:
    """What is planned for the next days, and what was cancelled lately: whoever reads no messages reads it here."""
    planned = and_(Case.state == State.PLANNED, Case.wanted_at > now, Case.wanted_at < now + AHEAD)
    gone = and_(Case.state == State.CANCELLED, Case.wanted_at > now, Case.closed_at > now - timedelta(days=1))
    statement = select(Case).where(Case.elder_id == elder.id, Case.kind == Kind.SERVICE, or_(planned, gone))
    return _seen_by_elder(session, session.scalars(statement.order_by(Case.wanted_at).limit(6)))


def _seen_by_elder(session: Session, cases: Iterable[Case]) -> tuple[Wish, ...]:
    found = list(cases)
    live = (
        select(Assignment.case_id, Worker.name)
        .join(Worker, Worker.id == Assignment.worker_id)
        .where(Assignment.case_id.in_([case.id for case in found]), Assignment.state.in_(LIVE))
    )
    goes = {case_id: name for case_id, name in session.execute(live)}  # noqa: C416 -- rows are no pairs
    return tuple(
        Wish(
            case.id,
            case.help or "",
            case.opened_at,
            Flag.CANCELLED_BY_ELDER in case.flags,
            case.wanted_at,
            goes.get(case.id),
            case.state == State.CANCELLED,
        )
        for case in found
    )


def _outcome(session: Session, elder: Elder, press: str | None, now: datetime) -> Outcome | None:
    """Read back from what was stored, so that a page that is opened again tomorrow promises nothing of today."""
    if press is None:
        return None
    keys = {f"{deed}:{press}": _WHAT_CAME[deed] for deed in Deed}
    done = session.execute(
        select(Command.key, Command.at).where(Command.actor == _actor(elder).key, Command.key.in_(keys))
    ).first()
    return None if done is None or now - done.at > ANSWERED else keys[done.key]


# -- what the elder presses


def call_for_help(centre: Centre, press: Press) -> int:
    """Open an urgent case, or join the one that is open; returns its id after the commit.

    Raises ``NotFound`` for a link of nobody, and ``OperationalError`` when the database is away: then the press belongs
    into the spool, and the page says so.
    """
    elder, act, _ = _begin(centre, press, Deed.HELP)
    request = Request(
        Kind.EMERGENCY,
        Channel.APP,
        elder.id,
        help=Help.EMERGENCY,
        priority=1,
        cause="sos",
        spooled=press.spooled,
    )
    row, _ = open_case(centre, act, request)
    return int(row["id"])


def ask_for(centre: Centre, press: Press, wanted: Help) -> Outcome:
    """One of the ten helps, as a case of its own. What is asked for already is not asked for twice."""
    elder, act, done = _begin(centre, press, Deed.SERVICE)
    if done:
        return Outcome.SERVICE
    with centre.database.reads() as session:
        if any(wish.help == wanted and not wish.withdrawn for wish in _wishes(session, elder)):
            return Outcome.ALREADY
        if _asked_today(session, elder, press.now) >= SERVICES_A_DAY:
            return Outcome.TOO_MANY
    open_case(centre, act, Request(Kind.SERVICE, Channel.APP, elder.id, help=wanted))
    return Outcome.SERVICE


def _asked_today(session: Session, elder: Elder, now: datetime) -> int:
    return (
        session.scalar(
            select(func.count(Case.id)).where(
                Case.elder_id == elder.id,
                Case.kind == Kind.SERVICE,
                Case.channel == Channel.APP,
                Case.opened_at > now - timedelta(days=1),
            )
        )
        or 0
    )


def say_fine(centre: Centre, press: Press) -> Outcome:
    """Tell the desk that the elder says that all is well, and settle nothing: an operator rings all the same."""
    elder, act, _ = _begin(centre, press, Deed.FINE)
    return transact(centre, lambda session: _remark(session, active_case(session, elder.household_id, None), act))


def withdraw(centre: Centre, press: Press, case_id: int) -> Outcome:
    """The elder does not want a service any more; whoever has the case ends it."""
    elder, act, _ = _begin(centre, press, Deed.WITHDRAW)
    wish = select(Case).where(
        Case.id == case_id, Case.elder_id == elder.id, Case.kind == Kind.SERVICE, Case.state.in_(UNFINISHED)
    )
    return transact(centre, lambda session: _remark(session, session.scalar(wish.with_for_update()), act))


def rate(centre: Centre, press: Press, case_id: int, result: Result) -> Outcome:
    """How a service was. Pressed twice it is said once; what was not good makes a person ring."""
    elder, act, done = _begin(centre, press, Deed.RATE)
    if done:
        return Outcome.RATED
    over = select(Case).where(Case.id == case_id, Case.elder_id == elder.id, Case.kind == Kind.SERVICE)

    def once(session: Session) -> Outcome:
        case = session.scalar(over.with_for_update())
        if case is None or not by_elder.rate(session, centre, case, act, result):
            return Outcome.NOTHING_OPEN
        if act.key is not None:
            session.add(Command(actor=act.actor.key, key=act.key, case_id=case.id, at=act.now))
        return Outcome.RATED

    return transact(centre, once)


def _remark(session: Session, case: Case | None, act: Act) -> Outcome:
    if act.key is not None and session.get(Command, (act.actor.key, act.key)) is not None:
        return Outcome.FINE
    if case is None:
        return Outcome.NOTHING_OPEN
    if act.key is not None:
        session.add(Command(actor=act.actor.key, key=act.key, case_id=case.id, at=act.now))
        session.flush()
    move(case, Trigger.NOTE)
    if case.state == State.PLANNED:
        bring_up(case, act.now)
    put(case, Flag.CANCELLED_BY_ELDER)
    record(session, case, "cancelled_by_elder", act.actor, act.now, channel=Channel.APP, data={"kind": "cancel"})
    return Outcome.FINE


def _begin(centre: Centre, press: Press, deed: Deed) -> tuple[Elder, Act, bool]:
    """Whose page it is, the act, and whether it was done a moment ago; the press is written on the card.

    A page that stayed open keeps its press token. Pressed again long after, or after its case was settled, it is a new
    press: nobody may be told "received" of a case that is over.
    """

    def once(session: Session) -> tuple[Elder, Act, bool]:
        elder = _elder_of(session, press.card)
        session.execute(update(ElderLink).where(ElderLink.digest == press.card).values(used_at=press.now))
        key = None if press.key is None else f"{deed}:{press.key}"
        before = session.get(Command, (_actor(elder).key, key)) if key else None
        if before is not None and not _is_same_press(session, before, press.now):
            key, before = None, None
        act = Act(_actor(elder), press.now, key=key)
        session.expunge_all()
        return elder, act, before is not None

    return transact(centre, once)


def _is_same_press(session: Session, before: Command, now: datetime) -> bool:
    rated = before.key.startswith(f"{Deed.RATE}:")  # which has closed its case
    state = State(session.get_one(Case, before.case_id).state)
    return now - before.at < SAME_PRESS and (rated or state in OPEN)
