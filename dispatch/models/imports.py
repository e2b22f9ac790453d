"""Files that somebody brought, what is to become of their rows, and elders that may be one and the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.models.base import Base, BigId, Json
from dispatch.models.sealed import Sealed


class Import(Base):
    """One file: looked at first, applied when a person says so. Its numbers stay; its contents are forgotten."""

    __tablename__ = "imports"
    __table_args__ = (
        Index(
            "uq_imports_key",
            "actor_kind",
            "actor_id",
            "key",
            unique=True,
            postgresql_where=text("key IS NOT NULL"),
            sqlite_where=text("key IS NOT NULL"),
        ),
        Index(
            "ix_imports_next_try_at",
            "next_try_at",
            postgresql_where=text("next_try_at IS NOT NULL"),
            sqlite_where=text("next_try_at IS NOT NULL"),
        ),
        Index(
            "ix_imports_forget_at",
            "forget_at",
            postgresql_where=text("forget_at IS NOT NULL"),
            sqlite_where=text("forget_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    file_name: Mapped[str] = mapped_column(String(200))
    """As its sender called it; never a path of ours."""
    file_kind: Mapped[str] = mapped_column(String(8))
    file_size: Mapped[int] = mapped_column(BigId)
    digest: Mapped[str] = mapped_column(String(64))
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100))
    paths: Mapped[list[str]]
    """The areas that the sender may write in."""
    scope: Mapped[str] = mapped_column(String(200))
    """The smallest area that holds them all: who covers it sees this import."""
    key: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    rows: Mapped[int | None]
    """Of the whole file; unknown before it was read once."""
    done: Mapped[int] = mapped_column(default=0)
    """Rows that the present phase has behind it."""
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    doubles: Mapped[int] = mapped_column(default=0)
    """Pairs of elders that this import made somebody look at."""
    headings: Mapped[list[str]]
    """As they stood in the file, so that the file of errors has the same."""
    fault: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Why it failed: code and data."""
    claim: Mapped[str | None] = mapped_column(String(40))
    """Who works on it. Whoever finds another name here has lost it and stops without a commit."""
    next_try_at: Mapped[datetime | None]
    """When it is handed to a worker, or taken from one that has gone silent."""
    handed_over: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    forget_at: Mapped[datetime | None]
    """When the file and the rows that came from it are removed."""


class ImportChunk(Base):
    """Some checked rows, ready to be applied; sealed, since it is what the file was."""

    __tablename__ = "import_chunks"

    import_id: Mapped[int] = mapped_column(BigId, ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Sealed("import_chunks.body"))


class ImportRow(Base):
    """A row that is wrong, or that would change somebody. Rows that are new or the same are only counted."""

    __tablename__ = "import_rows"
    __table_args__ = (Index("ix_import_rows_verdict", "import_id", "verdict", "number"),)

    import_id: Mapped[int] = mapped_column(BigId, ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(String(10))
    faults: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    changes: Mapped[list[str]]
    """Keys of the columns that differ from the register."""
    target_id: Mapped[int | None] = mapped_column(BigId)
    original: Mapped[str | None] = mapped_column(Sealed("import_rows.original"))
    """The cells of a wrong row."""


class ImportPerson(Base):
    """Somebody of the register who stands in a file that is kept, so that erasing the person finds the file."""

    __tablename__ = "import_people"

    import_id: Mapped[int] = mapped_column(BigId, ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """The row of the file."""
    elder_id: Mapped[int] = mapped_column(BigId, index=True)
    """Without a foreign key, or a check could wait for an erasure that waits for the check."""


class ElderOrigin(Base):
    """By which import an elder came, and under which number the system knows them that they came from."""

    __tablename__ = "elder_origins"

    elder_id: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), primary_key=True)
    import_id: Mapped[int] = mapped_column(BigId, ForeignKey("imports.id"), index=True)
    external_id: Mapped[str | None] = mapped_column(String(80), unique=True)


class Double(Base):
    """Two elders who may be one. Nothing is merged before a person has looked at both."""

    __tablename__ = "doubles"
    __table_args__ = (
        CheckConstraint("elder_a < elder_b", name="order"),
        Index("uq_doubles_pair", "elder_a", "elder_b", unique=True),
        Index(
            "ix_doubles_open",
            "score",
            "id",
            postgresql_where=text("state = 'proposed'"),
            sqlite_where=text("state = 'proposed'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    elder_a: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"))
    elder_b: Mapped[int] = mapped_column(BigId, ForeignKey("elders.id"), index=True)
    score: Mapped[int]
    reasons: Mapped[list[str]]
    state: Mapped[str] = mapped_column(String(20))
    """``proposed``, ``merged`` or ``dismissed``."""
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(String(200))
