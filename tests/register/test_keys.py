"""Data keys are rotated while the centre works, and a centre with the wrong ones says so."""

from __future__ import annotations

from itertools import islice

import pytest
from sqlalchemy import select, text

from dispatch.domain.datakeys import new_key
from dispatch.models.base import Base
from dispatch.models.people import Contact, Elder
from dispatch.models.sealed import CannotOpen, has_phone, has_tail
from dispatch.services.register import keys
from tests.support import factories
from tests.support.factories import DATA_KEYS, Town
from tests.support.keyring import NEW, ring
from tests.support.story import Story


def finds(town: Town, phone: str) -> list[int]:
    with town.centre.database.reads() as session:
        whole = session.scalars(select(Elder.id).where(has_phone(Elder.phone_index, phone))).all()
        tail = session.scalars(select(Elder.id).where(has_tail(Elder.phone_tail_index, phone))).all()
        assert set(whole) <= set(tail)
        return list(whole)


def test_no_sealed_column_is_forgotten() -> None:
    assert {column.name for column in keys.COLUMNS} == keys.sealed_columns(Base)


def test_everything_is_sealed_anew_and_found_all_the_while(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    town = story.town
    story.call("ringing", caller="13812345678")
    monkeypatch.setattr(keys, "BATCH", 2)
    wang = town.elders["Wang"]
    ring(NEW, DATA_KEYS)
    assert finds(town, "13800001000") == [wang]
    steps = list(islice(keys.rotate(town.centre), 2))  # somebody pulls the plug
    assert steps[-1].done < steps[-1].total
    both = keys.in_use(town.centre.database)["elders.phone"]
    assert set(both) == {"new", "t1"}
    assert finds(town, "13800001000") == [wang]
    again = list(keys.rotate(town.centre))
    assert all(step.broken == 0 for step in again)
    assert {key for used in keys.in_use(town.centre.database).values() for key in used} == {"new"}
    ring(NEW)
    assert finds(town, "13800001000") == [wang]
    with town.centre.database.reads() as session:
        assert session.get_one(Elder, wang).phone == "13800001000"
        assert session.scalars(select(Contact).where(has_phone(Contact.phone_index, "13700000000"))).one().name
    assert story.case.caller == "13812345678"
    assert list(keys.rotate(town.centre)) == []


def test_what_does_not_open_stays_and_is_counted(town: Town) -> None:
    with town.centre.database.engine.begin() as connection:
        connection.execute(text("UPDATE elders SET phone = 't1.bm9uc2Vuc2U=' WHERE name = 'Wang'"))
    ring(NEW, DATA_KEYS)
    steps = list(keys.rotate(town.centre))
    assert sum(step.broken for step in steps if step.done == step.total) == 1
    with town.centre.database.engine.connect() as connection:
        assert connection.execute(text("SELECT phone FROM elders WHERE name = 'Wang'")).scalar() == "t1.bm9uc2Vuc2U="


def test_a_centre_with_other_keys_is_refused(town: Town) -> None:
    keys.refuse_wrong_keys(town.centre.database)
    same_id = "t1:" + new_key("t1").partition(":")[2]
    for wrong in (NEW, same_id):
        ring(wrong)
        with pytest.raises(CannotOpen):
            keys.refuse_wrong_keys(town.centre.database)
    ring(NEW, factories.DATA_KEYS)
    keys.refuse_wrong_keys(town.centre.database)


def test_one_damaged_value_keeps_no_centre_from_starting(town: Town) -> None:
    with town.centre.database.engine.begin() as connection:
        connection.execute(text("UPDATE elders SET phone = 'scribble' WHERE id = (SELECT max(id) FROM elders)"))
    keys.refuse_wrong_keys(town.centre.database)
    with town.centre.database.engine.begin() as connection:
        connection.execute(text("UPDATE elders SET phone = 'scribble'"))
    with pytest.raises(CannotOpen, match=r"elders\.phone"):
        keys.refuse_wrong_keys(town.centre.database)
