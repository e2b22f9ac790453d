"""Celery: outward work by id. Every task is safe to run twice, and none waits for a time."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import Celery
from kombu.entity import Exchange, Queue

from dispatch.services.helps import circles
from dispatch.services.helps import sweep as helps
from dispatch.services.imports import run as imports
from dispatch.services.rounds import solving
from dispatch.services.visits import generating
from dispatch.workers.send import Runtime, send_message

QUEUES = ("urgent", "default", "bulk")

app = Celery("dispatch")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue="default",
    # Each with a key of its own: queues that share the default key would each get a copy of every task.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],  # type: ignore[no-untyped-call]
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
        "health_check_interval": 5,
    },
    enable_utc=True,
)


def give_up_at_once() -> None:
    """For a process that only hands tasks over and cannot wait: measured, kombu tries for six seconds by default."""
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}


class Bound:
    """What the tasks of this process work with; set once by the bootstrap."""

    runtime: Runtime | None = None


def runtime() -> Runtime:
    if Bound.runtime is None:
        raise RuntimeError("the tasks were not bound to a centre: start them with `dispatch worker`")
    return Bound.runtime


@app.task(name="send")
def send(message_id: int) -> None:
    send_message(runtime(), message_id, datetime.now(UTC))


@app.task(name="ask_next")
def ask_next(plan_id: int) -> None:
    helps.advance(runtime().centre, plan_id, datetime.now(UTC))


@app.task(name="work_import")
def work_import(import_id: int) -> None:
    imports.run(runtime().centre, import_id, lambda: datetime.now(UTC))


@app.task(name="generate_visits")
def generate_visits(run_id: int) -> None:
    generating.work(runtime().centre, run_id, lambda: datetime.now(UTC))


@app.task(name="plan_visits")
def plan_visits(plan_id: int) -> None:
    bound = runtime()
    solving.work(bound.centre, plan_id, lambda: datetime.now(UTC), bound.planner)


@app.task(name="find_circles")
def find_circles(run_id: int) -> None:
    circles.work(runtime().centre, run_id, lambda: datetime.now(UTC))
