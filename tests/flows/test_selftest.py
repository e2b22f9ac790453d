"""A synthetic alarm goes down each way in every minute. When it does not come out again, that is an alarm."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from werkzeug.serving import make_server

from dispatch.bootstrap.web import web_of
from dispatch.domain.actor import Actor
from dispatch.domain.selftest import DEVICE, EVERY, PLACE, SelftestFailed
from dispatch.gateways.ourselves import DOORS, HttpWay
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Signal
from dispatch.models.duty import SelftestPath
from dispatch.models.floor import AreaEvent
from dispatch.models.outbox import Message
from dispatch.models.people import Elder
from dispatch.models.places import Area
from dispatch.services import accounts, audit, desk, live
from dispatch.services.demo.seed import seed_demo
from dispatch.services.desk import CaseFilter, PageOf
from dispatch.services.duty import selftest
from dispatch.services.floor import floods
from dispatch.services.register import listing
from dispatch.services.register.narrowing import ElderFilter
from dispatch.workers.selftest import Selftest
from tests.support import factories
from tests.support.factories import Town
from tests.support.story import Story

TOKEN = "a token that only this test knows"


class Way:
    """A way in that a test can block: the alarm is received as the product receives it."""

    name = "fake way"

    def __init__(self, story: Story) -> None:
        self._story = story
        self.blocked = ""

    def go_down(self, event_id: str) -> None:
        if self.blocked:
            raise SelftestFailed(self.blocked)
        self._story.press(DEVICE, "sos", event_id)


def run(story: Story, way: Way, minutes: int = 1) -> None:
    tester = Selftest(story.centre, TOKEN, [way])
    for _ in range(minutes):
        tester.run(story.now)
        story.sleep(60)


def findings(story: Story) -> dict[str, int]:
    return {f["code"]: f["count"] for f in audit.health(story.centre, story.now)["findings"]}


def everything(story: Story) -> Actor:
    return accounts.machine(story.centre, story.town.admin_token)


def test_an_hour_of_synthetic_alarms_is_one_case_that_nobody_meets(story: Story) -> None:
    way = Way(story)
    run(story, way, 60)
    with story.centre.database.reads() as session:
        (case,) = session.scalars(select(Case))
        assert (case.signals, case.priority, case.owner_id) == (60, 1, None)
        assert session.scalar(select(func.count(Signal.id)).where(Signal.case_id == case.id)) == 60
        assert session.scalar(select(SelftestPath.passes)) == 60
    while live.sequence(story.centre):
        pass
    for actor in (everything(story), story.town.actor("boss"), story.town.actor("lin")):
        assert live.snapshot(story.centre, actor, story.now)["cases"] == []
        assert live.since(story.centre, actor, 0, story.now)["ops"] == []
        listed = desk.cases(story.centre, actor, CaseFilter(), PageOf(50, None), story.now)
        assert (listed["items"], listed["total"]) == ([], 0)
        assert (
            listing.elders(story.centre, actor, ElderFilter(q="selftest"), PageOf(50, None), story.now)["items"] == []
        )
        assert desk.signals(story.centre, actor, None, 50, None)["items"] == []
    story.forward(3600)
    audit.audit(story.centre, story.now)
    assert {e.kind for e in story.events()} == {"opened", "repeat"}
    assert story.messages() == []


def test_a_flood_in_the_minutes_after_the_first_test_is_seen(story: Story) -> None:
    """Its own case is among the alarms of these minutes, and lies in no area that a flood could be in."""
    run(story, Way(story))
    for n in range(10):
        story.press(f"ELM-{n}", "sos")
    with story.centre.database.sessions.begin() as session:
        elm = session.scalars(select(Area).where(Area.name == "Elm")).one()
        session.execute(update(Case).where(Case.area_id.is_(None)).values(area_id=elm.id))
    assert floods.tick(story.centre, story.now) == 1
    with story.centre.database.reads() as session:
        (event,) = session.scalars(select(AreaEvent))
        assert (event.place, event.cause) == ("Elm", "sos")


def test_the_selftest_itself_sees_its_case_and_no_other(story: Story) -> None:
    story.press("SOS-1")
    run(story, Way(story))
    actor = accounts.machine(story.centre, TOKEN)
    (row,) = live.snapshot(story.centre, actor, story.now)["cases"]
    assert (row["area"]["name"], row["signals"]) == ("自检", 1)
    story.take("lin", 1)
    story.close("test", case=1)


def test_three_minutes_without_a_pass_are_an_alarm_that_ends_with_the_next_one(story: Story) -> None:
    way = Way(story)
    run(story, way)
    way.blocked = "not_seen"
    run(story, way, 2)
    assert findings(story) == {}
    run(story, way)
    assert findings(story) == {"selftest_late": 1}
    assert not audit.health(story.centre, story.now)["ok"]
    way.blocked = ""
    run(story, way)
    assert findings(story) == {}


def test_with_the_clock_dead_the_absence_is_seen_by_whoever_looks(story: Story) -> None:
    run(story, Way(story))
    story.sleep(3 * EVERY.total_seconds())
    assert findings(story) == {"selftest_late": 1}


def test_a_way_that_never_worked_is_late_too(story: Story) -> None:
    way = Way(story)
    way.blocked = "unreachable"
    run(story, way, 4)
    assert findings(story) == {"selftest_late": 1}
    with story.centre.database.reads() as session:
        (row,) = session.scalars(select(SelftestPath))
        assert (row.error, row.failures, row.passes) == ("unreachable", 4, 0)


def test_a_slow_pass_is_a_finding(story: Story) -> None:
    run(story, Way(story))
    selftest.record(story.centre, selftest.Pass("fake way", 7.5), story.now)
    assert findings(story) == {"selftest_slow": 1}


def test_a_defect_in_one_way_does_not_keep_the_others_from_being_tried(story: Story) -> None:
    class Broken:
        name = "broken way"

        def go_down(self, event_id: str) -> None:
            raise RuntimeError(event_id)

    Selftest(story.centre, TOKEN, [Broken(), Way(story)]).run(story.now)
    with story.centre.database.reads() as session:
        found = dict(iter(session.execute(select(SelftestPath.path, SelftestPath.passes))))
    assert found == {"broken way": 0, "fake way": 1}


def test_a_way_that_is_watched_no_longer_is_forgotten(story: Story) -> None:
    run(story, Way(story))
    Selftest(story.centre, TOKEN, []).run(story.now)
    story.sleep(600)
    assert findings(story) == {}


def test_a_new_secret_ends_the_old_token(story: Story) -> None:
    run(story, Way(story))
    Selftest(story.centre, "another", [Way(story)]).run(story.now)
    with pytest.raises(accounts.Unauthenticated):
        accounts.machine(story.centre, TOKEN)
    assert accounts.machine(story.centre, "another").paths == (PLACE,)


def test_two_clocks_make_one_place_and_one_case(story: Story) -> None:
    for _ in range(2):
        selftest.prepare(story.centre, TOKEN, ["fake way"], story.now)
    with story.centre.database.reads() as session:
        for table in (Case, SelftestPath):
            assert session.scalar(select(func.count()).select_from(table)) == 1
        places = select(func.count(Area.id)).where(Area.path == PLACE)
        assert session.scalar(places) == 1


def test_the_demo_goes_into_a_centre_that_has_only_tested_itself(
    centre: object, database_url: str, tmp_path: Path
) -> None:
    made = factories.make_centre(database_url, tmp_path / "other")
    selftest.prepare(made, TOKEN, ["fake way"], factories.START)
    assert seed_demo(made, factories.START)
    with made.database.reads() as session:
        assert (session.scalar(select(func.count(Elder.id))) or 0) > 1000
    made.database.engine.dispose()


# -- the way in by HTTP, with a real server


@dataclass(frozen=True)
class Server:
    url: str
    token: str
    within: float

    def way(self, door: str) -> HttpWay:
        return HttpWay(self.url, self.token, door, within=self.within)


@contextmanager
def serving(town: Town, data_dir: Path, *, pushing: bool) -> Iterator[Server]:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    chosen = factories.settings(url, data_dir)
    web = web_of(chosen, factories.centre_for(chosen))
    server = make_server("127.0.0.1", 0, web.app, threaded=True)
    if pushing:
        web.relay.start()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    selftest.prepare(town.centre, chosen.selftest_token, [], factories.START)
    try:
        yield Server(f"http://127.0.0.1:{server.port}", chosen.selftest_token, 60 if pushing else 12)
    finally:
        web.relay.stop()
        server.shutdown()
        server.server_close()
        thread.join(5)
        web.app.extensions["dispatch"].centre.database.engine.dispose()


def test_an_alarm_goes_in_by_each_door_and_comes_out_at_the_console(town: Town, tmp_path: Path) -> None:
    with serving(town, tmp_path / "data", pushing=True) as server:
        for number in range(2):
            for door in DOORS:
                server.way(door).go_down(f"{door} {number}")
    centre = town.centre
    with centre.database.reads() as session:
        (case,) = session.scalars(select(Case))
        assert (case.signals, case.priority, case.owner_id) == (2 * len(DOORS), 1, None)
        told = Counter(session.scalars(select(CaseEvent.kind)))
        assert told == {"opened": 1, "repeat": 4, "call_in": 2, "note": 2}
        assert session.scalar(select(func.count(Message.id))) == 0, "nobody is paged"
    for actor in (town.actor("boss"), accounts.machine(centre, town.admin_token)):
        assert live.snapshot(centre, actor, factories.START)["cases"] == []


@pytest.mark.parametrize("door", DOORS)
def test_a_web_process_that_answers_and_pushes_no_more_is_noticed(town: Town, tmp_path: Path, door: str) -> None:
    with serving(town, tmp_path / "data", pushing=False) as server, pytest.raises(SelftestFailed, match="not_seen"):
        server.way(door).go_down("event")
    with town.centre.database.reads() as session:
        assert session.scalar(select(Case.signals)) == 1


def test_without_its_case_the_synthetic_alarm_opens_none_that_people_see(town: Town, tmp_path: Path) -> None:
    with serving(town, tmp_path / "data", pushing=True) as server:
        with town.centre.database.sessions.begin() as session:
            session.scalars(select(Case)).one().state = "merged"
        for door in DOORS:
            with pytest.raises(SelftestFailed, match="no_case"):
                server.way(door).go_down("event")
    with town.centre.database.reads() as session:
        assert session.scalar(select(func.count(Case.id))) == 1


def test_a_web_process_that_is_away_is_noticed() -> None:
    with pytest.raises(SelftestFailed, match="unreachable"):
        HttpWay("http://127.0.0.1:9", TOKEN, "calls", within=1).go_down("event")


def test_settings_say_where_it_is_handed_in(tmp_path: Path) -> None:
    def ways(**more: object) -> tuple[str, ...]:
        return factories.settings("sqlite://", tmp_path, **more).selftest_ways

    assert ways(host="0.0.0.0", port=8123) == ("http://127.0.0.1:8123",)
    assert ways(selftest_urls="http://web1:8000, http://web2:8000,") == ("http://web1:8000", "http://web2:8000")
    assert ways(selftest_urls="off") == ()
