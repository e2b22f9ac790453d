"""The gateway process and its listeners: how they say they are, and one case where one of them does not hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Table, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.listening import AGAIN, DOWN, SILENT, Work
from dispatch.models.devices import Device
from dispatch.models.listening import Listening
from dispatch.services.centre import Centre
from dispatch.services.devices import hours
from dispatch.services.devices.gateways import CAUSE, case_of_silence, end_silence
from dispatch.services.lifecycle import happened, open_with
from dispatch.services.rows import stamp
from dispatch.services.transact import transact

log = structlog.get_logger()
ROWS: Table = Listening.__table__  # type: ignore[assignment]
PROCESS = ""
"""The name of the row that stands for the whole process."""


@dataclass(frozen=True)
class Report:
    """How one listener is, or the process itself (``PROCESS``)."""

    name: str
    protocol: str
    state: Work
    address: str
    since: datetime
    messages: int = 0
    last_message_at: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None
    connected: int | None = None
    hours: tuple[hours.Hour, ...] = ()


def report(centre: Centre, place: str, reports: Sequence[Report], now: datetime) -> None:
    """Write how the process ``place`` is; of listeners that it does not name nothing is expected any more."""
    statement = (postgresql if centre.database.is_postgresql else sqlite).insert(ROWS)
    kept = {"place", "name", "case_id"}
    values = {column.name: statement.excluded[column.name] for column in ROWS.c if column.name not in kept}
    rows = [
        {
            "place": place,
            "name": each.name,
            "protocol": each.protocol,
            "state": each.state.value,
            "address": each.address[:200],
            "since": each.since,
            "beat_at": now,
            "messages": each.messages,
            "last_message_at": each.last_message_at,
            "error": each.error and each.error[:300],
            "error_at": each.error_at,
            "missed_at": None,
            "connected": each.connected,
        }
        for each in reports
    ]
    with centre.database.sessions.begin() as session:
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=[ROWS.c.place, ROWS.c.name], set_=values), rows
        )
        hours.add(session, centre, place, {each.name: each.hours for each in reports})
        _forget(session, place, [each.name for each in reports], now)


def forget(centre: Centre, place: str, now: datetime) -> None:
    """Nothing is expected of the process ``place`` any more."""
    with centre.database.sessions.begin() as session:
        _forget(session, place, [], now)


def _forget(session: Session, place: str, but: Sequence[str], now: datetime) -> None:
    old = select(Listening).where(Listening.place == place, Listening.name.not_in(but)).with_for_update()
    for row in session.scalars(old):
        if row.case_id is not None:
            end_silence(session, row.case_id, now)
        session.execute(delete(ROWS).where(ROWS.c.place == row.place, ROWS.c.name == row.name))


def watch(centre: Centre, now: datetime) -> None:
    """One case for a process that has fallen silent, one for a listener that does not hear; ended when it is over."""
    with centre.database.reads() as session:
        rows = session.scalars(select(Listening)).all()
    silent = {row.place for row in rows if row.name == PROCESS and now - row.beat_at > SILENT}
    for row in rows:
        if row.name == PROCESS:
            lost, sure = row.place in silent, row.missed_at is not None and now - row.missed_at >= AGAIN
        else:
            # Behind a silent process nobody knows how its listeners are: what they said last is no news.
            lost = row.place not in silent and row.state != Work.HEARING and now - row.since > DOWN
            sure = True
        work = None
        if lost and row.case_id is None:
            work = partial(_lost, centre=centre) if sure else _missed
        elif not lost and row.case_id is not None and row.place not in silent:
            work = _back
        if work is not None:
            _each(centre, partial(_with_row, row=row, work=work, now=now))


def _each(centre: Centre, work: Callable[[Session], None]) -> None:
    """One that cannot be handled must not hide the others."""
    try:
        transact(centre, work)
    except Exception:
        log.exception("listening_failed")


def _with_row(session: Session, row: Listening, work: Callable[..., None], now: datetime) -> None:
    """Only if it is still as it was seen: another clock may have been first, or it has spoken."""
    same = select(Listening).where(
        Listening.place == row.place, Listening.name == row.name, Listening.beat_at == row.beat_at
    )
    found = session.scalar(same.with_for_update())
    if found is not None and found.case_id == row.case_id:
        work(session, found, now=now)


def _missed(session: Session, row: Listening, now: datetime) -> None:
    if row.missed_at is None:
        row.missed_at = now


def _back(session: Session, row: Listening, now: datetime) -> None:
    end_silence(session, row.case_id, now)
    row.case_id = None


def _lost(session: Session, row: Listening, centre: Centre, now: datetime) -> None:
    homes, devices = _behind(session, row)
    case = case_of_silence(centre, called(row), homes, now)
    data = {"kind": CAUSE, "listener": row.name or row.place, "homes": homes, "devices": devices}
    if row.name != PROCESS and row.error:
        data["reason"] = row.error
    (row.case_id,) = open_with(session, [case], [happened(case, "opened", SYSTEM, now, data=data)])
    log.error("listener_silent", place=row.place, listener=row.name, homes=homes)


def called(row: Listening) -> str:
    return f"{row.place}/{row.name}" if row.name else row.place


def _behind(session: Session, row: Listening) -> tuple[int, int]:
    """Homes and devices that cannot speak now."""
    protocols = [row.protocol]
    if row.name == PROCESS:
        protocols = list(session.scalars(select(Listening.protocol).where(Listening.place == row.place)))
    homes, devices = session.execute(
        select(func.count(Device.household_id.distinct()), func.count(Device.id)).where(
            Device.protocol.in_(protocols), Device.retired_at.is_(None)
        )
    ).one()
    return int(homes), int(devices)


def shown(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Every listener as the console and ``/health/engine`` show it. Of a silent process all are down."""
    rows = session.scalars(select(Listening).order_by(Listening.place, Listening.name)).all()
    silent = {row.place for row in rows if row.name == PROCESS and now - row.beat_at > SILENT}
    return [
        {
            "place": row.place,
            "name": row.name,
            "protocol": row.protocol,
            "state": "silent" if row.place in silent else row.state,
            "address": row.address,
            "since": stamp(row.beat_at if row.place in silent else row.since),
            "connected": None if row.place in silent else row.connected,
            "messages": row.messages,
            "last_message_at": stamp(row.last_message_at),
            "error": row.error,
            "error_at": stamp(row.error_at),
        }
        for row in rows
    ]


def listeners(centre: Centre, now: datetime) -> dict[str, Any]:
    """For the people who look after them, with the case of each silence and what the last day has brought."""
    with centre.database.reads() as session:
        items = shown(session, now)
        found = session.execute(select(Listening.place, Listening.name, Listening.case_id))
        cases = {(place, name): case_id for place, name, case_id in found}
        heard = hours.last_day(session, centre, now)
    for one in items:
        case_id = cases.get((one["place"], one["name"]))
        one["case_id"] = None if case_id is None else str(case_id)
        one.update(heard.of(one["place"], one["name"]))
    return {"items": items, "next_cursor": None}


def unheard(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many processes and listeners do not hear, and since when the first of them does not: for the auditor."""
    process = and_(Listening.name == PROCESS, Listening.beat_at < now - SILENT)
    listener = and_(Listening.name != PROCESS, Listening.state != Work.HEARING, Listening.since < now - DOWN)
    number, since = session.execute(select(func.count(), func.min(Listening.since)).where(or_(process, listener))).one()
    return int(number), since
