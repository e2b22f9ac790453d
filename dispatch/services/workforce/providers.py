"""Providers: whose licence and contract last until when, what they ask for an item, and with whom they work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.helps.expiry import days_left
from dispatch.domain.helps.prices import price_list
from dispatch.domain.helps.providers import Ownership, ProviderKind
from dispatch.models.places import Area
from dispatch.models.workforce import Organisation, Station, Worker
from dispatch.services import trail
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import Answer, once, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register import edits
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act
from dispatch.services.workforce import scope

FIELDS = (
    *("name", "kind", "ownership", "licence", "licence_until", "contract", "contract_from", "contract_until", "active"),
    "prices",
)
TOLD = frozenset(FIELDS) - {"name"} | {"area_id"}


@dataclass(frozen=True)
class ProviderFilter:
    q: str = ""
    kind: str | None = None
    area_id: int | None = None
    active: bool | None = None


def providers(centre: Centre, actor: Actor, wanted: ProviderFilter, page: PageOf, now: datetime) -> Answer:
    """By id, with the number of all that match."""
    day = today(centre, now)
    with centre.database.reads() as session:
        base = _narrowed(session, actor, wanted)
        total = session.scalar(base.with_only_columns(func.count(Organisation.id))) or 0
        statement = base.options(joinedload(Organisation.area)).order_by(Organisation.id).limit(page.limit + 1)
        if page.before is not None:
            statement = statement.where(Organisation.id > page.before)
        found = list(session.scalars(statement))
        items = _as_json(session, found[: page.limit], day)
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "total": total,
    }


def provider(centre: Centre, provider_id: int, actor: Actor, now: datetime) -> Answer:
    """Raises ``NotFound``."""
    with centre.database.reads() as session:
        row = scope.provider_within(session, provider_id, actor)
        return _as_json(session, [row], today(centre, now))[0]


def add(centre: Centre, act: Act, wanted: Mapping[str, Any]) -> Answer:
    """Raises ``Invalid``."""

    def work(session: Session) -> Answer:
        row = Organisation(area_id=0, name="", kind="", ownership="", prices={}, active=True)
        _apply(session, centre, act, row, wanted)
        session.add(row)
        session.flush()
        trail.write(session, act.actor, Deed("provider_added", Subject("provider", row.id)), act.now)
        return {"id": str(row.id), "version": row.version}

    return once(centre, act, "providers:new", work)


def change(centre: Centre, provider_id: int, act: Act, wanted: Mapping[str, Any]) -> Answer:
    """Raises ``VersionConflict``, ``Invalid``, and ``Conflict`` while stations are open under it."""

    def work(session: Session) -> Answer:
        row = scope.provider_within(session, provider_id, act.actor, lock=True)
        edits.check_version(session, act, row, "provider")
        if wanted.get("active") is False and row.active:
            _must_be_empty(session, row)
        told = _apply(session, centre, act, row, wanted)
        if told:
            row.version += 1
            deed = Deed("provider_changed", Subject("provider", row.id), data={"fields": told})
            trail.write(session, act.actor, deed, act.now)
        session.flush()
        return {"id": str(row.id), "version": row.version}

    return once(centre, act, f"provider:{provider_id}:change", work)


def _narrowed(session: Session, actor: Actor, wanted: ProviderFilter) -> Select[Any]:
    base: Select[Any] = select(Organisation).join(Area, Area.id == Organisation.area_id)
    base = base.where(scope.providers_seen(actor))
    if wanted.q:
        base = base.where(Organisation.name.contains(wanted.q, autoescape=True))
    if wanted.kind is not None:
        base = base.where(Organisation.kind == wanted.kind)
    if wanted.active is not None:
        base = base.where(Organisation.active.is_(wanted.active))
    if wanted.area_id is not None:
        base = base.where(inside_asked(session, wanted.area_id))
    return base


def _apply(session: Session, centre: Centre, act: Act, row: Organisation, wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: wanted[name] for name in FIELDS if name in wanted}
    if "area_id" in wanted:
        columns["area_id"] = scope.area_within(session, wanted["area_id"], act.actor).id
    if "prices" in columns:
        try:
            columns["prices"] = price_list(columns["prices"], centre.catalogue.items)
        except (ValueError, KeyError) as error:
            raise Invalid("prices", "malformed", str(error)) from None
    told = edits.apply(row, columns, TOLD)
    if not row.name:
        raise Invalid("name", "missing", "a provider has a name")
    for field, value, known in (("kind", row.kind, ProviderKind), ("ownership", row.ownership, Ownership)):
        if value not in set(known):
            raise Invalid(field, "unknown", f"one of {', '.join(known)}")
    if row.contract_from and row.contract_until and row.contract_until < row.contract_from:
        raise Invalid("contract_until", "before-start", "the contract ends before it begins")
    return told


def _must_be_empty(session: Session, row: Organisation) -> None:
    open_ = select(func.count(Station.id)).where(Station.organisation_id == row.id, Station.active)
    if number := session.scalar(open_):
        raise Conflict(f"{number} stations of this provider are still open", stations=number)


def _as_json(session: Session, rows: list[Organisation], day: date) -> list[dict[str, Any]]:
    """Each with its open stations, and the helpers of all its stations."""
    ids = [row.id for row in rows]
    of = Station.organisation_id
    open_ = select(of, func.count()).where(of.in_(ids), Station.active).group_by(of)
    working = select(of, func.count()).join(Worker, Worker.station_id == Station.id)
    working = working.where(of.in_(ids), Worker.active).group_by(of)
    stations, people = ({row[0]: row[1] for row in session.execute(query)} for query in (open_, working))
    return [_json(row, day) | {"stations": stations.get(row.id, 0), "people": people.get(row.id, 0)} for row in rows]


def _json(row: Organisation, day: date) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "version": row.version,
        "name": row.name,
        "kind": row.kind,
        "ownership": row.ownership,
        "area": {"id": str(row.area_id), "name": row.area.name},
        "licence": row.licence,
        "licence_until": row.licence_until and row.licence_until.isoformat(),
        "licence_days": None if row.licence_until is None else days_left(row.licence_until, day),
        "contract": row.contract,
        "contract_from": row.contract_from and row.contract_from.isoformat(),
        "contract_until": row.contract_until and row.contract_until.isoformat(),
        "contract_days": None if row.contract_until is None else days_left(row.contract_until, day),
        "prices": row.prices,
        "active": row.active,
    }
