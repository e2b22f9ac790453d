"""Quality: of each operator at least two cases and two calls a month are looked at closely, drawn by lot, to help and
not to rank.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import State
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from dispatch.domain.floor import draw
from dispatch.models.cases import Call, Case
from dispatch.models.floor import Review, ReviewLot
from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.floor.positions import share_area
from dispatch.services.hotline.recordings import is_ours
from dispatch.services.rows import row_of, row_statement, stamp, visible
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact
from dispatch.services.work import Act

REVIEWED = frozenset({"operator", "dispatcher", "supervisor"})


def month_of(text: str) -> tuple[datetime, datetime]:
    """``2026-11``: from its first moment to the first of the next. Raises ``Invalid``."""
    try:
        began = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("month", "malformed", "write the month as 2026-11") from None
    next_year, next_month = divmod(began.year * 12 + began.month, 12)
    return began, began.replace(year=next_year, month=next_month + 1)


def _between(centre: Centre, month: str) -> tuple[datetime, datetime]:
    """The month where the centre is."""
    return tuple(at.replace(tzinfo=centre.zone).astimezone(UTC) for at in month_of(month))  # type: ignore[return-value]


def draw_month(centre: Centre, act: Act, month: str) -> list[dict[str, Any]]:
    """Draw for every operator whose number is not full yet. Again: fills up with what has been closed since.

    The lot is the month's stored seed: whoever doubts it draws again and gets the same cases.
    """
    began, ends = _between(centre, month)
    if began > act.now:
        raise Invalid("month", "in-the-future", "there is nothing to look at yet")

    def once(session: Session) -> int:
        lot = session.get(ReviewLot, month, with_for_update=True)
        if lot is None:
            lot = ReviewLot(month=month, seed=secrets.token_hex(16), drawn_at=act.now)
            session.add(lot)
            session.flush()
        new = [
            Review(month=month, operator_id=user.id, drawn_at=act.now, scores={}, comment="", **what)
            for user in _operators(session, act.actor)
            for what in _drawn_for(session, centre, lot, user, (began, ends))
        ]
        session.add_all(new)
        session.flush()
        if new:
            data = {"month": month, "cases": [str(r.case_id) for r in new]}
            write(session, act.actor, Deed("reviews_drawn", Subject("review_lot", month), data=data), act.now)
        return len(new)

    transact(centre, once)
    return reviews(centre, act.actor, act.now, month)


def _drawn_for(
    session: Session, centre: Centre, lot: ReviewLot, user: User, between: tuple[datetime, datetime]
) -> list[dict[str, int]]:
    """What is drawn for this person now: closed cases, then answered calls with the case of each."""
    mine = select(func.count(Review.id)).where(Review.month == lot.month, Review.operator_id == user.id)
    there = session.scalar(mine.where(Review.call_id.is_(None))) or 0
    heard = session.scalar(mine.where(Review.call_id.is_not(None))) or 0
    cases = (
        select(Case.id)
        .outerjoin(Review, (Review.case_id == Case.id) & Review.call_id.is_(None))
        .where(Case.owner_id == user.id, Case.state == State.CLOSED, Review.id.is_(None))
        .where(Case.closed_at >= between[0], Case.closed_at < between[1])
    )
    calls = (
        select(Call.id, Call.case_id)
        .outerjoin(Review, Review.call_id == Call.id)
        .where(Call.agent == user.username, Call.case_id.is_not(None), Review.id.is_(None))
        .where(Call.answered_at >= between[0], Call.answered_at < between[1])
    )
    quality = centre.floor.quality
    closed = _draw(lot.seed, user, list(session.scalars(cases)), quality.per_month - there)
    case_of = {call_id: case_id for call_id, case_id in session.execute(calls) if case_id is not None}
    answered = _draw(f"{lot.seed}:calls", user, list(case_of), quality.calls_per_month - heard)
    return [{"case_id": one} for one in closed] + [{"case_id": case_of[one], "call_id": one} for one in answered]


def _draw(seed: str, user: User, candidates: list[int], missing: int) -> list[int]:
    return draw(seed, user.id, candidates, missing) if missing > 0 else []


def _operators(session: Session, actor: Actor) -> list[User]:
    users = session.scalars(select(User).where(User.active).order_by(User.name, User.id)).all()
    return [user for user in users if REVIEWED & set(user.roles) and share_area(session, user, actor.paths)]


@dataclass(frozen=True)
class Form:
    scores: Mapping[str, int]
    comment: str
    done: bool


def fill_in(centre: Centre, review_id: int, act: Act, form: Form) -> dict[str, Any]:
    """Save the form; ``done`` shows it to the operator. Nobody looks at a case of their own.

    Raises ``VersionConflict`` when somebody else has saved since, ``Conflict`` when it is done.
    """
    _check(centre, form)

    def once(session: Session) -> dict[str, Any]:
        review = _locked(session, review_id, act.actor)
        if review.operator_id == act.actor.user_id:
            raise Forbidden("nobody reviews a case of their own")
        if review.done_at is not None:
            raise Conflict("this review is done: the operator has it", done_at=stamp(review.done_at))
        if act.version is not None and act.version != review.version:
            raise VersionConflict("somebody else has saved this review", version=review.version)
        review.scores = dict(form.scores)
        review.comment = form.comment
        review.reviewer_id = act.actor.user_id
        review.done_at = act.now if form.done else None
        review.version += 1
        if form.done:
            write(session, act.actor, Deed("review_done", Subject("review", review.id)), act.now)
        session.flush()
        return _json(session, centre, review, act.now)

    return transact(centre, once)


def _check(centre: Centre, form: Form) -> None:
    quality = centre.floor.quality
    for code, points in form.scores.items():
        if code not in quality.criteria:
            raise Invalid(f"scores.{code}", "unknown", f"choose from: {', '.join(quality.criteria)}")
        if not 0 <= points <= quality.scale:
            raise Invalid(f"scores.{code}", "out-of-range", f"give 0 to {quality.scale} points")
    if form.done and not form.scores:
        raise Invalid("scores", "required", "give points to at least one criterion")


def _locked(session: Session, review_id: int, actor: Actor) -> Review:
    review = session.scalar(select(Review).where(Review.id == review_id).with_for_update())
    if review is None or not _sees(session, review, actor):
        raise NotFound(f"there is no review {review_id} for you")
    return review


def _sees(session: Session, review: Review, actor: Actor) -> bool:
    case = select(Case.id).outerjoin(Area, Area.id == Case.area_id).where(Case.id == review.case_id)
    return session.scalar(visible(case, actor)) is not None


def reviews(centre: Centre, actor: Actor, now: datetime, month: str) -> list[dict[str, Any]]:
    """Those of a month, for whoever reviews."""
    statement = select(Review).where(Review.month == month).order_by(Review.operator_id, Review.id)
    with centre.database.reads() as session:
        found = session.scalars(statement).all()
        return [_json(session, centre, review, now) for review in found if _sees(session, review, actor)]


def of_mine(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What was said about my own cases: for me alone, and only when it is finished."""
    statement = (
        select(Review)
        .where(Review.operator_id == actor.user_id, Review.done_at.is_not(None))
        .order_by(Review.done_at.desc())
        .limit(50)
    )
    with centre.database.reads() as session:
        return [_json(session, centre, review, now) for review in session.scalars(statement).all()]


def read(centre: Centre, review_id: int, act: Act) -> None:
    """I have read what was said about my case."""
    with centre.database.sessions.begin() as session:
        review = session.get(Review, review_id, with_for_update=True)
        if review is None or review.operator_id != act.actor.user_id or review.done_at is None:
            raise NotFound(f"there is no review {review_id} of yours")
        review.read_at = review.read_at or act.now


def coverage(centre: Centre, actor: Actor, month: str) -> dict[str, Any]:
    """By operator: how many were done of those wanted, and how many are missing. By name, never by points."""
    quality = centre.floor.quality
    of_calls = Review.call_id.is_not(None)
    with centre.database.reads() as session:
        lot = session.get(ReviewLot, month)
        done = _counts(session, month, ~of_calls & Review.done_at.is_not(None))
        drawn = _counts(session, month, ~of_calls)
        calls_done = _counts(session, month, of_calls & Review.done_at.is_not(None))
        calls_drawn = _counts(session, month, of_calls)
        items = []
        short = 0
        for user in _operators(session, actor):
            missing = max(0, quality.per_month - done.get(user.id, 0))
            unheard = max(0, quality.calls_per_month - calls_done.get(user.id, 0))
            short += missing + unheard > 0
            items.append(
                {
                    "operator": {"id": str(user.id), "name": user.name},
                    "drawn": drawn.get(user.id, 0),
                    "done": done.get(user.id, 0),
                    "short": missing,
                    "calls": {
                        "drawn": calls_drawn.get(user.id, 0),
                        "done": calls_done.get(user.id, 0),
                        "short": unheard,
                    },
                }
            )
    return {
        "month": month,
        "wanted": quality.per_month,
        "wanted_calls": quality.calls_per_month,
        "seed": lot and lot.seed,
        "drawn_at": stamp(lot.drawn_at) if lot else None,
        "items": items,
        "short": short,
    }


def _counts(session: Session, month: str, where: Any) -> dict[int, int]:
    found = session.execute(
        select(Review.operator_id, func.count(Review.id))
        .where(Review.month == month, where)
        .group_by(Review.operator_id)
    )
    return {operator_id: number for operator_id, number in found}  # noqa: C416 -- rows are not pairs to mypy


def _json(session: Session, centre: Centre, review: Review, now: datetime) -> dict[str, Any]:
    names = {
        u.id: u.name for u in session.scalars(select(User).where(User.id.in_([review.operator_id, review.reviewer_id])))
    }
    found = session.execute(row_statement().where(Case.id == review.case_id)).one()
    return {
        "id": str(review.id),
        "month": review.month,
        "version": review.version,
        "operator": {"id": str(review.operator_id), "name": names.get(review.operator_id, "")},
        "reviewer": review.reviewer_id and {"id": str(review.reviewer_id), "name": names.get(review.reviewer_id, "")},
        "case": row_of(found, centre, now),
        "call": _call_json(session.get_one(Call, review.call_id)) if review.call_id is not None else None,
        "scores": review.scores,
        "comment": review.comment,
        "done_at": stamp(review.done_at),
        "read_at": stamp(review.read_at),
    }


def _call_json(call: Call) -> dict[str, Any]:
    """Without the caller's number: the case says who it was to whoever may know."""
    seconds = (call.ended_at - call.answered_at).total_seconds() if call.ended_at and call.answered_at else None
    return {
        "id": str(call.id),
        "answered_at": stamp(call.answered_at),
        "seconds": None if seconds is None else round(seconds),
        "recording_url": f"/api/v1/calls/{call.id}/recording" if is_ours(call.recording_url) else call.recording_url,
    }
