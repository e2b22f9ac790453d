"""What has come due while somebody waits: the next call, telephones to silence, promises that are late.

Each row in a transaction of its own: however many clocks look, and wherever one dies, each happens once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.arrival import ArrivalState, late
from dispatch.domain.cascade import CascadeState
from dispatch.domain.case import ACTIVE, Flag, State
from dispatch.models.cases import Case
from dispatch.models.outbox import Message
from dispatch.models.response import Arrival, Cascade, CascadeCall
from dispatch.services.centre import Centre
from dispatch.services.due import carry_out_each
from dispatch.services.lifecycle import record
from dispatch.services.response import calling
from dispatch.services.response.alarm import alarm
from dispatch.services.response.ringing import silence
from dispatch.services.rows import stamp


def tick(centre: Centre, now: datetime) -> int:
    """Safe to run twice at once."""
    return (
        carry_out_each(centre, Cascade.next_due_at, now, _next_call)
        + carry_out_each(centre, Arrival.next_due_at, now, _alarm_again)
        + carry_out_each(centre, CascadeCall.hang_up_at, now, _hang_up)
    )


def _next_call(session: Session, centre: Centre, cascade_id: int, now: datetime) -> bool:
    # The case first, as everywhere.
    case_id = session.scalars(select(Cascade.case_id).where(Cascade.id == cascade_id)).one()
    case = session.get_one(Case, case_id, with_for_update=True)
    cascade = session.get_one(Cascade, cascade_id, with_for_update=True, populate_existing=True)
    if cascade.state != CascadeState.RUNNING or cascade.next_due_at is None or cascade.next_due_at > now:
        return False
    if State(case.state) not in ACTIVE:  # whoever ended it should have said so: nobody is called all the same
        return calling.settle(session, case, now, reason="closed")
    calling.advance(session, centre, case, cascade, now)
    return True


def _alarm_again(session: Session, centre: Centre, arrival_id: int, now: datetime) -> bool:
    case_id = session.scalars(select(Arrival.case_id).where(Arrival.id == arrival_id)).one()
    case = session.get_one(Case, case_id, with_for_update=True)
    arrival = session.get_one(Arrival, arrival_id, with_for_update=True, populate_existing=True)
    if arrival.state != ArrivalState.OPEN or arrival.next_due_at is None or arrival.next_due_at > now:
        return False
    if arrival.case_id != case.id:
        return False  # merged at this very moment: the next tick finds it where it is
    missed = late(centre.response.late_minutes, arrival.due_at, arrival.mark, now)
    if missed is None:
        arrival.next_due_at = arrival.due_at
        return False
    arrival.late_at = arrival.late_at or now
    arrival.next_due_at, arrival.mark = missed.next_due_at, missed.next_mark
    arrival.version += 1
    raised = alarm(case, Flag.LATE_ARRIVAL, centre.policies, now)
    data = {"arrival": str(arrival.id), "who": arrival.who, "due_at": stamp(arrival.due_at), "minutes": missed.minutes}
    if missed.skipped:
        data["skipped"] = missed.skipped
    key = f"arrival:{arrival.id}:{stamp(arrival.due_at)}:{missed.mark}"
    record(session, case, "arrival_late", SYSTEM, now, once_key=key, data=data | raised)
    return True


def _hang_up(session: Session, _centre: Centre, call_id: int, now: datetime) -> bool:
    if not silence(session, Message.cascade_call_id == call_id, now):
        return False
    call = session.get_one(CascadeCall, call_id, with_for_update=True)
    call.hang_up_at = None
    return True
