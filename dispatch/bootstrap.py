"""The one place where the parts are put together."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from zoneinfo import ZoneInfo

import structlog
from flask import Flask
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from dispatch.api import demo, sim
from dispatch.api.app import create_app
from dispatch.api.context import Context
from dispatch.api.socket import NAMESPACE, Listeners, Rooms, create_socketio
from dispatch.domain.arrival import ResponseRules
from dispatch.domain.datakeys import parse_keys
from dispatch.gateways.console import ConsoleGateway
from dispatch.gateways.ourselves import DOORS, HttpWay
from dispatch.gateways.simulated import SimulatedNetwork
from dispatch.models import sealed
from dispatch.models.database import Database, connect
from dispatch.services.centre import Centre
from dispatch.services.register import keys
from dispatch.services.together import Together
from dispatch.settings import (
    Settings,
    load_access,
    load_care,
    load_cascade,
    load_devices,
    load_duty,
    load_floor,
    load_policies,
    load_priorities,
    load_response,
    load_scripts,
    load_templates,
    read_yaml,
)
from dispatch.workers import tasks
from dispatch.workers.clock import Clock
from dispatch.workers.live_relay import LiveRelay
from dispatch.workers.selftest import Selftest
from dispatch.workers.send import Runtime

DEMO_CALLBACK = "000-0000-0000"
"""Nobody's: the invented centre has no telephone."""

log = structlog.get_logger()


class StartRefused(Exception):
    """What is missing or unsafe in the settings, in words for whoever starts the process."""


@dataclass(frozen=True)
class Web:
    app: Flask
    relay: LiveRelay


def settings() -> Settings:
    """Read the settings. Raises ``StartRefused``."""
    try:
        return Settings()
    except ValidationError as error:
        reasons = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in error.errors())
        raise StartRefused(reasons) from None


def configure_logging() -> None:
    """One JSON line an event on standard error; ids, never names."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def centre(chosen: Settings, database: Database | None = None) -> Centre:
    """The centre over its database. Raises ``StartRefused`` naming the file of ``config/`` that is wrong."""
    directory = chosen.config_dir
    try:
        sealed.use(sealed.Keyring(parse_keys(chosen.data_keys)))
        return Centre(
            database=database or connect(chosen.database_url),
            policies=load_policies(directory),
            priorities=load_priorities(directory),
            desk=read_yaml(directory / "desk.yaml"),
            messages=read_yaml(directory / "messages.yaml"),
            care=load_care(directory),
            access=load_access(directory, lenient=chosen.demo or not chosen.second_factor),
            floor=load_floor(directory),
            duty=load_duty(directory),
            devices=load_devices(directory),
            scripts=load_scripts(directory),
            cascade=load_cascade(directory),
            response=_callable_back(chosen, load_response(directory)),
            zone=ZoneInfo(chosen.timezone),
            spool_dir=chosen.spool_dir,
            data_dir=chosen.data_dir,
            templates=load_templates(directory),
        )
    except (ValueError, OSError, KeyError) as error:
        raise StartRefused(str(error)) from error


def _callable_back(chosen: Settings, rules: ResponseRules) -> ResponseRules:
    invented = DEMO_CALLBACK if chosen.demo else ""
    return replace(rules, callback_number=chosen.callback_number or rules.callback_number or invented)


def at_work(chosen: Settings) -> Centre:
    """The centre for a process that works with alarms. Raises ``StartRefused``."""
    found = centre(chosen)
    if not found.response.callback_number:
        raise StartRefused(
            "120, 119 and 110 must be able to ring back: set DISPATCH_CALLBACK_NUMBER, or callback_number in "
            f"{chosen.config_dir / 'response.yaml'}, to the number of this centre, or to `own` where each operator "
            "names the telephone in their hand"
        )
    return found


def refuse_wrong_keys(chosen: Settings) -> None:
    """Whatever serves looks first whether it can read what the database holds. Raises ``StartRefused``.

    A database that is away or older than this version cannot be looked into: then the process starts all the same,
    because alarms that come meanwhile belong into the spool.
    """
    try:
        sealed.use(sealed.Keyring(parse_keys(chosen.data_keys)))
    except ValueError as error:
        raise StartRefused(str(error)) from error
    database = connect(chosen.database_url, pool_size=1)
    try:
        keys.refuse_wrong_keys(database)
    except sealed.CannotOpen as error:
        raise StartRefused(
            f"DISPATCH_DATA_KEYS does not fit this database ({error}). Start with the keys that it was filled with;"
            " after a change of keys the old one stays behind the new one until dispatch doctor says that nothing"
            " needs it"
        ) from error
    except SQLAlchemyError as error:
        log.warning("data_keys_not_checked", reason=type(error).__name__)
    finally:
        database.engine.dispose()


def network(chosen: Settings, found: Centre) -> SimulatedNetwork:
    if chosen.phone_network != "simulated":
        raise StartRefused(f"DISPATCH_PHONE_NETWORK={chosen.phone_network} is not known: use simulated")
    return SimulatedNetwork(found.database)


def build_id(chosen: Settings) -> str:
    """Changes with the version and with the console's build, so that a console knows that it is old."""
    page = chosen.console_dir / "index.html"
    mark = f"{page.stat().st_mtime_ns:x}"[-8:] if page.is_file() else "0"
    return f"{version('dispatch')}+{mark}"


def web(chosen: Settings) -> Web:
    found = at_work(chosen)
    phones = network(chosen, found)
    build = build_id(chosen)
    app = create_app(Context(found, chosen, phones, Together(found), build))
    sim.register(app)
    if chosen.demo:
        demo.register(app)
    rooms = Rooms()
    listeners = Listeners()
    socketio = create_socketio(app, rooms, listeners)
    relay = LiveRelay(
        found,
        ConsoleGateway(socketio, NAMESPACE),
        rooms.all,
        build,
        lambda now: listeners.dismiss(found, socketio, now),
    )
    return Web(app, relay)


def runtime(chosen: Settings) -> Runtime:
    found = at_work(chosen)
    return Runtime(found, network(chosen, found))


def bind_tasks(chosen: Settings) -> None:
    """Point Celery at its broker and its tasks at the centre."""
    tasks.app.conf.broker_url = chosen.redis_url
    tasks.Bound.runtime = runtime(chosen)


def clock(chosen: Settings) -> Clock:
    bind_tasks(chosen)
    tasks.give_up_at_once()
    bound = tasks.runtime()
    phones = bound.network
    # The simulated network moves when the clock does; a real one calls us.
    return Clock(
        bound,
        phones.advance if isinstance(phones, SimulatedNetwork) else None,
        selftest=selftest_of(chosen, bound.centre),
    )


def selftest_of(chosen: Settings, found: Centre) -> Selftest | None:
    token = chosen.selftest_token
    ways = [HttpWay(url, token, door) for url in chosen.selftest_ways for door in DOORS]
    return Selftest(found, token, ways) if ways else None
