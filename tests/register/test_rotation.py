"""Everything that is sealed, in tables and on the disk, is sealed anew: what there is comes from the models."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Integer, Table, insert, select, text
from sqlalchemy.orm import Session

from dispatch.models.sealed import Sealed
from dispatch.models.tables import METADATA
from dispatch.services.imports import files
from dispatch.services.register import keys
from tests.support.factories import DATA_KEYS, Town
from tests.support.keyring import NEW, ring
from tests.support.planting import code_of
from tests.support.tables import ELDERS, LI, Importer, numbers, row

SECRET = "13800009999"
SEALED = [c for table in METADATA.sorted_tables for c in table.columns if isinstance(c.type, Sealed)]


def plant(session: Session, table: Table, made: dict[str, Any]) -> Any:
    """A row with ``SECRET`` in every sealed column, and with what it points to; answers its key."""
    if table.name in made:
        return made[table.name]
    values = {}
    for column in table.columns:
        parents = [key.column.table for key in column.foreign_keys if key.column.table is not table]
        if isinstance(column.type, Sealed):
            values[column.name] = SECRET
        elif parents and not column.nullable:
            values[column.name] = plant(session, parents[0], made)
        elif not column.nullable and not (column.primary_key and isinstance(column.type, Integer) and not parents):
            values[column.name] = code_of(column)
    if len(table.primary_key.columns) > 1:
        values.update({c.name: 1 for c in table.primary_key.columns if c.name not in values})
    key = session.execute(insert(table).values(values)).inserted_primary_key
    assert key is not None
    made[table.name] = key[0]
    return key[0]


def stored(session: Session) -> dict[str, list[str]]:
    """By column, its values as they lie in the database."""
    return {
        f"{c.table.name}.{c.name}": list(
            session.scalars(text(f"SELECT {c.name} FROM {c.table.name} WHERE {c.name} IS NOT NULL"))
        )
        for c in SEALED
    }


def test_each_sealed_column_of_the_models_is_sealed_anew(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        made: dict[str, Any] = {}
        for table in dict.fromkeys(column.table for column in SEALED):
            plant(session, table, made)
        before = stored(session)
    assert all(before.values()), f"nothing is planted in {[name for name, found in before.items() if not found]}"
    assert all(value.startswith("t1.") for found in before.values() for value in found)
    ring(NEW, DATA_KEYS)
    assert all(step.broken == 0 for step in keys.rotate(town.centre))
    with town.centre.database.reads() as session:
        after = stored(session)
    assert {name: len(found) for name, found in after.items()} == {name: len(found) for name, found in before.items()}
    assert [value for found in after.values() for value in found if not value.startswith("new.")] == []
    ring(NEW)
    with town.centre.database.reads() as session:
        for column in SEALED:
            assert SECRET in session.scalars(select(column)).all(), column


def test_files_that_wait_are_sealed_anew_and_can_still_be_applied(town: Town) -> None:
    boss = Importer(town)
    checked = boss.check([ELDERS, row("李秀兰", LI)])
    waiting = boss.bring(b"\n".join([",".join(ELDERS).encode(), ",".join(row("周长贵", phone=SECRET)).encode()]))
    cancelled = boss.bring(b"x,y")
    assert set(files.keys(boss.centre).values()) == {"t1"}
    ring(NEW, DATA_KEYS)
    steps = [step for step in keys.rotate(town.centre) if step.column == keys.FILES]
    assert (steps[-1].done, steps[-1].total, steps[-1].broken) == (3, 3, 0)
    assert set(files.keys(boss.centre).values()) == {"new"}
    assert len(files.stored(boss.centre)) == 3, "no copy is left"
    ring(NEW)
    assert numbers(boss.work(waiting)) == (1, 0, 0, 0)
    assert boss.apply(checked)["state"] == "applied"
    assert boss.work(cancelled)["fault"]["code"] == "unknown_headings"
    assert list(keys.rotate(town.centre)) == []


def test_a_file_that_ends_while_it_is_sealed_anew_does_not_come_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = Importer(town)
    brought = boss.bring(b"x,y")
    copy_of = files.resealed

    def meanwhile(*given: Any) -> Any:
        copy = copy_of(*given)
        assert boss.work(brought)["state"] == "failed"
        return copy

    monkeypatch.setattr(files, "resealed", meanwhile)
    ring(NEW, DATA_KEYS)
    assert [step.broken for step in keys.rotate(town.centre) if step.column == keys.FILES] == [0]
    assert files.stored(boss.centre) == []
