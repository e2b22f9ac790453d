"""Those who go to the homes come in, change, and stop working here. Nobody is deleted: their visits name them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.helps.assignments import LIVE
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.helps.matching import TOP_LEVEL
from dispatch.domain.helps.offers import OfferState
from dispatch.models.helps import Assignment, Offer
from dispatch.models.people import User
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services import trail
from dispatch.services.access import rights
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.phone_numbers import normal_number
from dispatch.services.register import edits
from dispatch.services.register.names import called
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act
from dispatch.services.workforce import scope

TOLD = frozenset({"kind", "sex", "languages", "area_id", "station_id", "capacity", "active", "user_id"})
"""Fields whose old and new value the trail may hold."""
PLAIN = ("name", "phone", "kind", "sex", "languages", "capacity", "active")


@dataclass(frozen=True)
class Held:
    """A skill, and the paper that says so."""

    skill: str
    level: int = 1
    certificate: str | None = None
    valid_until: date | None = None


def add(centre: Centre, act: Act, wanted: Mapping[str, Any]) -> Answer:
    """A new helper, by the fields of ``change``; without ``areas`` they serve the area that they belong to.

    Raises ``Invalid``.
    """

    def work(session: Session) -> Answer:
        area = scope.area_within(session, wanted["area_id"], act.actor)
        worker = Worker(area_id=area.id, name="", phone="", kind=WorkerKind.WORKER, languages=[], active=True)
        _apply(session, act, worker, wanted)
        session.add(worker)
        _flush(session)
        _learn(session, centre, worker, wanted.get("skills", ()))
        _serve(session, act, worker, wanted.get("areas") or [area.id])
        trail.write(session, act.actor, Deed("helper_added", Subject("worker", worker.id)), act.now)
        session.flush()
        return {"id": str(worker.id), "version": worker.version}

    return once(centre, act, "workers:new", work)


def change(centre: Centre, worker_id: int, act: Act, wanted: Mapping[str, Any]) -> Answer:
    """Set the fields that ``wanted`` names: those of the row, ``area_id``, ``station_id``, ``user_id``, and as whole
    lists ``skills`` and ``areas``.

    Raises ``VersionConflict`` with who was quicker, ``Invalid``, and ``Conflict`` for somebody who is on the way.
    """

    def work(session: Session) -> Answer:
        worker = scope.helper_within(session, worker_id, act.actor, lock=True)
        edits.check_version(session, act, worker, "worker")
        if wanted.get("active") is False and worker.active:
            _must_be_free(session, worker)
        told = _apply(session, act, worker, wanted)
        if "skills" in wanted and _learn(session, centre, worker, wanted["skills"]):
            told["skills"] = {"to": sorted(one.skill for one in wanted["skills"])}
        if "areas" in wanted and _serve(session, act, worker, wanted["areas"]):
            told["areas"] = {"to": sorted(wanted["areas"])}
        if told:
            touch(session, act, worker, "helper_changed", told)
        _flush(session)
        return {"id": str(worker.id), "version": worker.version}

    return once(centre, act, f"worker:{worker_id}:change", work)


def touch(session: Session, act: Act, worker: Worker, action: str, told: Mapping[str, Any]) -> None:
    worker.version += 1
    trail.write(session, act.actor, Deed(action, Subject("worker", worker.id), data={"fields": dict(told)}), act.now)


def reveal(centre: Centre, worker_id: int, act: Act, reason: str) -> Answer:
    """The telephone in clear. That it was shown is written down before it is, in one transaction."""
    with centre.database.sessions.begin() as session:
        worker = scope.helper_within(session, worker_id, act.actor)
        deed = Deed("reveal", Subject("worker", worker.id), reason, {"fields": ["phone"]})
        trail.write(session, act.actor, deed, act.now)
        return {"values": {"phone": worker.phone}}


def accounts(centre: Centre, actor: Actor, q: str) -> Answer:
    """Sign-ins with the role of a helper that belong to nobody yet."""
    taken = select(Worker.user_id).where(Worker.user_id.is_not(None))
    statement = select(User).where(User.active, User.id.not_in(taken)).order_by(User.username)
    if q:
        like = or_(User.username.contains(q, autoescape=True), User.name.contains(q, autoescape=True))
        statement = statement.where(like)
    with centre.database.reads() as session:
        mine = rights.areas_of(session, actor)
        found = [u for u in session.scalars(statement) if "provider" in u.roles and mine.issuperset(u.area_ids)]
    items = [{"id": str(one.id), "username": one.username, "name": one.name} for one in found[:50]]
    return {"items": items, "next_cursor": None}


def _apply(session: Session, act: Act, worker: Worker, wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: wanted[name] for name in PLAIN if name in wanted}
    if "name" in columns:
        columns |= called(" ".join(unicodedata.normalize("NFKC", columns["name"]).split()))
    if "phone" in columns:
        columns["phone"] = _number(columns["phone"])
    if "area_id" in wanted:
        columns["area_id"] = scope.area_within(session, wanted["area_id"], act.actor).id
    if "station_id" in wanted:
        columns["station_id"] = _station(session, act, wanted["station_id"])
    if "user_id" in wanted:
        columns["user_id"] = _account(session, act, wanted["user_id"], worker)
    told = edits.apply(worker, columns, TOLD)
    _check(session, worker)
    return {name: said for name, said in told.items() if name not in ("pinyin", "initials")}


def _check(session: Session, worker: Worker) -> None:
    if not worker.name:
        raise Invalid("name", "missing", "a helper has a name")
    if worker.kind not in set(WorkerKind):
        raise Invalid("kind", "unknown", f"one of {', '.join(WorkerKind)}")
    same = select(Worker.id).where(
        Worker.name == worker.name, Worker.phone == worker.phone, Worker.active, Worker.id != (worker.id or 0)
    )
    with session.no_autoflush:
        if worker.active and session.scalar(same.limit(1)) is not None:
            raise Invalid("phone", "taken", "somebody of this name and telephone is there already")


def _number(written: str) -> str:
    found = normal_number(written)
    if found is None or not found.lstrip("+").isdigit():
        raise Invalid("phone", "malformed", "this is no telephone number")
    return found


def _station(session: Session, act: Act, station_id: int | None) -> int | None:
    return None if station_id is None else scope.station_within(session, station_id, act.actor).id


def _account(session: Session, act: Act, user_id: int | None, worker: Worker) -> int | None:
    if user_id is None or user_id == worker.user_id:
        return user_id
    user = session.get(User, user_id)
    mine = rights.areas_of(session, act.actor)
    if user is None or "provider" not in user.roles or not mine.issuperset(user.area_ids):
        raise Invalid("user", "unknown", "choose a sign-in with the role of a helper")
    return user.id


def _must_be_free(session: Session, worker: Worker) -> None:
    """Raises ``Conflict``: an elder who waits for somebody must not be left by a click in an office."""
    live = select(Assignment.case_id).where(Assignment.worker_id == worker.id, Assignment.state.in_(LIVE))
    asked = select(Offer.case_id).where(Offer.worker_id == worker.id, Offer.state == OfferState.OFFERED)
    cases = sorted({*session.scalars(live), *session.scalars(asked)})
    if cases:
        raise Conflict(f"still has visits or offers: {', '.join(map(str, cases))}", cases=[str(one) for one in cases])


def _learn(session: Session, centre: Centre, worker: Worker, wanted: Iterable[Held]) -> bool:
    """Exactly these. True: something is different now. Raises ``Invalid``."""
    skills = {one.skill: one for one in wanted}
    unknown = sorted(skills.keys() - centre.catalogue.skills.keys())
    if unknown:
        raise Invalid("skills", "unknown", f"not in the catalogue: {', '.join(unknown)}")
    if any(not 1 <= one.level <= TOP_LEVEL for one in skills.values()):
        raise Invalid("skills", "out-of-range", f"a level lies between 1 and {TOP_LEVEL}")
    held = {one.skill: one for one in session.scalars(select(WorkerSkill).where(WorkerSkill.worker_id == worker.id))}
    changed = held.keys() != skills.keys()
    for gone in held.keys() - skills.keys():
        session.delete(held[gone])
    for code, one in skills.items():
        row = held.get(code)
        if row is None:
            row = WorkerSkill(worker_id=worker.id, skill=code)
            session.add(row)
        number = (one.certificate or "").strip() or None
        changed |= (row.level, row.certificate, row.valid_until) != (one.level, number, one.valid_until)
        row.level, row.certificate, row.valid_until = one.level, number, one.valid_until
    return changed


def _serve(session: Session, act: Act, worker: Worker, wanted: Iterable[int]) -> bool:
    """Exactly these areas, and all that lies in them; those that the actor does not see stay as they are."""
    mine = rights.areas_of(session, act.actor)
    held = set(session.scalars(select(WorkerArea.area_id).where(WorkerArea.worker_id == worker.id)))
    new = set(wanted) - held
    scope.areas_within(session, new, act.actor)
    gone = (held & mine) - set(wanted)
    session.execute(delete(WorkerArea).where(WorkerArea.worker_id == worker.id, WorkerArea.area_id.in_(gone)))
    session.add_all(WorkerArea(worker_id=worker.id, area_id=area_id) for area_id in sorted(new))
    return bool(new or gone)


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "user_id" in str(error.orig):
            raise Invalid("user", "taken", "this sign-in belongs to another helper") from None
        raise
