"""Providers and their stations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.elders import Lat, Lon
from dispatch.api.schemas import Id, Item, Model, Page, Phone, Problem, Versioned
from dispatch.api.workforce import number, page_of
from dispatch.domain.helps.providers import Function, Ownership, ProviderKind, StationKind
from dispatch.domain.permissions import May
from dispatch.services.workforce import providers, stations, today
from dispatch.services.workforce.providers import ProviderFilter
from dispatch.services.workforce.stations import StationFilter

api = APIBlueprint(
    "providers",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="workforce")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Paper = Annotated[str, StringConstraints(max_length=50)]
Address = Annotated[str, StringConstraints(max_length=200)]
NULLABLE = frozenset(
    {"licence", "licence_until", "contract", "contract_from", "contract_until"}
    | {"organisation_id", "parent_id", "address", "phone", "lat", "lon"}
)
"""What may be taken away with null."""


class ProviderPath(Model):
    provider_id: Id


class StationPath(Model):
    station_id: Id


class ProvidersQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    kind: ProviderKind | None = None
    area: Id | None = None
    active: bool | None = None


class PriceIn(Model):
    valid_from: date = Field(alias="from")
    fen: int = Field(ge=0, le=10_000_000)


class ProviderChangeIn(Versioned):
    """What is left out stays as it is."""

    name: Name | None = None
    kind: ProviderKind | None = None
    ownership: Ownership | None = None
    area_id: Id | None = None
    licence: Paper | None = None
    licence_until: date | None = None
    contract: Paper | None = None
    contract_from: date | None = None
    contract_until: date | None = None
    prices: dict[Item, list[PriceIn]] | None = None
    """The whole list: by item of the catalogue what this provider asks from which day on."""
    active: bool | None = None

    def wanted(self) -> dict[str, Any]:
        found = sent(self)
        if "prices" in found:
            found["prices"] = {
                item: [{"from": one.valid_from.isoformat(), "fen": one.fen} for one in rows]
                for item, rows in found["prices"].items()
            }
        return found


class ProviderIn(ProviderChangeIn):
    name: Name
    kind: ProviderKind
    ownership: Ownership
    area_id: Id


class StationsQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    provider: Id | None = None
    area: Id | None = None
    active: bool | None = None


class StationChangeIn(Versioned):
    """What is left out stays as it is."""

    name: Name | None = None
    kind: StationKind | None = None
    organisation_id: Id | None = None
    parent_id: Id | None = None
    area_id: Id | None = None
    address: Address | None = None
    phone: Phone | None = None
    lat: Lat | None = None
    lon: Lon | None = None
    functions: list[Function] | None = Field(None, max_length=20)
    active: bool | None = None
    seats: list[Id] | None = Field(None, max_length=50)
    """The sign-ins that see this station's people, and those of the stations below, and no others."""

    def wanted(self) -> dict[str, Any]:
        found = sent(self)
        if "seats" in found:
            found["seats"] = [int(one) for one in found["seats"]]
        if "functions" in found:
            found["functions"] = sorted({str(one) for one in found["functions"]})
        return found


class StationIn(StationChangeIn):
    name: Name
    kind: StationKind
    area_id: Id


def sent(body: Versioned) -> dict[str, Any]:
    """What the request named; ids as numbers."""
    found = {name: getattr(body, name) for name in body.model_fields_set - {"version"}}
    found = {name: value for name, value in found.items() if value is not None or name in NULLABLE}
    return {name: int(value) if name.endswith("_id") and value is not None else value for name, value in found.items()}


def _provider(provider_id: int, status: int = 200) -> Response:
    answer = jsonify(providers.provider(centre(), provider_id, allowed(May.WORKFORCE_READ), now()))
    answer.status_code = status
    return answer


def _station(station_id: int, status: int = 200) -> Response:
    answer = jsonify(stations.station(centre(), station_id, allowed(May.WORKFORCE_READ)))
    answer.status_code = status
    return answer


@api.get("/providers", summary="Those with whom the centre has contracts")
def list_providers(query: ProvidersQuery) -> Response:
    wanted = ProviderFilter(query.q, query.kind, number(query.area), query.active)
    return jsonify(providers.providers(centre(), allowed(May.WORKFORCE_READ), wanted, page_of(query), now()))


@api.post("/providers", summary="A new provider", responses={201: None})
def post_provider(body: ProviderIn) -> Response:
    made = providers.add(centre(), act(may=May.WORKFORCE_EDIT), body.wanted())
    return _provider(int(made["id"]), 201)


@api.get("/providers/<provider_id>", summary="One provider with its price list")
def get_provider(path: ProviderPath) -> Response:
    return _provider(int(path.provider_id))


@api.patch("/providers/<provider_id>", summary="Change what is named; prices as a whole list")
def patch_provider(path: ProviderPath, body: ProviderChangeIn) -> Response:
    doer = act(body.version, may=May.WORKFORCE_EDIT)
    providers.change(centre(), int(path.provider_id), doer, body.wanted())
    return _provider(int(path.provider_id))


@api.get("/stations", summary="The stations, each with the one above it")
def list_stations(query: StationsQuery) -> Response:
    wanted = StationFilter(query.q, number(query.provider), number(query.area), query.active)
    return jsonify(stations.stations(centre(), allowed(May.WORKFORCE_READ), wanted, page_of(query)))


@api.get("/stations/seats", summary="Who can sit at the desk of a station")
def list_seats() -> Response:
    return jsonify(stations.desk_people(centre(), allowed(May.WORKFORCE_EDIT)))


@api.post("/stations", summary="A new station", responses={201: None})
def post_station(body: StationIn) -> Response:
    made = stations.add(centre(), act(may=May.WORKFORCE_EDIT), body.wanted())
    return _station(int(made["id"]), 201)


@api.get("/stations/<station_id>", summary="One station, and who sits at its desk")
def get_station(path: StationPath) -> Response:
    return _station(int(path.station_id))


@api.patch("/stations/<station_id>", summary="Change what is named")
def patch_station(path: StationPath, body: StationChangeIn) -> Response:
    stations.change(centre(), int(path.station_id), act(body.version, may=May.WORKFORCE_EDIT), body.wanted())
    return _station(int(path.station_id))


@api.get("/stations/<station_id>/today", summary="Its people, and who is where in today's visits")
def get_today(path: StationPath) -> Response:
    # Whoever may see the cases of the area may see who goes to them.
    return jsonify(today.of_station(centre(), int(path.station_id), allowed(May.CASES_READ), now()))
