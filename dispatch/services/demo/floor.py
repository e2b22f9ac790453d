"""What the demo's floor has behind it: promises to ring back, a shift handed over, reviews, a wall board."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import IN_HAND, State
from dispatch.domain.floor import draw
from dispatch.models.cases import Case
from dispatch.models.floor import CallBack, Handover, HandoverItem, Review, ReviewLot, WallToken
from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.services.accounts import digest
from dispatch.services.centre import Centre

WALL_TOKEN = "demo-wall-token"  # noqa: S105 -- the demo's, written on its front page
PROMISES = (("operator", 25, "问女儿午餐口味定了没有"), ("operator2", 55, "维修师傅到了没有，离床垫换好没有"))
COMMENTS = (
    ("listened", 2, "先问了意识和疼痛，很好；下次早一点问钥匙在谁手里"),
    ("right_help", 1, "邻居到场后忘了回拨家属"),
)


def build(session: Session, centre: Centre, users: dict[str, User], now: datetime) -> None:
    _promises(session, users, now)
    _handed_over(session, users, now)
    _reviews(session, centre, users, now)
    city = session.scalars(select(Area).where(Area.parent_id.is_(None)).order_by(Area.id)).first()
    assert city is not None, "the demo has places"
    session.add(WallToken(name="值班室大屏", digest=digest(WALL_TOKEN), area_id=city.id, created_at=now))


def _promises(session: Session, users: dict[str, User], now: datetime) -> None:
    for username, minutes, text in PROMISES:
        user = users[username]
        owned = select(Case).where(Case.owner_id == user.id, Case.state.in_(IN_HAND), Case.held_until.is_not(None))
        case = session.scalars(owned.order_by(Case.id)).first()
        if case is None:
            continue
        due_at = now + timedelta(minutes=minutes)
        promised = CallBack(
            case_id=case.id, promised_by=user.id, due_at=due_at, note=text, state="open", next_due_at=due_at,
            created_at=now,
        )  # fmt: skip
        session.add(promised)


def _handed_over(session: Session, users: dict[str, User], now: datetime) -> None:
    """This morning's, with one thing to know that comes again until somebody clears it."""
    went, came = users["operator2"], users["operator"]
    at = now - timedelta(hours=5)
    done = Handover(
        kind="shift", from_id=went.id, from_name=went.name, to_id=came.id, to_name=came.name, paths=[_root(session)],
        state="accepted", note="夜班平稳。", created_at=at, offered_at=at, ended_at=at + timedelta(minutes=9),
    )  # fmt: skip
    session.add(done)
    session.flush()
    session.add(
        HandoverItem(
            handover_id=done.id,
            kind="note",
            ref=f"{done.id}.1",
            text="松涛社区3号楼电梯检修，救护须走楼梯",
            keep=True,
            given_at=at,
            opened_at=at,
            taken_at=at,
            taken_by=came.id,
        )
    )


def _root(session: Session) -> str:
    return session.scalars(select(Area.path).where(Area.parent_id.is_(None)).order_by(Area.id)).first() or "/"


def _reviews(session: Session, centre: Centre, users: dict[str, User], now: datetime) -> None:
    """This month's lot, two of them looked at; on the first of a month the last one's, for nothing is closed yet."""
    local = (now - timedelta(days=1)).astimezone(centre.zone)
    month = local.strftime("%Y-%m")
    began = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = (began + timedelta(days=32)).replace(day=1)
    lot = ReviewLot(month=month, seed="银铃-demo", drawn_at=now - timedelta(hours=1))
    session.add(lot)
    said = list(COMMENTS)
    for username in ("operator", "operator2", "supervisor"):
        user = users[username]
        closed = select(Case.id).where(
            Case.owner_id == user.id, Case.state == State.CLOSED, Case.closed_at >= began, Case.closed_at < ends
        )
        for case_id in draw(lot.seed, user.id, session.scalars(closed).all(), centre.floor.quality.per_month):
            review = Review(month=month, operator_id=user.id, case_id=case_id, drawn_at=lot.drawn_at, scores={})
            if said and username != "supervisor":
                code, points, comment = said.pop(0)
                review.scores = {**dict.fromkeys(centre.floor.quality.criteria, 2), code: points}
                review.comment, review.reviewer_id = comment, users["supervisor"].id
                review.done_at = now - timedelta(minutes=20)
            session.add(review)
