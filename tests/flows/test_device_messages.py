"""What a device sent: raw and understood, for whoever may see it; and how it breathes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.signals import printable
from dispatch.domain.supervision import beats_due
from dispatch.models.devices import Device
from dispatch.services import desk, intake
from dispatch.services.devices import beats, breath, messages
from dispatch.services.devices.beats import Beat
from tests.support.story import Story

HERE = {"lat": 45.3, "lon": 130.96}
SENSOR = "银铃 P3 活动传感器"
"""Of ``config/devices.yaml``: every hour."""


def device_id(story: Story, number: str = "SOS-1") -> int:
    with story.centre.database.reads() as session:
        return session.scalars(select(Device.id).where(Device.number == number)).one()


def boss(story: Story) -> Actor:
    return story.town.actor("boss")


def shown(story: Story, by: Actor | None = None, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
    return messages.messages(story.centre, by or boss(story), device_id(story), limit, cursor)


def send(story: Story, raw: bytes, kind: str = "sos", occurred_at: datetime | None = None, **data: Any) -> None:
    incoming = replace(story.signal("SOS-1", kind, **data), raw=raw, occurred_at=occurred_at)
    intake.receive_signal(story.centre, incoming)


def raw(story: Story, by: Actor | None = None, n: int = 0) -> dict[str, Any]:
    found = shown(story)["items"][n]["id"]
    return messages.raw(story.centre, by or boss(story), device_id(story), found)


def test_a_message_is_shown_as_it_came_and_as_it_was_understood(story: Story) -> None:
    behind = story.now - timedelta(days=2)
    send(story, b"\x02\xff\x00", occurred_at=behind, code="BA")
    (one,) = shown(story)["items"]
    assert (one["kind"], one["data"], one["source"], one["size"]) == ("sos", {"code": "BA"}, "test", 3)
    assert (one["clock_seconds"], one["clock_off"], one["case_id"]) == (-172800, True, str(story.case.id))
    assert raw(story) == {
        "id": one["id"],
        "source": "test",
        "size": 3,
        "withheld": False,
        "raw_text": None,
        "raw_hex": "02ff00",
    }
    story.take("lin")
    story.close("test")


def test_text_is_shown_as_text(story: Story) -> None:
    send(story, "求助 SOS\r\n".encode(), kind="test")
    assert raw(story)["raw_text"] == "求助 SOS\r\n"
    assert shown(story)["items"][0]["test"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (b"", ""),
        (b"a\tb\r\n", "a\tb\r\n"),
        ("ab求".encode()[:4], None),
        (b"\x02SOS\x03", None),
        (b"a\xffb", None),
        ("a\u202eb".encode(), None),
    ],
)
def test_what_a_person_can_read_is_text(given: bytes, text: str | None) -> None:
    assert printable(given) == text


def test_where_it_was_cut_half_a_character_may_stand(story: Story) -> None:
    assert printable("ab求".encode()[:4], cut=True) == "ab"
    send(story, "求".encode() * 2000, kind="test")
    assert raw(story)["raw_text"] == "求" * 1333


def test_a_place_and_the_bytes_that_say_it_are_for_whoever_sees_the_door(story: Story) -> None:
    send(story, b"lat=45.3", battery=50, **HERE)
    lin = story.town.actor("lin")
    for nobody in (boss(story), lin):
        assert shown(story, nobody)["items"][0]["data"] == {"battery": 50}
        assert raw(story, nobody)["withheld"]
        assert raw(story, nobody)["raw_hex"] is None
    story.take("lin")
    assert shown(story, lin)["items"][0]["data"] == {"battery": 50, **HERE}
    assert raw(story, lin)["raw_text"] == "lat=45.3"
    assert raw(story)["withheld"]
    story.close("test")
    assert raw(story, lin)["withheld"]


def test_who_may_reveal_nothing_sees_no_bytes(story: Story) -> None:
    story.press("SOS-1", "test")
    intake.keep_unreadable(story.centre, b"name=Wang", "mqtt", "no JSON", story.now)
    auditor = replace(boss(story), roles=frozenset({"auditor"}))
    assert shown(story, auditor)["items"][0]["kind"] == "test"
    assert raw(story, auditor)["withheld"]
    (unread,) = desk.signals(story.centre, auditor, False, 10, None)["items"]
    assert (unread["reason"], unread["withheld"], unread["raw_text"]) == ("no JSON", True, None)
    (unread,) = desk.signals(story.centre, boss(story), False, 10, None)["items"]
    assert (unread["withheld"], unread["raw_text"]) == (False, "name=Wang")


def test_the_list_of_all_messages_keeps_back_the_bytes_that_say_a_place(story: Story) -> None:
    send(story, b"lat=45.3", kind="heartbeat", **HERE)
    (one,) = desk.signals(story.centre, boss(story), True, 10, None)["items"]
    assert (one["withheld"], one["raw_hex"]) == (True, None)


def test_messages_are_paged_also_those_of_one_moment(story: Story) -> None:
    for n in range(7):
        send(story, str(n).encode(), kind="heartbeat")
        story.sleep(n % 3)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = shown(story, limit=2, cursor=cursor)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [one["id"] for one in shown(story)["items"]]
    assert len(set(seen)) == 7
    for wrong in ("nonsense", "018f0000-0000-7000-8000-000000000000"):
        with pytest.raises(Invalid):
            shown(story, cursor=wrong)


def test_another_district_sees_no_message(story: Story) -> None:
    story.press("SOS-1", "test")
    signal = shown(story)["items"][0]["id"]
    west = story.town.actor("west_op")
    with pytest.raises(NotFound):
        shown(story, west)
    for actor, wanted, device in (
        (west, signal, "SOS-1"),
        (boss(story), "nonsense", "SOS-1"),
        (boss(story), signal, "SOS-2"),
    ):
        with pytest.raises(NotFound):
            messages.raw(story.centre, actor, device_id(story, device), wanted)
    with pytest.raises(NotFound):
        breath.breath(story.centre, west, device_id(story), 30, story.now)


def beat(story: Story, battery: int | None, raw: bytes = b"LK", **data: Any) -> None:
    at = story.now
    given = {"battery": battery} if battery is not None else {}
    beats.fold(story.centre, [Beat("SOS-1", 1, at, at, battery, battery, "watch", given | data, raw)])


def test_the_last_folded_heartbeat_is_shown_whole(story: Story) -> None:
    assert shown(story)["last_beat"] is None
    beat(story, 80, b"first")
    story.sleep(86400)
    beat(story, 70, b"LK,70", **HERE)
    beat(story, 69, b"LK,69")
    story.press("SOS-1", "test")
    last = shown(story, limit=1)["last_beat"]
    assert (last["beats"], last["raw_text"], last["data"], last["withheld"]) == (2, "LK,69", {"battery": 69}, False)
    cursor = shown(story)["items"][0]["id"]
    assert shown(story, cursor=cursor)["last_beat"] is None
    beat(story, 69, b"lat=45", **HERE)
    last = shown(story)["last_beat"]
    assert (last["raw_text"], last["data"], last["withheld"]) == (None, {"battery": 69}, True)


def test_each_day_says_how_often_it_spoke_and_should_have(story: Story) -> None:
    midnight = story.now.astimezone(story.centre.zone).replace(hour=0, minute=0)
    with story.centre.database.sessions.begin() as session:
        registered = midnight - timedelta(days=2, hours=6)
        session.execute(update(Device).where(Device.number == "SOS-1").values(model=SENSOR, registered_at=registered))
    story.now = midnight - timedelta(hours=30)  # the day before yesterday at six in the evening
    beat(story, 90)
    beat(story, 85)
    story.now = midnight + timedelta(minutes=30)
    story.press("SOS-1", "heartbeat", battery=40)
    story.sleep(60)
    beat(story, 60)
    story.sleep(3600)
    story.press("SOS-1", "heartbeat", battery="half")
    found = breath.breath(story.centre, boss(story), device_id(story), 4, story.now)
    days = [(one["heard"], one["due"], one["battery"], one["battery_least"]) for one in found["days"]]
    assert days == [(0, 6, None, None), (2, 24, 85, 85), (0, 24, None, None), (3, 1, 60, 40)]
    assert found["days"][-1]["day"] == midnight.date().isoformat()
    assert (found["heartbeat_minutes"], found["battery_low"]) == (60, 15)


@pytest.mark.parametrize(("minutes", "due"), [(0, 0), (59, 0), (60, 1), (179, 2), (-60, 0)])
def test_what_is_due_is_counted_in_whole_heartbeats(story: Story, minutes: int, due: int) -> None:
    assert beats_due(timedelta(hours=1), story.now, story.now + timedelta(minutes=minutes)) == due
