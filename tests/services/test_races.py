"""Two at once, with real threads and a real database: one wins, nobody fails, nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import CaseTaken, IllegalTransition
from dispatch.models.cases import CaseEvent
from dispatch.models.devices import Signal
from dispatch.services import escalate, live, requests, work
from dispatch.services.intake import Receipt
from tests.support.story import Story

T = TypeVar("T")


def together(acts: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Start all at the same moment; answers what each returned or raised."""
    gate = Barrier(len(acts))

    def one(act: Callable[[], T]) -> T | Exception:
        gate.wait(10)
        try:
            return act()
        except Exception as error:  # noqa: BLE001 -- the test looks at what was raised
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def receipts(story: Story, presses: Sequence[Callable[[], Receipt]]) -> list[Receipt]:
    """What all answered. The connections are opened beforehand: the race is for the rows, not for the server's ear."""
    connections = [story.centre.database.engine.connect() for _ in range(min(20, len(presses)))]
    for connection in connections:
        connection.close()
    found = together(presses)
    for error in found:
        if isinstance(error, Exception):
            raise error
    return found  # type: ignore[return-value]  # no exception is left


def test_eight_devices_of_one_home_open_one_case(story: Story) -> None:
    found = receipts(story, [lambda n=n: story.press(f"HOME-{n}") for n in range(1, 9)])  # type: ignore[misc]
    assert {r.case_id for r in found} == {1}
    assert story.case.signals == 8
    assert [e.kind for e in story.events()] == ["opened"] + ["repeat"] * 7


@pytest.mark.parametrize("device", ["SOS-1", "STRANGER"])
def test_fifty_copies_of_one_event_are_one_signal(story: Story, device: str) -> None:
    found = receipts(story, [lambda: story.press(device, event_id="e1")] * 50)
    assert len({(r.signal_id, r.case_id) for r in found}) == 1
    assert sorted(r.duplicate for r in found) == [False] + [True] * 49
    assert story.case.signals == 1
    with story.centre.database.reads() as session:
        assert session.scalar(select(func.count(Signal.id))) == 1


def test_ten_alarms_of_a_stranger_are_one_case(story: Story) -> None:
    found = receipts(story, [lambda: story.press("STRANGER")] * 10)
    assert {r.case_id for r in found} == {1}
    assert story.case.signals == 10


def test_of_two_operators_one_has_the_case(story: Story) -> None:
    for number in range(10):
        case = story.press(f"STRANGER-{number}").case_id
        acts = [story.act(by) for by in ("lin", "mei")]
        found = together([lambda a=a, case=case: work.take(story.centre, case, a) for a in acts])  # type: ignore[misc, arg-type]
        lost = [f for f in found if isinstance(f, Exception)]
        assert [type(f) for f in lost] == [CaseTaken]
        assert isinstance(lost[0], CaseTaken)
        (won,) = [f for f in found if isinstance(f, dict)]
        assert lost[0].extra["owner"]["id"] == won["owner"]["id"]


def test_two_clocks_at_once_fire_each_step_once(story: Story) -> None:
    story.break_network(down=True)
    for number in range(200):
        story.press(f"STRANGER-{number}")
    story.sleep(15)
    together([lambda: escalate.tick(story.centre, story.now)] * 2)
    escalate.tick(story.centre, story.now)
    with story.centre.database.reads() as session:
        counted = session.execute(
            select(CaseEvent.case_id, func.count())
            .where(CaseEvent.kind == "alert_operators")
            .group_by(CaseEvent.case_id)
        ).all()
    assert {n for _, n in counted} == {1}
    assert len(counted) == 200


def test_two_that_merge_into_each_other(story: Story) -> None:
    for number in range(8):
        a, b = story.press(f"A{number}").case_id, story.press(f"B{number}").case_id
        assert a
        assert b
        act = story.act("lin")
        found = together(
            [
                lambda a=a, b=b, act=act: work.merge(story.centre, a, act, into=b),  # type: ignore[misc]
                lambda a=a, b=b, act=act: work.merge(story.centre, b, act, into=a),  # type: ignore[misc]
            ]
        )
        assert [type(f) for f in found if isinstance(f, Exception)] == [IllegalTransition]
        assert {story.get(a).state, story.get(b).state} == {"merged", "new"}


def test_the_same_key_at_once_is_one_act(story: Story) -> None:
    story.press("SOS-1")
    act = story.act("lin", key="k")
    found = together([lambda: work.note(story.centre, 1, act, text="once")] * 8)
    assert [f for f in found if isinstance(f, Exception)] == []
    assert [e.kind for e in story.events()] == ["opened", "note"]


@pytest.mark.parametrize("kind", [Kind.SERVICE, Kind.EMERGENCY])
def test_the_same_request_at_once_is_one_case(story: Story, kind: Kind) -> None:
    act = story.act("lin", key="k")
    wanted = requests.Request(kind=kind, channel=Channel.HOTLINE, elder_id=story.town.elders["Wang"])
    found = together([lambda: requests.open_case(story.centre, act, wanted)] * 6)
    assert [f for f in found if isinstance(f, Exception)] == []
    assert len(story.cases()) == 1
    assert [e.kind for e in story.events()] == ["opened"]


def test_events_of_one_call_at_once(story: Story) -> None:
    events = ["ringing", "answered", "hangup"] * 3
    found = together([lambda e=e: story.call(e, caller="13800001000", agent="lin") for e in events])  # type: ignore[misc]
    assert {r.case_id for r in found} == {1}  # type: ignore[union-attr]
    assert [e.kind for e in story.events()] == ["call_in"] * 3


def test_numbers_of_the_live_stream_are_given_once(story: Story) -> None:
    for number in range(30):
        story.press(f"S{number}")
    together([lambda: live.sequence(story.centre)] * 4)
    actor = story.town.actor("lin")
    found = live.since(story.centre, actor, 0, story.now)
    assert found["seq"] == len({op["row"]["id"] for op in found["ops"]}) or found["seq"] >= 1
    assert {op["row"]["id"] for op in found["ops"]} == {str(c.id) for c in story.cases()}
