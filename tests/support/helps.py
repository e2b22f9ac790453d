"""Helpers for the small town: some of the East, one of the West, each with a telephone, skills, hours and a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import Fix
from dispatch.domain.helps.geography import Point
from dispatch.domain.helps.offers import Mode
from dispatch.models.followup import FollowUp, VisitCheck
from dispatch.models.helps import Assignment, Offer, OfferPlan, WorkPhoto
from dispatch.models.places import Household
from dispatch.models.workforce import (
    Organisation,
    Station,
    Worker,
    WorkerArea,
    WorkerPosition,
    WorkerShift,
    WorkerSkill,
)
from dispatch.services.helps import offering, view, visiting
from dispatch.services.helps.offering import Offers
from dispatch.services.helps.working import Report
from dispatch.services.rows import Row
from dispatch.services.work import Act
from tests.support.factories import START, Town
from tests.support.story import Story, Telephone

HOME = Point(46.21, 130.47)
"""Where Wang lives; Zhao lives next door."""
ALL_WEEK = tuple(range(7))
EVERYTHING = (
    *("meal", "bath", "medical", "clean", "emergency", "mobility", "shopping", "leisure", "chat", "learning"),
    *("nursing", "driving"),
)
CERTIFIED = ("bath", "emergency", "nursing", "driving")


@dataclass(frozen=True)
class Who:
    """One helper. ``north_m``: metres from Wang's home; None: nobody knows where they are."""

    name: str
    phone: str
    skills: tuple[str, ...] = EVERYTHING
    kind: str = "worker"
    area: str = "East"
    north_m: float | None = 500
    sex: str = "F"
    capacity: int = 4
    user: str | None = None
    until: date | None = None


NEAR = Who("Near", "13711110001", north_m=300, user="helper")
MIDDLE = Who("Middle", "13711110002", north_m=1500)
FAR = Who("Far", "13711110003", north_m=4000)
FOURTH = Who("Fourth", "13711110004", north_m=5500, kind="volunteer")
FIFTH = Who("Fifth", "13711110005", north_m=6000)
WEST = Who("Wessel", "13711110009", area="West", north_m=None)
TEAM = (NEAR, MIDDLE, FAR, FOURTH, FIFTH, WEST)


def employ(town: Town, *team: Who) -> dict[str, int]:
    """Put these to work, every day at all hours; returns their ids by name."""
    ids = {}
    with town.centre.database.sessions.begin() as session:
        for name in ("Wang", "Zhao"):
            place = update(Household).where(Household.id == town.households[name])
            session.execute(place.values(lat=HOME.lat, lon=HOME.lon, access_notes="code 2580"))
        for who in team or TEAM:
            ids[who.name] = _employ(session, town, who)
    return ids


def _employ(session: Session, town: Town, who: Who) -> int:
    worker = Worker(
        name=who.name,
        phone=who.phone,
        kind=who.kind,
        sex=who.sex,
        capacity=who.capacity,
        area_id=town.areas[who.area],
        user_id=town.users[who.user] if who.user else None,
    )
    session.add(worker)
    session.flush()
    session.add(WorkerArea(worker_id=worker.id, area_id=town.areas[who.area]))
    for skill in who.skills:
        number = f"NO-{worker.id}" if skill in CERTIFIED else None
        session.add(WorkerSkill(worker_id=worker.id, skill=skill, level=2, certificate=number, valid_until=who.until))
    session.add_all(WorkerShift(worker_id=worker.id, weekday=day, starts="00:00", ends="00:00") for day in ALL_WEEK)
    if who.north_m is not None:
        session.add(WorkerPosition(worker_id=worker.id, lat=north(who.north_m).lat, lon=HOME.lon, at=START))
    return worker.id


def north(metres: float) -> Point:
    return Point(HOME.lat + metres / 111_320, HOME.lon)


class Dispatching:
    """A story with helpers: what the desk does, what helpers do on their pages and telephones."""

    def __init__(self, story: Story, *team: Who) -> None:
        self.story = story
        self.ids = employ(story.town, *team)

    def phone(self, who: Who) -> Telephone:
        return self.story.phone(who.phone)

    def here(self, *team: Who) -> None:
        """Positions are fresh again."""
        with self.story.centre.database.sessions.begin() as session:
            ids = [self.ids[who.name] for who in team or TEAM if who.name in self.ids]
            now = self.story.now
            session.execute(update(WorkerPosition).where(WorkerPosition.worker_id.in_(ids)).values(at=now))

    def offer(self, mode: str = "parallel", *who: Who, case: int | None = None, by: str = "lin", **more: Any) -> Row:
        wanted = Offers(Mode(mode), tuple(self.ids[one.name] for one in who), **more)
        case_id = case or self.story.case.id
        offering.offer(self.story.centre, case_id, self.story.act(by), wanted)
        return self.seen(case_id)

    def seen(self, case: int | None = None) -> Row:
        return view.of_case(self.story.centre, case or self.story.case.id, self.story.town.actor("boss"))

    def states(self, case: int | None = None) -> dict[str, str]:
        """The last state of each helper's offer."""
        return {one["worker"]["name"]: one["state"] for one in self.seen(case)["items"]}

    def plan(self, case: int | None = None) -> int:
        """The one by which helpers are asked now."""
        running = select(OfferPlan.id).where(
            OfferPlan.case_id == (case or self.story.case.id), OfferPlan.state == "running"
        )
        with self.story.centre.database.reads() as session:
            return session.scalars(running).one()

    def offer_of(self, who: Who, case: int | None = None) -> int:
        found = [one for one in self.seen(case)["items"] if one["worker"]["name"] == who.name]
        return int(found[-1]["id"])

    def accept(self, who: Who, case: int | None = None, by: str = "helper") -> int:
        return offering.accept(self.story.centre, self.offer_of(who, case), self.story.act(by))

    def decline(self, who: Who, reason: str | None = None, by: str = "helper") -> None:
        offering.decline(self.story.centre, self.offer_of(who), self.story.act(by), reason=reason)

    def report(self, deed: str, by: str = "helper", *, uuid: str = "", metres: float | None = 20, **more: Any) -> Row:
        """Of the visit that goes on."""
        return self.report_of(None, deed, by, uuid=uuid, metres=metres, **more)

    def report_of(
        self, case: int | None, deed: str, by: str = "helper", *, uuid: str = "", metres: float | None = 20, **more: Any
    ) -> Row:
        job = self.seen(case)["assignment"]
        fix = None if metres is None else Fix(north(metres), 10)
        said = Report(uuid or f"{deed}-{job['id']}", self.story.now, fix, **more)
        return visiting.report(self.story.centre, int(job["id"]), self.story.act(by), deed, said)


def in_the_east(town: Town, case_id: str) -> dict[str, str]:
    """An offer of the case and the visit that follows from it, by somebody who may see neither."""
    with town.centre.database.sessions.begin() as session:
        worker = Worker(name="Wang Qi", phone="13711110008", area_id=town.areas["East"])
        provider = Organisation(name="Wang's", kind="company", ownership="private", area_id=town.areas["East"])
        station = Station(name="Wang's station", kind="station", area_id=town.areas["East"])
        session.add_all([worker, provider, station])
        session.flush()
        worker.station_id = station.id
        plan = OfferPlan(
            case_id=int(case_id),
            state="accepted",
            mode="direct",
            size=1,
            seconds=60,
            queue=[],
            alone=0,
            started_at=START,
            started_by="Lin",
        )
        session.add(plan)
        session.flush()
        at = {"offered_at": START, "expires_at": START + timedelta(minutes=1)}
        offer = Offer(
            case_id=int(case_id),
            plan_id=plan.id,
            worker_id=worker.id,
            state="accepted",
            mode="direct",
            round=1,
            number=worker.phone,
            code="101",
            open=True,
            **at,
        )
        session.add(offer)
        session.flush()
        times = dict.fromkeys(("accepted_at", "due_at", "starts_at", "ends_at"), START)
        job = Assignment(
            case_id=int(case_id),
            offer_id=offer.id,
            worker_id=worker.id,
            state="accepted",
            emergency=True,
            channel="app",
            flags=[],
            **times,
        )
        session.add(job)
        session.flush()
        photo = WorkPhoto(
            assignment_id=job.id,
            client_uuid="in-the-east",
            device_at=START,
            received_at=START,
            sha256="0" * 64,
            content=b"",
            flags=[],
        )
        session.add(photo)
        session.flush()
        ids = {"case_id": int(case_id), "worker_id": worker.id}
        asked = FollowUp(**ids, why="drawn", state="open", began_at=START, due_at=START, answers={})
        check = VisitCheck(**ids, assignment_id=job.id, state="open", flags=["overlap"], opened_at=START)
        session.add_all([asked, check])
        session.flush()
        made = {"worker_id": worker, "provider_id": provider, "station_id": station}
        made |= {"offer_id": offer, "assignment_id": job, "photo_id": photo}
        made |= {"follow_up_id": asked, "check_id": check}
        return {part: str(row.id) for part, row in made.items()}


def jobs_of(town: Town, name: str) -> list[Assignment]:
    with town.centre.database.reads() as session:
        return list(session.scalars(select(Assignment).join(Worker).where(Worker.name == name).order_by(Assignment.id)))


def act(town: Town, by: str) -> Act:
    return Act(town.actor(by), START)
