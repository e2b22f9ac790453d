"""Half an hour in which nobody answers, no operator, no contact, no duty telephone: each step once, on time."""

from __future__ import annotations

from collections import Counter

from tests.support.factories import DUTY_EAST
from tests.support.response import DAUGHTER, NEIGHBOUR, RESCUE, STATION, WANG, surround
from tests.support.story import Story

HALF_HOUR = 30 * 60
CASCADE = [  # second, what, round, who
    (120, "cascade_started", None, None),
    (120, "cascade_call", 1, "elder"),
    (165, "cascade_call", 1, "contacts"),
    (225, "cascade_call", 1, "neighbour"),
    (285, "cascade_call", 1, "community_worker"),
    (345, "cascade_call", 1, "rescue"),
    (435, "cascade_call", 2, "elder"),
    (480, "cascade_call", 2, "contacts"),
    (540, "cascade_call", 2, "neighbour"),
    (600, "cascade_call", 2, "community_worker"),
    (660, "cascade_call", 2, "rescue"),
    (750, "cascade_exhausted", None, None),
]
ESCALATION = [
    (0, "opened"),
    (15, "alert_operators"),
    (30, "alert_supervisor"),
    *((60 * minute, "page_duty") for minute in range(1, 31)),
    (750, "alert_supervisor"),  # the family could not be reached either
]
CALLED = {
    WANG: {"voice": [120, 435]},
    DAUGHTER: {"voice": [165, 480], "sms": [165, 480]},
    NEIGHBOUR: {"voice": [225, 540], "sms": [225, 540]},
    STATION: {"voice": [285, 600], "sms": [285, 600]},
    RESCUE: {"voice": [345, 660], "sms": [345, 660]},
    DUTY_EAST: {channel: [60 * minute for minute in range(1, 31)] for channel in ("sms", "voice")},
}


def test_half_an_hour_in_which_nobody_answers(story: Story) -> None:
    surround(story.town)
    story.press("SOS-1")
    opened = story.now
    story.forward(HALF_HOUR + 30)  # the last call has rung out
    what = [e for e in story.events() if e.kind != "message"]

    def second(at: object) -> float:
        return (at - opened).total_seconds()  # type: ignore[operator]

    cascade = [e for e in what if e.kind.startswith("cascade")]
    found = [(second(e.at), e.kind, e.data.get("round"), e.data.get("who")) for e in cascade]
    assert found == [(float(at), kind, round_, who) for at, kind, round_, who in CASCADE]
    others = [(second(e.at), e.kind) for e in what if not e.kind.startswith("cascade")]
    assert others == sorted((float(at), kind) for at, kind in ESCALATION)
    assert [e.at for e in what] == sorted(e.at for e in what), "in order"
    assert max(Counter(e.once_key for e in what if e.once_key).values()) == 1

    heard: dict[str, dict[str, list[float]]] = {}
    for traffic in story.unexpected():
        heard.setdefault(traffic.phone, {}).setdefault(traffic.channel, []).append(second(traffic.at))
        story.seen.add(traffic.id)
    assert heard.keys() == CALLED.keys(), "nothing else was sent"
    for number, channels in CALLED.items():
        assert heard[number].keys() == channels.keys(), number
        for channel, expected in channels.items():
            late = [at - due for at, due in zip(heard[number][channel], expected, strict=True)]
            assert all(0 <= seconds <= 0.25 for seconds in late), (number, channel, late)

    case = story.case
    assert (case.state, case.owner_id, case.priority) == ("new", None, 1)
    assert "cascade_exhausted" in case.flags
    assert {m.state for m in story.messages() if m.channel == "voice"} == {"no_answer"}
    assert {m.state for m in story.messages() if m.channel == "sms"} == {"delivered"}


def test_the_same_half_hour_with_a_clock_that_dies_and_two_that_run(story: Story) -> None:
    """Killed between any two cycles, and with a second clock beside: still each step once and nothing more."""
    surround(story.town)
    story.press("SOS-1")
    opened = story.now
    other = story.new_clock()
    for _ in range(HALF_HOUR // 30):
        story.forward(30)
        other.cycle(story.now)
        story.clock, other = other, story.new_clock()
    story.forward(30)
    calls = [e for e in story.events() if e.kind.startswith("cascade")]
    found = [((e.at - opened).total_seconds(), e.kind, e.data.get("round"), e.data.get("who")) for e in calls]
    assert found == [(float(at), kind, round_, who) for at, kind, round_, who in CASCADE]
    assert Counter(e.kind for e in story.events())["page_duty"] == 30
    sent = Counter((t.phone, t.channel) for t in story.unexpected())
    assert sent == {
        (number, channel): len(times) for number, channels in CALLED.items() for channel, times in channels.items()
    }
    for traffic in story.unexpected():
        story.seen.add(traffic.id)
