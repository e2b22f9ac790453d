"""The change of shift."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import Id, Model, Note, Short, Versioned
from dispatch.domain.permissions import May
from dispatch.services.floor import handover
from dispatch.services.floor.handover import Mark, Receive, Start

api = APIBlueprint(
    "handover",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="handover")],
    abp_security=[{"cookie": []}],
)
Text = Annotated[str, StringConstraints(strip_whitespace=False, max_length=4000)]


class HandoverPath(Model):
    handover_id: Id


class ItemPath(HandoverPath):
    item_id: Id


class StartIn(Model):
    kind: Literal["shift", "break"] = "shift"
    to: Id | None = None


class NoteIn(Versioned):
    note: Text


class OfferIn(Model):
    to: Id | None = None


class AddIn(Model):
    text: Note
    keep: bool = False


class MarkIn(Model):
    given: bool | None = None
    keep: bool | None = None
    text: Note | None = None
    answer: Note | None = None


class ReceiveIn(Model):
    opened: bool = False
    taken: bool | None = None
    question: Note | None = None


class ReturnIn(Model):
    reason: Short


@api.get("/handovers", summary="The unfinished ones that concern me, and the latest finished")
def get_handovers() -> Response:
    return jsonify(items=handover.handovers(centre(), allowed(May.CASES_WORK)), next_cursor=None)


@api.post("/handovers", summary="Begin mine, or come back to it")
def post_handover(body: StartIn) -> Response:
    wanted = Start(body.kind, int(body.to) if body.to else None)
    return jsonify(handover.start(centre(), act(), wanted))


@api.get("/handovers/<handover_id>", summary="One with its items as they are now")
def get_handover(path: HandoverPath) -> Response:
    return jsonify(handover.get(centre(), int(path.handover_id), act()))


@api.put("/handovers/<handover_id>/note", summary="The free note, as it is typed")
def put_note(path: HandoverPath, body: NoteIn) -> Response:
    return jsonify(handover.write_note(centre(), int(path.handover_id), act(body.version), note=body.note))


@api.post("/handovers/<handover_id>/items", summary="Something to know that is no case")
def post_item(path: HandoverPath, body: AddIn) -> Response:
    return jsonify(handover.add_note(centre(), int(path.handover_id), act(), text=body.text, keep=body.keep))


@api.patch("/handovers/<handover_id>/items/<item_id>", summary="The one who goes: tick, keep, answer")
def patch_item(path: ItemPath, body: MarkIn) -> Response:
    said = Mark(body.given, body.keep, body.text, body.answer)
    return jsonify(handover.mark(centre(), int(path.handover_id), int(path.item_id), act(), said))


@api.post("/handovers/<handover_id>/items/<item_id>/receive", summary="The one who comes: open, tick, ask")
def receive_item(path: ItemPath, body: ReceiveIn) -> Response:
    said = Receive(body.opened, body.taken, body.question)
    return jsonify(handover.receive(centre(), int(path.handover_id), int(path.item_id), act(), said))


@api.post("/handovers/<handover_id>/items/<item_id>/clear", summary="It need not come again")
def clear_item(path: ItemPath) -> Response:
    return jsonify(handover.clear(centre(), int(path.handover_id), int(path.item_id), act()))


@api.post("/handovers/<handover_id>/offer", summary="All is ticked: to one person, or to whoever comes")
def offer(path: HandoverPath, body: OfferIn) -> Response:
    to_id = int(body.to) if body.to else None
    return jsonify(handover.offer(centre(), int(path.handover_id), act(), to_id=to_id))


@api.post("/handovers/<handover_id>/return", summary="Back to the one who goes, with a word why")
def give_back(path: HandoverPath, body: ReturnIn) -> Response:
    return jsonify(handover.give_back(centre(), int(path.handover_id), act(), reason=body.reason))


@api.post("/handovers/<handover_id>/accept", summary="From this moment it is mine")
def accept(path: HandoverPath) -> Response:
    return jsonify(handover.accept(centre(), int(path.handover_id), act()))


@api.post("/handovers/<handover_id>/cancel", summary="I stay")
def cancel(path: HandoverPath) -> Response:
    return jsonify(handover.cancel(centre(), int(path.handover_id), act()))
