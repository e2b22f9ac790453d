"""What the database itself refuses, whoever asks, and a history that tells when it was changed."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.services import chain
from tests.support.story import Story

FORBIDDEN = [
    "UPDATE case_events SET kind = 'nothing'",
    "DELETE FROM case_events",
    "DELETE FROM cases",
    "DELETE FROM signals",
    "UPDATE signals SET raw = raw",
    "UPDATE signals SET kind = 'test'",
    "UPDATE signals SET device_number = 'other'",
    "UPDATE event_seals SET digest = ''",
    "DELETE FROM event_seals",
    # a second open emergency of the home, and of a device without a home
    "UPDATE cases SET household_id = (SELECT household_id FROM cases WHERE id = 1) WHERE id = 2",
    "UPDATE cases SET origin_device = 'STRANGER' WHERE id = 4",
    # two steps of the same name
    "UPDATE messages SET reference = 'r'",
]


@pytest.fixture
def told(story: Story) -> Story:
    story.press("SOS-1", event_id="e1")
    story.press("SOS-2", event_id="e2")
    story.press("STRANGER")
    story.press("OTHER")
    story.break_network(down=True)
    story.forward(61)
    chain.seal(story.centre, chain.TIMELINE, story.now)
    for by, case in (("lin", 1), ("lin", 2), ("lin", 3), ("lin", 4)):
        story.take(by, case=case)
    return story


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_refuses(told: Story, statement: str) -> None:
    with pytest.raises(DBAPIError), told.centre.database.engine.begin() as connection:
        connection.execute(text(statement))


def test_the_same_event_of_a_device_is_stored_once(told: Story) -> None:
    columns = "kind, event_id, received_at, clock_off, data, raw, raw_size, source, understood, spooled"
    statement = f"INSERT INTO signals (id, device_number, {columns}) SELECT :id, device_number, {columns} FROM signals"
    with pytest.raises(DBAPIError), told.centre.database.engine.begin() as connection:
        connection.execute(text(f"{statement} WHERE event_id = 'e1'"), {"id": uuid4().hex})


def _disarm(story: Story, table: str, number: int) -> None:
    """What only somebody with the keys of the database can do."""
    on = f" ON {table}" if story.centre.database.is_postgresql else ""
    with story.centre.database.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER forbid_{number}_{table}{on}"))


def _broken(story: Story, statement: str) -> int | None:
    chain.seal(story.centre, chain.TIMELINE, story.now)
    assert chain.verify(story.centre, chain.TIMELINE, story.now).broken_at is None
    with story.centre.database.engine.begin() as connection:
        connection.execute(text(statement))
    return chain.verify(story.centre, chain.TIMELINE, story.now).broken_at


@pytest.fixture
def history(town_story: Story) -> Story:
    town_story.press("SOS-1")
    town_story.take("lin")
    town_story.note("the door was locked")
    town_story.close("helped_on_site")
    return town_story


@pytest.fixture
def town_story(town) -> Story:  # type: ignore[no-untyped-def]
    """A story whose history may be damaged: nobody checks it at the end."""
    return Story(town)


def test_a_changed_event_is_found(history: Story) -> None:
    _disarm(history, "case_events", 0)
    assert _broken(history, "UPDATE case_events SET text = 'the door was open' WHERE kind = 'note'") == 3


def test_a_changed_time_is_found(history: Story) -> None:
    _disarm(history, "case_events", 0)
    assert _broken(history, "UPDATE case_events SET at = (SELECT closed_at FROM cases), actor_id = '9' WHERE id=2") == 2


def test_a_removed_event_is_found(history: Story) -> None:
    for table, number in (("case_events", 1), ("event_seals", 3)):
        _disarm(history, table, number)
    _broken(history, "DELETE FROM event_seals WHERE event_id = 2")
    assert chain.verify(history.centre, chain.TIMELINE, history.now).broken_at == 3


def test_what_slipped_in_is_sealed_after_and_never_before(history: Story) -> None:
    assert chain.seal(history.centre, chain.TIMELINE, history.now) == 4
    assert chain.seal(history.centre, chain.TIMELINE, history.now) == 0
    history.note("later")
    assert chain.seal(history.centre, chain.TIMELINE, history.now) == 1
    verdict = chain.verify(history.centre, chain.TIMELINE, history.now)
    assert (verdict.held, verdict.broken_at) == (5, None)
