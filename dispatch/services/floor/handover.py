"""The change of shift in three steps: I tick what I leave, you open and tick each item, and it is all yours at once.

Everything is on the server as it is typed: a browser that dies takes nothing with it. Until the last step the cases
stay with the one who goes, so that no case is ever between two people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import DESK, Actor
from dispatch.domain.case import ACTIVE, IN_HAND, Flag, State
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from dispatch.models.cases import Case
from dispatch.models.floor import CallBack, Handover, HandoverItem
from dispatch.models.people import User
from dispatch.models.places import Area, paths_of
from dispatch.services.centre import Centre
from dispatch.services.floor.handover_items import UNFINISHED, fill, view
from dispatch.services.floor.positions import share_area
from dispatch.services.lifecycle import acted, drop, record
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact
from dispatch.services.work import Act

Json = dict[str, Any]


@dataclass(frozen=True)
class Start:
    kind: str = "shift"
    """``break``: the cases in hand alone, offered at once to ``to_id``."""
    to_id: int | None = None


def start(centre: Centre, act: Act, wanted: Start) -> Json:
    """Begin, or come back to, my handover. What stands in it is looked up now; what I wrote before is still there."""
    me = _person(act)

    def once(session: Session) -> Json:
        found = session.scalar(
            select(Handover).where(Handover.from_id == me, Handover.state.in_(UNFINISHED)).with_for_update()
        )
        if found is None:
            found = _new(session, act, wanted, me)
        fill(session, centre, found, act.now)
        if wanted.kind == "break" and found.kind == "break" and found.state == "draft":
            for item in _items(session, found):
                item.given_at = item.given_at or act.now
            _offer(session, found, act, wanted.to_id)
        session.flush()
        return view(session, centre, found, act.actor, act.now)

    return transact(centre, once)


def _new(session: Session, act: Act, wanted: Start, me: int) -> Handover:
    if wanted.kind == "break" and wanted.to_id is None:
        raise Invalid("to", "required", "say who takes your cases for the break")
    user = session.get_one(User, me)
    found = Handover(
        kind=wanted.kind,
        from_id=me,
        from_name=user.name,
        paths=list(paths_of(session, user.area_ids)),
        state="draft",
        note="",
        created_at=act.now,
    )
    session.add(found)
    session.flush()
    return found


def _person(act: Act) -> int:
    if act.actor.user_id is None:
        raise Forbidden("only a signed-in person hands something over")
    return act.actor.user_id


def _change(centre: Centre, handover_id: int, act: Act, change: Callable[[Session, Handover], None]) -> Json:
    def once(session: Session) -> Json:
        found = locked(session, handover_id, act.actor)
        change(session, found)
        found.version += 1
        session.flush()
        return view(session, centre, found, act.actor, act.now)

    return transact(centre, once)


def locked(session: Session, handover_id: int, actor: Actor) -> Handover:
    found = session.scalar(select(Handover).where(Handover.id == handover_id).with_for_update())
    if found is None or not concerns(session, found, actor):
        raise NotFound(f"there is no handover {handover_id} for you")
    return found


def concerns(session: Session, found: Handover, actor: Actor) -> bool:
    """Those two, a supervisor, and, when it is offered to whoever comes, those who see all of its areas."""
    if actor.user_id in (found.from_id, found.to_id):
        return True
    if found.state == "draft" and not actor.is_supervisor:
        return False
    return (found.to_id is None and all(path.startswith(actor.paths) for path in found.paths)) or (
        actor.is_supervisor and any(path.startswith(actor.paths) for path in found.paths)
    )


def _items(session: Session, found: Handover) -> list[HandoverItem]:
    return list(
        session.scalars(select(HandoverItem).where(HandoverItem.handover_id == found.id).order_by(HandoverItem.id))
    )


def _item(session: Session, found: Handover, item_id: int) -> HandoverItem:
    item = session.get(HandoverItem, item_id)
    if item is None or item.handover_id != found.id:
        raise NotFound(f"there is no item {item_id} in this handover")
    return item


def _going(found: Handover, act: Act, *states: str) -> None:
    if found.from_id != act.actor.user_id:
        raise Forbidden("this is the handover of somebody else")
    _is(found, *states)


def _coming(found: Handover, act: Act) -> None:
    if found.from_id == act.actor.user_id:
        raise Forbidden("nobody hands over to themselves")
    if found.to_id is not None and found.to_id != act.actor.user_id:
        raise Forbidden("this handover is meant for somebody else")
    _is(found, "offered")


def _is(found: Handover, *states: str) -> None:
    if found.state not in states:
        raise Conflict(f"this handover is {found.state}", state=found.state)


# -- the one who goes


def write_note(centre: Centre, handover_id: int, act: Act, *, note: str) -> Json:
    """The free note. With ``act.version``: raises ``VersionConflict`` when another window has written since."""

    def change(_session: Session, found: Handover) -> None:
        _going(found, act, "draft", "offered")
        if act.version is not None and act.version != found.version and found.note != note:
            raise VersionConflict("this handover was changed in another window", version=found.version, note=found.note)
        found.note = note

    return _change(centre, handover_id, act, change)


@dataclass(frozen=True)
class Mark:
    """What the one who goes says of an item. None: as before."""

    given: bool | None = None
    keep: bool | None = None
    text: str | None = None
    answer: str | None = None


def mark(centre: Centre, handover_id: int, item_id: int, act: Act, said: Mark) -> Json:
    def change(session: Session, found: Handover) -> None:
        _going(found, act, "draft", "offered")
        item = _item(session, found, item_id)
        if said.given is not None:
            item.given_at = (item.given_at or act.now) if said.given else None
        if said.keep is not None:
            item.keep = said.keep
        if said.text is not None:
            item.text = said.text
        if said.answer is not None:
            item.answer = said.answer

    return _change(centre, handover_id, act, change)


def add_note(centre: Centre, handover_id: int, act: Act, *, text: str, keep: bool) -> Json:
    """Something to know that is no case: a door that sticks, somebody who rings every evening."""

    def change(session: Session, found: Handover) -> None:
        _going(found, act, "draft")
        number = len(_items(session, found)) + 1
        ref = f"{found.id}.{number}.{found.version}"
        session.add(HandoverItem(handover_id=found.id, kind="note", ref=ref, text=text, keep=keep, given_at=act.now))

    return _change(centre, handover_id, act, change)


def offer(centre: Centre, handover_id: int, act: Act, *, to_id: int | None = None) -> Json:
    """Everything is ticked: leave it to one person, or to whoever comes. Raises ``Conflict`` while something is not."""

    def change(session: Session, found: Handover) -> None:
        _going(found, act, "draft")
        fill(session, centre, found, act.now)
        missing = [str(item.id) for item in _items(session, found) if item.given_at is None]
        if missing:
            raise Conflict(f"tick every item first: {len(missing)} are left", items=missing)
        _offer(session, found, act, to_id)

    return _change(centre, handover_id, act, change)


def _offer(session: Session, found: Handover, act: Act, to_id: int | None) -> None:
    if to_id is not None:
        to = session.get(User, to_id)
        fits = to is not None and to.active and to.id != found.from_id and bool(DESK & set(to.roles))
        if to is None or not fits or not share_area(session, to, act.actor.paths):
            raise Invalid("to", "unknown", "choose a colleague of your areas")
        found.to_name = to.name
    found.to_id = to_id
    found.state = "offered"
    found.offered_at = act.now
    found.returned_reason = None


def cancel(centre: Centre, handover_id: int, act: Act) -> Json:
    """I stay: nothing has moved, nothing moves."""

    def change(_session: Session, found: Handover) -> None:
        _going(found, act, "draft", "offered")
        found.state = "cancelled"
        found.ended_at = act.now

    return _change(centre, handover_id, act, change)


# -- the one who comes


@dataclass(frozen=True)
class Receive:
    """What the one who comes does with an item. It is opened before it can be ticked."""

    opened: bool = False
    taken: bool | None = None
    question: str | None = None


def receive(centre: Centre, handover_id: int, item_id: int, act: Act, said: Receive) -> Json:
    def change(session: Session, found: Handover) -> None:
        _coming(found, act)
        item = _item(session, found, item_id)
        if found.to_id is None:  # the first of those who come: two must not tick each other's items
            found.to_id, found.to_name = act.actor.user_id, act.actor.name
        if said.opened:
            item.opened_at = item.opened_at or act.now
        if said.question is not None:
            item.question, item.answer, item.taken_at = said.question, None, None
        if said.taken is not None:
            _tick(item, act, taken=said.taken)

    return _change(centre, handover_id, act, change)


def _tick(item: HandoverItem, act: Act, *, taken: bool) -> None:
    if taken and item.opened_at is None:
        raise Conflict("open it first: what nobody has read is not handed over", item=str(item.id))
    if taken and item.question and not item.answer:
        raise Conflict("your question has no answer yet", item=str(item.id))
    item.taken_at = act.now if taken else None
    item.taken_by = act.actor.user_id if taken else None


def give_back(centre: Centre, handover_id: int, act: Act, *, reason: str) -> Json:
    """Something is missing or unclear: back to the one who goes, with a word why."""

    def change(session: Session, found: Handover) -> None:
        _coming(found, act)
        found.state = "draft"
        found.returned_reason = reason
        for item in _items(session, found):
            item.opened_at = item.taken_at = item.taken_by = None

    return _change(centre, handover_id, act, change)


def accept(centre: Centre, handover_id: int, act: Act) -> Json:
    """From this moment they are mine: all cases and promises move in one transaction, each with its row of history.

    Raises ``Conflict`` when an item is not ticked by me, or when the one who goes has taken another case since: then it
    was added to the list, and the list is read again.
    """
    me = _person(act)
    _add_what_came(centre, handover_id, act)

    def change(session: Session, found: Handover) -> None:
        _coming(found, act)
        items = _items(session, found)
        missing = [str(item.id) for item in items if item.taken_at is None or item.taken_by != me]
        if missing:
            raise Conflict(f"open and tick every item first: {len(missing)} are left", items=missing)
        listed = {item.ref for item in items if item.kind in ("case", "held")}
        moved = _move_cases(session, found, act, listed)
        _move_promises(session, found, me)
        found.state = "accepted"
        found.to_id = me
        found.to_name = act.actor.name
        found.ended_at = act.now
        data = {"cases": [str(case_id) for case_id in moved]}
        write(session, act.actor, Deed("handover_accepted", Subject("handover", found.id), data=data), act.now)

    return _change(centre, handover_id, act, change)


def _add_what_came(centre: Centre, handover_id: int, act: Act) -> None:
    with centre.database.sessions.begin() as session:
        found = locked(session, handover_id, act.actor)
        if found.state == "offered":
            fill(session, centre, found, act.now)


def _move_cases(session: Session, found: Handover, act: Act, listed: set[str]) -> list[int]:
    """Held ones stay held, with their end; only who answers for them changes. What waits for its return call is in
    everybody's queue, and stays the work of whoever did it.
    """
    me = _person(act)
    cases = session.scalars(
        select(Case)
        .where(Case.owner_id == found.from_id, Case.state.in_(ACTIVE))
        .order_by(Case.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    hidden = [case.id for case in cases if not _sees(session, case, act.actor)]
    if hidden:
        raise Forbidden("not all of these cases are in your areas", cases=[str(i) for i in hidden])
    if not {str(case.id) for case in cases} <= listed:
        raise Conflict(f"{found.from_name} has taken another case at this moment: look at the list again")
    for case in cases:
        case.owner_id = me
        case.owned_since = act.now
        if State(case.state) in IN_HAND and case.held_until is None:
            acted(case, act.now)
        drop(case, Flag.ASK_OWNER)
        data = {"from": found.from_name, "to": act.actor.name, "handover": str(found.id)}
        record(session, case, "handed_over", act.actor, act.now, text=found.note or None, data=data)
    return [case.id for case in cases]


def _sees(session: Session, case: Case, actor: Actor) -> bool:
    return case.area_id is None or session.get_one(Area, case.area_id).path.startswith(actor.paths)


def _move_promises(session: Session, found: Handover, me: int) -> None:
    if found.kind != "shift":
        return
    open_ones = select(CallBack).where(CallBack.promised_by == found.from_id, CallBack.state == "open")
    for callback in session.scalars(open_ones.with_for_update()):
        callback.promised_by = me
        callback.version += 1


def clear(centre: Centre, handover_id: int, item_id: int, act: Act) -> Json:
    """What was kept from shift to shift is settled: it does not come again."""

    def change(session: Session, found: Handover) -> None:
        item = _item(session, found, item_id)
        item.cleared_at = item.cleared_at or act.now
        root = item.root_id or item.id
        same = select(HandoverItem).where((HandoverItem.id == root) | (HandoverItem.root_id == root))
        for one in session.scalars(same):
            one.cleared_at = one.cleared_at or act.now

    return _change(centre, handover_id, act, change)


def handovers(centre: Centre, actor: Actor) -> list[Json]:
    """The unfinished ones that concern me, and the latest that were finished; without their items."""
    with centre.database.reads() as session:
        unfinished = session.scalars(select(Handover).where(Handover.state.in_(UNFINISHED)).order_by(Handover.id)).all()
        ended = session.scalars(
            select(Handover).where(Handover.state == "accepted").order_by(Handover.ended_at.desc()).limit(30)
        ).all()
        return [summary(session, found, actor) for found in (*unfinished, *ended) if concerns(session, found, actor)]


def summary(session: Session, found: Handover, actor: Actor) -> Json:
    items = _items(session, found)
    return {
        "id": str(found.id),
        "kind": found.kind,
        "state": found.state,
        "from": {"id": str(found.from_id), "name": found.from_name},
        "to": found.to_name and {"id": str(found.to_id), "name": found.to_name},
        "mine": found.from_id == actor.user_id,
        "items": len(items),
        "taken": sum(item.taken_at is not None for item in items),
    }


def get(centre: Centre, handover_id: int, act: Act) -> Json:
    with centre.database.reads() as session:
        found = session.get(Handover, handover_id)
        if found is None or not concerns(session, found, act.actor):
            raise NotFound(f"there is no handover {handover_id} for you")
        return view(session, centre, found, act.actor, act.now)
