"""Elders: the list, the file, its changes, absence, contacts, facts, history and counts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints, model_validator

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import ElderPath, Id, Model, Page, Phone, Problem, Short, Versioned, When
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.register import counts, edits, elders, file, listing, surroundings
from dispatch.services.register.elders import Absence, Person
from dispatch.services.register.households import Home
from dispatch.services.register.narrowing import ElderFilter

api = APIBlueprint(
    "elders",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="elders")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Identity = Annotated[str, StringConstraints(min_length=1, max_length=24)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Languages = Annotated[list[Code], Field(max_length=10)]
Missing = Literal[
    "assessment",
    "phone",
    "identity_number",
    "contact",
    "key",
    "doctor",
    "point",
    "form",
    "near_station",
    "near_worker",
    "near_nurse",
    "near_volunteer",
    "near_grid_worker",
    "near_social_worker",
    "near_rescue",
]
"""``near_``: none within the 15-minute circle of the home."""
Lat = Annotated[float, Field(ge=-90, le=90)]
Lon = Annotated[float, Field(ge=-180, le=180)]


class Narrowing(Model):
    area: Id | None = None
    tag: Code | None = None
    level: Annotated[str, StringConstraints(pattern=r"^([0-9]|none)$")] | None = None
    form: Code | None = None
    absent: bool | None = None
    missing: Missing | None = None
    archived: bool = False

    def chosen(self, q: str = "") -> ElderFilter:
        area_id = None if self.area is None else int(self.area)
        return ElderFilter(q, area_id, self.tag, self.level, self.form, self.absent, self.missing, self.archived)


class EldersQuery(Narrowing, Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    """Each word: a part of the name, its sound or initials, a part of the address, the end of a telephone number
    (4 digits or more), a device's number, or a whole identity number."""


class CountsQuery(Narrowing):
    by: Literal["area", "level", "tag", "form"]


class HouseholdIn(Model):
    """One that is there (``id``), or a new one."""

    id: Id | None = None
    area_id: Id | None = None
    address: Address | None = None
    lat: Lat | None = None
    lon: Lon | None = None
    access_notes: Annotated[str, StringConstraints(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> HouseholdIn:
        new = self.area_id is not None and self.address is not None
        if (self.id is None) != new or (self.id is not None and self.model_fields_set != {"id"}):
            raise ValueError("send the id of a household, or area_id and address of a new one")
        return self

    @property
    def home(self) -> Home | int:
        if self.id is not None:
            return int(self.id)
        assert self.area_id is not None, "validated"
        assert self.address is not None, "validated"
        return Home(int(self.area_id), self.address, self.lat, self.lon, self.access_notes)


class ElderIn(Model):
    name: Name
    sex: Literal["F", "M"]
    birth_date: date
    phone: Phone | None = None
    identity_number: Identity | None = None
    languages: Languages = Field(default_factory=list)
    dialect: Code | None = None
    hearing: Code | None = None
    household: HouseholdIn
    even_if_double: bool = False


class ElderChangeIn(Versioned):
    """What is not sent stays; null takes a value away where one need not be."""

    name: Name | None = None
    sex: Literal["F", "M"] | None = None
    birth_date: date | None = None
    phone: Phone | None = None
    identity_number: Identity | None = None
    languages: Languages | None = None
    dialect: Code | None = None
    hearing: Code | None = None
    household: HouseholdIn | None = None
    even_if_double: bool = False

    @model_validator(mode="after")
    def _kept(self) -> ElderChangeIn:
        for name in ("name", "sex", "birth_date", "languages"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be taken away")
        return self

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in elders.FIELDS if name in self.model_fields_set}


class ArchiveIn(Versioned):
    reason: Short
    kind: Literal["died", "moved"] | None = None


class AbsenceIn(Versioned):
    kind: Literal["hospital", "away"]
    until: When | None = None
    note: Short | None = None


class ContactPath(ElderPath):
    contact_id: Id


class ContactIn(Versioned):
    name: Name
    relation: Code
    phone: Phone
    minutes_away: Annotated[int, Field(ge=0, le=2880)] | None = None
    has_key: bool = False
    order: Annotated[int, Field(ge=1, le=100)] | None = None


class ContactChangeIn(Versioned):
    name: Name | None = None
    relation: Code | None = None
    phone: Phone | None = None
    minutes_away: Annotated[int, Field(ge=0, le=2880)] | None = None
    has_key: bool | None = None
    order: Annotated[int, Field(ge=1, le=100)] | None = None

    @property
    def wanted(self) -> dict[str, Any]:
        """``minutes_away`` alone can be taken away."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"version"}}
        return {name: value for name, value in sent.items() if value is not None or name == "minutes_away"}


class FactPath(ElderPath):
    fact_id: Id


FactKind = Annotated[str, StringConstraints(min_length=1, max_length=20)]
FactText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class FactIn(Versioned):
    kind: FactKind
    text: FactText
    source: Source
    confirmed_at: When | None = None


class FactChangeIn(Versioned):
    kind: FactKind | None = None
    text: FactText | None = None
    source: Source | None = None
    confirmed_at: When | None = None
    confirm: bool = False
    """It was said again that it is so."""


def _page(query: Page) -> PageOf:
    return PageOf(query.limit, None if query.cursor is None else int(query.cursor))


def _changed(elder_id: str, status: int = 200) -> Response:
    """The whole file as it is now, with its new version."""
    who = allowed(May.REGISTER_EDIT)
    answer = jsonify(file.elder_file(centre(), int(elder_id), who, now()))
    answer.status_code = status
    return answer


@api.get("/elders", summary="Find elders; total where it can be counted")
def list_elders(query: EldersQuery) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify(listing.elders(centre(), who, query.chosen(query.q), _page(query), now()))


@api.get("/register/counts", summary="How many elders, by area, level, group or form of care")
def get_counts(query: CountsQuery) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify(counts.counts(centre(), who, query.by, query.chosen(), now()))


@api.post("/elders", summary="Write an elder down; 409 with candidates for somebody who seems to be there already")
def post_elder(body: ElderIn) -> Response:
    doing = act(may=May.REGISTER_EDIT)
    person = Person(
        body.name,
        body.sex,
        body.birth_date,
        body.phone,
        body.identity_number,
        tuple(body.languages),
        body.dialect,
        body.hearing,
    )
    done = elders.register(centre(), doing, person, body.household.home, even_if_double=body.even_if_double)
    return _changed(done["id"], 201)


@api.get("/elders/<elder_id>", summary="The file of an elder, masked but for whoever has their emergency")
def get_elder(path: ElderPath) -> Response:
    return jsonify(file.elder_file(centre(), int(path.elder_id), allowed(May.REGISTER_READ), now()))


@api.patch("/elders/<elder_id>", summary="Change the file of an elder")
def patch_elder(path: ElderPath, body: ElderChangeIn) -> Response:
    elders.change(
        centre(),
        int(path.elder_id),
        act(body.version, may=May.REGISTER_EDIT),
        body.wanted,
        move_to=body.household.home if body.household else None,
        even_if_double=body.even_if_double,
    )
    return _changed(path.elder_id)


@api.post("/elders/<elder_id>/archive", summary="Out of the register; the file stays")
def post_archive(path: ElderPath, body: ArchiveIn) -> Response:
    elders.archive(centre(), int(path.elder_id), act(body.version, may=May.REGISTER_EDIT), body.reason, body.kind)
    return _changed(path.elder_id)


@api.delete("/elders/<elder_id>/archive", summary="Back into the register")
def delete_archive(path: ElderPath, body: Versioned) -> Response:
    elders.restore(centre(), int(path.elder_id), act(body.version, may=May.REGISTER_EDIT))
    return _changed(path.elder_id)


@api.get("/elders/<elder_id>/history", summary="Who changed what of an elder and the home, newest first")
def get_history(path: ElderPath, query: Page) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify(edits.history(centre(), int(path.elder_id), who, _page(query)))


@api.put("/elders/<elder_id>/absence", summary="In hospital or away, until then or until further notice")
def put_absence(path: ElderPath, body: AbsenceIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    elders.set_absence(centre(), int(path.elder_id), doing, Absence(body.kind, body.until, body.note))
    return _changed(path.elder_id)


@api.delete("/elders/<elder_id>/absence", summary="At home again")
def delete_absence(path: ElderPath, body: Versioned) -> Response:
    elders.set_absence(centre(), int(path.elder_id), act(body.version, may=May.REGISTER_EDIT), None)
    return _changed(path.elder_id)


@api.post("/elders/<elder_id>/contacts", summary="Somebody who stands by the elder")
def post_contact(path: ElderPath, body: ContactIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    surroundings.add_contact(centre(), int(path.elder_id), doing, body.model_dump(exclude={"version"}))
    return _changed(path.elder_id, 201)


@api.patch("/elders/<elder_id>/contacts/<contact_id>", summary="Change a contact, or their place in the order")
def patch_contact(path: ContactPath, body: ContactChangeIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    surroundings.change_contact(centre(), int(path.elder_id), int(path.contact_id), doing, body.wanted)
    return _changed(path.elder_id)


@api.delete("/elders/<elder_id>/contacts/<contact_id>", summary="They stand by the elder no more")
def delete_contact(path: ContactPath, body: Versioned) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    surroundings.remove_contact(centre(), int(path.elder_id), int(path.contact_id), doing)
    return _changed(path.elder_id)


@api.post("/elders/<elder_id>/facts", summary="Something lasting about the elder")
def post_fact(path: ElderPath, body: FactIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    surroundings.add_fact(centre(), int(path.elder_id), doing, body.model_dump(exclude={"version"}))
    return _changed(path.elder_id, 201)


@api.patch("/elders/<elder_id>/facts/<fact_id>", summary="Change a fact, or confirm that it still holds")
def patch_fact(path: FactPath, body: FactChangeIn) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    wanted = body.model_dump(exclude={"version", "confirm"}, exclude_unset=True)
    surroundings.change_fact(centre(), int(path.elder_id), int(path.fact_id), doing, wanted, confirm=body.confirm)
    return _changed(path.elder_id)


@api.delete("/elders/<elder_id>/facts/<fact_id>", summary="It is so no more")
def delete_fact(path: FactPath, body: Versioned) -> Response:
    doing = act(body.version, may=May.REGISTER_EDIT)
    surroundings.remove_fact(centre(), int(path.elder_id), int(path.fact_id), doing)
    return _changed(path.elder_id)
