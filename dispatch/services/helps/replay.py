"""Matches that led to offers, remembered for a while, and judged anew under other weights before these are in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Kind
from dispatch.domain.helps.replay import Comparison, Figures, Past, Remembered, compare
from dispatch.domain.helps.rules import MatchRules
from dispatch.models.cases import Case
from dispatch.models.helps import MatchRecord
from dispatch.models.places import Area
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps.candidates import Match
from dispatch.services.rows import stamp, visible

KEPT = timedelta(days=90)
MOST_KEPT = 5_000
"""Matches that are remembered, whatever their age."""
BEST = 40
"""Candidates of a match that are remembered: who stood behind them comes first under no weights worth a try."""
MOST = 1_000
SHOWN = 100


def remember(session: Session, case: Case, found: Match, asked: Sequence[int], now: datetime) -> None:
    """Who could have gone when these were asked. No name, no place; of the elder nothing but the case."""
    best = found.ranking.candidates[:BEST]
    session.add(
        MatchRecord(
            case_id=case.id,
            at=now,
            asked=list(asked),
            candidates=[Remembered.of(one).row() for one in best],
        )
    )


def prune(centre: Centre, now: datetime) -> None:
    with centre.database.reads() as session:
        newest = session.scalar(select(func.max(MatchRecord.id))) or 0
        over = or_(MatchRecord.at < now - KEPT, MatchRecord.id <= newest - MOST_KEPT)
        if session.scalar(select(MatchRecord.id).where(over).limit(1)) is None:
            return
    with centre.database.sessions.begin() as session:
        session.execute(delete(MatchRecord).where(over), execution_options={"synchronize_session": False})


@dataclass(frozen=True)
class Trial:
    """Which past matches are judged anew: those of emergencies, which have points of their own, or all others."""

    last: int
    emergency: bool = False

    def in_force(self, centre: Centre) -> MatchRules:
        return centre.matching.points_for(self.emergency)


def replay(centre: Centre, after: MatchRules, trial: Trial, actor: Actor | None = None) -> dict[str, Any]:
    """The last matches under the rules in force and under ``after``; for an actor those in their areas."""
    with centre.database.reads() as session:
        is_emergency = Case.kind == Kind.EMERGENCY
        records = (
            select(MatchRecord.case_id, MatchRecord.at, MatchRecord.candidates)
            .join(Case, Case.id == MatchRecord.case_id)
            .where(is_emergency if trial.emergency else ~is_emergency)
        )
        if actor is not None:
            records = visible(records.outerjoin(Area, Area.id == Case.area_id), actor)
        rows = session.execute(records.order_by(MatchRecord.id.desc()).limit(min(trial.last, MOST))).all()
        pasts = [Past(row.case_id, row.at, tuple(Remembered(*one) for one in row.candidates)) for row in rows]
        found = compare(pasts, trial.in_force(centre), after)
        names = _names(session, found)
    return {
        "matches": len(found.verdicts),
        "changed": len(found.changed),
        "before": _figures(found.before),
        "after": _figures(found.after),
        "cases": [
            {
                "case_id": str(one.past.case_id),
                "at": stamp(one.past.at),
                "before": _first(one.before, names),
                "after": _first(one.after, names),
            }
            for one in found.changed[:SHOWN]
        ],
    }


def _names(session: Session, found: Comparison) -> dict[int, str]:
    ids = {one.id for verdict in found.changed[:SHOWN] for one in (verdict.before, verdict.after)}
    return {row.id: row.name for row in session.execute(select(Worker.id, Worker.name).where(Worker.id.in_(ids)))}


def _figures(one: Figures) -> dict[str, Any]:
    return {"minutes": one.minutes, "continuity": one.continuity, "gini": one.gini}


def _first(one: Remembered, names: dict[int, str]) -> dict[str, Any]:
    return {"id": str(one.id), "name": names.get(one.id, str(one.id)), "minutes": one.minutes, "visits": one.visits}
