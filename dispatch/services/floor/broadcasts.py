"""A word of the supervisor to all seats, which each must confirm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Forbidden, NotFound
from dispatch.models.floor import Broadcast, BroadcastSeat
from dispatch.models.people import User
from dispatch.services.centre import Centre
from dispatch.services.floor.positions import seats, share_area
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.work import Act


@dataclass(frozen=True)
class Word:
    text: str
    minutes: int
    """How long it is shown to those who come later."""
    wall: bool = False


def send(centre: Centre, act: Act, word: Word) -> dict[str, Any]:
    """Tell everybody who is on the floor now, in the areas of whoever sends it, and who comes while it lasts."""
    if act.actor.user_id is None:
        raise Forbidden("only a signed-in person speaks to the floor")
    with centre.database.sessions.begin() as session:
        new = Broadcast(
            text=word.text,
            sent_by=act.actor.user_id,
            sent_name=act.actor.name,
            sent_at=act.now,
            ends_at=act.now + timedelta(minutes=word.minutes),
            wall=word.wall,
        )
        session.add(new)
        session.flush()
        here = [seat.user.id for seat in seats(session, centre, act.actor, act.now)]
        session.add_all(
            BroadcastSeat(broadcast_id=new.id, user_id=user_id) for user_id in here if user_id != act.actor.user_id
        )
        write(session, act.actor, Deed("broadcast", Subject("broadcast", new.id)), act.now)
        session.flush()
        return _json(session, new)


def confirm(centre: Centre, broadcast_id: int, act: Act) -> None:
    """I have read it. Again changes nothing."""
    if act.actor.user_id is None:
        raise Forbidden("only a signed-in person can confirm")
    with centre.database.sessions.begin() as session:
        found = session.get(Broadcast, broadcast_id)
        if found is None or not _for_me(session, found, act.actor):
            raise NotFound(f"there is no message {broadcast_id} for you")
        seat = session.get(BroadcastSeat, (broadcast_id, act.actor.user_id), with_for_update=True)
        if seat is None:
            seat = session.merge(BroadcastSeat(broadcast_id=broadcast_id, user_id=act.actor.user_id))
        seat.confirmed_at = seat.confirmed_at or act.now


def waiting_for(session: Session, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What this person has not confirmed yet."""
    mine = select(BroadcastSeat.broadcast_id).where(
        BroadcastSeat.user_id == actor.user_id, BroadcastSeat.confirmed_at.is_not(None)
    )
    found = session.scalars(
        select(Broadcast)
        .where(Broadcast.ends_at > now, Broadcast.sent_by != actor.user_id, Broadcast.id.not_in(mine))
        .order_by(Broadcast.id)
    )
    return [
        {"id": str(b.id), "text": b.text, "from": b.sent_name, "sent_at": stamp(b.sent_at)}
        for b in found
        if _for_me(session, b, actor)
    ]


def _for_me(session: Session, found: Broadcast, actor: Actor) -> bool:
    return share_area(session, session.get_one(User, found.sent_by), actor.paths)


def latest(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Those of the last day with who has confirmed and who has not."""
    recent = select(Broadcast).where(Broadcast.ends_at > now - timedelta(days=1)).order_by(Broadcast.id.desc())
    with centre.database.reads() as session:
        found = session.scalars(recent.limit(20)).all()
        return [_json(session, b) for b in found if _for_me(session, b, actor)]


def on_walls(session: Session, watcher: Actor, now: datetime) -> list[dict[str, Any]]:
    """Only what was written for visitors' eyes."""
    found = session.scalars(select(Broadcast).where(Broadcast.ends_at > now, Broadcast.wall).order_by(Broadcast.id))
    return [{"text": b.text, "sent_at": stamp(b.sent_at)} for b in found if _for_me(session, b, watcher)]


def _json(session: Session, found: Broadcast) -> dict[str, Any]:
    told = session.execute(
        select(User.name, BroadcastSeat.confirmed_at)
        .join(User, User.id == BroadcastSeat.user_id)
        .where(BroadcastSeat.broadcast_id == found.id)
        .order_by(User.name)
    ).all()
    return {
        "id": str(found.id),
        "text": found.text,
        "from": found.sent_name,
        "sent_at": stamp(found.sent_at),
        "ends_at": stamp(found.ends_at),
        "wall": found.wall,
        "seats": [{"name": name, "confirmed_at": stamp(at)} for name, at in told],
    }
