"""Heartbeats by the thousand: what many devices said within a second is written in a few statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Select, Table, bindparam, delete, false, func, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from dispatch.models.base import Utc
from dispatch.models.devices import Device
from dispatch.models.listening import DeviceBeat
from dispatch.services.centre import Centre

KEPT = timedelta(days=92)
"""A quarter of a year shows how a battery sinks."""
PRUNED_AT_ONCE = 10_000
DEVICES: Table = Device.__table__  # type: ignore[assignment]
BEATS: Table = DeviceBeat.__table__  # type: ignore[assignment]


def of_device(device: Device, zone: tzinfo) -> Select[DeviceBeat]:
    """Its folded heartbeats, the last day first. By its days, since the key begins with the day: thousands of devices
    write today's.
    """
    statement = select(DeviceBeat).where(DeviceBeat.device_id == device.id).order_by(DeviceBeat.day.desc())
    if device.last_seen_at is None:
        return statement.where(false())
    last = device.last_seen_at.astimezone(zone).date()
    return statement.where(DeviceBeat.day.in_([last - timedelta(days=back) for back in range(KEPT.days)]))


@dataclass(frozen=True)
class Beat:
    """What one device said since the last writing; of the last message also the bytes."""

    number: str
    count: int
    first_at: datetime
    last_at: datetime
    battery: int | None
    battery_least: int | None
    source: str
    data: dict[str, Any] | None
    raw: bytes

    def then(self, later: Beat) -> Beat:
        """Both as one."""
        told = [each for each in (self.battery_least, later.battery_least) if each is not None]
        return Beat(
            number=self.number,
            count=self.count + later.count,
            first_at=self.first_at,
            last_at=later.last_at,
            battery=self.battery if later.battery is None else later.battery,
            battery_least=min(told, default=None),
            source=later.source,
            data=later.data or self.data,
            raw=later.raw,
        )


def fold(centre: Centre, beats: Sequence[Beat]) -> set[str]:
    """Write that these devices have spoken, each once among ``beats``; answers which of them are registered."""
    with centre.database.sessions.begin() as session:
        ids = _locked(session, centre, [beat.number for beat in beats])
        rows = [_row(centre, ids[beat.number], beat) for beat in beats if beat.number in ids]
        if rows:
            rows.sort(key=lambda row: int(row["device_id"]))
            (_write_arrays if centre.database.is_postgresql else _write_each)(session, rows)
    return set(ids)


def _locked(session: Session, centre: Centre, numbers: list[str]) -> dict[str, int]:
    """In the order in which the intake locks devices, so that an alarm and a heartbeat wait, never in a circle."""
    statement = select(DEVICES.c.number, DEVICES.c.id).where(DEVICES.c.number.in_(numbers))
    if centre.database.is_postgresql:
        statement = statement.order_by(DEVICES.c.number.collate("C")).with_for_update(key_share=True)
    return {row.number: row.id for row in session.execute(statement)}


def _row(centre: Centre, device_id: int, beat: Beat) -> dict[str, Any]:
    return {
        "day": beat.last_at.astimezone(centre.zone).date(),
        "device_id": device_id,
        "beats": beat.count,
        "first_at": beat.first_at,
        "last_at": beat.last_at,
        "battery": beat.battery,
        "battery_least": beat.battery_least,
        "source": beat.source[:100],
        "data": beat.data,
        "raw": beat.raw,
    }


SPOKE = text(
    """
    UPDATE devices SET last_seen_at = greatest(last_seen_at, beat.at),
      battery_percent = coalesce(beat.battery, battery_percent)
    FROM unnest(cast(:device_id AS bigint[]), cast(:last_at AS timestamptz[]), cast(:battery AS int[]))
      AS beat(device, at, battery)
    WHERE devices.id = beat.device
    """
)
COUNTED = text(
    """
    INSERT INTO device_beats AS known
      (day, device_id, beats, first_at, last_at, battery, battery_least, source, data, raw)
    SELECT day, device, beats, first_at, last_at, battery, least, source, cast(data AS jsonb), raw
    FROM unnest(cast(:day AS date[]), cast(:device_id AS bigint[]), cast(:beats AS int[]),
      cast(:first_at AS timestamptz[]), cast(:last_at AS timestamptz[]), cast(:battery AS int[]),
      cast(:battery_least AS int[]), cast(:source AS text[]), cast(:data AS text[]), cast(:raw AS bytea[]))
      AS beat(day, device, beats, first_at, last_at, battery, least, source, data, raw)
    ON CONFLICT (day, device_id) DO UPDATE SET beats = known.beats + excluded.beats, last_at = excluded.last_at,
      battery = coalesce(excluded.battery, known.battery),
      battery_least = least(excluded.battery_least, known.battery_least),
      source = excluded.source, data = coalesce(excluded.data, known.data), raw = excluded.raw
    """
)


def _write_arrays(session: Session, rows: list[dict[str, Any]]) -> None:
    """One statement for the devices and one for their day, however many they are."""
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["data"] = [None if data is None else json.dumps(data) for data in columns["data"]]
    session.execute(SPOKE, {name: columns[name] for name in ("device_id", "last_at", "battery")})
    session.execute(COUNTED, columns)


SPOKE_ONE = (
    update(DEVICES)
    .where(DEVICES.c.id == bindparam("device"))
    .values(
        last_seen_at=func.max(func.coalesce(DEVICES.c.last_seen_at, bindparam("at", type_=Utc)), bindparam("at")),
        battery_percent=func.coalesce(bindparam("percent"), DEVICES.c.battery_percent),
    )
)


def _write_each(session: Session, rows: list[dict[str, Any]]) -> None:
    statement = sqlite.insert(BEATS)
    new = statement.excluded
    least = func.min(func.coalesce(new.battery_least, 101), func.coalesce(BEATS.c.battery_least, 101))
    connection = session.connection()
    connection.execute(
        SPOKE_ONE,
        [{"device": row["device_id"], "at": row["last_at"], "percent": row["battery"]} for row in rows],
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[BEATS.c.day, BEATS.c.device_id],
            set_={
                "beats": BEATS.c.beats + new.beats,
                "last_at": new.last_at,
                "battery": func.coalesce(new.battery, BEATS.c.battery),
                "battery_least": func.nullif(least, 101),
                "source": new.source,
                "data": func.coalesce(new.data, BEATS.c.data),
                "raw": new.raw,
            },
        ),
        rows,
    )


def prune(centre: Centre, now: datetime) -> int:
    """Forget days that are long gone, some thousand rows at a time; answers how many."""
    last: date = (now - KEPT).astimezone(centre.zone).date()
    old = select(BEATS.c.day, BEATS.c.device_id).where(BEATS.c.day < last).limit(PRUNED_AT_ONCE)
    with centre.database.sessions.begin() as session:
        found = session.execute(old).all()
        for day in {row.day for row in found}:
            ids = [row.device_id for row in found if row.day == day]
            session.execute(delete(BEATS).where(BEATS.c.day == day, BEATS.c.device_id.in_(ids)))
    return len(found)
