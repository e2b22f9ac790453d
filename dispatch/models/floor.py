"""The floor: area events, promised call-backs, handovers, positions, broadcasts, reviews, wall boards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId
from dispatch.models.sealed import Sealed

LASTING_SQL = "state IN ('proposed', 'declared')"
UNFINISHED_SQL = "state IN ('draft', 'offered')"


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class AreaEvent(Base):
    """Many alarms of one kind from one community: one happening, seen as one."""

    __tablename__ = "area_events"
    __table_args__ = (
        Index("uq_area_events_lasting", "area_id", "cause", unique=True, **_where(LASTING_SQL)),
        Index("ix_area_events_quiet_at", "quiet_at", **_where("quiet_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"))
    place: Mapped[str] = mapped_column(String(100))
    """The community's name as it was."""
    cause: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    since: Mapped[datetime]
    """The first alarm that belongs to it."""
    last_at: Mapped[datetime]
    proposed_at: Mapped[datetime]
    declared_at: Mapped[datetime | None]
    declared_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    quiet_at: Mapped[datetime | None]
    """When it ends by itself if nothing more comes."""


class CallBack(Base):
    """A promise to ring somebody: a deadline, like everything that must not be forgotten."""

    __tablename__ = "callbacks"
    __table_args__ = (
        Index("ix_callbacks_next_due_at", "next_due_at", **_where("next_due_at IS NOT NULL")),
        Index("ix_callbacks_open", "promised_by", **_where("state = 'open'")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    promised_by: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    due_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Sealed("callbacks.phone"))
    state: Mapped[str] = mapped_column(String(20))
    """``open``, ``done`` or ``cancelled``."""
    version: Mapped[int] = mapped_column(default=1)
    next_due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    late_at: Mapped[datetime | None]
    """When everybody was told, because the one who promised has not rung."""
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    once_key: Mapped[str | None] = mapped_column(String(260), unique=True)
    """Of the promise: sent twice it is one."""


class Handover(Base):
    """What one person leaves to the next at the change of shift, or for a break."""

    __tablename__ = "handovers"
    __table_args__ = (
        Index("uq_handovers_unfinished", "from_id", unique=True, **_where(UNFINISHED_SQL)),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    """``shift`` or ``break``."""
    from_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    from_name: Mapped[str] = mapped_column(String(100))
    to_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    """Whom it is meant for; None: whoever comes."""
    to_name: Mapped[str | None] = mapped_column(String(100))
    paths: Mapped[list[str]]
    """The areas of the one who goes."""
    state: Mapped[str] = mapped_column(String(20))
    """``draft``, ``offered``, ``accepted`` or ``cancelled``."""
    version: Mapped[int] = mapped_column(default=1)
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    offered_at: Mapped[datetime | None]
    returned_reason: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(index=True)


class HandoverItem(Base):
    __tablename__ = "handover_items"
    __table_args__ = (UniqueConstraint("handover_id", "kind", "ref"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    handover_id: Mapped[int] = mapped_column(BigId, ForeignKey("handovers.id"))
    kind: Mapped[str] = mapped_column(String(20))
    """``case``, ``held``, ``callback``, ``follow_up``, ``device``, ``absent`` or ``note``."""
    ref: Mapped[str] = mapped_column(String(40))
    """The id of what it is about; for a note its own."""
    text: Mapped[str | None] = mapped_column(Text)
    keep: Mapped[bool] = mapped_column(default=False)
    """Comes again at the next change of shift until somebody clears it."""
    root_id: Mapped[int | None] = mapped_column(BigId, index=True)
    """The item that this one repeats."""
    cleared_at: Mapped[datetime | None]
    given_at: Mapped[datetime | None]
    """Ticked by the one who goes."""
    opened_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    """Ticked by the one who comes, who has opened it before."""
    taken_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    question: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)


class Position(Base):
    """Where a person sits and what they do. One row a person, written again at most every ten seconds."""

    __tablename__ = "positions"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True)
    seat: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(20))
    status_since: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    viewing_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)


class Broadcast(Base):
    """What a supervisor tells all seats at once, and each must confirm."""

    __tablename__ = "broadcasts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    text: Mapped[str] = mapped_column(String(500))
    sent_by: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    sent_name: Mapped[str] = mapped_column(String(100))
    sent_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    wall: Mapped[bool] = mapped_column(default=False)
    """Also on the wall boards, where visitors see it."""


class BroadcastSeat(Base):
    __tablename__ = "broadcast_seats"

    broadcast_id: Mapped[int] = mapped_column(BigId, ForeignKey("broadcasts.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True, index=True)
    confirmed_at: Mapped[datetime | None]


class ReviewLot(Base):
    """The lot of one month: its seed is kept, so that anybody can draw it again."""

    __tablename__ = "review_lots"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    seed: Mapped[str] = mapped_column(String(64))
    drawn_at: Mapped[datetime]


class Review(Base):
    """A case or a call that somebody else looks at closely, to help the one who handled it."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index(
            "uq_reviews_case",
            "case_id",
            unique=True,
            postgresql_where=text("call_id IS NULL"),
            sqlite_where=text("call_id IS NULL"),
        ),
        Index("ix_reviews_month", "month", "operator_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    operator_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    call_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("calls.id"), unique=True)
    """The call that was drawn; its case tells what it was about."""
    version: Mapped[int] = mapped_column(default=1)
    drawn_at: Mapped[datetime]
    scores: Mapped[dict[str, Any]]
    """Points by criterion; a criterion that did not apply is left out."""
    comment: Mapped[str] = mapped_column(Text, default="")
    reviewer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    done_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    """When the operator has read it."""


class WallToken(Base):
    """The key of one wall board: it opens numbers without names, and nothing else."""

    __tablename__ = "wall_tokens"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    area_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("areas.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
