"""A table of those who go to the homes: known by name and telephone together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.imports.cells import Refused
from dispatch.models.base import Base
from dispatch.models.bulk import insert_many
from dispatch.models.workforce import Worker
from dispatch.services.imports.bodies import Entry
from dispatch.services.imports.kinds import Ground, fingerprint


class WorkerTable:
    held_against: tuple[type[Base], ...] = (Worker,)
    names: tuple[str, str] | None = None

    def look(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        phones = {entry.values["phone"] for entry in entries}
        known = {(w.name, w.phone): w for w in session.scalars(select(Worker).where(Worker.phone.in_(phones)))}
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
        insert_many(session, Worker, [_worker(ground, entry) for entry in entries])

    def change(self, session: Session, ground: Ground, entries: list[Entry]) -> None:
        for entry in entries:
            worker = session.get_one(Worker, entry.target)
            if "skills" in entry.changes:
                worker.skills = entry.values["skills"]
            if "area" in entry.changes:
                worker.area_id = ground.areas.find(entry.values["area"], ground.paths).id
        session.flush()

    def end(self, session: Session, ground: Ground) -> None:
        """Nothing is left."""


def _worker(ground: Ground, entry: Entry) -> dict[str, Any]:
    values = entry.values
    return {
        "name": values["name"],
        "phone": values["phone"],
        "skills": values.get("skills", []),
        "area_id": ground.areas.find(values["area"], ground.paths).id,
    }


def _changes(worker: Worker, values: dict[str, Any], area_id: int) -> list[str]:
    found = ["area"] if worker.area_id != area_id else []
    if "skills" in values and set(values["skills"]) != set(worker.skills):
        found.append("skills")
    return found
