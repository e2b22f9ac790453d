"""One act on many cases that are not urgent: each in a transaction of its own, each with its own row of history.

What is or ever was urgent is refused by ``work.perform`` itself (``Act.bulk``), inside the case's own transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dispatch.domain.case import OPEN, State
from dispatch.domain.errors import DispatchError, Invalid
from dispatch.domain.floor import GROUPED
from dispatch.models.cases import Case
from dispatch.models.places import Area
from dispatch.services import work
from dispatch.services.centre import Centre
from dispatch.services.rows import Row, visible
from dispatch.services.work import Act, Closing

MOST = 200


@dataclass(frozen=True)
class GroupAct:
    """``verb``: ``take``, ``note``, ``hold`` (text is the reason), ``close``, ``merge`` or ``assign``."""

    verb: str
    text: str | None = None
    until: datetime | None = None
    outcome: str | None = None
    into: int | None = None
    """The case that the others become a part of; if it is one of them, it stays."""
    to: int | None = None
    """Who answers for them from now on."""


@dataclass(frozen=True)
class Group:
    """The cases by their ids, or all grouped ones of an area event."""

    ids: tuple[int, ...] = ()
    area_event_id: int | None = None


def act_on_all(centre: Centre, act: Act, group: Group, what: GroupAct) -> dict[str, Any]:
    """Do it to each case; answers the rows that it was done to and, for the others, why not. One never stops the rest.

    Raises ``Invalid`` when the act itself is not complete: then nothing was done to any.
    """
    do = _deed(centre, what)
    done: list[Row] = []
    failed: list[dict[str, Any]] = []
    for case_id in _members(centre, act, group):
        if case_id == what.into:
            continue
        key = f"{act.key[:140]}:{what.verb}:{case_id}" if act.key else None
        try:
            done.append(do(case_id, replace(act, key=key, bulk=True)))
        except DispatchError as error:
            failed.append({"id": str(case_id), "code": error.code, "detail": error.detail, **_whose(error)})
    return {"done": done, "failed": failed}


def _whose(error: DispatchError) -> dict[str, Any]:
    return {"owner": error.extra["owner"]} if "owner" in error.extra else {}


def _members(centre: Centre, act: Act, group: Group) -> Sequence[int]:
    """In the order of their ids, which is the order for all: two groups at once cannot lock each other out."""
    if group.area_event_id is None:
        if not group.ids:
            raise Invalid("cases", "required", "choose at least one case")
        if len(set(group.ids)) > MOST:
            raise Invalid("cases", "too-many", f"at most {MOST} cases at once")
        return sorted(set(group.ids))
    members = (
        select(Case.id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(Case.area_event_id == group.area_event_id, Case.state.in_(OPEN), Case.priority.in_(GROUPED))
        .where(Case.top_priority != 1, (Case.owner_id == act.actor.user_id) | Case.owner_id.is_(None))
    )
    with centre.database.reads() as session:
        return list(session.scalars(visible(members, act.actor).order_by(Case.id).limit(MOST)))


def _deed(centre: Centre, what: GroupAct) -> Callable[[int, Act], Row]:
    match what.verb:
        case "take":
            return lambda case_id, act: work.take(centre, case_id, act)
        case "note" if what.text:
            text = what.text
            return lambda case_id, act: work.note(centre, case_id, act, text=text)
        case "hold" if what.text and what.until:
            reason, until = what.text[:200], what.until
            return lambda case_id, act: work.hold(centre, case_id, act, until=until, reason=reason)
        case "close" if what.outcome:
            closing = Closing(what.outcome, what.text)
            return lambda case_id, act: _close(centre, case_id, act, closing)
        case "merge" if what.into:
            into = what.into
            return lambda case_id, act: work.merge(centre, case_id, act, into=into)
        case "assign" if what.to:
            to = what.to
            return lambda case_id, act: work.assign(centre, case_id, act, to=to)
    raise Invalid(
        "verb",
        "incomplete",
        "a note needs a text, holding a reason and an end, closing an outcome, merging a case, assigning a person",
    )


def _close(centre: Centre, case_id: int, act: Act, closing: Closing) -> Row:
    """A person answers for each case that ends: what nobody has is taken first."""
    with centre.database.reads() as session:
        case = session.get(Case, case_id)
        waits = case is not None and case.state == State.NEW
    if waits:
        work.take(centre, case_id, replace(act, key=act.key and f"{act.key}:take"))
    return work.close(centre, case_id, act, closing)
