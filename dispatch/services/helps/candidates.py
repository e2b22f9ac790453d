"""Whom to ask for a case, best first, each with the points that put them there; and who was left out, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor, Sight
from dispatch.domain.case import Flag, Kind
from dispatch.domain.errors import NotFound
from dispatch.domain.helps.geography import Point
from dispatch.domain.helps.matching import Candidate, Excluded, Need, Ranking, Way, rank
from dispatch.domain.helps.offers import Mode
from dispatch.models.cases import Case
from dispatch.models.helps import Order
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services.centre import Centre
from dispatch.services.duty.on_duty import chain_of
from dispatch.services.helps import offer_words
from dispatch.services.helps.orders import Wanted, wanted_by
from dispatch.services.helps.pool import Spot, facts
from dispatch.services.rows import mask, stamp, within

SHOWN = 20
"""Of those who are left out; the ones that only one rule keeps out come first."""

NAMES = select(Area.name).where(Area.id.in_(bindparam("ids", expanding=True)))
WITHOUT_SKILL = (
    select(func.count(WorkerArea.worker_id.distinct()))
    .join(Worker, Worker.id == WorkerArea.worker_id)
    .where(
        WorkerArea.area_id.in_(bindparam("ids", expanding=True)),
        Worker.active,
        ~exists().where(WorkerSkill.worker_id == Worker.id, WorkerSkill.skill == bindparam("skill")),
    )
)
"""Who serves the area and cannot do it."""


@dataclass(frozen=True)
class Match:
    need: Need
    ranking: Ranking
    rows: Mapping[int, Any]
    """Of each helper, by id."""

    def way(self, worker_id: int) -> Way | None:
        return next((one.way for one in self.ranking.candidates if one.facts.id == worker_id), None)


def candidates(centre: Centre, case_id: int, actor: Actor, now: datetime, *, item: str | None = None) -> dict[str, Any]:
    """Raises ``NotFound`` when the case is not there or not in the actor's areas, ``Invalid`` for an unknown item."""
    with centre.database.reads() as session:
        seen = _seen(session, case_id, actor)  # held: what nobody holds the session forgets
        case: Case = seen.Case
        wanted = wanted_by(centre, case, seen.Order, item)
        found = match(session, centre, case, wanted, now)
        best = found.ranking.candidates[0].way if found.ranking.candidates else None
        first = offer_words.Question(case, wanted, best, 0, now, offer_words.PREVIEW)
        return {
            "items": [_candidate(one, found.rows[one.facts.id]) for one in found.ranking.candidates],
            "excluded": [_excluded(one, found.rows[one.facts.id]) for one in found.ranking.excluded[:SHOWN]],
            "relax": _relax(session, case, found),
            "modes": [
                {**one, "sms_preview": offer_words.preview(session, centre, replace(first, seconds=one["seconds"]))}
                for one in modes(centre, case.priority)
            ],
            "item": item_json(wanted),
        }


def _seen(session: Session, case_id: int, actor: Actor) -> Any:
    """The case and its order, and in the same statement what the match will ask of them: elder, home and area."""
    found = session.execute(_whole(actor.sight), {"case": case_id}).first()
    if found is None:
        raise NotFound(f"there is no case {case_id} in your areas")
    return found


@lru_cache(1024)
def _whole(sight: Sight) -> Any:
    """Built once for each sight: building it took longer than asking it."""
    return (
        select(Case, Order, Elder, Household, Area)
        .outerjoin(Order, Order.case_id == Case.id)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Household, Household.id == Case.household_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(Case.id == bindparam("case"), within(sight))
    )


def match(session: Session, centre: Centre, case: Case, wanted: Wanted, now: datetime) -> Match:
    chain = tuple(chain_of(session, case.area_id) or ())
    need = _need(session, centre, case, wanted, now)
    spot = Spot(case.id, case.elder_id, chain, again=Flag.AGAIN in case.flags)
    known, rows = facts(session, need, spot, centre.matching)
    return Match(need, rank(need, known, centre.matching), rows)


def _need(session: Session, centre: Centre, case: Case, wanted: Wanted, now: datetime) -> Need:
    elder, home = offer_words.elder_of(session, case), offer_words.home_of(session, case)
    at = max(case.wanted_at, now) if case.wanted_at is not None and case.kind != Kind.EMERGENCY else now
    return Need(
        item=wanted.item,
        at=at.astimezone(centre.zone),
        now=now,
        minutes=wanted.minutes,
        place=Point(home.lat, home.lon) if home is not None and home.lat is not None and home.lon is not None else None,
        travel=centre.matching.travel["country" if _is_country(session, centre, case) else "town"],
        soon=at - now <= centre.matching.soon,
        emergency=case.kind == Kind.EMERGENCY,
        certificate=centre.catalogue.skills[wanted.item.skill].certificate,
        sex=wanted.sex,
        languages=frozenset(elder.languages) - {"mandarin"} if elder is not None else frozenset(),
    )


def _is_country(session: Session, centre: Centre, case: Case) -> bool:
    names = session.scalars(NAMES, {"ids": chain_of(session, case.area_id) or ()})
    return any(name.endswith(centre.matching.country_names) for name in names)


def modes(centre: Centre, priority: int) -> list[dict[str, Any]]:
    """The usual way of this priority first."""
    usual = centre.matching.modes[priority].mode
    order = sorted(Mode, key=lambda mode: (mode is not usual, mode is Mode.DIRECT))
    ways = [centre.matching.way(mode, priority) for mode in order]
    return [
        {
            "mode": way.mode.value,
            "seconds": way.seconds,
            "workers": way.size,
            "voice_seconds": way.voice_seconds,
            "reason_required": way.mode is Mode.DIRECT,
        }
        for way in ways
    ]


def item_json(wanted: Wanted) -> dict[str, Any]:
    item = wanted.item
    return {
        "code": item.code,
        "help": item.help.value,
        "zh": item.words.zh,
        "en": item.words.en,
        "skill": item.skill,
        "minutes": wanted.minutes,
        "sex": wanted.sex,
    }


def worker_json(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "kind": row.kind,
        "station": row.station,
        "phone_masked": mask(row.phone),
    }


def _candidate(one: Candidate, row: Any) -> dict[str, Any]:
    known = one.facts
    return {
        "worker": worker_json(row),
        "score": one.score,
        "parts": one.parts,
        "eta_minutes": None if one.way is None else max(1, round(one.way.minutes)),
        "distance_m": None if one.way is None else round(one.way.metres),
        "from": one.way and one.way.source,
        "position_at": stamp(known.position_at),
        "load": known.load,
        "capacity": known.capacity,
        "acceptance_rate": round(known.accepted / known.asked, 2) if known.asked else None,
        "visits_before": known.visits,
        "on_shift_until": stamp(one.on_shift_until),
        "reasons": list(one.reasons),
    }


def _excluded(one: Excluded, row: Any) -> dict[str, Any]:
    return {"worker": worker_json(row), "reasons": [{"code": r.code, "data": r.data} for r in one.reasons]}


def _relax(session: Session, case: Case, found: Match) -> list[dict[str, Any]]:
    """What would bring more people; the skill only when there is nobody, for it costs a count."""
    relax = found.ranking.relax()
    if not found.ranking.candidates and case.area_id is not None:
        given = {"skill": found.need.item.skill, "ids": chain_of(session, case.area_id) or ()}
        number = session.scalar(WITHOUT_SKILL, given) or 0
        relax += [("skill_missing", number)] if number else []
    return [{"code": str(code), "n": n} for code, n in relax]
