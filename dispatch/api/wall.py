"""The wall board: a page without sign-in that shows numbers, and the keys that open it."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Response, jsonify, render_template, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, bearer, centre, context, now
from dispatch.api.schemas import Id, Model, Short
from dispatch.api.wall_words import CODES, WORDS
from dispatch.domain.permissions import May
from dispatch.services.floor import wall

api = APIBlueprint(
    "wall",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="wall board")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
pages = Blueprint("wall_page", __name__, static_folder="static", static_url_path="/wall/static")


class WallIn(Model):
    name: Short
    area_id: Id | None = None


class WallPath(Model):
    wall_id: Id


class BoardQuery(Model):
    token: Annotated[str, StringConstraints(max_length=100)] = ""


@pages.get("/wall")
def page() -> str:
    """The page knows nothing: what it shows comes with its key."""
    lang = "en" if request.args.get("lang") == "en" else "zh"
    layout = "lobby" if request.args.get("layout") == "lobby" else "duty"
    return render_template(
        "wall.html", words=WORDS[lang], codes=CODES[lang], lang=lang, layout=layout, build=context().build
    )


@api.get("/wall", summary="What a board shows; no name, no telephone, no address", security=[])
def get_board(query: BoardQuery) -> Response:
    return jsonify(**wall.board(centre(), query.token or bearer() or "", now()), build=context().build)


@api.get("/wall-tokens", summary="The boards that have a key")
def get_tokens() -> Response:
    return jsonify(items=wall.boards(centre(), allowed(May.SUPERVISE)), next_cursor=None)


@api.post("/wall-tokens", summary="A key for one board, shown once", responses={201: None})
def post_token(body: WallIn) -> Response:
    area_id = int(body.area_id) if body.area_id else None
    answer = jsonify(wall.add(centre(), act(may=May.SUPERVISE), name=body.name, area_id=area_id))
    answer.status_code = 201
    return answer


@api.delete("/wall-tokens/<wall_id>", summary="Take a board's key away", responses={204: None})
def delete_token(path: WallPath) -> Response:
    wall.revoke(centre(), int(path.wall_id), act(may=May.SUPERVISE))
    return Response(status=204)
