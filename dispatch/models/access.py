"""How people come in: their sessions, their former passwords, their second factor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId
from dispatch.models.sealed import Sealed


class SignedIn(Base):
    """One session of one person. The cookie holds its key and no rights; these are looked up with every request."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(
            "ix_sessions_open",
            "user_id",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    epoch: Mapped[int]
    """The person's when this session began; an older one ends it."""
    began_at: Mapped[datetime]
    active_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))


class AddressTries(Base):
    """Where wrong passwords came from lately. A row that is full again means nothing."""

    __tablename__ = "address_tries"

    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    full_at: Mapped[datetime] = mapped_column(index=True)
    """When this address has all its tries again: each wrong one puts it off."""


class FormerPassword(Base):
    __tablename__ = "former_passwords"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    until: Mapped[datetime]


class SecondFactor(Base):
    """A secret that the person's telephone shares with us (TOTP, RFC 6238)."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Sealed("second_factors.secret"))
    begun_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)
    """The 30 seconds of the last code that was accepted: none of them or before is accepted again."""


class RecoveryCode(Base):
    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]
