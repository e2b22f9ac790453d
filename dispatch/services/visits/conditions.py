"""Behind each number of the board and its list: what must hold of an elder of the list of a month."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false
from sqlalchemy.orm import Session

from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.rate import Apart
from dispatch.domain.visits.visit import VisitState
from dispatch.models.visit_months import CheckinMonthLine
from dispatch.models.visits import CheckinMonthElder, CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.visits.counting import Conditions
from dispatch.services.visits.lines import Look
from dispatch.services.visits.listing import contains
from dispatch.services.visits.rows import at_risk
from dispatch.services.visits.standing import STANDINGS, standings

ABSENT = (Apart.HOSPITAL, Apart.AWAY)
REGULAR = CheckinVisit.extra_round_id.is_(None)
"""Extra rounds have numbers of their own."""


def conditions(session: Session, centre: Centre, look: Look) -> Conditions:
    """Behind each number, on ``CheckinMonthElder``. Of a closed month nothing is booked or at risk any more."""
    found: Conditions = {**STANDINGS, "booked": false(), "unbooked": STANDINGS["open"]}
    risky: ColumnElement[bool] = false()
    if not look.closed:
        found, risky = standings(centre, look.month), _has(look.month, REGULAR, at_risk(centre, look.day))
    return {
        **found,
        "at_risk": and_(STANDINGS["counted"], risky),
        "missed": in_state(session, look, VisitState.MISSED),
        "excused": in_state(session, look, VisitState.EXCUSED),
        "absent": CheckinMonthElder.apart.in_(ABSENT),
    }


def in_state(session: Session, look: Look, state: VisitState) -> ColumnElement[bool]:
    """One of the elder's regular visits is, or was at the close."""
    if look.closed:
        return _had(contains(session, CheckinMonthLine.states, state.value))
    return _has(look.month, REGULAR, CheckinVisit.state == state)


def _has(month: Period, *conditions_: ColumnElement[bool]) -> ColumnElement[bool]:
    """The elder has such a visit in the month."""
    return exists().where(
        CheckinVisit.elder_id == CheckinMonthElder.elder_id,
        CheckinVisit.first <= month.last,
        CheckinVisit.last >= month.first,
        *conditions_,
    )


def _had(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The elder's line was such at the close."""
    return exists().where(
        CheckinMonthLine.month == CheckinMonthElder.month,
        CheckinMonthLine.elder_id == CheckinMonthElder.elder_id,
        condition,
    )


def went(look: Look, worker_id: int) -> ColumnElement[bool]:
    if look.closed:
        return _had(CheckinMonthLine.worker_id == worker_id)
    return _has(look.month, CheckinVisit.worker_id == worker_id)
