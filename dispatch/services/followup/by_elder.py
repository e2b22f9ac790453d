"""The elder says on the own page how it was. Three buttons, while somebody would ask anyway or still listens."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import Kind
from dispatch.domain.followup import FollowUpState, Result
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp
from dispatch.services.centre import Centre
from dispatch.services.followup.ending import Answer
from dispatch.services.followup.hearing import elder_of, rated
from dispatch.services.followup.opening import of_case
from dispatch.services.work import Act


@dataclass(frozen=True)
class Unrated:
    """What the elder can still say something about."""

    case_id: int
    help: str


def unrated(session: Session, elder_id: int) -> Unrated | None:
    """The newest service that is over; an emergency is asked about by a person. Who has said something is not asked."""
    found = session.execute(
        select(Case.id, Case.help)
        .join(FollowUp, FollowUp.case_id == Case.id)
        .where(Case.elder_id == elder_id, Case.kind == Kind.SERVICE)
        .where(FollowUp.state == FollowUpState.OPEN, FollowUp.unhappy_at.is_(None))
        .order_by(FollowUp.id.desc())
        .limit(1)
    ).first()
    return None if found is None else Unrated(found[0], found[1] or "")


def rate(session: Session, centre: Centre, case: Case, act: Act, result: Result) -> bool:
    """False: it is not asked any more. The case is locked."""
    row = of_case(session, case.id)
    if row is None or row.state != FollowUpState.OPEN:
        return False
    rated(session, centre, case, row, Answer(result, elder_of(session, case), act.now, "page"))
    return True
