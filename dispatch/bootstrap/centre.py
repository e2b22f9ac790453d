"""The centre over its database: what every process works with."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.bootstrap.process import StartRefused
from dispatch.domain.arrival import ResponseRules
from dispatch.domain.datakeys import parse_keys
from dispatch.models import sealed
from dispatch.models.database import Database, connect
from dispatch.services.centre import Centre
from dispatch.services.register import keys
from dispatch.settings import (
    Settings,
    exchanges,
    load_access,
    load_care,
    load_cascade,
    load_catalogue,
    load_devices,
    load_duty,
    load_floor,
    load_followup,
    load_hotline,
    load_mapping,
    load_matching,
    load_orders,
    load_planning,
    load_policies,
    load_priorities,
    load_response,
    load_scripts,
    load_sms,
    load_templates,
    load_visits,
    read_yaml,
)

DEMO_CALLBACK = "000-0000-0000"
"""Nobody's: the invented centre has no telephone."""

log = structlog.get_logger()


def centre_of(chosen: Settings, database: Database | None = None) -> Centre:
    """The centre over its database. Raises ``StartRefused`` naming the file of ``config/`` that is wrong."""
    directory = chosen.config_dir
    try:
        catalogue = load_catalogue(directory)
        visits = load_visits(directory)
        known = exchanges(chosen)
        voices = [name for name in chosen.ways if name in known]
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
            mapping=load_mapping(directory),
            scripts=load_scripts(directory),
            cascade=load_cascade(directory),
            response=_callable_back(chosen, load_response(directory)),
            catalogue=catalogue,
            matching=load_matching(directory),
            followup=load_followup(directory, catalogue),
            orders=load_orders(directory),
            visits=visits,
            planning=load_planning(directory, visits, catalogue),
            zone=ZoneInfo(chosen.timezone),
            spool_dir=chosen.spool_dir,
            data_dir=chosen.data_dir,
            recordings_dir=chosen.recordings_dir or chosen.data_dir / "recordings",
            templates=load_templates(directory),
            sms=load_sms(directory),
            hotline=load_hotline(directory),
            ways=tuple(name for name in chosen.ways if name not in voices),
            exchange=voices[0] if voices else None,
            public_url=chosen.public_url.rstrip("/"),
        )
    except (ValueError, OSError, KeyError) as error:
        raise StartRefused(str(error)) from error


def _callable_back(chosen: Settings, rules: ResponseRules) -> ResponseRules:
    invented = DEMO_CALLBACK if chosen.demo else ""
    return replace(rules, callback_number=chosen.callback_number or rules.callback_number or invented)


def at_work(chosen: Settings) -> Centre:
    """The centre for a process that works with alarms. Raises ``StartRefused``."""
    found = centre_of(chosen)
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
