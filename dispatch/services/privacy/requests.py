"""What persons ask about their data: received, checked who asks, answered in time or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.privacy import Asker, Right
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.privacy import OPEN_REQUEST, RightsRequest
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.privacy.erase import erase_person
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

OPEN, CHECKED, GRANTED, REFUSED, WITHDRAWN = "open", "checked", "granted", "refused", "withdrawn"


@dataclass(frozen=True)
class Asked:
    elder_id: int
    kind: Right
    asker: Asker
    channel: str
    asker_name: str | None = None
    text: str | None = None


def receive(centre: Centre, act: Act, asked: Asked) -> Answer:
    """Take a request in; its deadline runs from now. Raises ``Invalid`` when nobody is named for somebody else."""

    def change(session: Session) -> Answer:
        elder = elder_within(session, asked.elder_id, act.actor)
        if asked.asker is not Asker.SELF and not asked.asker_name:
            raise Invalid("asker_name", "missing", "say who asks in the elder's stead")
        new = RightsRequest(
            elder_id=elder.id,
            kind=asked.kind,
            asker=asked.asker,
            asker_name=asked.asker_name,
            channel=asked.channel,
            text=asked.text,
            received_at=act.now,
            due_at=act.now + centre.care.deadlines.request,
            state=OPEN,
            outcome={},
            recorded_by=act.actor.name,
        )
        session.add(new)
        session.flush()
        _write(session, act, new, "request_received")
        return _json(centre, new, elder.name, act.now)

    return once(centre, act, f"request:{asked.elder_id}", change)


def check_identity(centre: Centre, request_id: int, act: Act, how: str) -> Answer:
    """The asker is who they say. No answer before: a record in the wrong hands is a leak."""

    def work(session: Session, request: RightsRequest) -> None:
        if request.state != OPEN:
            raise Conflict(f"the request is {request.state}")
        request.state, request.identity_check, request.checked_by = CHECKED, how, act.actor.name
        _write(session, act, request, "request_checked")

    return _change(centre, request_id, act, "check", work)


@dataclass(frozen=True)
class Verdict:
    granted: bool
    answer: str
    """What was done; or why not, as article 50 wants it said."""


def decide(centre: Centre, request_id: int, act: Act, verdict: Verdict) -> Answer:
    """Grant or refuse. A deletion that is granted is done at once.

    Raises ``Conflict`` before the identity check, which a refusal does not need.
    """

    def work(session: Session, request: RightsRequest) -> None:
        if request.state not in (OPEN, CHECKED):
            raise Conflict(f"the request is {request.state}")
        if verdict.granted and request.state != CHECKED:
            raise Conflict("check first that the asker is who they say")
        if verdict.granted and request.kind == Right.DELETION:
            elder = elder_within(session, request.elder_id, act.actor, lock=True)
            request.outcome = erase_person(session, centre, elder, act, request_id=request.id)
        request.state = GRANTED if verdict.granted else REFUSED
        request.decided_at, request.decided_by, request.answer = act.now, act.actor.name, verdict.answer
        _write(session, act, request, "request_granted" if verdict.granted else "request_refused")

    return _change(centre, request_id, act, "decide", work)


def withdraw(centre: Centre, request_id: int, act: Act, reason: str) -> Answer:
    """The asker took it back."""

    def work(session: Session, request: RightsRequest) -> None:
        if request.state not in (OPEN, CHECKED):
            raise Conflict(f"the request is {request.state}")
        request.state = WITHDRAWN
        request.decided_at, request.decided_by, request.answer = act.now, act.actor.name, reason
        _write(session, act, request, "request_withdrawn")

    return _change(centre, request_id, act, "withdraw", work)


def checked_request(session: Session, request_id: int, elder_id: int) -> RightsRequest:
    """The open request under which a record is handed out. Raises ``Conflict``, ``NotFound``."""
    request = session.scalar(select(RightsRequest).where(RightsRequest.id == request_id).with_for_update())
    if request is None or request.elder_id != elder_id:
        raise NotFound(f"elder {elder_id} has no request {request_id}")
    if request.state != CHECKED:
        raise Conflict("check first that the asker is who they say" if request.state == OPEN else "it is answered")
    if request.kind not in (Right.ACCESS, Right.COPY, Right.TRANSFER):
        raise Conflict(f"a request for {request.kind} hands nothing out")
    return request


def _change(
    centre: Centre, request_id: int, act: Act, verb: str, work: Callable[[Session, RightsRequest], None]
) -> Answer:
    def change(session: Session) -> Answer:
        request = session.scalar(
            select(RightsRequest)
            .where(RightsRequest.id == request_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if request is None:
            raise NotFound(f"there is no request {request_id} in your areas")
        try:
            elder = elder_within(session, request.elder_id, act.actor)
        except NotFound:
            raise NotFound(f"there is no request {request_id} in your areas") from None
        if act.version is not None and act.version != request.version:
            raise VersionConflict("the request has changed in the meantime: look at it again", version=request.version)
        work(session, request)
        request.version += 1
        session.flush()
        return _json(centre, request, elder.name, act.now)

    return once(centre, act, f"request:{request_id}:{verb}", change)


def list_requests(centre: Centre, actor: Actor, state: str, page: PageOf, now: datetime) -> Answer:
    """``state``: ``open`` (the most pressing first) or ``done`` (newest first); with how many are open and late."""
    is_open = text(OPEN_REQUEST)
    base = (
        select(RightsRequest, Elder.name)
        .join(Elder, Elder.id == RightsRequest.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(inside(actor.paths))
    )
    statement = (
        base.where(is_open) if state == "open" else base.where(RightsRequest.state.in_((GRANTED, REFUSED, WITHDRAWN)))
    )
    newest = state != "open"
    if page.before is not None:
        statement = statement.where(RightsRequest.id < page.before if newest else RightsRequest.id > page.before)
    order = RightsRequest.id.desc() if newest else RightsRequest.id  # deadlines are in the order of ids
    with centre.database.reads() as session:
        found = session.execute(statement.order_by(order).limit(page.limit + 1)).all()
        counted: Any = base.where(is_open).with_only_columns(
            func.count(), func.count().filter(RightsRequest.due_at < now)
        )
        total, late = session.execute(counted).one()
    items = [_json(centre, request, name, now) for request, name in found[: page.limit]]
    more = len(found) > page.limit
    return {"items": items, "next_cursor": items[-1]["id"] if more else None, "open": total, "late": late}


def _json(centre: Centre, request: RightsRequest, name: str, now: datetime) -> Answer:
    waiting = request.state in (OPEN, CHECKED)
    return {
        "id": str(request.id),
        "version": request.version,
        "elder": {"id": str(request.elder_id), "name": name},
        "kind": request.kind,
        "asker": request.asker,
        "asker_name": request.asker_name,
        "channel": request.channel,
        "text": request.text,
        "received_at": stamp(request.received_at),
        "due_at": stamp(request.due_at),
        "late": waiting and request.due_at < now,
        "soon": waiting and now <= request.due_at < now + centre.care.deadlines.soon,
        "state": request.state,
        "identity_check": request.identity_check,
        "checked_by": request.checked_by,
        "decided_at": stamp(request.decided_at),
        "decided_by": request.decided_by,
        "answer": request.answer,
        "outcome": request.outcome,
        "recorded_by": request.recorded_by,
    }


def _write(session: Session, act: Act, request: RightsRequest, action: str) -> None:
    data = {"request": request.id, "kind": request.kind, "asker": request.asker}
    trail.write(session, act.actor, Deed(action, Subject("elder", request.elder_id), data=data), act.now)
