"""The elders, those who stand by them, and those who work at the desk."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.models.base import Base, BigId
from dispatch.models.places import Household


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str]]
    area_ids: Mapped[list[int]]
    locale: Mapped[str] = mapped_column(String(10), default="zh-CN")
    active: Mapped[bool] = mapped_column(default=True)
    phone: Mapped[str | None] = mapped_column(String(32))
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)
    """Raised to end every session of this person at once."""


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Elder(Base):
    __tablename__ = "elders"
    __table_args__ = (Index("ix_elders_name", "name"), Index("ix_elders_initials", "initials"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(BigId, ForeignKey("households.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    pinyin: Mapped[str] = mapped_column(String(200), index=True)
    initials: Mapped[str] = mapped_column(String(40))
    sex: Mapped[str] = mapped_column(String(1))
    birth_date: Mapped[date]
    phone: Mapped[str | None] = mapped_column(String(32), index=True)
    flags: Mapped[list[str]]
    languages: Mapped[list[str]]
    hearing: Mapped[str | None] = mapped_column(String(40))
    ability_level: Mapped[int | None]
    absence_kind: Mapped[str | None] = mapped_column(String(20))
    absence_until: Mapped[datetime | None]
    absence_note: Mapped[str | None] = mapped_column(String(200))

    household: Mapped[Household] = relationship(lazy="raise")
    contacts: Mapped[list[Contact]] = relationship(lazy="raise", order_by="Contact.position")
    facts: Mapped[list[Fact]] = relationship(lazy="raise", order_by="Fact.id")

    def age(self, today: date) -> int:
        """Completed years."""
        born = self.birth_date
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    def absence(self, now: datetime) -> str | None:
        """``hospital`` or ``away`` while it lasts; an absence without an end lasts."""
        if self.absence_kind and (self.absence_until is None or self.absence_until > now):
            return self.absence_kind
        return None


class Contact(Base):
    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    relation: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(32), index=True)
    minutes_away: Mapped[int | None]
    has_key: Mapped[bool] = mapped_column(default=False)
    answered: Mapped[int] = mapped_column(default=0)
    tried: Mapped[int] = mapped_column(default=0)


class Fact(Base):
    """Something lasting about an elder; it shows its source and its age."""

    __tablename__ = "facts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(100))
    confirmed_at: Mapped[datetime]


class DutyPhone(Base):
    """A telephone that is paged when nobody at the desk takes an urgent case."""

    __tablename__ = "duty_phones"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("areas.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    """In whose name "1" on this telephone takes the case."""
    active: Mapped[bool] = mapped_column(default=True)
    last_resort: Mapped[bool] = mapped_column(default=False)
    """Rings when somebody must be paged and nobody is on duty."""
