"""Devices are looked after as work, and never as alarms."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from dispatch.models.devices import Device, Signal
from tests.support.story import Story


def change(story: Story, number: str, **values: object) -> None:
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Device).where(Device.number == number).values(**values))


def device(story: Story, number: str) -> Device:
    with story.centre.database.reads() as session:
        return session.scalars(select(Device).where(Device.number == number)).one()


def test_what_a_device_on_test_sends_is_kept_and_wakes_nobody_and_ends_by_the_clock(story: Story) -> None:
    change(story, "SOS-1", on_test_until=story.now + timedelta(minutes=10))
    heard = story.press("SOS-1")
    assert heard.case_id is None
    story.sleep(599)
    assert story.press("SOS-1").case_id is None
    story.sleep(1)
    assert story.press("SOS-1").case_id is not None
    with story.centre.database.reads() as session:
        reasons = list(session.scalars(select(Signal.reason).order_by(Signal.received_at)))
    assert reasons == ["on_test", "on_test", None]
    assert device(story, "SOS-1").last_alarm_at == story.now
    story.take("lin")
    story.close("test")


def test_another_device_of_the_home_is_not_on_test(story: Story) -> None:
    change(story, "SOS-1", on_test_until=story.now + timedelta(hours=1))
    assert story.press("FALL-1").case_id is not None
    story.take("lin")
    story.close("test")
