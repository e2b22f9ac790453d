"""Alarms that share a transaction keep every promise of one that has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.services import together
from dispatch.services.intake import Incoming, Receipt, receive_signals
from dispatch.services.together import Together
from tests.support.story import Story


@contextmanager
def held_back(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Together, Callable[[str], Future[Receipt]]]]:
    """The first signal keeps the line busy until the block ends; what is sent meanwhile comes as one batch."""
    shared, go, busy = Together(story.centre), Event(), Event()
    plain = together.receive_signal

    def slow(centre: object, incoming: Incoming) -> Receipt:
        if incoming.device == "GATEKEEPER":
            busy.set()
            assert go.wait(20)
        return plain(story.centre, incoming)

    monkeypatch.setattr(together, "receive_signal", slow)
    with ThreadPoolExecutor(40) as pool:
        first = pool.submit(shared.receive, story.signal("GATEKEEPER", "heartbeat"))
        assert busy.wait(20)

        def send(device: str, kind: str = "sos", event_id: str | None = None) -> Future[Receipt]:
            waiting = len(shared._waiting)
            future = pool.submit(shared.receive, story.signal(device, kind, event_id))
            while len(shared._waiting) == waiting and not future.done():
                pass
            return future

        yield shared, send
        go.set()
        first.result(20)


def cases(story: Story) -> Sequence[Case]:
    with story.centre.database.reads() as session:
        return session.scalars(select(Case).order_by(Case.id)).all()


def stored(story: Story) -> int:
    with story.centre.database.reads() as session:
        return session.scalar(select(func.count(Signal.id)).where(Signal.device_number != "GATEKEEPER")) or 0


def test_a_batch_does_what_each_would_have_done(story: Story) -> None:
    story.press("SOS-2")
    sent = [
        story.signal("FALL-1", "fall"),
        story.signal("SOS-1", "sos", "e1"),
        story.signal("SOS-2", "restore"),
        story.signal("SOS-W", "heartbeat"),
        story.signal("STRANGER", "smoke"),
        story.signal("SOS-H", "sos"),
    ]
    found = receive_signals(story.centre, sent)
    assert [r.signal_id for r in found] == [s.id for s in sent], "each sender gets its own answer"
    home, zhao, stranger, hospital = found[0].case_id, found[2].case_id, found[4].case_id, found[5].case_id
    assert found[1].case_id == home, "two devices of one home in one batch are one case"
    assert found[3].case_id is None
    assert len({home, zhao, stranger, hospital}) == 4
    assert [r.unknown_device for r in found] == [False] * 4 + [True, False]
    by_id = {case.id: case for case in cases(story)}
    assert by_id[home].signals == 2
    assert "restored" in by_id[zhao].flags
    assert "unknown_device" in by_id[stranger].flags
    assert "in_hospital" in by_id[hospital].flags
    again = receive_signals(story.centre, [sent[1], story.signal("BED-1", "bed")])
    assert again[0] == Receipt(found[1].signal_id, home, duplicate=True, unknown_device=False)


def test_what_waits_is_received_together(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    plain = together.receive_signals

    def counted(centre: object, batch: Sequence[Incoming]) -> list[Receipt]:
        batches.append(len(batch))
        return plain(story.centre, batch)

    monkeypatch.setattr(together, "receive_signals", counted)
    with held_back(story, monkeypatch) as (_, send):
        sent = [send(f"STRANGER-{n}") for n in range(5)] + [send("STRANGER-0"), send("STRANGER-1", event_id="e")]
    found = [future.result(20) for future in sent]
    assert batches == [5, 2], "of one device one after the other"
    assert found[5].case_id == found[0].case_id
    assert stored(story) == 7
    assert [case.signals for case in cases(story)] == [2, 2, 1, 1, 1]


def test_the_same_event_twice_in_one_queue_is_one_signal(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_back(story, monkeypatch) as (_, send):
        sent = [send("SOS-1", event_id="e1"), send("SOS-1", event_id="e1"), send("SOS-2", event_id="e1")]
    found = [future.result(20) for future in sent]
    assert [r.duplicate for r in found] == [False, True, False]
    assert found[0].signal_id == found[1].signal_id
    assert stored(story) == 2


def test_one_that_cannot_be_stored_costs_the_others_nothing(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_back(story, monkeypatch) as (_, send):
        sent = [send("SOS-1"), send("X" * 101), send("SOS-2")]
    if story.centre.database.is_postgresql:
        with pytest.raises(Exception, match="value too long"):
            sent[1].result(20)
    assert {sent[0].result(20).case_id, sent[2].result(20).case_id} <= {case.id for case in cases(story)}
    assert stored(story) >= 2


def test_when_the_database_is_away_all_hear_it_at_once(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def away(_centre: object, batch: Sequence[Incoming]) -> list[Receipt]:
        tries.append(len(batch))
        raise OperationalError("select", {}, Exception("connection refused"))

    monkeypatch.setattr(together, "receive_signals", away)
    with held_back(story, monkeypatch) as (_, send):
        sent = [send("SOS-1"), send("SOS-2"), send("SOS-W")]
    for future in sent:
        with pytest.raises(OperationalError):
            future.result(20)
    assert tries == [3], "nobody waits for a time-out of their own"
    assert stored(story) == 0


def test_a_deadlock_is_no_reason_to_go_to_the_spool(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    def deadlock(_centre: object, _batch: Sequence[Incoming]) -> list[Receipt]:
        raise OperationalError("select", {}, Deadlock())

    monkeypatch.setattr(together, "receive_signals", deadlock)
    with held_back(story, monkeypatch) as (_, send):
        sent = [send("SOS-1"), send("SOS-2")]
    assert len({future.result(20).case_id for future in sent}) == 2


def test_the_line_goes_on_when_the_one_who_receives_is_cut_off(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(BaseException):
        pass

    plain, tries = together.receive_signals, []

    def cut_off_once(centre: object, batch: Sequence[Incoming]) -> list[Receipt]:
        tries.append(len(batch))
        if len(tries) == 1:
            raise Cut
        return plain(story.centre, batch)

    monkeypatch.setattr(together, "receive_signals", cut_off_once)
    with held_back(story, monkeypatch) as (shared, send):
        first = [send("SOS-1", event_id="a"), send("SOS-2", event_id="a")]
        later = [send("SOS-1", event_id="b"), send("SOS-2", event_id="b")]
    for future in first:
        with pytest.raises(Cut):
            future.result(20)
    assert len({future.result(20).case_id for future in later}) == 2
    assert shared.receive(story.signal("SOS-1", "sos", "c")).case_id == later[0].result().case_id


def test_hundreds_at_once_are_all_answered(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, batches = Together(story.centre), []
    plain = together.receive_signals

    def counted(centre: object, batch: Sequence[Incoming]) -> list[Receipt]:
        batches.append(len(batch))
        return plain(story.centre, batch)

    monkeypatch.setattr(together, "receive_signals", counted)
    sent = [story.signal(f"STRANGER-{n % 150}", "sos", f"e{n}") for n in range(300)]
    with ThreadPoolExecutor(100) as pool:
        found = [future.result(60) for future in [pool.submit(shared.receive, one) for one in sent]]
    assert [r.signal_id for r in found] == [one.id for one in sent]
    assert stored(story) == 300
    assert len(cases(story)) == 150
    assert max(batches) <= together.MOST
