"""One of each thing of the floor in the East, where nobody of the West may look."""

from __future__ import annotations

from datetime import timedelta

from dispatch.domain.case import State
from dispatch.models.cases import Case
from dispatch.models.floor import Review
from dispatch.models.people import User
from dispatch.services import work
from dispatch.services.floor import broadcasts, callbacks, floods, handover, wall
from dispatch.services.floor.broadcasts import Word
from dispatch.services.floor.callbacks import Promise
from dispatch.services.floor.handover import Start
from dispatch.services.work import Act
from tests.support import factories
from tests.support.factories import START, Town


def person(town: Town, username: str, roles: list[str], area: str) -> Act:
    """Somebody new at the desk."""
    with town.centre.database.sessions.begin() as session:
        user = User(
            username=username,
            name=username.title(),
            roles=roles,
            area_ids=[town.areas[area]],
            password_hash=factories.password_hash(),
            locale="en",
        )
        session.add(user)
        session.flush()
        town.users[username] = user.id
    return Act(town.actor(username), START)


def in_the_east(town: Town, case_id: str) -> dict[str, str]:
    act = person(town, "east_boss", ["supervisor"], "East")
    centre = town.centre
    with centre.database.sessions.begin() as session:
        case = session.get_one(Case, int(case_id))
        closed = Case(
            kind=case.kind, cause="door", channel="device", priority=3, state=State.CLOSED, opened_at=START,
            waiting_since=START, changed_at=START, closed_at=START, area_id=case.area_id,
            owner_id=town.users["east_boss"], policy={}, flags=[], version=1,
        )  # fmt: skip
        session.add(closed)
        session.flush()
        review = Review(
            month="2026-11", operator_id=town.users["east_boss"], case_id=closed.id, drawn_at=START, scores={}
        )
        session.add(review)
        session.flush()
        review_id = str(review.id)
    promised = callbacks.promise(centre, int(case_id), act, Promise(START + timedelta(hours=1), "Wang wants her tea"))
    work.take(centre, int(case_id), act)
    left = handover.start(centre, act, Start())
    return {
        "event_id": floods.declare(centre, act, area_id=town.areas["Elm"], cause="door")["id"],
        "callback_id": promised["id"],
        "handover_id": left["id"],
        "review_id": review_id,
        "broadcast_id": broadcasts.send(centre, act, Word("Wang waits", 60))["id"],
        "wall_id": wall.add(centre, act, name="East", area_id=town.areas["East"])["id"],
    }
