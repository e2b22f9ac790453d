"""A person who is erased must not stay behind in a file that somebody brought."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.imports.state import ImportState, ImportTrigger, follow
from dispatch.models.imports import Import, ImportPerson, ImportRow
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.services.imports.uploads import forget_contents, set_state
from dispatch.services.trail import Deed, Subject, write

WAITING = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED)
OF_PERSONS = ("elders", "devices")
FAULT = "person_erased"


def forget_person(session: Session, elder: Elder, now: datetime) -> int:
    """In the caller's transaction: wrong rows about the person go, and files that wait and in which the person stands.

    A file is sealed as a whole and cannot be mended, so its import is cancelled and whoever brought it brings another.
    Of a file that is not read to its end nobody can say who is in it: it goes when it may hold people of this area.
    How many files. The files themselves are removed by ``uploads.sweep``, after the commit.
    """
    stands = exists().where(ImportPerson.import_id == ImportRow.import_id, ImportPerson.number == ImportRow.number)
    session.execute(
        delete(ImportRow).where(stands.where(ImportPerson.elder_id == elder.id)),
        execution_options={"synchronize_session": False},
    )
    path = session.scalars(
        select(Area.path).join(Household, Household.area_id == Area.id).where(Household.id == elder.household_id)
    ).one()
    unread = and_(Import.state != ImportState.CHECKED, Import.kind.in_(OF_PERSONS))
    read = Import.id.in_(select(ImportPerson.import_id).where(ImportPerson.elder_id == elder.id))
    waiting = select(Import).where(Import.state.in_(WAITING), or_(unread, read)).order_by(Import.id).with_for_update()
    found = [one for one in session.scalars(waiting) if path.startswith(one.scope)]
    for one in found:
        set_state(one, follow(ImportState(one.state), ImportTrigger.CANCEL), now)
        one.fault = {"code": FAULT, "data": {}}
        forget_contents(session, one)
        write(session, SYSTEM, Deed("import_cancelled", Subject("import", one.id), FAULT), now)
    return len(found)
