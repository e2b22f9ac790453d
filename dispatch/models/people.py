"""The elders, those who stand by them, and those who work at the desk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from dispatch.models.base import Base, BigId
from dispatch.models.places import Household
from dispatch.models.sealed import (
    INDEX_LENGTH,
    Sealed,
    identity_index,
    identity_tail_index,
    phone_index,
    tail_index,
)


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
    version: Mapped[int] = mapped_column(default=0)
    password_set_at: Mapped[datetime | None]
    password_ends_at: Mapped[datetime | None]
    """Until when a one-time password lets this person in, to choose one of their own."""
    must_change_password: Mapped[bool] = mapped_column(default=False)


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None]


def completed_years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class Elder(Base):
    __tablename__ = "elders"
    __table_args__ = (
        Index("ix_elders_name", "name"),
        Index("ix_elders_initials", "initials"),
        # What counts and totals read instead of the rows, which are forty times as wide.
        Index(
            "ix_elders_present",
            "household_id",
            "ability_level",
            "service_form",
            "id",
            postgresql_where=text("archived_at IS NULL"),
            sqlite_where=text("archived_at IS NULL"),
        ),
        # Of whom something is missing, or who is away: few.
        *(
            Index(f"ix_elders_{name}", "id", postgresql_where=text(which), sqlite_where=text(which))
            for name, which in (
                ("absent", "absence_kind IS NOT NULL"),
                ("no_phone", "phone IS NULL"),
                ("no_identity", "identity_number IS NULL"),
            )
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(BigId, ForeignKey("households.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    pinyin: Mapped[str] = mapped_column(String(200), index=True)
    initials: Mapped[str] = mapped_column(String(40))
    sex: Mapped[str] = mapped_column(String(1))
    birth_date: Mapped[date]
    identity_number: Mapped[str | None] = mapped_column(Sealed("elders.identity_number"))
    identity_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH), index=True)
    identity_tail_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH), index=True)
    phone: Mapped[str | None] = mapped_column(Sealed("elders.phone"))
    phone_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH), index=True)
    phone_tail_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH), index=True)
    flags: Mapped[list[str]]
    """The codes that operators see: the groups valid today, hearing and the like."""
    languages: Mapped[list[str]]
    dialect: Mapped[str | None] = mapped_column(String(40))
    hearing: Mapped[str | None] = mapped_column(String(40))
    ability_level: Mapped[int | None] = mapped_column(index=True)
    service_form: Mapped[str | None] = mapped_column(String(40), index=True)
    absence_kind: Mapped[str | None] = mapped_column(String(20))
    absence_until: Mapped[datetime | None]
    absence_note: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(default=1)
    """Of the whole file: a contact or a fact that changes raises it too."""
    updated_at: Mapped[datetime | None]
    """None: as it was first written."""
    archived_at: Mapped[datetime | None]
    archive_reason: Mapped[str | None] = mapped_column(String(200))
    archive_kind: Mapped[str | None] = mapped_column(String(20))
    """``died`` or ``moved``; None: neither, or nobody said."""
    merged_into: Mapped[int | None] = mapped_column(BigId, ForeignKey("elders.id"))

    household: Mapped[Household] = relationship(lazy="raise")
    contacts: Mapped[list[Contact]] = relationship(lazy="raise", order_by="Contact.position")
    facts: Mapped[list[Fact]] = relationship(lazy="raise", order_by="Fact.id")

    @validates("phone", "identity_number")
    def _index(self, field: str, value: str | None) -> str | None:
        """Whoever sets a sealed value sets its indexes; rows inserted without the ORM take them from ``sealed_phone``
        and ``sealed_identity``."""
        if field == "phone":
            self.phone_index, self.phone_tail_index = phone_index(value), tail_index(value)
        else:
            self.identity_index, self.identity_tail_index = identity_index(value), identity_tail_index(value)
        return value

    def age(self, today: date) -> int:
        return completed_years(self.birth_date, today)

    def absence(self, now: datetime) -> str | None:
        """``hospital`` or ``away`` while it lasts; an absence without an end lasts."""
        return absent(self.absence_kind, self.absence_until, now)


def absent(kind: str | None, until: datetime | None, now: datetime) -> str | None:
    return kind if kind and (until is None or until > now) else None


def sealed_phone(phone: str | None) -> dict[str, Any]:
    """Columns of an elder's telephone for a row that is inserted without the ORM."""
    return {"phone": phone, "phone_index": phone_index(phone), "phone_tail_index": tail_index(phone)}


def sealed_identity(number: str | None) -> dict[str, Any]:
    return {
        "identity_number": number,
        "identity_index": identity_index(number),
        "identity_tail_index": identity_tail_index(number),
    }


class Contact(Base):
    __tablename__ = "contacts"
    __table_args__ = (
        Index(
            "ix_contacts_key",
            "elder_id",
            postgresql_where=text("has_key IS true"),
            sqlite_where=text("has_key IS true"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    relation: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(Sealed("contacts.phone"))
    phone_index: Mapped[str | None] = mapped_column(String(INDEX_LENGTH), index=True)
    minutes_away: Mapped[int | None]
    has_key: Mapped[bool] = mapped_column(default=False)
    answered: Mapped[int] = mapped_column(default=0)
    tried: Mapped[int] = mapped_column(default=0)

    @validates("phone")
    def _index(self, _field: str, value: str) -> str:
        self.phone_index = phone_index(value)
        return value


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
