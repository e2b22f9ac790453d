"""The demo's invented centre: a district of 1,200 elders with thirty days behind it and a dozen cases on the table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict
from dispatch.domain.selftest import PLACE
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.people import Elder, User
from dispatch.models.places import Area, Household
from dispatch.services.centre import Centre
from dispatch.services.demo import (
    afterwards,
    asked,
    breathing,
    called,
    care,
    doubles,
    floor,
    history,
    house,
    open_cases,
    orders,
    people,
    places,
    staff,
    tape,
    visits,
    workforce,
)
from dispatch.services.demo.devices import HEROINE
from dispatch.services.demo.names import Numbers, demo_random

SEED = 20260101
SEED_LOCK = 0x5EED


def seed_demo(centre: Centre, now: datetime) -> bool:
    """Fill an empty database; the same rows every time but for times, which are relative to ``now``.

    False: the demo is there already. Raises ``Conflict`` on a database that somebody else uses: the demo's passwords
    are printed on its front page.
    """
    with centre.database.sessions.begin() as session:
        if centre.database.is_postgresql:  # SQLite has one writer anyway
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEED_LOCK})
        if session.scalar(select(Device.id).where(Device.number == HEROINE)) is not None:
            return False
        _refuse_used(session)
        _fill(session, centre, now)
    return True


def _refuse_used(session: Session) -> None:
    hidden = select(Household.id).join(Area, Area.id == Household.area_id).where(Area.path == PLACE)
    used = {
        Elder: select(Elder.id).where(Elder.household_id.not_in(hidden)),
        User: select(User.id),
        Case: select(Case.id).where(func.coalesce(Case.household_id, 0).not_in(hidden)),
    }
    for table, rows in used.items():
        if session.scalar(rows.limit(1)) is not None:
            raise Conflict(
                f"this database has {table.__tablename__} of its own: the demo only goes into an empty one"
                " (use another DISPATCH_DATABASE_URL or --data)"
            )


def _fill(session: Session, centre: Centre, now: datetime) -> None:
    chance = demo_random(SEED)
    numbers = Numbers(chance)
    district = places.build(session, chance)
    users = staff.build(session, chance, numbers, district, now)
    homes = people.build(session, chance, numbers, district, now)
    workforce.build(session, demo_random(SEED + 1), district, homes, now)
    doubles.build(session, homes, users, now)
    staff.add_phones(session, homes)
    house.build(session, centre, district, homes, now)
    care.build(session, centre, homes, users, now)
    visits.build(session, centre, demo_random(SEED + 4), homes, now)
    past = history.build(centre, chance, homes, users, now)
    served = orders.past(centre, homes, users["operator2"], orders.teams(session, now.date()), now)
    tapes = [*past, *(visit.tape for visit in served), *open_cases.build(centre, homes, users, now)]
    tape.write(session, tapes, now)
    called.write(session, tapes)
    asked.build(session, centre, demo_random(SEED + 2), now)
    afterwards.build(session, centre, demo_random(SEED + 3), [users["operator"], users["operator2"]], now)
    orders.write_past(session, centre, served)
    orders.standing(session, centre, homes, users["operator"], now)
    floor.build(session, centre, users, now)
    breathing.build(session, centre, now)
