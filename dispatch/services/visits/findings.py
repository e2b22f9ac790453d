"""What is found at a check-in visit becomes a case: what the elder needs, what cannot wait, a visitor in danger.

Whatever stands in the way of the record, and inside of its transaction. The home is locked before the visit where
something urgent may be said, as at every door to an emergency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.case import Channel, Flag, Kind
from dispatch.domain.errors import Invalid
from dispatch.domain.visits.form import Need, Sheet
from dispatch.models.cases import Case
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.visit_records import CheckinCase
from dispatch.models.visits import CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.helps.crying import Cry, in_danger
from dispatch.services.lifecycle import put
from dispatch.services.requests import Request, begin
from dispatch.services.rows import stamp
from dispatch.services.transact import transact
from dispatch.services.visits.visitors import AtVisit, at_visit
from dispatch.services.work import Act

CAUSE = "visit_urgent"
ONE_VISIT = timedelta(hours=24)
NEED, URGENT, DANGER = "need", "urgent", "danger"


@dataclass(frozen=True)
class Matter:
    """Something that cannot wait until the record is written."""

    client_uuid: str
    at: datetime
    """The telephone's own time, put right."""
    text: str | None = None
    danger: bool = False
    """The visitor is in danger, and not the elder."""


def report(centre: Centre, visit_id: int, act: Act, matter: Matter) -> dict[str, Any]:
    """An urgent case at once, whatever became of the visit; sent again it is answered alike. Raises ``NotFound``."""

    def work(session: Session) -> dict[str, Any]:
        lock_home(session, visit_id)
        on = at_visit(session, visit_id, act)
        key = f"{matter.client_uuid}:{DANGER if matter.danger else URGENT}"
        link = _known(session, visit_id, key)
        if link is None:
            case = _danger(session, centre, on, matter) if matter.danger else _urgent(session, centre, on, matter.text)
            if act.now - matter.at > centre.matching.evidence.late:
                put(case, Flag.LATE_ENTRY)
            link = _link(session, on, case, DANGER if matter.danger else URGENT, key)
        return {"applied": True, "case_id": str(link.case_id), "at": stamp(matter.at)}

    return transact(centre, work)


def _danger(session: Session, centre: Centre, on: AtVisit, matter: Matter) -> Case:
    if on.visitor is None:
        raise Invalid("danger", "not-there", "only whoever is there can be in danger there: open a case")
    area_id = session.scalar(
        select(Household.area_id).join(Elder, Elder.household_id == Household.id).where(Elder.id == on.visit.elder_id)
    )
    data = {"visit": str(on.visit.id)}
    return in_danger(session, centre, Cry(on.visitor, on.act.actor, area_id, on.act.now, "app", data))


def of_sheet(session: Session, centre: Centre, on: AtVisit, sheet: Sheet) -> list[CheckinCase]:
    """What stands on the sheet of a record. What was said of this visit already is not opened a second time; what was
    urgent days ago was something else.
    """
    made = []
    for need in sheet.needs:
        key = f"{NEED}:{need.help.value}"
        if _known(session, on.visit.id, key) is None:
            made.append(_link(session, on, _needed(session, centre, on, need), NEED, key))
    said = [one.at for one in cases_of(session, on.visit.id) if one.kind == URGENT]
    if sheet.urgent and not any(on.act.now - at < ONE_VISIT for at in said):
        case = _urgent(session, centre, on, sheet.urgent)
        made.append(_link(session, on, case, URGENT, f"{URGENT}:{case.id}:{len(said)}"))
    return made


def cases_of(session: Session, visit_id: int) -> Sequence[CheckinCase]:
    return session.scalars(select(CheckinCase).where(CheckinCase.visit_id == visit_id).order_by(CheckinCase.id)).all()


def lock_home(session: Session, visit_id: int) -> None:
    session.execute(
        select(Household.id)
        .join(Elder, Elder.household_id == Household.id)
        .join(CheckinVisit, CheckinVisit.elder_id == Elder.id)
        .where(CheckinVisit.id == visit_id)
        .with_for_update(of=Household)
    )


def _needed(session: Session, centre: Centre, on: AtVisit, need: Need) -> Case:
    kind = Request(Kind.SERVICE, Channel.VISIT, help=need.help, text=need.text, visit_id=on.visit.id)
    return _begin(session, centre, on, kind)


def _urgent(session: Session, centre: Centre, on: AtVisit, text: str | None) -> Case:
    return _begin(
        session, centre, on, Request(Kind.EMERGENCY, Channel.VISIT, text=text, cause=CAUSE, visit_id=on.visit.id)
    )


def _begin(session: Session, centre: Centre, on: AtVisit, request: Request) -> Case:
    elder = session.get_one(Elder, on.visit.elder_id, options=[joinedload(Elder.household)])
    return begin(session, centre, on.act, request, elder)[0]


def _known(session: Session, visit_id: int, key: str) -> CheckinCase | None:
    return session.scalar(select(CheckinCase).where(CheckinCase.visit_id == visit_id, CheckinCase.key == key))


def _link(session: Session, on: AtVisit, case: Case, kind: str, key: str) -> CheckinCase:
    link = CheckinCase(visit_id=on.visit.id, case_id=case.id, kind=kind, key=key, at=on.act.now)
    session.add(link)
    session.flush()
    return link
