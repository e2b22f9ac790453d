"""Visits are generated and rounds planned by real Celery workers, one of which is killed in the middle of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dispatch.domain.visits.periods import month_of
from dispatch.models.places import Household
from dispatch.models.rounds import CheckinPlan, CheckinStop
from dispatch.models.visits import CheckinMonthElder, CheckinRun, CheckinVisit
from dispatch.services.care.reach import today
from dispatch.services.rounds import asking
from dispatch.services.rounds.asking import Asked
from dispatch.services.visits.month import bring_up_to_date
from dispatch.services.work import Act
from tests.support import factories
from tests.support.factories import Town
from tests.support.helps import HOME, employ
from tests.support.product import Product
from tests.support.redis import Redis
from tests.support.visit_plans import ANNE, BERT
from tests.support.visits import crowd

ELDERS = 12_000
"""In portions of 2,000, each of some half a second: there is time to kill who makes them."""
WITHIN = 200.0
"""Seconds: a lease of one minute must run out first."""

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.timeout(1_200),
]


@pytest.fixture
def town(postgres_url: str, tmp_path: Path) -> Iterator[Town]:
    found = factories.build_town(factories.make_centre(postgres_url, tmp_path / "test"))
    employ(found, ANNE, BERT)
    crowd(found, ELDERS, [found.areas["Oak"]])
    with found.centre.database.sessions.begin() as session:
        for number, home in enumerate(found.households.values()):
            place = update(Household).where(Household.id == home)
            session.execute(place.values(lat=HOME.lat + number * 0.002, lon=HOME.lon))
    yield found
    found.centre.database.engine.dispose()


def until(town: Town, holds: Callable[[Session], object], product: Product) -> None:
    ends = time.monotonic() + WITHIN
    while True:
        with town.centre.database.reads() as session:
            if holds(session):
                return
        assert time.monotonic() < ends, "\n".join(product.log(name) for name in product.processes)
        time.sleep(0.01)


def visits_of_the_small_town(town: Town, now: datetime) -> None:
    """Those that are to be planned while the others are being generated. Begun here, so the clock tops them up."""
    month = month_of(today(town.centre, now) + timedelta(days=1))
    with town.centre.database.sessions.begin() as session:
        bring_up_to_date(session, town.centre, month, list(town.elders.values()), now)


def test_a_worker_that_dies_in_the_middle_costs_a_minute_and_neither_a_visit_nor_a_plan(
    town: Town, own_redis: Redis, tmp_path: Path, postgres_url: str
) -> None:
    now = datetime.now(UTC)
    visits_of_the_small_town(town, now)
    tomorrow = today(town.centre, now) + timedelta(days=1)
    asked = Asked(town.areas["East"], tomorrow, tomorrow, seconds=8)
    plan_id = int(asking.ask(town.centre, Act(town.actor("boss"), now), asked)["id"])

    def run(session: Session) -> CheckinRun:
        return session.scalars(select(CheckinRun).order_by(CheckinRun.id).limit(1)).one()

    def plan(session: Session) -> CheckinPlan:
        return session.get_one(CheckinPlan, plan_id)

    def both_are_at_work(session: Session) -> bool:
        if session.scalar(select(func.count(CheckinRun.id))) == 0:
            return False
        return run(session).done > 0 and plan(session).claim is not None

    with Product(postgres_url, own_redis.url, tmp_path / "product") as product:
        product.start("worker")
        product.start("clock")
        until(town, both_are_at_work, product)
        product.kill("worker")
        with town.centre.database.reads() as session:
            assert (run(session).state, plan(session).state) == ("open", "open"), "it was killed in the middle"
            assert 0 < run(session).done < run(session).elders
        product.start("worker")
        until(town, lambda session: run(session).state == "done" and plan(session).state == "ready", product)
        asking.publish(town.centre, plan_id, Act(town.actor("boss"), datetime.now(UTC)))
        until(town, lambda session: plan(session).state == "published", product)
        assert "visits_generated" in product.log("worker"), "a worker made them, and not the clock in its place"
        assert "plan_published" in product.log("worker")
    with town.centre.database.reads() as session:
        month = run(session).month
        listed = session.scalars(select(CheckinMonthElder.elder_id).where(CheckinMonthElder.month == month)).all()
        visited = session.scalars(select(CheckinVisit.elder_id).where(CheckinVisit.period == month)).all()
        assert sorted(visited) == sorted(listed), "nobody is forgotten, and nobody has two"
        assert len(listed) == ELDERS + len(town.elders)
        placed = select(func.count(CheckinStop.id)).where(CheckinStop.plan_id == plan_id, CheckinStop.position >= 0)
        assert session.scalar(placed) == plan(session).booked > 0
