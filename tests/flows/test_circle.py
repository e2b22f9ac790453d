"""The 15-minute circle: who is near enough to each home, found for all homes at night and when somebody asks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from dispatch.models.circle import CircleRun, HomeCircle
from dispatch.models.places import Area, Household
from dispatch.models.workforce import Station, Worker
from dispatch.services.desk import PageOf
from dispatch.services.helps import circles
from dispatch.services.register import counts, file, listing
from dispatch.services.register.narrowing import ElderFilter
from tests.support.helps import HOME, MIDDLE, NEAR, employ, north
from tests.support.story import Story

WALK_15_M = 4_000 / 60 * 15 / 1.3
"""As ``config/matching.yaml`` says: four kilometres an hour, on roads that are longer than the straight line."""


@pytest.fixture
def city(story: Story) -> Story:
    """Wang and Zhao live a little inside of a station's circle, the family a little outside, the others nowhere."""
    town = story.town
    employ(town, NEAR, MIDDLE)
    with town.centre.database.sessions.begin() as session:
        session.execute(update(Household).values(lat=None, lon=None))
        for name, metres in (("Wang", 10), ("Zhao", 10), ("Family", -30)):
            place = {"lat": north(metres).lat, "lon": HOME.lon}
            session.execute(update(Household).where(Household.id == town.households[name]).values(place))
        for name, metres in (("Near by", WALK_15_M), ("Too far", WALK_15_M + 900)):
            spot = {"lat": north(metres).lat, "lon": HOME.lon}
            session.add(Station(name=name, kind="station", area_id=town.areas["Elm"], functions=[], **spot))
        session.add(
            Station(name="Closed", kind="station", area_id=town.areas["Elm"], lat=HOME.lat, lon=HOME.lon, active=False)
        )
        session.execute(update(Area).where(Area.id == town.areas["East"]).values(lat=HOME.lat, lon=HOME.lon))
    return story


def run(story: Story) -> None:
    """The night comes, and no worker does: the clock does it."""
    circles.tick(story.centre, story.now)
    story.clock.imports(story.now)


def outside(story: Story, what: str = "near_station", area: int | None = None) -> tuple[list[str], int]:
    """The list, and the number by area that leads to it."""
    boss, wanted = story.town.actor("boss"), ElderFilter(missing=what, area_id=area)
    page = listing.elders(story.centre, boss, wanted, PageOf(100, None), story.now)
    number = counts.counts(story.centre, boss, "area", wanted, story.now)
    assert number["total"] == len(page["items"]) == number["here"] + sum(one["count"] for one in number["items"])
    return sorted(one["name"] for one in page["items"]), number["total"]


def test_who_lives_outside_is_known_and_counted_as_listed(city: Story) -> None:
    boss = city.town.actor("boss")
    assert outside(city)[1] == 0, "before the first run nobody is said to be outside"
    run(city)
    assert outside(city)[1] == 1
    family = city.town.elders["Family"]
    shown = file.elder_file(city.centre, family, boss, city.now)["circle"]
    assert (shown["station"]["name"], shown["station_minutes"]) == ("Near by", 16)
    assert file.elder_file(city.centre, city.town.elders["Wang"], boss, city.now)["circle"]["station_minutes"] == 15
    # Helpers are based where their area is, and nobody is a nurse.
    assert shown["helpers"]["worker"] == 1
    assert shown["helpers"]["nurse"] is None
    assert outside(city, "near_worker")[1] == 0
    assert outside(city, "near_nurse")[1] == 3
    # Who has no place is in no circle and outside of none: that is another list.
    assert outside(city, "point")[1] > 0


def test_once_a_night_and_when_somebody_asks_and_what_has_moved_is_forgotten(city: Story) -> None:
    run(city)
    run(city)
    with city.centre.database.sessions.begin() as session:
        assert len(session.scalars(select(CircleRun)).all()) == 1, "once a night"
        home = city.town.households["Family"]
        session.execute(update(Household).where(Household.id == home).values(lat=None, lon=None))
        session.execute(update(Worker).where(Worker.name == "Near").values(kind="nurse"))
    circles.refresh(city.centre, city.town.actor("boss"), city.now)
    circles.refresh(city.centre, city.town.actor("boss"), city.now)
    assert circles.state(city.centre)["run"]["done"] == 0
    city.clock.imports(city.now)
    state = circles.state(city.centre)
    assert state["run"] is None
    assert state["as_of"] is not None
    with city.centre.database.reads() as session:
        assert len(session.scalars(select(CircleRun)).all()) == 2, "asked twice it ran once"
        left = {one.household_id: one.nurse for one in session.scalars(select(HomeCircle))}
    assert left == {city.town.households["Wang"]: 1, city.town.households["Zhao"]: 1}
    city.sleep(86_400)
    run(city)
    assert circles.state(city.centre)["as_of"] > state["as_of"]


def test_a_worker_that_falls_asleep_in_the_middle_is_followed_by_another(city: Story) -> None:
    """When it wakes up the run is not its own any more, and what it had in hand is not written."""
    circles.refresh(city.centre, None, city.now)
    [first] = circles.hand_over(city.centre, city.now)
    looks = 0

    def sleepy() -> datetime:
        nonlocal looks
        looks += 1
        if looks == 3:  # claimed, one portion done, and then
            assert circles.hand_over(city.centre, city.now + timedelta(seconds=30)) == [], "it holds its lease"
            city.sleep(61)
            [second] = circles.hand_over(city.centre, city.now)
            circles.work(city.centre, second.run_id, lambda: city.now)
        return city.now

    circles.work(city.centre, first.run_id, sleepy, portion=2)
    assert looks == 3
    assert outside(city)[1] == 1
    with city.centre.database.reads() as session:
        run = session.scalars(select(CircleRun)).one()
        homes = session.scalar(select(func.count()).select_from(Household))
    assert (run.state, run.done, run.homes) == ("done", homes, homes)
