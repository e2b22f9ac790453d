"""Who is on duty: shifts, weekly patterns, gaps, and the telephones that ring."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Id, Model, Problem, When
from dispatch.domain.errors import Invalid
from dispatch.domain.permissions import May
from dispatch.services.duty import board, patterns, phones, roster
from dispatch.services.duty.seats import Doing, Who
from dispatch.services.phone_numbers import normal_number

api = APIBlueprint(
    "duty",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="duty")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)
LONGEST_LOOK = timedelta(days=62)
Code = Annotated[str, StringConstraints(min_length=1, max_length=20)]
OfDay = Annotated[str, StringConstraints(pattern=r"^\d{2}:\d{2}$")]


class ShiftPath(Model):
    shift_id: Id


class PatternPath(Model):
    pattern_id: Id


class PhonePath(Model):
    phone_id: Id


class ShiftsQuery(Model):
    first: When = Field(alias="from")
    last: When = Field(alias="to")


class VersionQuery(Model):
    version: int | None = Field(None, ge=0, le=2**31 - 1)


class Named(Model):
    user_id: Id | None = None
    phone_id: Id | None = None

    def who(self) -> Who:
        return Who(_int(self.user_id), _int(self.phone_id))


class ShiftIn(Named):
    role: Code
    area_id: Id
    starts_at: When
    ends_at: When


class ShiftChangeIn(Named):
    version: int | None = Field(None, ge=0, le=2**31 - 1)
    starts_at: When | None = None
    ends_at: When | None = None


class SwapIn(Model):
    first: Id
    second: Id


class CopyIn(Model):
    source: date
    """The first of the seven days to copy."""
    target: date
    area_id: Id


class Times(Model):
    starts: OfDay
    ends: OfDay


class PatternIn(Named):
    version: int | None = Field(None, ge=0, le=2**31 - 1)
    role: Code
    area_id: Id
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(max_length=7)
    starts: OfDay
    ends: OfDay
    valid_from: date
    valid_to: date | None = None
    exceptions: dict[str, Times | None] = Field(default_factory=dict, max_length=200)
    """By day: null, nobody; or other times."""

    def pattern(self) -> patterns.NewPattern:
        exceptions = {day: None if times is None else times.model_dump() for day, times in self.exceptions.items()}
        return patterns.NewPattern(
            role=self.role,
            area_id=int(self.area_id),
            who=self.who(),
            weekdays=frozenset(self.weekdays),
            starts=self.starts,
            ends=self.ends,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            exceptions=exceptions,
        )


class PhoneIn(Model):
    label: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=32)] | None = None
    area_id: Id | None = None
    user_id: Id | None = None
    nobody: bool = False
    active: bool | None = None
    last_resort: bool | None = None

    def fields(self) -> phones.PhoneFields:
        number = normal_number(self.phone)
        if self.phone is not None and number is None:
            raise Invalid("phone", "malformed", "this is no telephone number")
        return phones.PhoneFields(
            label=self.label,
            phone=number,
            area_id=_int(self.area_id),
            user_id=_int(self.user_id),
            nobody=self.nobody,
            active=self.active,
            last_resort=self.last_resort,
        )


def _int(value: str | None) -> int | None:
    return None if value is None else int(value)


def _doing() -> Doing:
    return Doing(allowed(May.DUTY_EDIT), now())


@api.get("/duty/now", summary="Who is on duty, where nobody is, and where nobody will be")
def get_now() -> Response:
    return jsonify(board.now_on_duty(centre(), allowed(May.DUTY_READ), now()))


@api.get("/duty/people", summary="Who can be put on duty, where and as what")
def get_people() -> Response:
    return jsonify(board.people(centre(), allowed(May.DUTY_READ)))


@api.get("/duty/shifts", summary="The shifts of a time, with what looks wrong")
def list_shifts(query: ShiftsQuery) -> Response:
    actor = allowed(May.DUTY_READ)
    if not timedelta(0) < query.last - query.first <= LONGEST_LOOK:
        raise Invalid("to", "out-of-range", f"look at 1 to {LONGEST_LOOK.days} days at once")
    return jsonify(board.shifts(centre(), actor, query.first, query.last))


def _shift(doing: Doing, shift_id: int, status: int = 200) -> Response:
    answer = jsonify(board.shift(centre(), doing.actor, shift_id))
    answer.status_code = status
    return answer


@api.post("/duty/shifts", summary="Put somebody on duty")
def post_shift(body: ShiftIn) -> Response:
    doing = _doing()
    shift_id = roster.add_shift(
        centre(),
        doing,
        role=body.role,
        area_id=int(body.area_id),
        who=body.who(),
        starts_at=body.starts_at,
        ends_at=body.ends_at,
    )
    return _shift(doing, shift_id, 201)


@api.patch("/duty/shifts/<shift_id>", summary="Other times, or somebody else")
def patch_shift(path: ShiftPath, body: ShiftChangeIn) -> Response:
    doing = _doing()
    who = body.who() if body.user_id or body.phone_id else None
    change = roster.ShiftChange(body.version, who, body.starts_at, body.ends_at)
    roster.change_shift(centre(), doing, int(path.shift_id), change)
    return _shift(doing, int(path.shift_id))


@api.delete("/duty/shifts/<shift_id>", summary="Take it out of the plan; one that has begun ends now")
def delete_shift(path: ShiftPath, query: VersionQuery) -> Response:
    roster.cancel_shift(centre(), _doing(), int(path.shift_id), query.version)
    return Response(status=204)


@api.post("/duty/shifts/swap", summary="Each takes the other's shift")
def swap_shifts(body: SwapIn) -> Response:
    roster.swap(centre(), _doing(), int(body.first), int(body.second))
    return Response(status=204)


@api.post("/duty/weeks/copy", summary="Write a week again, some weeks later")
def copy_week(body: CopyIn) -> Response:
    copied, skipped = roster.copy_week(
        centre(), _doing(), source=body.source, target=body.target, area_id=int(body.area_id)
    )
    return jsonify(copied=copied, skipped=skipped)


@api.get("/duty/patterns", summary="The weekly patterns")
def list_patterns() -> Response:
    return jsonify(board.patterns(centre(), allowed(May.DUTY_READ)))


@api.post("/duty/patterns", summary="A weekly pattern, and its shifts for the weeks to come")
def post_pattern(body: PatternIn) -> Response:
    answer = jsonify(id=str(patterns.add_pattern(centre(), _doing(), body.pattern())))
    answer.status_code = 201
    return answer


@api.put("/duty/patterns/<pattern_id>", summary="Write its shifts to come anew")
def put_pattern(path: PatternPath, body: PatternIn) -> Response:
    patterns.change_pattern(centre(), _doing(), int(path.pattern_id), body.pattern(), body.version)
    return Response(status=204)


@api.delete("/duty/patterns/<pattern_id>", summary="No further shifts")
def delete_pattern(path: PatternPath, query: VersionQuery) -> Response:
    patterns.end_pattern(centre(), _doing(), int(path.pattern_id), query.version)
    return Response(status=204)


@api.post("/duty/phones", summary="Another duty telephone")
def post_phone(body: PhoneIn) -> Response:
    answer = jsonify(phones.save(centre(), _doing(), None, body.fields()))
    answer.status_code = 201
    return answer


@api.patch("/duty/phones/<phone_id>", summary="Who carries it, whether it is in use, whether it is a last resort")
def patch_phone(path: PhonePath, body: PhoneIn) -> Response:
    return jsonify(phones.save(centre(), _doing(), int(path.phone_id), body.fields()))
