"""Who of a table's people is in the register already, by identity number (its blind index) or by external id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dispatch.models.imports import ElderOrigin
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.models.sealed import keyring
from dispatch.services.imports.bodies import Entry


class TwoElders(Exception):
    """Identity number and external id name two different elders."""


@dataclass(frozen=True)
class Found:
    elder: Elder
    household: Household
    path: str


class Known:
    def __init__(self, by_identity: dict[str, Found], by_external: dict[str, Found]) -> None:
        self._by_identity, self._by_external = by_identity, by_external

    def find(self, identity: str | None, external: str | None) -> Found | None:
        """Raises ``TwoElders``."""
        one = self._by_identity.get(identity) if identity is not None else None
        two = self._by_external.get(external) if external is not None else None
        if one is not None and two is not None and one.elder.id != two.elder.id:
            raise TwoElders
        return one or two


def elders(session: Session, identities: Iterable[str], externals: Iterable[str]) -> Known:
    """Looked up at once. Whoever was merged is found as the elder that was kept."""
    # One index for each key: while keys are being rotated, rows of both stand side by side.
    indexes = {index: number for number in identities for index in keyring().blinds("identity", number)}
    externals = set(externals)
    by_identity: dict[str, Found] = {}
    by_external: dict[str, Found] = {}
    if indexes:
        rows = _kept(session, session.execute(_whole().where(Elder.identity_index.in_(indexes))).all())
        by_identity = {indexes[index]: found for index, found in rows if index is not None}
    if externals:
        statement = _whole(ElderOrigin.external_id).join(ElderOrigin, ElderOrigin.elder_id == Elder.id)
        rows = _kept(session, session.execute(statement.where(ElderOrigin.external_id.in_(externals))).all())
        by_external = {external: found for external, found in rows if external is not None}
    return Known(by_identity, by_external)


def recognise(session: Session, entries: Iterable[Entry], keys: tuple[str, str]) -> None:
    """Whom rows name that are wrong for another reason; ``keys`` are the columns of identity number and external id."""
    values = [entry.values for entry in entries]
    identity, external = keys
    there = elders(
        session, [v[identity] for v in values if identity in v], [v[external] for v in values if external in v]
    )
    for entry in entries:
        one = there.find(entry.values.get(identity), None) or there.find(None, entry.values.get(external))
        entry.person = None if one is None else one.elder.id


def _whole(key: Any = Elder.identity_index) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(key, Elder, Household, Area.path)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
    )
    return statement


def _kept(session: Session, rows: Iterable[Any]) -> list[tuple[str | None, Found]]:
    found: list[tuple[str | None, Found]] = []
    for key, elder, household, path in rows:
        one = Found(elder, household, path)
        while one.elder.merged_into is not None:
            _, *whole = session.execute(_whole().where(Elder.id == one.elder.merged_into)).one()
            one = Found(*whole)
        found.append((key, one))
    return found
