"""The clock and the worker, put together. Nothing of the web comes along: it cost each of them 45 MB and a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dispatch.bootstrap.centre import at_work
from dispatch.bootstrap.network import network
from dispatch.domain.rounds.planner import Effort
from dispatch.domain.rounds.problem import Plan, Problem
from dispatch.gateways.ourselves import DOORS, HttpWay
from dispatch.gateways.simulated import SimulatedNetwork
from dispatch.gateways.ways import Ways
from dispatch.loading import load
from dispatch.services.centre import Centre
from dispatch.services.sms import inbox
from dispatch.settings import Settings
from dispatch.workers import tasks
from dispatch.workers.clock import Clock
from dispatch.workers.selftest import Selftest
from dispatch.workers.send import Runtime


def bind_tasks(chosen: Settings) -> Runtime:
    """Point Celery at its broker and its tasks at the centre. Raises ``StartRefused``."""
    found = at_work(chosen)
    phones = network(chosen, found)
    if isinstance(phones, Ways):
        phones.listen()
    bound = Runtime(found, phones, planner)
    tasks.app.conf.broker_url = chosen.redis_url
    tasks.Bound.runtime = bound
    return bound


def planner(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
    """``domain.rounds.planner.Planner``. Its arrays cost 25 MB: loaded by whoever really plans."""
    made: Plan = load("dispatch.gateways.solver.planner").plan(problem, effort, told)
    return made


def clock_of(chosen: Settings) -> Clock:
    """Raises ``StartRefused``."""
    bound = bind_tasks(chosen)
    tasks.give_up_at_once()
    phones = bound.network
    # The simulated network moves when the clock does; what real ones have said waits in the database.
    return Clock(
        bound,
        phones.advance if isinstance(phones, SimulatedNetwork) else partial(inbox.advance, bound.centre),
        selftest=selftest_of(chosen, bound.centre),
    )


def selftest_of(chosen: Settings, found: Centre) -> Selftest | None:
    token = chosen.selftest_token
    ways = [HttpWay(url, token, door) for url in chosen.selftest_ways for door in DOORS]
    return Selftest(found, token, ways) if ways else None
