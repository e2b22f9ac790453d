"""Homes: where they are, how one gets in, who has a key."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.elders import Address, Lat, Lon, Name
from dispatch.api.privacy import page_of
from dispatch.api.schemas import Id, Model, Page, Problem, Short, Versioned
from dispatch.domain.permissions import May
from dispatch.services.register import households
from dispatch.services.register.households import Key

api = APIBlueprint(
    "households",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="households")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)


class HouseholdPath(Model):
    household_id: Id


class HouseholdsQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    area: Id | None = None


class NewHouseholdIn(Model):
    area_id: Id
    address: Address
    lat: Lat | None = None
    lon: Lon | None = None
    access_notes: Annotated[str, StringConstraints(max_length=1000)] | None = None


class HouseholdChangeIn(Versioned):
    """What is not sent stays. ``access_notes``, or ``lat`` and ``lon`` together, can be null."""

    area_id: Id | None = None
    address: Address | None = None
    lat: Lat | None = None
    lon: Lon | None = None
    access_notes: Annotated[str, StringConstraints(max_length=1000)] | None = None
    even_if_double: bool = False

    @property
    def wanted(self) -> dict[str, Any]:
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"version", "even_if_double"}}
        if sent.get("area_id") is not None:
            sent["area_id"] = int(sent["area_id"])
        return sent


class KeyIn(Model):
    holder: Name
    contact_id: Id | None = None
    where: Short | None = None


class KeysIn(Versioned):
    keys: Annotated[list[KeyIn], Field(max_length=20)]


@api.get("/households", summary="Homes, by a part of the address; who lives there is found by /elders")
def list_households(query: HouseholdsQuery) -> Response:
    who = allowed(May.REGISTER_READ)
    sought = households.Sought(query.q, None if query.area is None else int(query.area))
    return jsonify(households.homes(centre(), who, sought, page_of(query)))


@api.post("/households", summary="Write a home down in which nobody lives yet; an elder brings their own with them")
def post_household(body: NewHouseholdIn) -> Response:
    doing = act(may=May.REGISTER_EDIT)
    home = households.Home(int(body.area_id), body.address, body.lat, body.lon, body.access_notes)
    done = households.register(centre(), doing, home)
    answer = jsonify(households.one(centre(), int(done["id"]), doing.actor))
    answer.status_code = 201
    return answer


@api.get("/households/<household_id>", summary="A home and who lives there")
def get_household(path: HouseholdPath) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify(households.one(centre(), int(path.household_id), who))


@api.patch("/households/<household_id>", summary="Change the address, the point or the way in")
def patch_household(path: HouseholdPath, body: HouseholdChangeIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    number = int(path.household_id)
    households.change(centre(), number, doing, body.wanted, even_if_double=body.even_if_double)
    return jsonify(households.one(centre(), number, doing.actor))


@api.put("/households/<household_id>/keys", summary="Who has a key from now on")
def put_keys(path: HouseholdPath, body: KeysIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    keys = [Key(k.holder, None if k.contact_id is None else int(k.contact_id), k.where) for k in body.keys]
    households.put_keys(centre(), int(path.household_id), doing, keys)
    return jsonify(households.one(centre(), int(path.household_id), doing.actor))
