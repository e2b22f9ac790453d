"""Shapes of requests and answers: validation and the OpenAPI document come from here."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dispatch.domain.calls import CallEvent
from dispatch.domain.case import Channel, Help, Kind, State
from dispatch.domain.followup import Result, Then
from dispatch.domain.signals import SignalKind

MAX_DEPTH = 12
MAX_NODES = 2000


def _storable(value: Any, depth: int = 0) -> int:
    """Count the nodes of ``value``; raise for text that no database can keep (NUL, lone surrogates) and for mazes."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("text must not contain the character NUL")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("text must be valid Unicode") from None
        return 1
    if isinstance(value, float) and not math.isfinite(value):  # how Python reads 1e999
        raise ValueError("numbers must be finite")
    if isinstance(value, dict):
        nodes = sum(_storable(k, depth + 1) + _storable(v, depth + 1) for k, v in value.items())
    elif isinstance(value, list):
        nodes = sum(_storable(v, depth + 1) for v in value)
    else:
        return 1
    if nodes > MAX_NODES:
        raise ValueError(f"more than {MAX_NODES} values")
    return nodes


class Shape(BaseModel):
    """What the OpenAPI layer asks for its JSON schema with every route that names it: some 650 times at each start."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return _schema_of(super().model_json_schema, *args, **kwargs)


@cache
def _schema_of(made: Callable[..., dict[str, Any]], *args: Any, **kwargs: Any) -> dict[str, Any]:
    return made(*args, **kwargs)


class Model(Shape):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _only_storable(cls, values: Any) -> Any:
        _storable(values)
        return values


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is out of range") from None


When = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""RFC 3339 with a zone."""
Id = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]
Item = Annotated[str, StringConstraints(max_length=30, pattern=r"^[a-z_]+$")]
"""Of ``config/catalogue.yaml``."""
Note = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Priority = Annotated[int, Field(ge=1, le=4)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class Problem(Shape):
    """RFC 9457. ``errors`` where a field is wrong; further members by kind of problem."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


class CasePath(Model):
    case_id: Id

    @property
    def id(self) -> int:
        return int(self.case_id)


class ElderPath(Model):
    elder_id: Id


class Page(Model):
    limit: int = Field(50, ge=1, le=200)
    cursor: Id | None = None


class SignalIn(Model):
    """What a device or its gateway reports."""

    device: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """The number that the device itself sends."""
    kind: SignalKind
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The same for every try of one event: it is then one event however often it comes."""
    occurred_at: When | None = None
    data: dict[str, Any] | None = None


class SignalOut(Shape):
    signal_id: str
    case_id: str | None
    duplicate: bool
    unknown_device: bool | None
    """None while ``spooled``: not known yet."""
    spooled: bool = False
    """The database is away: the signal is safe on this server's disk and is brought in when it returns."""


class CallIn(Model):
    call_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    event: CallEvent
    caller: Phone | None = None
    called: Phone | None = None
    agent: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    at: When | None = None
    recording_url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://")] | None = None


class CallOut(Shape):
    call_id: str
    case_id: str | None
    elders: list[dict[str, Any]]


class SignInIn(Model):
    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=200)]
    code: str | None = Field(None, max_length=40)


class ApplicantIn(Model):
    """Who asks in the elder's place."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    relation: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None


class CaseIn(Model):
    kind: Kind
    channel: Literal[
        Channel.HOTLINE, Channel.COUNTER, Channel.APP, Channel.VISIT, Channel.PROXY, Channel.PAPER, Channel.STATION
    ]
    elder_id: Id | None = None
    caller_number: Phone | None = None
    help: Help | None = None
    item: Item | None = None
    """Of ``GET /services``, under ``help``."""
    wanted_at: When | None = None
    wanted_until: When | None = None
    """It may begin until then, and from ``wanted_at`` on."""
    sex: Literal["F", "M"] | None = None
    """By whom the elder wants to be helped."""
    worker_id: Id | None = None
    """Whom the elder would like to come."""
    text: Note | None = None
    priority: Priority | None = None
    take: bool = False
    applicant: ApplicantIn | None = None


class Versioned(Model):
    version: int | None = Field(None, ge=0, le=2**53)


class TakeIn(Versioned):
    force: bool = False
    reason: Short | None = None


class ReleaseIn(Versioned):
    reason: Short | None = None


class HoldIn(Versioned):
    until: When
    reason: Short


Tab = Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9a-zA-Z_-]*$")]
"""Which window of the browser; each keeps its own draft."""


class NoteIn(Model):
    text: Note
    tab: Tab = ""
    client_uuid: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


class PriorityIn(Versioned):
    priority: Priority
    reason: Short | None = None


class MergeIn(Versioned):
    into: Id


class CloseIn(Versioned):
    outcome: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    text: Note | None = None
    follow_up_at: When | None = None
    script_reason: Note | None = None
    """Why mandatory steps of the script have no answer, where the centre asks for it."""


class ReopenIn(Model):
    reason: Short


class FollowUpIn(Model):
    result: Result
    text: Note | None = None
    then: Then | None = None
    """What follows from what was not good; a "not satisfied" must say it."""


class CallOutIn(Model):
    to: Literal["elder", "contact", "callback", "worker"]
    contact_id: Id | None = None
    callback_id: Id | None = None
    worker_id: Id | None = None
    join: bool = False
    """Into the conversation that the operator has about this case already: three speak with each other."""

    @model_validator(mode="after")
    def _named(self) -> CallOutIn:
        for name in ("contact", "callback", "worker"):
            if (self.to == name) != (getattr(self, f"{name}_id") is not None):
                raise ValueError(f"send {name}_id with to={name}, and only then")
        return self


class DraftIn(Model):
    text: Annotated[str, StringConstraints(strip_whitespace=False, max_length=4000)]
    tab: Tab = ""


class SinceQuery(Model):
    seq: int = Field(ge=0, le=2**53)


class CasesQuery(Page):
    state: State | None = None
    priority: Priority | None = None
    kind: Kind | None = None
    help: Help | None = None
    elder: Id | None = None
    area: Id | None = None
    owner: Annotated[str, StringConstraints(pattern=r"^(me|none|[0-9]{1,18})$")] | None = None
    opened_from: When | None = Field(None, alias="from")
    opened_to: When | None = Field(None, alias="to")
    q: Annotated[str, StringConstraints(max_length=100)] | None = None


class SignalsQuery(Page):
    cursor: Annotated[str, StringConstraints(max_length=40)] | None = None
    understood: bool | None = None


class OwnerOut(Shape):
    id: str
    name: str
    since: str | None


class CaseRow(Shape):
    """A case as the live list shows it; ids are opaque, times RFC 3339 in UTC."""

    id: str
    number: str
    kind: Kind
    help: Help | None
    cause: str
    channel: str
    priority: int
    top_priority: int
    """The most urgent that it has ever been."""
    state: State
    version: int
    opened_at: str
    waiting_since: str
    answer_due_at: str | None
    next_due_at: str | None
    held_until: str | None
    owner: OwnerOut | None
    elder: dict[str, Any] | None
    caller: str | None
    address_short: str | None
    area: dict[str, str] | None
    signals: int
    escalation: int
    flags: list[str]
    area_event: dict[str, Any] | None
    last_event: dict[str, Any]


class SnapshotOut(Shape):
    seq: int
    server_time: str
    cases: list[CaseRow]


class LiveOpOut(Shape):
    op: Literal["put", "del"]
    row: CaseRow


class SinceOut(Shape):
    seq: int
    server_time: str
    ops: list[LiveOpOut]


class CasesOut(Shape):
    items: list[CaseRow]
    next_cursor: str | None
    total: int | None = None
