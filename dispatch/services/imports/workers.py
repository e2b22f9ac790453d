"""A table of those who go to the homes: known by name and telephone together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from dispatch.domain.errors import Invalid
from dispatch.domain.imports.cells import Refused
from dispatch.models.base import Base
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Station, Worker, WorkerArea, WorkerShift, WorkerSkill
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.kinds import Ground, fingerprint
from dispatch.services.register.names import called
from dispatch.services.workforce.hours import Shift, check_week

COLUMNS = ("kind", "sex", "capacity", "languages")
"""Those that stand in the row of the helper as they are."""


class WorkerTable:
    held_against: tuple[type[Base], ...] = (Worker,)
    names: tuple[str, str] | None = None

    def look(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        phones = {entry.values["phone"] for entry in entries}
        workers = select(Worker).where(Worker.phone.in_(phones)).options(selectinload(Worker.skills))
        known = {(w.name, w.phone): w for w in session.scalars(workers)}
        stations = _stations(session, ground, entries)
        week = _weeks(session, [worker.id for worker in known.values()])
        served = _served(session, [worker.id for worker in known.values()])
        for entry in entries:
            values = entry.values
            first = ground.seen.setdefault(fingerprint("worker", values["name"], values["phone"]), entry.number)
            if first != entry.number:
                entry.refuse("phone", "twice_in_file", row=str(first))
                continue
            area = _understand(ground, entry, stations)
            worker = known.get((values["name"], values["phone"]))
            if worker is not None and area is not None:
                entry.target = worker.id
                entry.changes = [
                    *_changes(worker, values, area),
                    *(["hours"] if "hours" in values and _hours(values) != week[worker.id] else []),
                    *(["served"] if not served[worker.id].issuperset(values.get("served_ids", ())) else []),
                ]

    def add(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        for entry in entries:
            values = entry.values
            area_id = ground.areas.find(values["area"], ground.paths).id
            worker = Worker(**called(values["name"]), phone=values["phone"], area_id=area_id)
            _set(worker, values)
            session.add(worker)
            session.flush()
            _learn(session, worker.id, values)
            for served in set(values.get("served_ids") or [area_id]):
                session.add(WorkerArea(worker_id=worker.id, area_id=served))
            _work(session, worker.id, values)
        session.flush()

    def change(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        for entry in entries:
            worker = session.get_one(Worker, entry.target)
            _set(worker, entry.values)
            worker.version += 1
            if {"skills", "certificates"} & set(entry.changes):
                _learn(session, worker.id, entry.values)
            if "area" in entry.changes:
                _move(session, worker, ground.areas.find(entry.values["area"], ground.paths).id)
            if "served" in entry.changes:
                for area_id in entry.values["served_ids"]:
                    session.merge(WorkerArea(worker_id=worker.id, area_id=area_id))
            if "hours" in entry.changes:
                session.execute(delete(WorkerShift).where(WorkerShift.worker_id == worker.id))
                _work(session, worker.id, entry.values)
        session.flush()

    def end(self, session: Session, ground: Ground) -> None:
        """Nothing is left."""


def _understand(ground: Ground, entry: Entry, stations: dict[str, list[int]]) -> int | None:
    """The area, with what the row says of other rows as ids; None where something is refused."""
    values = entry.values
    try:
        area = ground.areas.find(values["area"], ground.paths)
    except Refused as refused:
        entry.refuse("area", refused.code, **refused.data)
        return None
    try:
        if "served" in values:
            # Under another name: what was written is looked at once more when it is applied.
            values["served_ids"] = [ground.areas.find(one, ground.paths).id for one in values["served"]]
    except Refused as refused:
        entry.refuse("served", refused.code, **refused.data)
    if "station" in values:
        found = stations.get(values["station"], [])
        if len(found) != 1:
            entry.refuse("station", "ambiguous_station" if found else "unknown_station")
        else:
            values["station_id"] = found[0]
    try:
        check_week([Shift(*one) for one in _hours(values)])
    except Invalid:
        entry.refuse("hours", "hours_overlap")
    return None if entry.faults else area.id


def _stations(session: Session, ground: Ground, entries: list[Entry]) -> dict[str, list[int]]:
    names = {entry.values["station"] for entry in entries if "station" in entry.values}
    found: dict[str, list[int]] = defaultdict(list)
    if names:
        rows = select(Station.name, Station.id).join(Area, Area.id == Station.area_id)
        for name, station_id in session.execute(rows.where(Station.name.in_(names), inside(ground.paths))):
            found[name].append(station_id)
    return found


def _weeks(session: Session, ids: list[int]) -> dict[int, list[tuple[int, str, str]]]:
    found: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for one in session.scalars(select(WorkerShift).where(WorkerShift.worker_id.in_(ids))):
        found[one.worker_id].append((one.weekday, one.starts, one.ends))
    return defaultdict(list, {worker_id: sorted(week) for worker_id, week in found.items()})


def _served(session: Session, ids: list[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for worker_id, area_id in session.execute(
        select(WorkerArea.worker_id, WorkerArea.area_id).where(WorkerArea.worker_id.in_(ids))
    ):
        found[worker_id].add(area_id)
    return found


def _hours(values: dict[str, Any]) -> list[tuple[int, str, str]]:
    return sorted((day, starts, ends) for day, starts, ends in values.get("hours", ()))


def _set(worker: Worker, values: dict[str, Any]) -> None:
    for name in (*COLUMNS, "station_id"):
        if name in values:
            setattr(worker, name, values[name])


def _work(session: Session, worker_id: int, values: dict[str, Any]) -> None:
    session.add_all(
        WorkerShift(worker_id=worker_id, weekday=day, starts=starts, ends=ends) for day, starts, ends in _hours(values)
    )


def _learn(session: Session, worker_id: int, values: dict[str, Any]) -> None:
    """Exactly the skills of the row, if it names any. What is kept keeps its level and its certificate; a certificate
    brings its skill along.
    """
    held = {one.skill: one for one in session.scalars(select(WorkerSkill).where(WorkerSkill.worker_id == worker_id))}
    papers = _papers(values)
    wanted = {*values.get("skills", held), *papers}
    for skill in held.keys() - wanted:
        session.delete(held[skill])
    for skill in wanted:
        row = held.get(skill)
        if row is None:
            row = WorkerSkill(worker_id=worker_id, skill=skill)
            session.add(row)
        if skill in papers:
            row.certificate, row.valid_until = papers[skill]


def _papers(values: dict[str, Any]) -> dict[str, tuple[str, date | None]]:
    rows: Iterable[Any] = values.get("certificates", ())
    return {skill: (number, date.fromisoformat(until) if until else None) for skill, number, until in rows}


def _move(session: Session, worker: Worker, area_id: int) -> None:
    """To another area, which is served from now on; the other areas that are served stay."""
    old = session.get(WorkerArea, (worker.id, worker.area_id))
    if old is not None:
        session.delete(old)
        session.flush()
    worker.area_id = area_id
    session.merge(WorkerArea(worker_id=worker.id, area_id=area_id))


def _changes(worker: Worker, values: dict[str, Any], area_id: int) -> list[str]:
    found = ["area"] if worker.area_id != area_id else []
    found += [name for name in COLUMNS if name in values and getattr(worker, name) != values[name]]
    if "station_id" in values and worker.station_id != values["station_id"]:
        found.append("station")
    held = {one.skill: (one.certificate, one.valid_until) for one in worker.skills}
    papers = _papers(values)
    if "skills" in values and {*values["skills"], *papers} != held.keys():
        found.append("skills")
    if any(held.get(skill) != paper for skill, paper in papers.items()):
        found.append("certificates")
    return found
