"""A gateway process that dies, or a listener that does not hear, is one case: not silence, and not hundreds."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from dispatch.domain.case import State
from dispatch.domain.listening import Work
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.listening import ListenerHour
from dispatch.services import audit
from dispatch.services.devices import beats, hours, listening
from dispatch.services.devices.beats import Beat
from dispatch.services.devices.hours import Hour
from dispatch.services.devices.listening import Report
from dispatch.services.devices.page import page
from dispatch.workers.corridor import Status
from tests.support.story import Story


def report(story: Story, state: Work = Work.HEARING, since: datetime | None = None, *, other: bool = True) -> None:
    """The process and its listeners say how they are; ``since`` when ``mqtt`` is as it is."""
    now = story.now
    reports = [
        Report(listening.PROCESS, "", Work.HEARING, "", now),
        Report("mqtt", "mqtt", state, "", since or now, error="ConnectionRefusedError: no"),
    ]
    if other:
        reports.append(Report("dc09", "dc09", Work.HEARING, "tcp 127.0.0.1:4041", now))
    listening.report(story.centre, "gateway", reports, now)


def offline(story: Story) -> list[Case]:
    return [case for case in story.cases() if case.cause == "gateway_offline"]


def rounds(story: Story, seconds: int) -> None:
    """The clock makes its round every 15 s, and nobody says anything."""
    for _ in range(seconds // 15):
        story.sleep(15)
        listening.watch(story.centre, story.now)


def test_a_process_that_dies_is_one_case_and_ends_it_when_it_is_back(story: Story) -> None:
    report(story)
    rounds(story, 45)
    assert not offline(story)
    rounds(story, 120)
    (case,) = offline(story)
    assert (case.origin_device, case.state) == ("gateway", State.NEW)
    rounds(story, 300)
    assert len(offline(story)) == 1
    with story.centre.database.reads() as session:
        assert {row["state"] for row in listening.shown(session, story.now)} == {"silent"}
    report(story)
    rounds(story, 15)
    (case,) = offline(story)
    assert (case.state, case.outcome) == (State.CLOSED, "came_back")


def test_a_database_that_was_away_is_no_silence(story: Story) -> None:
    """The clock comes back before the gateway has written again."""
    report(story)
    story.sleep(600)
    listening.watch(story.centre, story.now)
    story.sleep(5)
    report(story)
    rounds(story, 30)
    assert not offline(story)


def test_a_listener_that_does_not_hear_for_long_is_a_case_of_its_own(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Device).where(Device.number.in_(["SOS-1", "SOS-2"])).values(protocol="mqtt"))
    began = story.now
    for _ in range(9):
        report(story, Work.DOWN, began)
        rounds(story, 15)
    (case,) = offline(story)
    assert case.origin_device == "gateway/mqtt"
    opened = next(event for event in story.events(case.id) if event.kind == "opened")
    assert opened.data["homes"] == 2
    assert "ConnectionRefusedError" in opened.data["reason"]
    shown = {one["name"]: one for one in listening.listeners(story.centre, story.now)["items"]}
    assert (shown["mqtt"]["state"], shown["mqtt"]["case_id"]) == ("down", str(case.id))
    assert (shown["dc09"]["state"], shown["dc09"]["address"], shown["dc09"]["case_id"]) == (
        "hearing",
        "tcp 127.0.0.1:4041",
        None,
    )
    found = {finding.code: finding.count for finding in audit.audit(story.centre, story.now)}
    assert found["listener_down"] == 1
    report(story)
    listening.watch(story.centre, story.now)
    assert offline(story)[0].state == State.CLOSED


def test_of_what_is_switched_off_nothing_is_expected(story: Story) -> None:
    report(story)
    report(story, other=False)
    with story.centre.database.reads() as session:
        assert [row["name"] for row in listening.shown(session, story.now)] == ["", "mqtt"]
    rounds(story, 180)
    assert len(offline(story)) == 1
    listening.forget(story.centre, "gateway", story.now)
    assert offline(story)[0].state == State.CLOSED
    rounds(story, 300)
    assert len(offline(story)) == 1


def heard(story: Story, *told: Hour) -> None:
    listener = Report("dc09", "dc09", Work.HEARING, "tcp 127.0.0.1:4041", story.now, connected=3, hours=told)
    listening.report(
        story.centre, "gateway", [Report(listening.PROCESS, "", Work.HEARING, "", story.now), listener], story.now
    )


def test_what_was_heard_is_added_up_by_the_hour_and_shown_for_a_day(story: Story) -> None:
    this = hours.hour_of(story.now)
    long_ago, yesterday = this - timedelta(days=40), this - timedelta(hours=20)
    heard(story, Hour(this, 4, 1), Hour(yesterday, 7, 0), Hour(long_ago, 9, 9))
    heard(story, Hour(this, 2, 0))
    process, one = listening.listeners(story.centre, story.now)["items"]
    midnight = story.now.astimezone(story.centre.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    today = 6 + (7 if yesterday >= midnight else 0)
    assert (one["connected"], one["today"]) == (3, {"messages": today, "alarms": 1})
    assert [hour["messages"] for hour in one["hours"]] == [0, 0, 0, 7, *[0] * 19, 6]
    assert process["today"] == one["today"]
    hours.prune(story.centre, story.now)
    with story.centre.database.reads() as session:
        assert sorted(session.scalars(select(ListenerHour.messages))) == [6, 7]


def test_what_nobody_could_be_told_is_told_with_the_next(story: Story) -> None:
    status = Status(story.now)
    status.count(story.now, messages=1)
    status.count(story.now, messages=1, alarms=1)
    (taken,) = status.take_hours()
    assert (taken, status.take_hours()) == (Hour(hours.hour_of(story.now), 2, 1), ())
    status.count(story.now + timedelta(hours=1), messages=1)
    status.count(taken.at, messages=taken.messages, alarms=taken.alarms)
    assert {(one.messages, one.alarms) for one in status.take_hours()} == {(1, 0), (2, 1)}


def test_the_page_of_a_device_says_how_many_messages_came_today(story: Story) -> None:
    story.press("SOS-1")
    beats.fold(story.centre, [beat(story, "SOS-1", 40, b"one").then(beat(story, "SOS-1", None, b"two"))])
    with story.centre.database.reads() as session:
        device_id = session.scalars(select(Device.id).where(Device.number == "SOS-1")).one()
    found = page(story.centre, story.town.actor("boss"), device_id, story.now)
    assert found["messages_today"] == 3
    story.sleep(24 * 3600)
    assert page(story.centre, story.town.actor("boss"), device_id, story.now)["messages_today"] == 0


def beat(story: Story, number: str, battery: int | None, raw: bytes) -> Beat:
    return Beat(number, 1, story.now, story.now, battery, battery, "fake", {"battery": battery}, raw)


def test_heartbeats_of_many_devices_are_one_row_a_day(story: Story) -> None:
    first = [beat(story, number, 90, b"first") for number in ("SOS-1", "SOS-2", "NOBODY")]
    assert beats.fold(story.centre, first) == {"SOS-1", "SOS-2"}
    story.sleep(5)
    assert beats.fold(story.centre, [beat(story, "SOS-1", 40, b"second").then(beat(story, "SOS-1", None, b"third"))])
    with story.centre.database.reads() as session:
        rows = session.execute(beats.BEATS.select().order_by(beats.BEATS.c.device_id)).all()
        device = session.query(Device).filter_by(number="SOS-1").one()
    assert [(row.beats, row.battery, row.battery_least, bytes(row.raw)) for row in rows] == [
        (3, 40, 40, b"third"),
        (1, 90, 90, b"first"),
    ]
    assert (device.battery_percent, device.last_seen_at) == (40, story.now)
    assert beats.prune(story.centre, story.now + timedelta(days=80)) == 0
    assert beats.prune(story.centre, story.now + timedelta(days=100)) == 2
