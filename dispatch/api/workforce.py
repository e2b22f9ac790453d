"""Those who go to the homes: the list, the file of each, their hours."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import Id, Item, Model, Page, Phone, Problem, Shape, Short, Versioned
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.work import Act
from dispatch.services.workforce import file, helpers, hours, listing
from dispatch.services.workforce.helpers import Held
from dispatch.services.workforce.hours import Days, Shift
from dispatch.services.workforce.listing import HelperFilter

api = APIBlueprint(
    "workforce",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="workforce")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
OfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Language = Annotated[str, StringConstraints(min_length=1, max_length=20)]


class WorkerPath(Model):
    worker_id: Id

    @property
    def id(self) -> int:
        return int(self.worker_id)


class WorkersQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    """A part of the name, how it sounds, its initials, or the telephone's ending."""
    area: Id | None = None
    kind: WorkerKind | None = None
    skill: Item | None = None
    station: Id | None = None
    active: bool | None = None
    lacks: Annotated[str, StringConstraints(pattern=r"^(hours|skills|areas|certificate)$")] | None = None
    absent: bool | None = None
    """Today."""

    def wanted(self) -> HelperFilter:
        return HelperFilter(
            q=self.q,
            area_id=number(self.area),
            kind=self.kind,
            skill=self.skill,
            station_id=number(self.station),
            active=self.active,
            lacks=self.lacks,
            absent=self.absent,
        )


class WorkerOut(Shape):
    id: str
    version: int
    name: str
    phone: str
    """Masked: enough to recognise, too little to call."""
    kind: str
    skills: list[str]
    area: dict[str, str]
    station: dict[str, str] | None
    active: bool
    user_id: str | None
    lacks: list[str]
    """Of ``hours``, ``skills``, ``areas``: never asked; ``certificate``: not asked for what it is needed for."""
    absent: bool


class WorkersOut(Shape):
    items: list[WorkerOut]
    next_cursor: str | None
    total: int


class HeldIn(Model):
    skill: Item
    level: int = Field(1, ge=1, le=3)
    certificate: Annotated[str, StringConstraints(max_length=50)] | None = None
    valid_until: date | None = None


class WorkerChangeIn(Versioned):
    """What is left out stays as it is; a list replaces the whole list."""

    name: Name | None = None
    phone: Phone | None = None
    kind: WorkerKind | None = None
    sex: Annotated[str, StringConstraints(pattern=r"^[FM]$")] | None = None
    languages: list[Language] | None = Field(None, max_length=20)
    capacity: int | None = Field(None, ge=1, le=50)
    area_id: Id | None = None
    station_id: Id | None = None
    user_id: Id | None = None
    active: bool | None = None
    skills: list[HeldIn] | None = Field(None, max_length=50)
    areas: list[Id] | None = Field(None, max_length=200)

    def wanted(self) -> dict[str, Any]:
        """``station_id``, ``user_id`` and ``sex`` may be taken away with null."""
        sent = self.model_fields_set - {"version"}
        found = {name: getattr(self, name) for name in sent}
        found = {k: v for k, v in found.items() if v is not None or k in ("station_id", "user_id", "sex")}
        for name in ("area_id", "station_id", "user_id"):
            if found.get(name) is not None:
                found[name] = int(found[name])
        if "areas" in found:
            found["areas"] = [int(one) for one in found["areas"]]
        if "skills" in found:
            found["skills"] = [Held(o.skill, o.level, o.certificate, o.valid_until) for o in found["skills"]]
        return found


class WorkerIn(WorkerChangeIn):
    name: Name
    phone: Phone
    area_id: Id


class AccountsQuery(Model):
    q: Annotated[str, StringConstraints(max_length=100)] = ""


class RevealIn(Model):
    reason: Short


class ShiftIn(Model):
    weekday: int = Field(ge=0, le=6)
    """0 Monday .. 6 Sunday, by the day on which it begins."""
    starts: OfDay
    ends: OfDay
    """One that is not later than ``starts`` lies on the next day."""


class WeekIn(Versioned):
    shifts: list[ShiftIn] = Field(max_length=42)


class HoursOfDay(Model):
    starts: OfDay
    ends: OfDay


class DaysIn(Versioned):
    first: date
    last: date
    hours: HoursOfDay | None = None
    """Left out: absent."""
    reason: Annotated[str, StringConstraints(max_length=50)] | None = None


class DaysQuery(Versioned):
    first: date
    last: date


def number(value: str | None) -> int | None:
    return None if value is None else int(value)


def page_of(query: Page) -> PageOf:
    return PageOf(query.limit, number(query.cursor))


def _file(worker_id: int, status: int = 200, **more: Any) -> Response:
    answer = jsonify(file.file(centre(), worker_id, allowed(May.WORKFORCE_READ), now()) | more)
    answer.status_code = status
    return answer


@api.get("/workers", summary="Those who go to the homes", responses={200: WorkersOut})
def list_workers(query: WorkersQuery) -> Response:
    actor = allowed(May.WORKFORCE_READ)
    return jsonify(listing.helpers(centre(), actor, query.wanted(), page_of(query), now()))


@api.post("/workers", summary="Somebody new, with skills and areas", responses={201: None})
def post_worker(body: WorkerIn) -> Response:
    made = helpers.add(centre(), act(may=May.WORKFORCE_EDIT), body.wanted())
    return _file(int(made["id"]), 201)


@api.get("/workers/accounts", summary="Sign-ins with the role of a helper that belong to nobody yet")
def list_accounts(query: AccountsQuery) -> Response:
    return jsonify(helpers.accounts(centre(), allowed(May.WORKFORCE_EDIT), query.q))


@api.get("/workers/<worker_id>", summary="The file of one helper")
def get_worker(path: WorkerPath) -> Response:
    return _file(path.id)


@api.patch("/workers/<worker_id>", summary="Change what is named; ``active: false`` asks them no more")
def patch_worker(path: WorkerPath, body: WorkerChangeIn) -> Response:
    helpers.change(centre(), path.id, act(body.version, may=May.WORKFORCE_EDIT), body.wanted())
    return _file(path.id)


@api.post("/workers/<worker_id>/reveal", summary="The telephone in clear, with a reason that is written down")
def post_reveal(path: WorkerPath, body: RevealIn) -> Response:
    doer = Act(allowed(May.REVEAL, May.WORKFORCE_EDIT), now())
    return jsonify(helpers.reveal(centre(), path.id, doer, body.reason))


@api.put("/workers/<worker_id>/shifts", summary="The hours of every week")
def put_shifts(path: WorkerPath, body: WeekIn) -> Response:
    shifts = [Shift(one.weekday, one.starts, one.ends) for one in body.shifts]
    hours.set_week(centre(), path.id, act(body.version, may=May.HOURS_EDIT), shifts)
    return _file(path.id)


@api.put("/workers/<worker_id>/days", summary="Absent, or at work at other hours, on some days")
def put_days(path: WorkerPath, body: DaysIn) -> Response:
    other = None if body.hours is None else (body.hours.starts, body.hours.ends)
    wanted = Days(body.first, body.last, other, body.reason)
    done = hours.set_days(centre(), path.id, act(body.version, may=May.HOURS_EDIT), wanted)
    return _file(path.id, visits_left=done["visits"])


@api.delete("/workers/<worker_id>/days", summary="These days are as in every week again")
def delete_days(path: WorkerPath, query: DaysQuery) -> Response:
    wanted = Days(query.first, query.last)
    hours.clear_days(centre(), path.id, act(query.version, may=May.HOURS_EDIT), wanted)
    return _file(path.id)
