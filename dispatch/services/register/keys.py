"""Seal again under the active data key whatever another one has sealed, in small steps, while the centre works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, func, inspect, select, tuple_, type_coerce, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.domain.imports.state import ENDED
from dispatch.models.access import SecondFactor
from dispatch.models.cases import Call, Case
from dispatch.models.database import Database
from dispatch.models.floor import CallBack
from dispatch.models.followup import CardCode
from dispatch.models.imports import Import, ImportChunk, ImportRow
from dispatch.models.outbox import Message
from dispatch.models.people import Contact, Elder
from dispatch.models.sealed import (
    CannotOpen,
    Sealed,
    identity_index,
    identity_tail_index,
    keyring,
    phone_index,
    tail_index,
)
from dispatch.models.sms import SmsReport
from dispatch.services.centre import Centre
from dispatch.services.imports import files

BATCH = 500
TRIED = 5
"""Of each column's newest values, at the start."""
LOOKED_THROUGH = 2_000
"""Rows in which they are looked for: a start must not read a table from end to end."""
FILES = "files of imports"


@dataclass(frozen=True)
class _Column:
    """A sealed column and the blind indexes of the same value."""

    sealed: InstrumentedAttribute[Any]
    indexes: dict[str, Callable[[str], str | None]]

    @property
    def name(self) -> str:
        return f"{self.sealed.class_.__tablename__}.{self.sealed.key}"

    @property
    def key(self) -> tuple[Any, ...]:
        """Columns of the primary key."""
        return tuple(inspect(self.sealed.class_).primary_key)

    @property
    def raw(self) -> Any:
        """As it lies in the database."""
        return type_coerce(self.sealed, Text)


COLUMNS = (
    _Column(Elder.phone, {"phone_index": phone_index, "phone_tail_index": tail_index}),
    _Column(Elder.identity_number, {"identity_index": identity_index, "identity_tail_index": identity_tail_index}),
    _Column(Contact.phone, {"phone_index": phone_index}),
    _Column(Case.caller, {"caller_index": phone_index}),
    _Column(Call.caller, {}),
    _Column(Message.phone, {}),
    _Column(SmsReport.phone, {}),
    _Column(CallBack.phone, {}),
    _Column(CardCode.code, {}),
    _Column(SecondFactor.secret, {}),
    _Column(ImportChunk.body, {}),
    _Column(ImportRow.original, {}),
)
"""Every column of the type ``Sealed``: tests/register/test_keys.py compares this list with the models."""


@dataclass(frozen=True)
class Step:
    column: str
    """Or ``FILES``."""
    done: int
    total: int
    broken: int
    """Values that do not open; they stay as they are."""


def rotate(centre: Centre) -> Iterator[Step]:
    """Work through every column, telling how far it is after each batch, each of which is a transaction of its own.

    It may be interrupted and begun again: what is sealed under the active key already is passed over.
    """
    for column in COLUMNS:
        yield from _column(centre, column)
    yield from _files(centre)


def _column(centre: Centre, column: _Column) -> Iterator[Step]:
    old = column.raw.not_like(f"{keyring().active.id}.%")
    table = column.sealed.class_
    with centre.database.reads() as session:
        total = session.scalar(select(func.count()).select_from(table).where(column.sealed.is_not(None), old)) or 0
    done = broken = 0
    last: Any = None
    while True:
        with centre.database.sessions.begin() as session:
            statement = select(column.raw, *column.key).where(column.sealed.is_not(None), old)
            if last is not None:
                statement = statement.where(tuple_(*column.key) > tuple_(*last))
            rows = session.execute(statement.order_by(*column.key).limit(BATCH).with_for_update()).all()
            for raw, *key in rows:
                broken += 0 if _again(session, column, key, raw) else 1
        if not rows:
            break
        done += len(rows)
        last = rows[-1][1:]
        yield Step(column.name, done, max(total, done), broken)


def _again(session: Session, column: _Column, key: list[Any], raw: str) -> bool:
    try:
        value = keyring().open(raw, column.name)
    except CannotOpen:
        return False
    table = column.sealed.class_
    values: dict[str, Any] = {column.sealed.key: value}
    values |= {name: index(value) for name, index in column.indexes.items()}
    this = (one == value for one, value in zip(column.key, key, strict=True))
    session.execute(update(table).where(*this).values(values), execution_options={"synchronize_session": False})
    return True


def _files(centre: Centre) -> Iterator[Step]:
    """Files that wait to be imported."""
    old = [int(name) for name, key in files.keys(centre).items() if key != keyring().active.id]
    broken = 0
    for done, import_id in enumerate(old, 1):
        broken += 0 if _file_again(centre, import_id) else 1
        yield Step(FILES, done, len(old), broken)


def _file_again(centre: Centre, import_id: int) -> bool:
    try:
        copy = files.resealed(centre, import_id)
    except FileNotFoundError:
        return True
    except CannotOpen:
        return False
    with centre.database.sessions.begin() as session:
        found = session.get(Import, import_id, with_for_update=True)
        if found is None or found.state in ENDED:
            copy.unlink()  # in its place it would be back from the dead
        else:
            copy.replace(files.path_of(centre, import_id))
    return True


def in_use(database: Database) -> dict[str, dict[str, int]]:
    """How many values each data key has sealed, by column and by the key's id."""
    found: dict[str, dict[str, int]] = {}
    with database.reads() as session:
        for column in COLUMNS:
            # Up to the first dot. Ids are short, so this is the same on both databases.
            key = func.substr(column.raw, 1, func.instr(column.raw, ".") - 1)
            if database.is_postgresql:
                key = func.split_part(column.raw, ".", 1)
            statement = select(key, func.count()).where(column.sealed.is_not(None)).group_by(key)
            found[column.name] = dict(session.execute(statement).all())
    return found


def refuse_wrong_keys(database: Database) -> None:
    """Raises ``CannotOpen`` when these are not the keys of this database: none of a column's newest values opens.

    One value alone that does not open was damaged, and must not keep a centre from starting; it is in the log.
    """
    with database.reads() as session:
        for column in COLUMNS:
            _open_newest(column, session.scalars(_newest(column)).all())


def _newest(column: _Column) -> Any:
    rows = select(column.raw.label("raw"), *column.key).order_by(*(one.desc() for one in column.key))
    near = rows.limit(LOOKED_THROUGH).subquery()
    last = (near.c[one.key].desc() for one in column.key)
    return select(near.c.raw).where(near.c.raw.is_not(None)).order_by(*last).limit(TRIED)


def _open_newest(column: _Column, values: Sequence[str]) -> None:
    failure = None
    for raw in values:
        try:
            keyring().open(raw, column.name)
            return
        except CannotOpen as error:
            failure = error
    if failure is not None:
        raise CannotOpen(f"{column.name}: {failure}") from failure


def sealed_columns(base: Any) -> set[str]:
    """Of all tables, by name."""
    return {
        f"{table.name}.{column.name}"
        for table in base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed)
    }
