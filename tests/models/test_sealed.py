"""Sealed columns: what lies in the database says nothing, and what is looked for is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from dispatch.domain.datakeys import new_key, parse_keys
from dispatch.models import sealed
from dispatch.models.people import Contact, Elder
from dispatch.models.sealed import CannotOpen, Keyring
from tests.support import factories
from tests.support.factories import Town

PHONE = "13800001234"
OLD, NEW = new_key("old"), new_key("new")


def ring(*keys: str) -> Keyring:
    return Keyring(parse_keys(",".join(keys)))


@pytest.fixture(autouse=True)
def keys_of_the_tests() -> Iterator[None]:
    yield
    sealed.use(ring(factories.DATA_KEYS))


def test_what_is_sealed_opens_and_no_two_seals_are_alike() -> None:
    one = ring(OLD)
    first, second = one.seal(PHONE, "elders.phone"), one.seal(PHONE, "elders.phone")
    assert first != second
    assert PHONE not in first
    assert one.open(first, "elders.phone") == one.open(second, "elders.phone") == PHONE


def test_the_first_key_seals_and_all_open() -> None:
    by_old = ring(OLD).seal(PHONE, "elders.phone")
    both = ring(NEW, OLD)
    assert both.open(by_old, "elders.phone") == PHONE
    assert both.seal(PHONE, "elders.phone").startswith("new.")


@pytest.mark.parametrize("broken", ["moved", "flipped", "cut", "foreign", "empty", "plain"])
def test_what_was_tampered_with_does_not_open(broken: str) -> None:
    one = ring(OLD)
    value = one.seal(PHONE, "elders.phone")
    body = {
        "moved": value,
        "flipped": value[:-6] + ("A" if value[-6] != "A" else "B") + value[-5:],
        "cut": value[:12],
        "foreign": ring(NEW).seal(PHONE, "elders.phone"),
        "empty": "",
        "plain": PHONE,
    }[broken]
    with pytest.raises(CannotOpen):
        one.open(body, "contacts.phone" if broken == "moved" else "elders.phone")


def test_an_index_is_found_under_every_key_and_says_nothing_across_kinds() -> None:
    by_old = ring(OLD).blind("phone", PHONE)
    assert by_old in ring(NEW, OLD).blinds("phone", PHONE)
    assert by_old not in ring(NEW).blinds("phone", PHONE)
    assert ring(OLD).blind("tail", "1234") != ring(OLD).blind("phone", "1234")
    assert len(by_old) == sealed.INDEX_LENGTH


@pytest.mark.parametrize(
    "text_",
    ["", " , ", "k1", "k1:", "k1:c2hvcnQ=", f"{OLD},{OLD}", OLD.upper(), f"K!:{OLD.partition(':')[2]}", f"{OLD}x"],
    ids=["nothing", "commas", "no_key", "empty_key", "short", "twice", "upper_case", "odd_name", "longer"],
)
def test_keys_that_are_wrong_are_refused_with_what_to_do(text_: str) -> None:
    with pytest.raises(ValueError, match="dispatch keys new"):
        parse_keys(text_)


def test_the_database_holds_no_telephone(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        elder = session.get_one(Elder, town.elders["Wang"])
        elder.identity_number = "230302194001020027"
        phone = elder.phone
        assert phone is not None
    with town.centre.database.reads() as session:
        for table in ("elders", "contacts"):
            for row in session.execute(text(f"SELECT * FROM {table}")):
                shown = " ".join(map(str, row))
                assert "1380000" not in shown
                assert "1370000" not in shown
                assert "230302194001020027" not in shown
        again = session.get_one(Elder, town.elders["Wang"])
        assert (again.phone, again.identity_number) == (phone, "230302194001020027")
        found = select(Elder.id)
        assert session.scalars(found.where(sealed.has_phone(Elder.phone_index, phone))).all() == [again.id]
        assert again.id in session.scalars(found.where(sealed.has_tail(Elder.phone_tail_index, phone[-4:]))).all()
        assert session.scalars(found.where(sealed.has_identity(Elder.identity_index, "230302194001020027"))).all() == [
            again.id
        ]


def test_a_sealed_column_cannot_be_compared_by_mistake() -> None:
    for wrong in (lambda: Elder.phone == PHONE, lambda: Contact.phone.endswith("1"), lambda: Elder.phone.in_([PHONE])):
        with pytest.raises(TypeError, match="index"):
            wrong()
    assert str(Elder.phone.is_(None))


def test_a_telephone_that_cannot_be_opened_does_not_hide_the_elder(town: Town) -> None:
    sealed.use(ring(NEW))
    with capture_logs() as logs, town.centre.database.reads() as session:
        elder = session.get_one(Elder, town.elders["Wang"])
        assert elder.name == "Wang"
        assert elder.phone is None
    assert {one["event"] for one in logs} == {"seal_cannot_be_opened"}
    assert "1380000" not in str(logs)
