"""Offers and texts go out whatever becomes of the broker: away, there without a worker, back with old tasks."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import redis
from kombu import Queue
from sqlalchemy import select

from dispatch.models.simnet import SimTraffic
from dispatch.services.helps import sweep
from dispatch.workers import tasks
from dispatch.workers.send import Runtime
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching
from tests.support.redis import Redis
from tests.support.rounds import by_hand
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


@pytest.fixture
def told(story: Story, broker: Redis) -> Iterator[Story]:
    """A story whose worker is called by the test."""
    speak_to(broker.url)
    tasks.Bound.runtime = Runtime(story.centre, story.network, by_hand)
    yield story
    tasks.Bound.runtime = None


def tasks_in(broker: Redis) -> list[tuple[str, int]]:
    """What lies in the broker, taken out of it as a worker takes it: the name of the task and the id."""
    found = []
    with tasks.app.connection_for_read(broker.url) as connection:
        for name in tasks.QUEUES:
            with connection.SimpleQueue(Queue(name, routing_key=name)) as queue, suppress(queue.Empty):
                while True:
                    message = queue.get_nowait()
                    found.append((message.headers["task"], message.payload[0][0]))
                    message.ack()
    return found


def texts(story: Story) -> list[tuple[str, str, str]]:
    with story.centre.database.reads() as session:
        rows = session.scalars(select(SimTraffic).where(SimTraffic.direction == "in").order_by(SimTraffic.id))
        return [(row.phone, row.channel, row.body) for row in rows]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ten_minutes_without_the_broker_cost_nobody_an_offer_and_double_none(told: Story, broker: Redis) -> None:
    story = told
    story.call_no_family()
    helps = Dispatching(story)
    story.press("FALL-1", "fall")
    story.take()
    helps.offer("sequential", NEAR, MIDDLE, FAR)
    story.clock.cycle(story.now)
    assert [m.state for m in story.messages()] == ["queued"], "it lies in the broker, and no worker came for it"
    assert texts(story) == []

    broker.stop()
    begun = story.now
    story.forward(7)
    helps.phone(NEAR).expect_sms("回1接单")
    story.forward(60)
    helps.phone(MIDDLE).expect_sms("回1接单")
    helps.phone(MIDDLE).reply("2")
    story.forward(7)
    helps.phone(MIDDLE).expect_sms("已转派")
    helps.phone(FAR).expect_sms("回1接单")
    helps.phone(FAR).reply("1")
    story.forward(7)
    helps.phone(FAR).expect_sms("已派给您")
    helps.phone(FAR).reply("3")
    story.forward(300)
    helps.phone(FAR).reply("4")
    story.forward(7)
    helps.phone(FAR).expect_sms("已记录完成")
    assert helps.seen()["assignment"]["state"] == "completed"
    story.close("helped_on_site")
    story.forward(600 - (story.now - begun).total_seconds())

    before = texts(story)
    assert max(Counter(before).values()) == 1
    assert {m.state for m in story.messages()} <= {"delivered", "answered", "no_answer"}

    # It is back, with what was put into it before: a worker takes that, and finds it done.
    broker.start()
    waiting = tasks_in(broker)
    assert waiting, "what was handed over before it went is still there"
    for name, row_id in waiting:
        tasks.app.tasks[name](row_id)
    story.forward(30)
    assert texts(story) == before

    # And the next text goes by it again.
    story.press("SOS-2", "fall")
    story.take()
    helps.here()
    helps.offer("direct", NEAR, reason="near")
    story.clock.cycle(story.now)
    assert ("send", story.messages()[-1].id) in tasks_in(broker)
    assert texts(story) == before
    story.forward(7)
    helps.phone(NEAR).expect_sms("回1接单")
    helps.accept(NEAR)
    story.close("helped_on_site")
    story.forward(7)
    while story.unexpected(NEAR.phone):
        helps.phone(NEAR).expect_sms()
