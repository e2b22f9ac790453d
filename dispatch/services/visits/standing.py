"""What somebody of the list of a month is in its number: the conditions behind the numbers and their lists."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, exists, true

from dispatch.domain.visits.periods import DAY, Period
from dispatch.domain.visits.rate import Apart
from dispatch.domain.visits.visit import VisitState
from dispatch.models.visits import CheckinMonthElder, CheckinVisit
from dispatch.services.care.reach import begins
from dispatch.services.centre import Centre

NAMES = (
    *("listed", "counted", "visited", "open", "booked", "unbooked", "refused", "apart"),
    *(f"apart_{reason}" for reason in Apart),
)
"""``visited`` and ``open`` make ``counted``, ``booked`` and ``unbooked`` make ``open``. ``counted`` and ``apart`` make
``listed``, and ``apart`` is the sum of its reasons. ``refused`` lies across them: a refusal is reported apart whether
its elder is counted or not. Of ``unbooked`` the forecast is made.
"""
_COUNTED = CheckinMonthElder.apart.is_(None)
_SEEN = CheckinMonthElder.visited_on.is_not(None)
STANDINGS: Mapping[str, ColumnElement[bool]] = {
    "listed": true(),
    "counted": _COUNTED,
    "visited": and_(_COUNTED, _SEEN),
    "open": and_(_COUNTED, ~_SEEN),
    "refused": CheckinMonthElder.refused.is_(True),
    "apart": ~_COUNTED,
    **{f"apart_{reason}": CheckinMonthElder.apart == reason for reason in Apart},
}


def standings(centre: Centre, month: Period) -> Mapping[str, ColumnElement[bool]]:
    """The condition of each of ``NAMES``, on ``CheckinMonthElder`` of this month."""
    booked = exists().where(
        CheckinVisit.elder_id == CheckinMonthElder.elder_id,
        CheckinVisit.state == VisitState.BOOKED,
        CheckinVisit.planned_at >= begins(centre, month.first),
        CheckinVisit.planned_at < begins(centre, month.last + DAY),
    )
    more = {"booked": and_(STANDINGS["open"], booked), "unbooked": and_(STANDINGS["open"], ~booked)}
    found = {**STANDINGS, **more}
    return {name: found[name] for name in NAMES}
