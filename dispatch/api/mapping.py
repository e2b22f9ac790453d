"""What the words of devices mean: seen, tried on what a device said lately, and said anew."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, context, now
from dispatch.api.schemas import Id, Model, Page, Problem, Short
from dispatch.domain.mapping import Scope
from dispatch.domain.overlay import LONGEST, MOST_ACTIONS, MOST_STATES, MOST_VALUES
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.devices import mapping, trying
from dispatch.services.devices.mapping import Looking, Proposed, Saving

api = APIBlueprint(
    "mapping",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="devices")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)
Number = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
Word = Annotated[str, StringConstraints(max_length=LONGEST)]
Kind = Annotated[str, StringConstraints(max_length=20)]


class WordsIn(Model):
    """A kind of signal or `ignore` for each word of a button, and for each value of a property."""

    actions: Annotated[dict[Word, Kind], Field(max_length=MOST_ACTIONS)] = Field(default_factory=dict)
    states: Annotated[
        dict[Word, Annotated[dict[Word, Kind], Field(max_length=MOST_VALUES)]], Field(max_length=MOST_STATES)
    ] = Field(default_factory=dict)


class MappingQuery(Model):
    number: Number
    """Of the device, registered or not."""


class VersionsQuery(Page, MappingQuery):
    scope: Scope


class TrialIn(Model):
    number: Number
    scope: Scope
    name: Name
    """The number of the device, or its model."""
    words: WordsIn | None = None
    """Over what is configured; none: as configured again."""

    @property
    def proposed(self) -> Proposed:
        words: dict[str, Any] | None = None if self.words is None else self.words.model_dump()
        return Proposed(self.scope, self.name, words)


class MappingIn(TrialIn):
    version: Id
    """The newest that was seen of this model or device; 0: none."""
    reason: Short
    even_if_silent: bool = False
    """Also where what is an alarm today will be none."""


@api.get("/mapping", summary="What the words of a device mean, by whom, and what it was heard to say")
def get_mapping(query: MappingQuery) -> Response:
    return _meaning(_looking(May.DEVICES_READ, query.number))


@api.post("/mapping/trial", summary="Its last hundred messages under other words; nothing is changed")
def post_trial(body: TrialIn) -> Response:
    return jsonify(trying.try_out(centre(), _looking(May.DEVICES_READ, body.number), body.proposed))


@api.put("/mapping", summary="Say what its words mean, or those of its model; gateways follow within seconds")
def put_mapping(body: MappingIn) -> Response:
    looking = _looking(May.MAPPING, body.number)
    saving = Saving(body.proposed, body.reason, int(body.version), body.even_if_silent)
    mapping.save(centre(), looking, saving, now())
    return _meaning(looking)


@api.get("/mapping/versions", summary="What was said of the device or of its model, newest first")
def get_versions(query: VersionsQuery) -> Response:
    looking = _looking(May.DEVICES_READ, query.number)
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(mapping.versions(centre(), looking, query.scope, page))


def _looking(may: May, number: str) -> Looking:
    return Looking(allowed(may), context().reader, number)


def _meaning(looking: Looking) -> Response:
    return jsonify(mapping.meaning(centre(), looking, now()))
