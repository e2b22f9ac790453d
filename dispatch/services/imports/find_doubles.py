"""Find elders that may be one and the same, and put each pair before a person once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import combinations, groupby, islice
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from dispatch.domain.doubles import MOST_SHARING, Likeness, address_key, weigh
from dispatch.models.bulk import analyze
from dispatch.models.imports import Double, ElderOrigin, Import
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.centre import Centre

PIECE = 500
Pair = tuple[int, int, int, list[str]]


def everywhere(centre: Centre, now: datetime) -> int:
    """Compare all who share an identity number, a telephone, a home, or the sound of their name in one area.

    Answers how many pairs are new.
    """
    found = 0
    with centre.database.reads() as session:
        if centre.database.is_postgresql:
            session.execute(text("SET LOCAL statement_timeout = '120s'"))
        pairs = _once(_pairs(session, _alike(session)))
        while some := list(islice(pairs, PIECE)):
            found += _propose(centre, some, now)
    return found


def of(session: Session, elder_ids: Iterable[int], now: datetime) -> int:
    """In the caller's transaction: compare these few with everybody; for whoever adds or edits an elder."""
    ids = list(elder_ids)
    found = 0
    for elder in session.scalars(select(Elder).where(Elder.id.in_(ids), Elder.archived_at.is_(None))):
        home = session.get_one(Household, elder.household_id)
        near = or_(
            and_(Elder.identity_index.is_not(None), Elder.identity_index == elder.identity_index),
            and_(Elder.phone_index.is_not(None), Elder.phone_index == elder.phone_index),
            Elder.household_id == elder.household_id,
            and_(Elder.pinyin == elder.pinyin, Household.area_id == home.area_id),
        )
        group = [_likeness(row) for row in session.execute(_columns().where(near).limit(100))]
        pairs = [pair for pair in _weighed(group) if elder.id in pair[:2]]
        found += _insert(session, pairs, now) if pairs else 0
    return found


def after_import(centre: Centre, import_id: int, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        analyze(session, Elder, Household, ElderOrigin)
    everywhere(centre, now)
    a, b = aliased(ElderOrigin), aliased(ElderOrigin)
    # From the pairs, which are few: a list of all who came, as a condition, took longer than a statement may.
    theirs = (
        select(func.count())
        .select_from(Double)
        .outerjoin(a, a.elder_id == Double.elder_a)
        .outerjoin(b, b.elder_id == Double.elder_b)
        .where(Double.state == "proposed", or_(a.import_id == import_id, b.import_id == import_id))
    )
    with centre.database.sessions.begin() as session:
        session.get_one(Import, import_id).doubles = session.scalar(theirs) or 0


def _columns(*more: Any) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(
            *more,
            Elder.id,
            Elder.name,
            Elder.pinyin,
            Elder.sex,
            Elder.birth_date,
            Elder.identity_index,
            Elder.phone_index,
            Household.area_id,
            Household.address,
        )
        .join(Household, Household.id == Elder.household_id)
        .where(Elder.archived_at.is_(None))
    )
    return statement


def _likeness(row: Any) -> Likeness:
    *_, id_, name, pinyin, sex, birth_date, identity, phone, area_id, address = row
    return Likeness(id_, name, pinyin, sex, birth_date, identity, phone, f"{area_id}:{address_key(address)}")


def _alike(session: Session) -> Iterator[list[Any]]:
    """Groups of rows, each with what they share in front."""
    few = func.count().between(2, MOST_SHARING)
    present = Elder.archived_at.is_(None)
    phones = select(Elder.phone_index).where(present, Elder.phone_index.is_not(None)).group_by(Elder.phone_index)
    homes = select(Elder.household_id).where(present).group_by(Elder.household_id).having(few).subquery()
    names = (
        select(Elder.pinyin, Household.area_id)
        .join(Household, Household.id == Elder.household_id)
        .where(present)
        .group_by(Elder.pinyin, Household.area_id)
        .having(few)
        .subquery()
    )
    shared = phones.having(few).subquery()
    numbers = select(Elder.identity_index).where(present, Elder.identity_index.is_not(None))
    same = numbers.group_by(Elder.identity_index).having(func.count() > 1).subquery()
    for statement in (
        _columns(Elder.identity_index)
        .join(same, same.c.identity_index == Elder.identity_index)
        .order_by(Elder.identity_index),
        _columns(Elder.phone_index).join(shared, shared.c.phone_index == Elder.phone_index).order_by(Elder.phone_index),
        _columns(Elder.household_id)
        .join(homes, homes.c.household_id == Elder.household_id)
        .order_by(Elder.household_id),
        _columns(Elder.pinyin + "/")
        .join(names, and_(names.c.pinyin == Elder.pinyin, names.c.area_id == Household.area_id))
        .order_by(Household.area_id, Elder.pinyin),
    ):
        rows = session.execute(statement, execution_options={"yield_per": 2_000})
        for _, group in groupby(rows, key=lambda row: row[0]):
            yield list(group)


def _pairs(session: Session, groups: Iterable[list[Any]]) -> Iterator[Pair]:
    for group in groups:
        yield from _weighed([_likeness(row) for row in group[:MOST_SHARING]])


def _weighed(group: list[Likeness]) -> Iterator[Pair]:
    for one, other in combinations(sorted(group, key=lambda like: like.id), 2):
        score, reasons = weigh(one, other)
        if score:
            yield one.id, other.id, score, reasons


def _once(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """The same two may share a telephone and a door."""
    seen: set[tuple[int, int]] = set()
    for pair in pairs:
        if pair[:2] not in seen:
            seen.add(pair[:2])
            yield pair


def _propose(centre: Centre, pairs: list[Pair], now: datetime) -> int:
    """Reads first: whatever is known already costs no write, and the hourly look at a quiet register none at all."""
    with centre.database.reads() as session:
        known = {
            (a, b)
            for a, b in session.execute(
                select(Double.elder_a, Double.elder_b).where(Double.elder_a.in_([pair[0] for pair in pairs]))
            )
        }
    fresh = [pair for pair in pairs if pair[:2] not in known]
    if not fresh:
        return 0
    with centre.database.sessions.begin() as session:
        return _insert(session, fresh, now)


def _insert(session: Session, pairs: list[Pair], now: datetime) -> int:
    """A pair that somebody has decided on already is not proposed again."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = [
        {"elder_a": a, "elder_b": b, "score": score, "reasons": reasons, "state": "proposed", "found_at": now}
        for a, b, score, reasons in pairs
    ]
    statement = dialect.insert(Double).values(values).on_conflict_do_nothing().returning(Double.id)
    return len(session.scalars(statement).all())
