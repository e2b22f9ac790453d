"""A plan is asked for, handed to a worker, claimed, and called off: a row with a lease, as every long work here."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.visits.plan import AT_WORK, PlanState, PlanTrigger, follow
from dispatch.domain.visits.visit import OPEN
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.rounds import CheckinPlan
from dispatch.models.visits import CheckinVisit
from dispatch.services.care.reach import Answer, once, today
from dispatch.services.centre import Centre
from dispatch.services.rounds.expected import area_of
from dispatch.services.rounds.listing import plan_json
from dispatch.services.work import Act

LONGEST = 62
"""Days of one plan."""
LEASE = timedelta(seconds=60)
HANDOVER = timedelta(seconds=10)
"""How long the broker may take to find a worker before the clock does it itself."""


@dataclass(frozen=True)
class Asked:
    area_id: int | None
    """None: where ``worker_id`` is expected on these days, whom somebody must replace."""
    first: date
    last: date
    anew: bool = False
    """What is booked on later days than today may get another day and visitor."""
    visit_ids: tuple[int, ...] = ()
    seconds: float | None = None
    """How long the solver may take; None: as the rules say."""
    worker_id: int | None = None


@dataclass(frozen=True)
class Handover:
    plan_id: int
    directly: bool


@dataclass(frozen=True)
class Mine:
    """A plan that is claimed."""

    plan_id: int
    name: str
    state: PlanState
    time: Callable[[], datetime]


class Lost(Exception):
    """Somebody else has the plan, or called it off: stop, and commit nothing."""


def ask(centre: Centre, act: Act, asked: Asked) -> Answer:
    """Raises ``Invalid``, ``NotFound``, and ``Conflict`` while another plan of the area is at work."""
    day = today(centre, act.now)
    if not timedelta(0) <= asked.last - asked.first < timedelta(days=LONGEST):
        raise Invalid("last", "out-of-range", f"plan 1 to {LONGEST} days at once")
    if asked.last < day:
        raise Invalid("last", "in-the-past", "these days are over")

    def work(session: Session) -> Answer:
        area = _area(session, centre, asked, act.actor)
        visits = _how_many(session, area, asked)
        plan = CheckinPlan(
            area_id=area.id,
            first=max(asked.first, day),
            last=asked.last,
            anew=asked.anew,
            visit_ids=list(asked.visit_ids),
            state=PlanState.OPEN.value,
            asked_at=act.now,
            asked_by=act.actor.name,
            seconds=asked.seconds or centre.planning.seconds(visits),
            visits=visits,
            unplaced={},
            next_try_at=act.now,
            begun_at=act.now,
        )
        session.add(plan)
        session.flush()
        return plan_json(plan, area)

    try:
        return once(centre, act, f"visit-plan:{asked.area_id or asked.worker_id}", work)
    except IntegrityError:
        raise _busy() from None


def _busy() -> Conflict:
    said = "another plan of this area is being made or published: wait for it, or call it off"
    return Conflict(said, why="plan-at-work")


def _area(session: Session, centre: Centre, asked: Asked, actor: Actor) -> Area:
    area_id = asked.area_id
    if area_id is None:
        if asked.worker_id is None:
            raise Invalid("area_id", "missing", "say which area is planned, or who is replaced")
        area_id = area_of(session, centre, asked.worker_id, asked.first, asked.last)
    area = session.scalar(select(Area).where(Area.id == area_id, inside(actor.paths)))
    if area is None:
        raise NotFound(f"there is no area {area_id} among yours")
    return area


def _how_many(session: Session, area: Area, asked: Asked) -> int:
    found = (
        select(func.count(CheckinVisit.id))
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(
            CheckinVisit.state.in_(sorted(OPEN)),
            CheckinVisit.first <= asked.last,
            CheckinVisit.last >= asked.first,
            inside((area.path,)),
        )
    )
    return session.scalar(found) or 0


def cancel(centre: Centre, plan_id: int, act: Act) -> Answer:
    """One that is being made stops within seconds; a preview is thrown away. Raises ``IllegalTransition``."""

    def work(session: Session) -> Answer:
        plan, area = within(session, plan_id, act)
        step(plan, PlanTrigger.CANCEL)
        return plan_json(plan, area)

    return once(centre, act, f"visit-plan:{plan_id}:cancel", work)


def publish(centre: Centre, plan_id: int, act: Act) -> Answer:
    """From here on a worker books its visits, some rounds at a time. Raises ``IllegalTransition`` and ``Conflict``."""

    def work(session: Session) -> Answer:
        plan, area = within(session, plan_id, act)
        step(plan, PlanTrigger.PUBLISH)
        plan.published_by, plan.share = act.actor.name, 0.0
        plan.next_try_at = plan.begun_at = act.now
        session.flush()
        return plan_json(plan, area)

    try:
        return once(centre, act, f"visit-plan:{plan_id}:publish", work)
    except IntegrityError:
        raise _busy() from None


def within(session: Session, plan_id: int, act: Act) -> tuple[CheckinPlan, Area]:
    """Locked, to act on. Raises ``NotFound`` when it is not in the actor's areas, and ``VersionConflict``."""
    plan = session.scalar(
        select(CheckinPlan)
        .join(Area, Area.id == CheckinPlan.area_id)
        .where(CheckinPlan.id == plan_id, inside(act.actor.paths))
        .with_for_update(of=CheckinPlan)
        .execution_options(populate_existing=True)
    )
    if plan is None:
        raise NotFound(f"there is no plan {plan_id} in your areas")
    if act.version is not None and act.version != plan.version:
        raise VersionConflict("the plan has changed in the meantime: look at it again", version=plan.version)
    return plan, session.get_one(Area, plan.area_id)


def step(plan: CheckinPlan, trigger: PlanTrigger) -> None:
    """The one place in which the state of a plan changes. Raises ``IllegalTransition``."""
    plan.state = follow(PlanState(plan.state), trigger).value
    plan.claim, plan.handed_over, plan.next_try_at, plan.begun_at = None, 0, None, None
    plan.version += 1


# -- who works on it


def hand_over(centre: Centre, now: datetime) -> list[Handover]:
    """Plans that wait for somebody; each comes again after ``HANDOVER`` unless it was claimed."""
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = session.scalars(select(CheckinPlan.id).where(CheckinPlan.next_try_at <= now)).all()
    return [handover for plan_id in due if (handover := _hand_over(centre, plan_id, now)) is not None]


def _hand_over(centre: Centre, plan_id: int, now: datetime) -> Handover | None:
    with centre.database.sessions.begin() as session:
        plan = session.get(CheckinPlan, plan_id, with_for_update={"skip_locked": True})
        if plan is None or plan.next_try_at is None or plan.next_try_at > now:
            return None
        plan.handed_over += 1
        plan.next_try_at = now + HANDOVER
        return Handover(plan.id, directly=plan.handed_over > 1)


def claim(centre: Centre, plan_id: int, time: Callable[[], datetime]) -> Mine | None:
    now = time()
    with centre.database.sessions.begin() as session:
        plan = session.get(CheckinPlan, plan_id, with_for_update={"skip_locked": True})
        if plan is None or PlanState(plan.state) not in AT_WORK or not (plan.handed_over > 0 or plan.claim is None):
            return None
        plan.claim = secrets.token_hex(8)
        plan.handed_over = 0
        plan.next_try_at = now + LEASE
        return Mine(plan.id, plan.claim, PlanState(plan.state), time)


def held(session: Session, mine: Mine) -> CheckinPlan:
    """Locked, with its lease renewed. Raises ``Lost``."""
    plan = session.get(CheckinPlan, mine.plan_id, with_for_update=True, populate_existing=True)
    if plan is None or plan.claim != mine.name:
        raise Lost(str(mine.plan_id))
    plan.handed_over, plan.next_try_at = 0, mine.time() + LEASE
    return plan


def say(centre: Centre, mine: Mine, share: float) -> None:
    """How far it is. Raises ``Lost``."""
    with centre.database.sessions.begin() as session:
        held(session, mine).share = min(1.0, share)
