"""The calendar of services: for each helper, station or area and each day or hour, how many and how they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.standing import moment
from dispatch.models.places import Area
from dispatch.models.workforce import Station, Worker
from dispatch.services.areas_asked import area_asked
from dispatch.services.centre import Centre
from dispatch.services.ordering.counts import HELP, LATE, STAGE, WHEN, Stage, Wanted, of
from dispatch.services.rows import stamp

DAYS = 7
MOST_ROWS = 300
Row = dict[str, Any]


class By(StrEnum):
    WORKER = "worker"
    STATION = "station"
    AREA = "area"


class Unit(StrEnum):
    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True)
class View:
    """``unit``: seven days from Monday, or the hours of one day."""

    day: date
    unit: Unit
    by: By
    area_id: int | None = None


KEYS: dict[By, Any] = {By.WORKER: Worker.id, By.STATION: Worker.station_id, By.AREA: Area.path}


def calendar(centre: Centre, actor: Actor, view: View) -> Row:
    """The row of those that nobody has promised yet comes first. Raises ``Invalid`` for an area that is not there."""
    edges = _edges(centre, view)
    wanted = Wanted(edges[0], edges[-1], area_id=view.area_id)
    column = case(*((edge > WHEN, n) for n, edge in enumerate(edges[1:])), else_=len(edges) - 2)
    key = KEYS[view.by]
    with centre.database.reads() as session:
        columns = (key, column, HELP, STAGE, func.count(), func.coalesce(func.sum(case((LATE, 1), else_=0)), 0))
        counted = of(session, columns, wanted, actor).group_by(key, column, HELP, STAGE)
        names, fold = _names(session, actor, view)
        rows = _fold(session.execute(counted).all(), fold, len(edges) - 1)
        known = names(set(rows))
    items = [{"key": found, "name": known.get(found), "cells": rows[found]} for found in rows]
    items.sort(key=lambda row: (row["key"] is not None, row["name"] or ""))
    return {
        "from": stamp(edges[0]),
        "to": stamp(edges[-1]),
        "unit": view.unit.value,
        "by": view.by.value,
        "columns": [{"from": stamp(a), "to": stamp(b)} for a, b in pairwise(edges)],
        "rows": items[:MOST_ROWS],
        "left_out": max(0, len(items) - MOST_ROWS),
    }


def _edges(centre: Centre, view: View) -> list[datetime]:
    if view.unit is Unit.DAY:
        monday = view.day - timedelta(days=view.day.weekday())
        return [moment(monday + timedelta(days=n), "00:00", centre.zone) for n in range(DAYS + 1)]
    begins = moment(view.day, "00:00", centre.zone)
    ends = moment(view.day + timedelta(days=1), "00:00", centre.zone)
    hours = int((ends - begins).total_seconds() // 3600)  # 23 or 25 where the clocks are changed
    return [(begins + timedelta(hours=n)).astimezone(UTC) for n in range(hours + 1)]


Fold = Callable[[Any], str | None]


def _names(
    session: Session, actor: Actor, view: View
) -> tuple[Callable[[set[str | None]], dict[str | None, str]], Fold]:
    """How the rows are called, and to which row a key of the statement belongs."""
    if view.by is By.AREA:
        chosen = area_asked(session, view.area_id).path if view.area_id is not None else None
        root = chosen or _first_fork(session, _root(actor))
        return lambda keys: _areas(session, keys), lambda path: _child(root, path)
    table: Any = Worker if view.by is By.WORKER else Station

    def named(keys: set[str | None]) -> dict[str | None, str]:
        ids = [int(key) for key in keys if key is not None]
        return {
            str(row_id): name for row_id, name in session.execute(select(table.id, table.name).where(table.id.in_(ids)))
        }

    return named, lambda key: None if key is None else str(key)


def _root(actor: Actor) -> str:
    """What all that the actor sees lies in."""
    if not actor.paths:
        return "/"
    parts = [path.strip("/").split("/") for path in actor.paths]
    common = parts[0]
    for other in parts[1:]:
        common = [a for a, b in zip(common, other, strict=False) if a == b]
    return f"/{'/'.join(common)}/" if common else "/"


def _first_fork(session: Session, root: str) -> str:
    """Down to where there is more than one area below: a calendar of one line says nothing."""
    while (own := root.strip("/").split("/")[-1]).isdigit():
        below = session.scalars(select(Area.path).where(Area.parent_id == int(own)).limit(2)).all()
        if len(below) != 1:
            break
        root = below[0]
    return root


def _child(root: str, path: str | None) -> str | None:
    """The area directly below ``root`` in which ``path`` lies, or ``root`` itself."""
    if path is None or not path.startswith(root):
        return None
    below = path[len(root) :].strip("/").split("/")[0]
    return below or root.strip("/").split("/")[-1]


def _areas(session: Session, keys: set[str | None]) -> dict[str | None, str]:
    ids = [int(key) for key in keys if key]
    return {str(area_id): name for area_id, name in session.execute(select(Area.id, Area.name).where(Area.id.in_(ids)))}


def _fold(found: Any, fold: Fold, columns: int) -> dict[str | None, list[Row]]:
    rows: dict[str | None, list[Row]] = {}
    for key, n, help_, stage, number, late in found:
        cells = rows.setdefault(fold(key), [_empty() for _ in range(columns)])
        cell = cells[n]
        cell["n"] += number
        cell[stage] += number
        cell["late"] += late
        cell["helps"][help_] = cell["helps"].get(help_, 0) + number
    return rows


def _empty() -> Row:
    return {"n": 0, **dict.fromkeys((stage.value for stage in Stage), 0), "late": 0, "helps": {}}
