"""Whom to assess: who has no valid assessment, and whose ends soon (Q01)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from dispatch.domain.actor import Actor
from dispatch.models.care import AssessmentState, ElderTag
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register import search
from dispatch.services.register.listing import listed, page_of_ids
from dispatch.services.register.narrowing import ElderFilter, OfId, holds, narrow


@dataclass(frozen=True)
class DueFilter:
    state: str = "missing"
    """``missing`` or ``due``."""
    area_id: int | None = None
    mark: str | None = None
    """``safety_net`` or ``special_difficulty``: elders of such a group alone."""


def list_due(centre: Centre, actor: Actor, wanted: DueFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """By id, as the list of elders has them, with the day on which their assessment is or was over."""
    day = today(centre, now)
    missing = "assessment" if wanted.state == "missing" else None
    more: list[OfId] = [] if missing else [_ends_by(day, day + timedelta(days=centre.care.setting.due_within_days))]
    if wanted.mark is not None:
        more.append(_in_one_of(centre.care.groups.marked(wanted.mark), day))
    with centre.database.reads() as session:
        narrowed = narrow(session, centre, actor, ElderFilter(area_id=wanted.area_id, missing=missing), now)
        ids, total = page_of_ids(session, replace(narrowed, of_id=[*narrowed.of_id, *more]), page)
        rows = listed(session, ids[: page.limit], day, now)
        state = select(AssessmentState.elder_id, AssessmentState.next_due_on)
        known = search.among(session, AssessmentState.elder_id.expression, ids)
        ends = {str(elder_id): on.isoformat() for elder_id, on in session.execute(state.where(known))}
    rows = [{**row, "next_due_on": ends.get(row["id"])} for row in rows]
    return {"items": rows, "next_cursor": rows[-1]["id"] if len(ids) > page.limit else None, "total": total}


def _ends_by(day: date, last: date) -> OfId:
    def condition(key: ColumnElement[int]) -> ColumnElement[bool]:
        return exists().where(
            AssessmentState.elder_id == key, AssessmentState.next_due_on > day, AssessmentState.next_due_on <= last
        )

    return condition


def _in_one_of(codes: tuple[str, ...], day: date) -> OfId:
    def condition(key: ColumnElement[int]) -> ColumnElement[bool]:
        return exists().where(ElderTag.elder_id == key, ElderTag.code.in_(codes), holds(day))

    return condition
