"""A visit as its helper reports it: under way, there, done. Inside of a transaction that holds the case, then the job.

What the helper's telephone sends is kept whole, with what is odd about it; nothing odd is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import IN_HAND, Flag, Kind, State, Trigger
from dispatch.domain.errors import Conflict
from dispatch.domain.helps.assignments import (
    LIVE,
    AssignmentState,
    Deed,
    Fix,
    Oddity,
    follow,
    odd_position,
    odd_times,
)
from dispatch.domain.helps.evidence import clock_wrong
from dispatch.domain.helps.geography import Point
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, WorkRecord
from dispatch.models.response import Arrival
from dispatch.models.workforce import Worker, WorkerPosition
from dispatch.services.centre import Centre
from dispatch.services.followup.opening import after_service
from dispatch.services.helps import offer_words
from dispatch.services.helps.ending import Ends, finish
from dispatch.services.helps.evidence import Reported, beside_others, card_of, to_check
from dispatch.services.lifecycle import drop, end_watch, move, put, record, watch
from dispatch.services.response import promises
from dispatch.services.response.alarm import ask_owner
from dispatch.services.response.promises import Ending


@dataclass(frozen=True)
class Report:
    """What came from there. ``at`` is the telephone's own time."""

    client_uuid: str
    at: datetime
    fix: Fix | None = None
    done: tuple[str, ...] = ()
    ok: bool | None = None
    note: str | None = None
    channel: str = "app"
    clock_at: datetime | None = None
    """What the telephone's clock itself said; ``at`` is put right."""
    code: str | None = None
    """As it stands on the elder's card, typed by the helper."""


@dataclass(frozen=True)
class OnTheJob:
    case: Case
    job: Assignment
    worker: Worker
    actor: Actor
    now: datetime
    flags: list[str] = field(default_factory=list)
    """What is odd about the report that is worked on."""
    by_helper: bool = True
    """Else by somebody of the centre, who heard it."""

    def note(self, session: Session, kind: str, report: Report, **data: Any) -> None:
        whole = {"who": self.worker.name, "assignment": str(self.job.id), **data}
        if self.flags:
            whole["flags"] = list(self.flags)
        record(session, self.case, kind, self.actor, self.now, channel=report.channel, data=whole)


def known(session: Session, job_id: int, report: Report) -> WorkRecord | None:
    """The same report, sent before. Raises ``Conflict`` if its name was used for another job."""
    found = session.scalar(select(WorkRecord).where(WorkRecord.client_uuid == report.client_uuid))
    if found is not None and found.assignment_id != job_id:
        raise Conflict("this client_uuid belongs to another job")
    return found


def keep_record(session: Session, centre: Centre, on: OnTheJob, kind: str, report: Report) -> WorkRecord:
    """The row of what was sent, and what is odd about it."""
    home = offer_words.home_of(session, on.case)
    place = Point(home.lat, home.lon) if home is not None and home.lat is not None and home.lon is not None else None
    rules = centre.matching.evidence
    odd = odd_times(report.at, on.now, rules)
    distance = None
    card = card_of(session, on.case.elder_id, report.code)
    if kind in (Deed.ARRIVE, Deed.COMPLETE) and report.channel == "app":
        where, distance = odd_position(report.fix, place, rules)
        odd += [one for one in where if card != "right" or one is Oddity.FAR]  # the card says that they are there
    if card == "wrong":
        odd.append(Oddity.WRONG_CARD)
    if clock_wrong(report.clock_at, report.at, rules):
        odd.append(Oddity.CLOCK)
    odd += beside_others(session, centre, on.job, Reported(kind, report.at, report.fix))
    if AssignmentState(on.job.state) not in LIVE:
        odd.append(Oddity.AFTER_END)
    on.flags.extend(flag.value for flag in odd)
    row = WorkRecord(
        assignment_id=on.job.id,
        client_uuid=report.client_uuid,
        kind=kind,
        channel=report.channel,
        device_at=report.at,
        clock_at=report.clock_at,
        card=card,
        received_at=on.now,
        lat=report.fix.point.lat if report.fix else None,
        lon=report.fix.point.lon if report.fix else None,
        accuracy_m=report.fix.accuracy_m if report.fix else None,
        distance_m=distance,
        done=list(report.done),
        ok=report.ok,
        note=report.note,
        flags=list(on.flags),
    )
    session.add(row)
    on.job.flags = [*on.job.flags, *(flag for flag in on.flags if flag not in on.job.flags)]
    on.job.version += 1
    if report.fix is not None:
        remember_position(session, on.worker.id, report.fix, min(report.at, on.now))
    to_check(session, centre, on.case, on.job, on.now)
    session.flush()
    return row


def remember_position(session: Session, worker_id: int, fix: Fix, at: datetime) -> None:
    """The last one alone; an older one that comes late says nothing new."""
    known_ = session.get(WorkerPosition, worker_id, with_for_update=True)
    if known_ is not None and known_.at >= at:
        return
    values = {"lat": fix.point.lat, "lon": fix.point.lon, "accuracy_m": fix.accuracy_m, "at": at}
    session.merge(WorkerPosition(worker_id=worker_id, **values))


def depart(session: Session, centre: Centre, on: OnTheJob, report: Report) -> bool:
    """Under way. False: the job was not theirs any more; what was sent is kept."""
    keep_record(session, centre, on, Deed.DEPART, report)
    if not _step(on, Deed.DEPART):
        return False
    on.job.departed_at = on.job.departed_at or report.at
    on.note(session, "helper_departed", report)
    return True


def arrive(session: Session, centre: Centre, on: OnTheJob, report: Report) -> bool:
    """There: the promise to come is kept, and the case is in service."""
    again = on.job.state == AssignmentState.ARRIVED
    keep_record(session, centre, on, Deed.ARRIVE, report)
    if not _step(on, Deed.ARRIVE):
        return False
    if again:
        return True
    on.job.arrived_at = report.at
    _keep_promise(session, on, report)
    _in_service(on)
    on.note(session, "helper_arrived", report)
    return True


def complete(session: Session, centre: Centre, on: OnTheJob, report: Report) -> bool:
    """Done. A service waits for its follow-up; an emergency is ended by a person, who is asked at once."""
    before, case = AssignmentState(on.job.state), on.case
    if before in LIVE and before is not AssignmentState.ARRIVED:
        on.flags.append(Oddity.NO_CHECK_IN)
    elif on.job.arrived_at is not None and _too_short(on, report):
        on.flags.append(Oddity.SHORT)
    keep_record(session, centre, on, Deed.COMPLETE, report)
    if before not in LIVE:
        return False
    if before is not AssignmentState.ARRIVED:
        _keep_promise(session, on, report)
        _in_service(on)
    on.job.completed_at = report.at
    finish(session, on.job, on.now)
    drop(case, Flag.COMING, Flag.THERE)
    if report.ok is False:
        put(case, Flag.NOT_WELL)
    if case.kind == Kind.EMERGENCY or report.ok is False:
        put(case, Flag.HELPER_DONE)
        case.expected_at = None
        ask_owner(case, on.now)
    else:
        _wait_for_follow_up(session, centre, on)
    on.note(session, "helper_done", report, done=list(report.done), ok=report.ok)
    if report.channel == "sms":
        offer = session.get_one(Offer, on.job.offer_id)
        Ends(centre, case, on.actor, on.now, "done").tell(session, offer, "offer_done")
    return True


def _wait_for_follow_up(session: Session, centre: Centre, on: OnTheJob) -> None:
    case = on.case
    move(case, Trigger.COMPLETE)
    case.outcome = "served"
    end_watch(case)
    case.expected_at = None
    after_service(session, centre, case, on.worker.id, on.now)


def _too_short(on: OnTheJob, report: Report) -> bool:
    """Less than half of what was ordered."""
    planned = on.job.ends_at - on.job.starts_at
    return on.job.arrived_at is not None and report.at - on.job.arrived_at < planned / 2


def _step(on: OnTheJob, deed: Deed) -> bool:
    state = AssignmentState(on.job.state)
    if state not in LIVE:
        return False
    on.job.state = follow(state, deed)
    return True


def _keep_promise(session: Session, on: OnTheJob, report: Report) -> None:
    arrival = session.get(Arrival, on.job.arrival_id, with_for_update=True) if on.job.arrival_id is not None else None
    if arrival is None or arrival.state != ArrivalState.OPEN or arrival.case_id != on.case.id:
        return
    promises.end(session, on.case, arrival, Ending(ArrivalState.ARRIVED, on.actor, on.now, report.channel))


def _in_service(on: OnTheJob) -> None:
    case = on.case
    move(case, Trigger.ARRIVE)
    drop(case, Flag.COMING)
    put(case, Flag.THERE)
    case.expected_at = max(on.now, on.now + (on.job.ends_at - on.job.starts_at))
    if State(case.state) in IN_HAND and case.held_until is None:
        watch(case, on.now)
