"""The machine asks the next ones whatever becomes of the broker: away, there without a worker, back with old tasks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import redis

from dispatch.services.helps import sweep
from dispatch.workers import tasks
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching
from tests.support.redis import Redis
from tests.support.story import DEAD_BROKER, Story

LATEST = timedelta(seconds=2.5)
"""With a broker and without a worker: the clock waits so long, and looks four times a second."""
AT_ONCE = timedelta(seconds=0.5)


@pytest.fixture
def broker(redis_server: Redis) -> Iterator[Redis]:
    """One that may be stopped."""
    server = Redis(redis_server.program)
    server.start()
    speak_to(server.url)
    yield server
    speak_to(DEAD_BROKER)
    server.remove()


def speak_to(url: str) -> None:
    """Celery keeps its connections: with another address it must find new ones."""
    tasks.app.conf.broker_url = url
    vars(tasks.app).pop("amqp", None)


@pytest.fixture
def helps(story: Story, broker: Redis) -> Dispatching:
    speak_to(broker.url)  # the story has set the broker that never was
    story.call_no_family()
    return Dispatching(story, NEAR, MIDDLE, FAR)


def ask_one_by_one(story: Story, helps: Dispatching, device: str) -> int:
    case = story.press(device).case_id
    assert case
    story.take(case=case)
    helps.here(NEAR, MIDDLE, FAR)
    helps.offer("sequential", NEAR, MIDDLE, FAR, case=case)
    return case


def rounds(story: Story, case: int) -> list[datetime]:
    return [event.at for event in story.events(case) if event.kind == "offers_sent"]


def waiting(broker: Redis) -> list[int]:
    """The plans of the tasks that wait for a worker."""
    with redis.Redis.from_url(broker.url) as client:
        found = [json.loads(raw) for raw in client.lrange("urgent", 0, -1)]  # type: ignore[union-attr]
    steps = [one for one in found if one["headers"]["task"] == "ask_next"]
    return [json.loads(base64.b64decode(one["body"]))[0][0] for one in steps]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ten_minutes_without_a_broker_make_no_step_late(story: Story, helps: Dispatching, broker: Redis) -> None:
    first = ask_one_by_one(story, helps, "SOS-1")
    began, plan = story.now, helps.plan(first)
    story.forward(60 + 3)
    assert waiting(broker) == [plan], "a task takes an id"
    assert timedelta(seconds=60) < rounds(story, first)[1] - began <= timedelta(seconds=60) + LATEST

    broker.kill()
    gone, before = story.now, len(rounds(story, first))
    second = ask_one_by_one(story, helps, "SOS-2")
    story.forward(600)
    for case, start in ((first, rounds(story, first)[before - 1]), (second, gone)):
        at = [start, *(one for one in rounds(story, case) if one > start)]
        apart = [after - one for one, after in pairwise(at)]
        assert apart, f"case {case} was asked no further"
        assert all(timedelta(seconds=60) <= one <= timedelta(seconds=60) + AT_ONCE for one in apart), apart
    assert [one.kind for one in story.events(second)].count("offers_exhausted") == 1

    broker.start()
    story.forward(10)
    told = len(story.events())
    for late in [*waiting(broker), plan]:
        sweep.advance(story.centre, late, story.now)
    assert len(story.events()) == told, "a task that comes late finds nothing to do"
    story.seen.update(one.id for one in story.unexpected())  # what the helpers read is told in the other stories
