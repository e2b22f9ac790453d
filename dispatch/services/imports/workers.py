"""A table of those who go to the homes: known by name and telephone together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dispatch.domain.imports.cells import Refused
from dispatch.models.base import Base
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.kinds import Ground, fingerprint


class WorkerTable:
    held_against: tuple[type[Base], ...] = (Worker,)
    names: tuple[str, str] | None = None

    def look(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        phones = {entry.values["phone"] for entry in entries}
        workers = select(Worker).where(Worker.phone.in_(phones)).options(selectinload(Worker.skills))
        known = {(w.name, w.phone): w for w in session.scalars(workers)}
        for entry in entries:
            values = entry.values
            first = ground.seen.setdefault(fingerprint("worker", values["name"], values["phone"]), entry.number)
            if first != entry.number:
                entry.refuse("phone", "twice_in_file", row=str(first))
                continue
            try:
                area = ground.areas.find(values["area"], ground.paths)
            except Refused as refused:
                entry.refuse("area", refused.code, **refused.data)
                continue
            worker = known.get((values["name"], values["phone"]))
            if worker is not None:
                entry.target = worker.id
                entry.changes = _changes(worker, values, area.id)

    def add(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        for entry in entries:
            worker = _worker(ground, entry)
            session.add(worker)
            session.flush()
            _learn(session, worker.id, entry.values.get("skills", []))
            session.add(WorkerArea(worker_id=worker.id, area_id=worker.area_id))
        session.flush()

    def change(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        for entry in entries:
            worker = session.get_one(Worker, entry.target)
            if "skills" in entry.changes:
                _learn(session, worker.id, entry.values["skills"])
            if "area" in entry.changes:
                _move(session, worker, ground.areas.find(entry.values["area"], ground.paths).id)
        session.flush()

    def end(self, session: Session, ground: Ground) -> None:
        """Nothing is left."""


def _worker(ground: Ground, entry: Entry) -> Worker:
    area_id = ground.areas.find(entry.values["area"], ground.paths).id
    return Worker(name=entry.values["name"], phone=entry.values["phone"], area_id=area_id)


def _learn(session: Session, worker_id: int, skills: Iterable[str]) -> None:
    """Exactly these. What is kept keeps its level and its certificate."""
    held = {one.skill: one for one in session.scalars(select(WorkerSkill).where(WorkerSkill.worker_id == worker_id))}
    for skill in held.keys() - set(skills):
        session.delete(held[skill])
    session.add_all(WorkerSkill(worker_id=worker_id, skill=skill) for skill in set(skills) - held.keys())


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
    if "skills" in values and set(values["skills"]) != {held.skill for held in worker.skills}:
        found.append("skills")
    return found
