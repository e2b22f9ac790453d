"""Those who stand by Wang, and one of each thing of the response in the East, where nobody of the West may look."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dispatch.models.care import ElderTag
from dispatch.models.duty import Shift
from dispatch.models.people import Contact, DutyPhone, User
from dispatch.models.response import Arrival, Cascade
from dispatch.services.response import arrivals, cascades
from dispatch.services.work import Act
from tests.support.factories import DUTY_EAST, START, Town

WANG = "13800001000"
DAUGHTER = "13700000000"
NEIGHBOUR = "13700000001"
STATION = "13700000008"
RESCUE = "13900000009"


def surround(town: Town) -> None:
    """Wang's daughter, a neighbour with the key, a station of the East; a duty telephone and a rescue team on duty.

    Nobody is on the list of check-in visits: late in a month the station would be told of them amid a story.
    """
    with town.centre.database.sessions.begin() as session:
        session.execute(delete(ElderTag))
        _contact(session, town, "Daughter", relation="daughter", minutes_away=15)
        _contact(session, town, "Neighbour", relation="neighbour", minutes_away=2)
        session.add(
            User(
                username="station",
                name="Elm station",
                roles=["station"],
                area_ids=[town.areas["East"]],
                password_hash="-",
                phone=STATION,
            )
        )
        team = DutyPhone(area_id=town.areas["East"], label="Rescue East", phone=RESCUE)
        session.add(team)
        session.flush()
        phone_id = session.scalars(select(DutyPhone.id).where(DutyPhone.phone == DUTY_EAST)).one()
        for role, who in (
            ("operator", {"user_id": town.users["lin"]}),
            ("supervisor", {"phone_id": phone_id}),
            ("rescue", {"phone_id": team.id}),
        ):
            end = START + timedelta(days=2)
            session.add(Shift(role=role, area_id=town.areas["Town"], starts_at=START, ends_at=end, **who))


def _contact(session: Session, town: Town, name: str, **values: object) -> None:
    session.execute(update(Contact).where(Contact.id == town.contacts[name]).values(**values))


def in_the_east(town: Town, case_id: str) -> dict[str, str]:
    act = Act(town.actor("lin"), START)
    cascades.start(town.centre, int(case_id), act)
    coming = arrivals.Promise("the neighbour of Wang", START + timedelta(minutes=10))
    arrivals.promise(town.centre, int(case_id), act, coming)
    with town.centre.database.reads() as session:
        return {
            "cascade_id": str(session.scalars(select(Cascade.id)).one()),
            "arrival_id": str(session.scalars(select(Arrival.id)).one()),
        }
