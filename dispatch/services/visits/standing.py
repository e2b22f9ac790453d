"""What somebody of the list of a month is in its number: the conditions behind the numbers and their lists."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, true

from dispatch.domain.visits.rate import Apart
from dispatch.models.visits import CheckinMonthElder

_COUNTED = CheckinMonthElder.apart.is_(None)
_SEEN = CheckinMonthElder.visited_on.is_not(None)

STANDINGS: dict[str, ColumnElement[bool]] = {
    "listed": true(),
    "counted": _COUNTED,
    "visited": and_(_COUNTED, _SEEN),
    "open": and_(_COUNTED, ~_SEEN),
    "refused": CheckinMonthElder.refused.is_(True),
    "apart": ~_COUNTED,
    **{f"apart_{reason}": CheckinMonthElder.apart == reason for reason in Apart},
}
"""``visited`` and ``open`` make ``counted``, it and ``apart`` make ``listed``, and ``apart`` is the sum of its reasons.
``refused`` lies across them: a refusal is reported apart whether its elder is counted or not.
"""
