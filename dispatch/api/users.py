"""Users: who signs in, with which rights, in which areas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import Id, Model, Page, Phone, Problem, Versioned
from dispatch.domain.permissions import OF_ROLE, May
from dispatch.services.access import rights, users
from dispatch.services.access.users import NewUser, UserFilter
from dispatch.services.desk import PageOf

api = APIBlueprint(
    "users",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="users")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$")]
Role = Annotated[str, StringConstraints(max_length=40)]
Locale = Literal["zh-CN", "en"]
REFUSALS: dict[Any, Any] = {403: Problem, 404: Problem, 409: Problem}


class UserPath(Model):
    user_id: Id


class UsersQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    role: Role | None = None
    active: bool | None = None


class AreasQuery(Model):
    parent: Id | None = None
    q: Annotated[str, StringConstraints(max_length=100)] = ""


class UserIn(Model):
    username: UserName
    name: Name
    roles: list[Role] = Field(min_length=1, max_length=20)
    areas: list[Id] = Field(default=[], max_length=500)
    """None: all that the administrator has."""
    locale: Locale = "zh-CN"
    phone: Phone | None = None


class UserPatch(Versioned):
    """What is left out stays as it is."""

    name: Name | None = None
    roles: list[Role] | None = Field(None, min_length=1, max_length=20)
    areas: list[Id] | None = Field(None, min_length=1, max_length=500)
    locale: Locale | None = None
    phone: Phone | None = None
    active: bool | None = None


@api.get("/users", summary="Users of one's areas, by user name")
def list_users(query: UsersQuery) -> Response:
    asker = allowed(May.USERS)
    wanted = UserFilter(query.q, query.role, query.active)
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(users.users(centre(), asker, wanted, page, now()))


@api.get("/roles", summary="The roles, what each may do, and which must not be held together")
def list_roles() -> Response:
    allowed(May.USERS)
    rules = centre().access
    return jsonify(
        items=[
            {
                "code": role,
                "may": sorted(may),
                "apart_from": sorted(
                    {*rules.apart.get(role, ())} | {other for other, others in rules.apart.items() if role in others}
                ),
                "second_factor": role in rules.second_factor,
                "local": role in rules.local,
            }
            for role, may in OF_ROLE.items()
        ],
        next_cursor=None,
    )


@api.get("/users/areas", summary="Areas that one can give, below a parent or by a part of the name")
def list_areas(query: AreasQuery) -> Response:
    asker = allowed(May.USERS)
    parent = None if query.parent is None else int(query.parent)
    return jsonify(items=rights.areas(centre(), asker, parent, query.q), next_cursor=None)


@api.post("/users", summary="Add a user; the answer shows a one-time password once", responses={201: None, **REFUSALS})
def post_user(body: UserIn) -> Response:
    doer = act(may=May.USERS)
    new = NewUser(
        username=body.username,
        name=body.name,
        roles=tuple(body.roles),
        area_ids=tuple(map(int, body.areas)),
        locale=body.locale,
        phone=body.phone,
    )
    made, password = users.add(centre(), doer, new)
    answer = jsonify(user=made, one_time_password=password)
    answer.status_code = 201
    return answer


@api.get("/users/<user_id>", summary="One user", responses={404: Problem})
def get_user(path: UserPath) -> Response:
    return jsonify(users.user(centre(), allowed(May.USERS), int(path.user_id), now()))


@api.patch("/users/<user_id>", summary="Change name, rights, areas, or let somebody in no longer", responses=REFUSALS)
def patch_user(path: UserPath, body: UserPatch) -> Response:
    doer = act(body.version, may=May.USERS)
    changes = {name: getattr(body, name) for name in body.model_fields_set - {"version", "areas"}}
    changes = {name: value for name, value in changes.items() if value is not None or name == "phone"}
    if body.areas is not None:
        changes["area_ids"] = [int(area) for area in body.areas]
    return jsonify(users.change(centre(), doer, int(path.user_id), changes))


@api.post("/users/<user_id>/password", summary="Give a one-time password, shown once", responses=REFUSALS)
def post_password(path: UserPath) -> Response:
    return jsonify(one_time_password=users.reset_password(centre(), act(may=May.USERS), int(path.user_id)))


@api.post("/users/<user_id>/unlock", summary="Open the door after too many wrong passwords", responses=REFUSALS)
def post_unlock(path: UserPath) -> Response:
    return jsonify(users.unlock(centre(), act(may=May.USERS), int(path.user_id)))


@api.post("/users/<user_id>/reset-second-factor", summary="Forget a lost authenticator", responses=REFUSALS)
def post_reset_second_factor(path: UserPath) -> Response:
    return jsonify(users.reset_second_factor(centre(), act(may=May.USERS), int(path.user_id)))


@api.post("/users/<user_id>/end-sessions", summary="Sign somebody out everywhere", responses=REFUSALS)
def post_end_sessions(path: UserPath) -> Response:
    return jsonify(users.end_sessions(centre(), act(may=May.USERS), int(path.user_id)))
