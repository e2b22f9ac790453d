"""Plans of check-in visits for the small town: who is sent, and a plan from the wish to the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import update

from dispatch.domain.rounds.planner import Effort, Planner
from dispatch.domain.rounds.problem import Plan, Problem
from dispatch.models.places import Household
from dispatch.models.workforce import Station, Worker
from dispatch.services.rounds import asking, listing, solving
from dispatch.services.rounds.asking import Asked
from dispatch.services.work import Act
from tests.support.factories import START, Town
from tests.support.helps import HOME, Who, employ
from tests.support.rounds import by_hand
from tests.support.visits import generate

ANNE = Who("Anne", "13722220001", skills=(), north_m=None)
BERT = Who("Bert", "13722220002", skills=(), north_m=None, sex="M")
TODAY = START.date()
"""A Tuesday, 16:00 where the centre is."""
TOMORROW = TODAY + timedelta(days=1)
FRIDAY = TODAY + timedelta(days=3)


class Planning:
    """``town`` with a map, a team, and the visits of the month."""

    def __init__(self, town: Town, *team: Who, planner: Planner = by_hand) -> None:
        self.town, self.planner, self.now = town, planner, START
        self.ids = employ(town, *(team or (ANNE, BERT)))
        with town.centre.database.sessions.begin() as session:
            station = Station(name="East", kind="station", area_id=town.areas["East"], lat=HOME.lat, lon=HOME.lon)
            session.add(station)
            session.flush()
            at_station = update(Worker).where(Worker.id.in_(self.ids.values()))
            session.execute(at_station.values(station_id=station.id))
            for number, home in enumerate(town.households.values()):
                place = update(Household).where(Household.id == home)
                session.execute(place.values(lat=HOME.lat + number * 0.002, lon=HOME.lon))
        generate(town)

    def act(self, who: str = "boss", version: int | None = None) -> Act:
        return Act(self.town.actor(who), self.now, version)

    def ask(self, first: date = TOMORROW, last: date = FRIDAY, **more: Any) -> int:
        asked = Asked(self.town.areas[more.pop("area", "East")], first, last, **more)
        return int(asking.ask(self.town.centre, self.act(), asked)["id"])

    def work(self, plan_id: int) -> None:
        for handover in asking.hand_over(self.town.centre, self.now):
            assert handover.plan_id == plan_id
        solving.work(self.town.centre, plan_id, lambda: self.now, self.planner)

    def made(self, first: date = TOMORROW, last: date = FRIDAY, **more: Any) -> dict[str, Any]:
        plan_id = self.ask(first, last, **more)
        self.work(plan_id)
        return self.plan(plan_id)

    def published(self, first: date = TOMORROW, last: date = FRIDAY, **more: Any) -> dict[str, Any]:
        plan = self.made(first, last, **more)
        return self.publish(int(plan["id"]))

    def publish(self, plan_id: int) -> dict[str, Any]:
        asking.publish(self.town.centre, plan_id, self.act())
        self.work(plan_id)
        return self.plan(plan_id)

    def plan(self, plan_id: int) -> dict[str, Any]:
        return listing.plan(self.town.centre, plan_id, self.town.actor("boss"))


def calls_off(planning: Planning, plan_id: Callable[[], int]) -> Planner:
    """A planner during whose work somebody calls the plan off."""

    def planner(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
        asking.cancel(planning.town.centre, plan_id(), planning.act())
        planning.now += timedelta(seconds=10)
        return by_hand(problem, effort, told)

    return planner


def plan_in_the_east(town: Town, now: datetime = START) -> str:
    asked = Asked(town.areas["East"], now.date(), now.date())
    return str(asking.ask(town.centre, Act(town.actor("boss"), now), asked)["id"])
