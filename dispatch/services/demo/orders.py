"""Services of the invented centre: what was done in the last days, and standing orders that go on; all ten helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import Channel, Kind
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.offers import Mode, OfferState, PlanState
from dispatch.domain.helps.standing import moment
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, OfferPlan, Order
from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.models.standing import StandingOrder, StandingPause
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services.centre import Centre
from dispatch.services.demo.names import demo_random
from dispatch.services.demo.people import Home
from dispatch.services.demo.tape import Tape, Wish, desk, request
from dispatch.services.ordering import planning

DONE = (
    ("meal_delivery", "11:20", 4, "送餐上门"),
    ("clean_home", "09:00", 1, "客厅、厨房保洁"),
    ("bath_home", "14:00", 1, "预约助浴"),
    ("medical_escort", "08:10", 1, "陪同去区医院复查"),
    ("mobility_walk", "10:00", 1, "陪同去公园散步"),
    ("shopping_goods", "15:10", 1, "代购降压药与大米"),
    ("leisure_group", "14:30", 1, "参加社区合唱活动"),
    ("chat_home", "16:00", 1, "希望有人来聊聊天"),
    ("learning_phone", "09:40", 1, "学习视频通话"),
)
"""Of each of the last days: the item, its time, how many, what was said."""
DAYS = 7
EVERY_DAY, WORKDAYS = (0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4)
STANDING: tuple[tuple[str, str, tuple[int, ...], int, int], ...] = (
    ("meal_delivery", "11:30", EVERY_DAY, 1, 22),
    ("meal_delivery", "17:20", WORKDAYS, 1, 8),
    ("meal_cooking", "10:30", (0, 2, 4), 1, 3),
    ("clean_home", "09:00", (1,), 1, 5),
    ("clean_home", "14:00", (4,), 2, 4),
    ("bath_home", "15:00", (2, 5), 1, 3),
    ("medical_escort", "08:00", (3,), 4, 2),
    ("mobility_walk", "16:00", (0, 3), 1, 3),
    ("shopping_goods", "10:00", (5,), 1, 3),
    ("leisure_group", "14:00", (2,), 1, 3),
    ("chat_home", "15:30", (1, 6), 1, 4),
    ("learning_phone", "09:30", (3,), 1, 2),
)
"""The item, its time, the weekdays, every how many weeks, for how many elders."""


@dataclass
class Visit:
    """One that was done, until its rows are written."""

    tape: Tape
    item: str
    worker_id: int
    at: datetime


@dataclass
class Teams:
    """Who can do what, each in turn."""

    by_skill: dict[str, list[tuple[str, Worker]]]
    """With the path of the area that each serves."""
    paths: dict[int, str]
    """Of the areas."""
    turn: dict[str, int] = field(default_factory=dict)

    def next(self, skill: str, area_id: int) -> Worker | None:
        """Whose turn it is among those who serve the area; None: nobody does."""
        found = [worker for path, worker in self.by_skill[skill] if self.paths[area_id].startswith(path)]
        n = self.turn.get(skill, 0)
        self.turn[skill] = n + 1
        return found[n % len(found)] if found else None


def teams(session: Session, today: date) -> Teams:
    found: dict[str, list[tuple[str, Worker]]] = {}
    rows = session.execute(
        select(WorkerSkill, Worker, Area.path)
        .join(Worker, Worker.id == WorkerSkill.worker_id)
        .join(WorkerArea, WorkerArea.worker_id == Worker.id)
        .join(Area, Area.id == WorkerArea.area_id)
        .order_by(Worker.id)
    )
    for held, worker, path in rows:
        if held.valid_until is None or held.valid_until > today + timedelta(days=14):
            found.setdefault(held.skill, []).append((path, worker))
    paths = {area.id: area.path for area in session.scalars(select(Area))}
    return Teams(found, paths)


def past(centre: Centre, homes: Sequence[Home], user: User, crew: Teams, now: datetime) -> list[Visit]:
    """What was done in the last seven days, each opened and ended by the rules."""
    today = now.astimezone(centre.zone).date()
    free = _homes(homes, 211)
    found = []
    for n in range(DAYS):
        day = today - timedelta(days=DAYS - 1 - n)
        for code, clock, number, text in DONE:
            at = moment(day, clock, centre.zone)
            for _ in range(number if at < now - timedelta(hours=1) else 0):
                item = centre.catalogue.items[code]
                wish = Wish(Kind.SERVICE, Channel.HOTLINE, text, item.help)
                home, worker = next(_with_helpers(crew, free, item.skill))
                tape = request(centre, home, wish, user, at - timedelta(minutes=5)).wait(40).take(user)
                tape.case.wanted_at = at
                tape.wait(120).say(user, "已联系服务人员，按时上门").wait(150)
                tape.close(user, "helped_on_site", "服务已完成，老人满意")
                found.append(Visit(tape, code, worker.id, at))
    return found


def _with_helpers(crew: Teams, free: Iterator[Home], skill: str) -> Iterator[tuple[Home, Worker]]:
    """Homes whose area somebody with the skill serves, each with whose turn it is."""
    for home in free:
        worker = crew.next(skill, home.household.area_id)
        if worker is not None:
            yield home, worker


def _homes(homes: Sequence[Home], first: int) -> Iterator[Home]:
    """Each another one, with a telephone; none is 王桂英's."""
    return iter([home for home in homes[first::3] if home.elders[0].phone])


def write_past(session: Session, centre: Centre, visits: Sequence[Visit]) -> None:
    """Order, offer and visit of each, now that their cases have ids; where nobody has written them already."""
    known = set(session.scalars(select(Order.case_id))) | set(session.scalars(select(Offer.case_id)))
    for visit in visits:
        if visit.tape.case.id in known:
            continue
        item, case = centre.catalogue.items[visit.item], visit.tape.case
        order = Order(
            case_id=case.id,
            item=item.code,
            minutes=item.minutes,
            price_fen=item.price(visit.at.date()),
            ordered_at=case.opened_at,
        )
        plan = OfferPlan(
            case_id=case.id,
            state=PlanState.ACCEPTED,
            mode=Mode.DIRECT,
            size=1,
            seconds=600,
            queue=[],
            alone=0,
            round=1,
            started_at=case.opened_at,
            started_by="陈晓",
            ended_at=case.opened_at,
        )
        session.add_all([order, plan])
        session.flush()
        session.add(_job(session, case, plan, visit, item.minutes))
    session.flush()


def _job(session: Session, case: Case, plan: OfferPlan, visit: Visit, minutes: int) -> Assignment:
    at, worker = visit.at, session.get_one(Worker, visit.worker_id)
    offer = Offer(
        case_id=case.id,
        plan_id=plan.id,
        worker_id=worker.id,
        state=OfferState.ACCEPTED,
        mode=Mode.DIRECT,
        round=1,
        number=worker.phone,
        code=f"{case.id % 900 + 100}",
        open=False,
        offered_at=case.opened_at,
        expires_at=at,
        answered_at=case.opened_at,
        channel="app",
    )
    session.add(offer)
    session.flush()
    ends = at + timedelta(minutes=minutes)
    return Assignment(
        case_id=case.id,
        offer_id=offer.id,
        worker_id=worker.id,
        state=AssignmentState.COMPLETED,
        emergency=False,
        channel="app",
        accepted_at=case.opened_at,
        due_at=at,
        starts_at=at,
        ends_at=ends,
        departed_at=at - timedelta(minutes=10),
        arrived_at=at,
        completed_at=ends,
        ended_at=ends,
        flags=[],
    )


def standing(session: Session, centre: Centre, homes: Sequence[Home], user: User, now: datetime) -> None:
    """Standing orders from today on, each with a helper who has agreed; one pauses next Sunday."""
    today = now.astimezone(centre.zone).date()
    crew, chance = teams(session, today), demo_random(20260102)
    # Whoever shows the helper's telephone is free for what comes.
    crew.by_skill = {skill: [one for one in able if one[1].user_id is None] for skill, able in crew.by_skill.items()}
    taken: set[int] = set()
    made = []
    for code, clock, weekdays, weeks, number in STANDING:
        item = centre.catalogue.items[code]
        for _ in range(number):
            free = (home for home in _homes(homes, 212) if home.elders[0].id not in taken)
            found = next(_with_helpers(crew, free, item.skill), None)
            if found is None:
                break
            home, worker = found
            taken.add(home.elders[0].id)
            new = StandingOrder(
                elder_id=home.elders[0].id,
                item=code,
                minutes=item.minutes,
                worker_id=worker.id,
                agreed=True,
                remind=False,
                weekdays=list(weekdays),
                every_weeks=weeks,
                starts=clock,
                first=today,
                skip_holidays=weekdays == WORKDAYS,
                text="软食少盐" if item.skill == "meal" and chance.random() < 0.3 else None,
                channel=chance.choice(
                    [Channel.HOTLINE, Channel.HOTLINE, Channel.COUNTER, Channel.PROXY, Channel.PAPER]
                ),
                applicant={"name": "家属", "relation": "child"} if chance.random() < 0.3 else {},
                made_at=now,
                made_by=user.name,
            )
            made.append(new)
    session.add_all(made)
    session.flush()
    sunday = today + timedelta(days=6 - today.weekday())
    pause = StandingPause(standing_id=made[0].id, first=sunday, last=sunday, reason="儿子接去吃饭", made_at=now)
    pause.made_by = user.name
    session.add(pause)
    session.flush()
    planning.plan(session, planning.Look(centre, desk(user), now), made)
