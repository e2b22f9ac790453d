"""What happens while nobody takes an alarm, and what stops it."""

from __future__ import annotations

from tests.support.factories import DUTY_EAST, DUTY_TOWN
from tests.support.story import Story

PHONES = (DUTY_EAST, DUTY_TOWN)


def seconds(story: Story, kind: str) -> list[float]:
    return [(e.at - story.events()[0].at).total_seconds() for e in story.events() if e.kind == kind]


def test_nobody_answers_for_ten_minutes(story: Story) -> None:
    story.press("SOS-1")
    story.expect_event("opened", kind="sos", location="SOS")
    story.forward(14.75)
    story.expect_nothing()
    story.forward(0.25)
    story.expect_event("alert_operators", step=0, after=15)
    story.forward(15)
    story.expect_event("alert_supervisor", step=1, after=30)
    story.forward(29.75)
    story.expect_nothing()
    for phone in PHONES:
        story.phone(phone).expect_silence()
    for minute in range(1, 11):
        story.forward(0.25 if minute == 1 else 59)
        story.expect_event("page_duty", step=minute + 1, after=60 * minute, phones=2)
        assert story.elapsed == 60 * minute
        story.forward(1)
        for phone in PHONES:
            story.phone(phone).expect_sms(f"{story.case.id}号紧急求助:Elm 1 Wang,{60 * minute}秒无人受理")
            story.phone(phone).expect_call(f"已等待{60 * minute}秒无人受理")
        story.expect_nothing()
    assert seconds(story, "page_duty") == [60.0 * n for n in range(1, 11)]
    assert seconds(story, "alert_operators") == [15.0]
    assert story.case.step == 12
    delays = [e.data["delay_seconds"] for e in story.events() if e.kind == "message" and e.data["state"] == "sent"]
    assert len(delays) == 40
    assert set(delays) == {0.0}
