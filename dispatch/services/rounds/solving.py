"""A plan is made: what is asked is read, a planner works on it outside of any transaction, the answer becomes rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.rounds.check import faults
from dispatch.domain.rounds.planner import Effort, Planner, SolverFailed, Stopped
from dispatch.domain.rounds.problem import Plan, Problem, Round
from dispatch.domain.visits.plan import PlanState, PlanTrigger
from dispatch.models.bulk import analyze, insert_many
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.services.centre import Centre
from dispatch.services.rounds import due, publishing, visitors
from dispatch.services.rounds.asking import Lost, Mine, claim, held, say, step
from dispatch.services.rounds.days import moment
from dispatch.services.rounds.due import Due
from dispatch.services.rounds.map import Atlas, roads

Row = dict[str, Any]
log = structlog.get_logger()
EVERY = timedelta(seconds=2)
"""How often the row says how far it is, and is asked whether the plan is still wanted."""


@dataclass(frozen=True)
class Question:
    problem: Problem
    due: Due


def work(centre: Centre, plan_id: int, time: Callable[[], datetime], planner: Planner) -> None:
    """Safe to run twice and at any moment: the claim lets one through, and what a killed one did is done again."""
    mine = claim(centre, plan_id, time)
    if mine is None:
        return
    try:
        if mine.state is PlanState.PUBLISHING:
            publishing.publish(centre, mine)
        else:
            _make(centre, planner, mine)
    except (Lost, Stopped):
        log.info("plan_lost", plan_id=plan_id)


def _make(centre: Centre, planner: Planner, mine: Mine) -> None:
    now = mine.time()
    with centre.database.reads() as session:
        plan = session.get_one(CheckinPlan, mine.plan_id)
        question = _question(session, centre, plan, now)
        effort = _effort(centre, plan)
    try:
        found = planner(question.problem, effort, _Told(centre, mine))
    except SolverFailed as failed:
        log.error("plan_failed", plan_id=mine.plan_id, reason=str(failed))
        _fail(centre, mine, "solver")
        return
    if wrong := faults(question.problem, found):
        log.error("plan_faulty", plan_id=mine.plan_id, faults=len(wrong), first=wrong[0])
        _fail(centre, mine, "faulty")
        return
    with centre.database.sessions.begin() as session:
        _keep(session, centre, mine, question, found)


def _question(session: Session, centre: Centre, plan: CheckinPlan, now: datetime) -> Question:
    atlas = Atlas.read(session, centre)
    people = visitors.read(session, visitors.Wanted(centre, plan, now, atlas))
    wanted = due.read(session, due.Asked(centre, plan, now, atlas, people))
    rules = centre.planning
    # A day that has begun has no reserve any more: what is left of it is for what it was kept for.
    reserve = 0.0 if plan.first == plan.last == now.astimezone(centre.zone).date() else rules.reserve
    return Question(Problem(wanted.visits, tuple(people.values()), roads(centre), reserve), wanted)


def _effort(centre: Centre, plan: CheckinPlan) -> Effort:
    solver = centre.planning.solver
    return Effort(plan.seconds, centre.planning.change, solver.processes, solver.megabytes)


class _Told:
    """Renews the lease with each word, and says whether somebody called it off."""

    def __init__(self, centre: Centre, mine: Mine) -> None:
        self._centre, self._mine, self._next = centre, mine, mine.time()

    def __call__(self, share: float) -> bool:
        now = self._mine.time()
        if now < self._next:
            return True
        self._next = now + EVERY
        try:
            say(self._centre, self._mine, share)
        except Lost:
            return False
        return True


def _fail(centre: Centre, mine: Mine, why: str) -> None:
    with centre.database.sessions.begin() as session:
        plan = held(session, mine)
        step(plan, PlanTrigger.FAIL)
        plan.failure = why


# -- its rows


def _keep(session: Session, centre: Centre, mine: Mine, question: Question, found: Plan) -> None:
    plan, now = held(session, mine), mine.time()
    insert_many(session, CheckinRound, [_round(centre, plan, one) for one in found.rounds])
    ids = {
        (worker, day): id_
        for id_, worker, day in session.execute(
            select(CheckinRound.id, CheckinRound.worker_id, CheckinRound.day).where(CheckinRound.plan_id == plan.id)
        )
    }
    reasons = {**{visit: why.value for visit, why in question.due.outright.items()}, **found.unplaced}
    rows = [row for one in found.rounds for row in _stops(centre, plan, question, ids[one.visitor, one.day], one)]
    rows += [
        _row(plan, question, visit, reason=reason)
        for visit, reason in sorted(reasons.items())
        if visit > 0 or -visit not in reasons
    ]
    insert_many(session, CheckinStop, rows)
    analyze(session, CheckinRound, CheckinStop)
    firsts = [row for row in rows if not row["second"]]
    step(plan, PlanTrigger.MADE)
    plan.ready_at, plan.share = now, 1.0
    plan.kept = sum(row["kept"] for row in firsts)
    plan.placed = sum(row["round_id"] is not None and not row["kept"] for row in firsts)
    plan.visits = plan.placed + sum(row["reason"] is not None for row in firsts)
    plan.unplaced = dict(Counter(row["reason"] for row in firsts if row["reason"] is not None))
    plan.travel = found.travel


def _round(centre: Centre, plan: CheckinPlan, one: Round) -> Row:
    def at(second: int) -> datetime:
        return moment(one.day, second, centre.zone)

    return {
        "plan_id": plan.id,
        "worker_id": one.visitor,
        "day": one.day,
        "leaves_at": at(one.leaves),
        "returns_at": at(one.returns),
        "rest_from": at(one.rest.first) if one.rest else None,
        "rest_until": at(one.rest.last) if one.rest else None,
        "travel": one.travel,
        "visits": len(one.stops),
    }


def _stops(centre: Centre, plan: CheckinPlan, question: Question, round_id: int, one: Round) -> list[Row]:
    return [
        _row(
            plan,
            question,
            stop.visit,
            round_id=round_id,
            position=position,
            starts_at=moment(one.day, stop.starts, centre.zone),
            ends_at=moment(one.day, stop.ends, centre.zone),
            kept=question.problem.visit[stop.visit].promised is not None,
        )
        for position, stop in enumerate(one.stops)
    ]


def _row(plan: CheckinPlan, question: Question, visit: int, **more: object) -> Row:
    return {
        "plan_id": plan.id,
        "visit_id": abs(visit),
        "second": visit < 0,
        "round_id": None,
        "position": None,
        "starts_at": None,
        "ends_at": None,
        "kept": False,
        "reason": None,
        "visit_version": question.due.versions[abs(visit)],
        **more,
    }
