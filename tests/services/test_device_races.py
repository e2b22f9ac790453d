"""Somebody registers a device at the very moment at which another does, or at which it cries."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from dispatch.domain.case import ACTIVE
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services.devices import register
from dispatch.services.devices.register import DeviceFields, NumberTaken
from dispatch.services.devices.scope import Doing
from dispatch.services.intake import Receipt
from tests.services.test_races import together
from tests.support.story import Story

NEW = "NEW-9"


def registers(story: Story, home: str) -> int:
    given = DeviceFields(number=NEW, model="T1", household_id=story.town.households[home])
    return register.add(story.centre, Doing(story.town.actor("boss"), story.now), given)


def of_home(story: Story) -> tuple[set[str], set[int | None], int]:
    """States of the cases, devices of the signals, and how many signals there are."""
    with story.centre.database.reads() as session:
        states = set(session.scalars(select(Case.state)))
        devices = set(session.scalars(select(Signal.device_id).where(Signal.device_number == NEW)))
        number = session.scalar(select(func.count()).where(Signal.device_number == NEW)) or 0
    return states, devices, number


def test_of_two_who_register_it_at_once_one_does(story: Story) -> None:
    story.press(NEW)
    found = together([lambda: registers(story, "Zhao"), lambda: registers(story, "Wang")] * 4)
    ids = [one for one in found if isinstance(one, int)]
    refused = [one for one in found if not isinstance(one, int)]
    assert len(ids) == 1
    assert [type(one) for one in refused] == [NumberTaken] * 7
    assert {one.extra["device"]["id"] for one in refused if isinstance(one, NumberTaken)} == {str(ids[0])}
    with story.centre.database.reads() as session:
        home = session.scalar(select(Device.household_id).where(Device.number == NEW))
    assert story.case.household_id == home
    story.take("lin")
    story.close("test")


@pytest.mark.parametrize("round_", range(6))
@pytest.mark.parametrize("at_home", [False, True])
def test_an_alarm_that_comes_meanwhile_is_at_home_too(story: Story, round_: int, *, at_home: bool) -> None:
    """Whichever is first: no case is left nowhere, the home has one, and each signal knows its device."""
    if at_home:
        story.press("SOS-2")
    if round_ % 2:
        story.press(NEW)
    before = of_home(story)[2]
    acts = [lambda: story.press(NEW), lambda: registers(story, "Zhao"), lambda: story.press("SOS-2")]
    acts += [lambda: story.press(NEW, "heartbeat"), lambda: story.press(NEW)]
    found = together(acts[round_ % 3 :] + acts[: round_ % 3])
    assert [one for one in found if isinstance(one, Exception)] == []
    (device_id,) = [one for one in found if isinstance(one, int)]
    heard = [one for one in found if isinstance(one, Receipt)]
    assert len(heard) == 4
    states, devices, number = of_home(story)
    assert (devices, number) == ({device_id}, before + 3)
    assert states <= {"new", "merged"}
    with story.centre.database.reads() as session:
        (case,) = session.scalars(select(Case).where(Case.state.in_(ACTIVE)))
        nowhere = session.scalar(select(func.count()).select_from(Case).where(Case.household_id.is_(None)))
    assert (case.household_id, nowhere, "unknown_device" in case.flags) == (story.town.households["Zhao"], 0, False)
    story.take("lin", case.id)
    story.close("test", case=case.id)
