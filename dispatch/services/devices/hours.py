"""What the listeners hear, hour by hour: added up in their process, written with its reports, shown for a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.models.listening import ListenerHour
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp

KEPT = timedelta(days=31)
SHOWN = 24
HOUR = timedelta(hours=1)
ROWS: Table = ListenerHour.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Hour:
    """What was heard since the last report, of the hour that began ``at``."""

    at: datetime
    messages: int
    alarms: int


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def add(session: Session, centre: Centre, place: str, heard: Mapping[str, Iterable[Hour]]) -> None:
    """``heard`` by the name of the listener; where nothing came, nothing is written."""
    rows = [
        {"hour": one.at, "place": place, "name": name, "messages": one.messages, "alarms": one.alarms}
        for name, several in heard.items()
        for one in several
    ]
    if not rows:
        return
    statement = (postgresql if centre.database.is_postgresql else sqlite).insert(ROWS)
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=[ROWS.c.hour, ROWS.c.place, ROWS.c.name],
            set_={name: ROWS.c[name] + statement.excluded[name] for name in ("messages", "alarms")},
        ),
        rows,
    )


@dataclass(frozen=True)
class LastDay:
    rows: Sequence[ListenerHour]
    midnight: datetime
    hours: tuple[datetime, ...]
    """Those that are shown, the oldest first; the last one goes on."""

    def of(self, place: str, name: str) -> dict[str, Any]:
        """Since midnight in the centre, and each of the last 24 hours; of a process (no name) all its listeners."""
        mine = [row for row in self.rows if row.place == place and name in ("", row.name)]
        return {
            "today": _sum([row for row in mine if row.hour >= self.midnight]),
            "hours": [{"at": stamp(at), **_sum([row for row in mine if row.hour == at])} for at in self.hours],
        }


def _sum(rows: Sequence[ListenerHour]) -> dict[str, int]:
    return {"messages": sum(row.messages for row in rows), "alarms": sum(row.alarms for row in rows)}


def last_day(session: Session, centre: Centre, now: datetime) -> LastDay:
    hours = tuple(hour_of(now) - HOUR * back for back in range(SHOWN - 1, -1, -1))
    midnight = datetime.combine(now.astimezone(centre.zone).date(), time.min, centre.zone)
    since = min(hours[0], midnight)
    return LastDay(session.scalars(select(ListenerHour).where(ListenerHour.hour >= since)).all(), midnight, hours)


def prune(centre: Centre, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        session.execute(delete(ROWS).where(ROWS.c.hour < now - KEPT))
