"""Shut the words of cases away: whatever hangs on a case and says something of a person is cleared.

The timeline and the signals stay as they were written and are shown to nobody: where deleting is not possible,
article 47 allows keeping and protecting alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, cast, delete, or_, select, update
from sqlalchemy.orm import Session

from dispatch.models.cases import Call, Case, Draft
from dispatch.models.devices import DeviceTask
from dispatch.models.floor import CallBack, HandoverItem, Review
from dispatch.models.followup import Complaint, FollowUp, FollowUpTry, LateEntry, VisitCheck
from dispatch.models.helps import Assignment, WorkPhoto, WorkRecord
from dispatch.models.outbox import UNSENT, Message
from dispatch.models.privacy import RestrictedCase
from dispatch.models.response import Arrival, Cascade, CascadeCall, Handoff, ScriptRun
from dispatch.models.simnet import SimTraffic

CLEARED_MESSAGE: dict[str, Any] = {
    **dict.fromkeys(("phone", "label", "body"), ""),
    "parameters": None,
    "conversation": None,
    "receipt": {},
    "reason": None,
}
BLANK_ITEM: dict[str, Any] = {"text": None, "question": None, "answer": None}
ABOUT_A_CASE = ("case", "held")
"""Kinds of item of a handover; others are about a call-back, a device, somebody who is away."""


def restrict(session: Session, case_ids: Sequence[int], now: datetime, why: str) -> int:
    """Nobody is shown what was said and written in these closed cases. How many that were not shut before."""
    if not case_ids:
        return 0
    known = set(session.scalars(select(RestrictedCase.case_id).where(RestrictedCase.case_id.in_(case_ids))))
    fresh = [case_id for case_id in case_ids if case_id not in known]
    session.add_all(RestrictedCase(case_id=case_id, at=now, why=why) for case_id in fresh)
    session.flush()
    session.execute(delete(Draft).where(Draft.case_id.in_(case_ids)))
    for statement in _clearing(case_ids):
        past_the_session(session, statement)
    return len(fresh)


def _clearing(ids: Sequence[int]) -> Iterator[Any]:
    """Before the messages lose their numbers, the simulated network loses what they carried."""
    carried = select(Message.reference).where(Message.case_id.in_(ids))
    yield update(SimTraffic).where(SimTraffic.reference.in_(carried)).values(phone="", body="")
    blank_case: dict[str, Any] = {
        "text": None,
        "caller": None,
        "caller_index": None,
        "caller_masked": None,
        "hold_reason": None,
        "rings_for": None,
    }
    yield update(Case).where(Case.id.in_(ids)).values(blank_case)
    blank_call: dict[str, Any] = {"caller": None, "called": None, "recording_url": None, "events": {}}
    yield update(Call).where(Call.case_id.in_(ids)).values(blank_call)
    yield update(Message).where(Message.case_id.in_(ids), Message.state.not_in(UNSENT)).values(CLEARED_MESSAGE)
    # A promise that is still open keeps what it needs to be kept: whoever erases a person waits for its end.
    settled = (CallBack.case_id.in_(ids), CallBack.state != "open")
    yield update(CallBack).where(*settled).values(note="", phone=None, reason=None)
    yield update(Handoff).where(Handoff.case_id.in_(ids)).values(note=None, who_is_there=None)
    yield update(ScriptRun).where(ScriptRun.case_id.in_(ids)).values(answers={})
    cascades = select(Cascade.id).where(Cascade.case_id.in_(ids))
    yield update(CascadeCall).where(CascadeCall.cascade_id.in_(cascades)).values(label="")
    yield update(Arrival).where(Arrival.case_id.in_(ids)).values(who="", reason=None)
    jobs = select(Assignment.id).where(Assignment.case_id.in_(ids))
    yield update(WorkRecord).where(WorkRecord.assignment_id.in_(jobs)).values(note=None)
    yield update(WorkPhoto).where(WorkPhoto.assignment_id.in_(jobs)).values(content=b"")
    yield update(LateEntry).where(LateEntry.assignment_id.in_(jobs)).values(note=None, reason="", decided_reason=None)
    blank_answer: dict[str, Any] = {"text": None, "answers": {}, "number_index": None}
    yield update(FollowUp).where(FollowUp.case_id.in_(ids)).values(blank_answer)
    asked = select(FollowUp.id).where(FollowUp.case_id.in_(ids))
    yield update(FollowUpTry).where(FollowUpTry.follow_up_id.in_(asked)).values(by="")
    yield update(Complaint).where(Complaint.case_id.in_(ids)).values(text=None)
    yield update(VisitCheck).where(VisitCheck.case_id.in_(ids)).values(reason=None)
    yield update(Review).where(Review.case_id.in_(ids)).values(comment="")
    yield update(DeviceTask).where(DeviceTask.case_id.in_(ids)).values(note=None)
    callbacks = select(cast(CallBack.id, String)).where(CallBack.case_id.in_(ids))
    about = or_(
        and_(HandoverItem.kind.in_(ABOUT_A_CASE), HandoverItem.ref.in_([str(one) for one in ids])),
        and_(HandoverItem.kind == "callback", HandoverItem.ref.in_(callbacks)),
    )
    yield update(HandoverItem).where(about).values(BLANK_ITEM)


def past_the_session(session: Session, statement: Any) -> int:
    """Write without mirroring it on loaded objects: that compares columns, and sealed ones refuse. How many rows."""
    result: Any = session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)
