"""Each kind of record is kept as long as configured and no longer: once a night, counted, previewed without acting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import UNFINISHED, Kind
from dispatch.domain.errors import Conflict
from dispatch.domain.privacy import Kept, cutoff
from dispatch.models.care import AnsweredAct
from dispatch.models.cases import Call, Case
from dispatch.models.outbox import UNSENT, Message
from dispatch.models.people import Elder
from dispatch.models.privacy import (
    ErasedPerson,
    ImpactAssessment,
    Incident,
    RestrictedCase,
    RetentionRun,
    RightsRequest,
    Sharing,
)
from dispatch.services.care.reach import Answer, begins, today
from dispatch.services.centre import Centre
from dispatch.services.hotline import recordings
from dispatch.services.privacy.erase import erase_person
from dispatch.services.privacy.restrict import CLEARED_MESSAGE, past_the_session, restrict
from dispatch.services.privacy.visits import clear_visits, kept_long_enough
from dispatch.services.rows import stamp
from dispatch.services.work import Act

log = structlog.get_logger()
BATCH = 200
BATCHES_A_TICK = 10
KEYS_KEPT = timedelta(days=7)
"""How long an idempotency key of the register is remembered."""

Ids = Select[Any]


@dataclass(frozen=True)
class Rule:
    """``act``: what happens to a record whose time is over. Without ``due`` the product itself never touches it."""

    kind: Kept
    act: str
    due: Callable[[datetime], Ids] | None = None
    apply: Callable[[Session, Centre, Sequence[Any], Act], int] | None = None


def _closed(before: datetime, *kinds: Kind) -> Ids:
    shut = exists().where(RestrictedCase.case_id == Case.id)
    return select(Case.id).where(
        Case.kind.in_(kinds),
        Case.state.not_in(UNFINISHED),
        func.coalesce(Case.closed_at, Case.changed_at) < before,
        ~shut,
    )


def _restrict(session: Session, centre: Centre, ids: Sequence[Any], act: Act) -> int:
    recordings.forget_of(session, centre, ids)
    return restrict(session, ids, act.now, "retention")


def _calls(before: datetime) -> Ids:
    return select(Call.id).where(Call.first_at < before, or_(Call.caller.is_not(None), Call.called.is_not(None)))


def _clear_calls(session: Session, _centre: Centre, ids: Sequence[Any], _act: Act) -> int:
    past_the_session(session, update(Call).where(Call.id.in_(ids)).values(caller=None, called=None, events={}))
    return len(ids)


def _recordings(before: datetime) -> Ids:
    return select(Call.id).where(Call.first_at < before, Call.recording_url.is_not(None))


def _clear_recordings(session: Session, centre: Centre, ids: Sequence[Any], _act: Act) -> int:
    """The files first: one without its row would stay for ever, and a row without its file says that it is gone."""
    recordings.forget(centre, session.scalars(select(Call.recording_url).where(Call.id.in_(ids))).all())
    past_the_session(session, update(Call).where(Call.id.in_(ids)).values(recording_url=None))
    return len(ids)


def _messages(before: datetime) -> Ids:
    return select(Message.id).where(Message.created_at < before, Message.state.not_in(UNSENT), Message.body != "")


def _clear_messages(session: Session, _centre: Centre, ids: Sequence[Any], _act: Act) -> int:
    past_the_session(session, update(Message).where(Message.id.in_(ids)).values(CLEARED_MESSAGE))
    return len(ids)


def _persons(before: datetime) -> Ids:
    gone = exists().where(ErasedPerson.elder_id == Elder.id)
    busy = exists().where(Case.household_id == Elder.household_id, Case.state.in_(UNFINISHED))
    return select(Elder.id).where(Elder.archived_at < before, ~gone, ~busy)


def _erase(session: Session, centre: Centre, ids: Sequence[Any], act: Act) -> int:
    done = 0
    for elder in session.scalars(select(Elder).where(Elder.id.in_(ids)).with_for_update()):
        try:
            erase_person(session, centre, elder, act, request_id=None)
        except Conflict:
            continue  # a case of the home is still open: another night
        done += 1
    return done


def _requests(before: datetime) -> Ids:
    return select(RightsRequest.id).where(
        RightsRequest.decided_at < before, or_(RightsRequest.text.is_not(None), RightsRequest.asker_name.is_not(None))
    )


def _clear_requests(session: Session, _centre: Centre, ids: Sequence[Any], _act: Act) -> int:
    values = {"text": None, "asker_name": None, "identity_check": None}
    session.execute(update(RightsRequest).where(RightsRequest.id.in_(ids)).values(values))
    return len(ids)


def _clear_visits(session: Session, _centre: Centre, ids: Sequence[Any], act: Act) -> int:
    return clear_visits(session, ids, act.now)


def _delete(table: Any) -> Callable[[Session, Centre, Sequence[Any], Act], int]:
    def apply(session: Session, _centre: Centre, ids: Sequence[Any], _act: Act) -> int:
        session.execute(delete(table).where(table.id.in_(ids)))
        return len(ids)

    return apply


RULES = (
    Rule(Kept.RECORDINGS, "clear", _recordings, _clear_recordings),
    Rule(Kept.CALLS, "clear", _calls, _clear_calls),
    Rule(Kept.MESSAGES, "clear", _messages, _clear_messages),
    Rule(Kept.EMERGENCIES, "restrict", lambda before: _closed(before, Kind.EMERGENCY), _restrict),
    Rule(
        Kept.OTHER_CASES,
        "restrict",
        lambda before: _closed(before, Kind.SERVICE, Kind.ENQUIRY, Kind.COMPLAINT),
        _restrict,
    ),
    Rule(Kept.VISITS, "clear", kept_long_enough, _clear_visits),
    Rule(Kept.PERSONS, "anonymise", _persons, _erase),
    Rule(Kept.REQUESTS, "clear", _requests, _clear_requests),
    Rule(Kept.SHARING, "delete", lambda before: select(Sharing.id).where(Sharing.at < before), _delete(Sharing)),
    Rule(
        Kept.IMPACT_ASSESSMENTS,
        "delete",
        lambda before: select(ImpactAssessment.id).where(ImpactAssessment.recorded_at < before),
        _delete(ImpactAssessment),
    ),
    Rule(
        Kept.INCIDENTS,
        "delete",
        lambda before: select(Incident.id).where(Incident.closed_at < before),
        _delete(Incident),
    ),
    Rule(Kept.TRAIL, "keep"),
)


def _before(centre: Centre, kind: Kept, now: datetime) -> datetime:
    return begins(centre, cutoff(centre.care.retention[kind], today(centre, now)))


def preview(centre: Centre, now: datetime) -> Answer:
    """What tonight's run would do, kind by kind, and what the last ones did. Changes nothing."""
    with centre.database.reads() as session:
        items = []
        for rule in RULES:
            before = _before(centre, rule.kind, now)
            due = session.scalar(select(func.count()).select_from(rule.due(before).subquery())) if rule.due else 0
            items.append(
                {
                    "kind": rule.kind,
                    "months": centre.care.retention[rule.kind],
                    "act": rule.act,
                    "before": today(centre, before).isoformat(),
                    "due": due,
                }
            )
        runs = session.scalars(select(RetentionRun).order_by(RetentionRun.day.desc()).limit(10))
        past = [
            {
                "day": run.day.isoformat(),
                "started_at": stamp(run.started_at),
                "finished_at": stamp(run.finished_at),
                "counts": run.counts,
            }
            for run in runs
        ]
    return {"items": items, "runs": past}


def tick(centre: Centre, now: datetime) -> int:
    """Do a part of today's run when its hour has come; how many records.

    A day on which nothing ran is made up for by the next one: what is due stands in the records themselves.
    """
    day = today(centre, now)
    if now.astimezone(centre.zone).hour < centre.care.deadlines.retention_hour or not _begun(centre, day, now):
        return 0
    done: dict[str, int] = {}
    left = BATCHES_A_TICK
    for rule in RULES:
        while left > 0 and (count := _batch(centre, rule, now)):
            done[rule.kind] = done.get(rule.kind, 0) + count
            left -= 1
    _forget_keys(centre, now)
    _note(centre, day, done, now, finished=left > 0)
    return sum(done.values())


def _begun(centre: Centre, day: date, now: datetime) -> bool:
    """False: today's run is finished."""
    with centre.database.sessions.begin() as session:
        run = session.get(RetentionRun, day)
        if run is None:
            session.add(RetentionRun(day=day, started_at=now, counts={}))
        return run is None or run.finished_at is None


def _batch(centre: Centre, rule: Rule, now: datetime) -> int:
    """One kind that fails does not keep the others from their turn."""
    if rule.due is None or rule.apply is None:
        return 0
    try:
        with centre.database.sessions.begin() as session:
            ids = list(session.scalars(rule.due(_before(centre, rule.kind, now)).limit(BATCH)))
            return rule.apply(session, centre, ids, Act(SYSTEM, now)) if ids else 0
    except SQLAlchemyError:
        log.exception("retention_failed", kind=rule.kind)
        return 0


def _forget_keys(centre: Centre, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        session.execute(delete(AnsweredAct).where(AnsweredAct.at < now - KEYS_KEPT))


def _note(centre: Centre, day: date, done: dict[str, int], now: datetime, *, finished: bool) -> None:
    with centre.database.sessions.begin() as session:
        run = session.get_one(RetentionRun, day)
        run.counts = {**run.counts, **{kind: run.counts.get(kind, 0) + count for kind, count in done.items()}}
        run.finished_at = now if finished else None
