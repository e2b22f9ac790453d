"""The broker is away for ten minutes: offers and texts go out by the clock, and nothing is doubled when it is back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from kombu import Queue
from sqlalchemy import select

from dispatch.models.simnet import SimTraffic
from dispatch.workers import tasks
from dispatch.workers.send import Runtime
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching
from tests.support.redis import Redis
from tests.support.story import DEAD_BROKER, Story

pytestmark = pytest.mark.redis


@pytest.fixture
def broker(redis_server: Redis) -> Iterator[Redis]:
    """Its own: it is stopped."""
    own = Redis(redis_server.program)
    own.start()
    yield own
    _speak_to(DEAD_BROKER)
    own.remove()


def _speak_to(url: str) -> None:
    """Celery keeps its connections: with another address it must find new ones."""
    tasks.app.conf.broker_url = url
    vars(tasks.app).pop("amqp", None)


@pytest.fixture
def told(story: Story, broker: Redis) -> Iterator[Story]:
    _speak_to(broker.url)  # the story has set the broker that never was
    tasks.Bound.runtime = Runtime(story.centre, story.network)
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
