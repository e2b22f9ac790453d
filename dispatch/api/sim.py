"""The simulated telephones: what people in the demo and in tests do with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Flask, Response, jsonify
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, Field, StringConstraints

from dispatch.api.context import allowed, centre, context, now
from dispatch.api.schemas import Model, Problem
from dispatch.domain.messages import NetworkReceipt
from dispatch.domain.permissions import May
from dispatch.gateways.simulated import Quality, SimulatedNetwork
from dispatch.services.deliver import receive_receipt
from dispatch.services.rows import stamp

api = APIBlueprint(
    "sim",
    __name__,
    url_prefix="/api/v1/sim",
    abp_tags=[Tag(name="simulated telephones")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class PhonePath(Model):
    number: Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,31}$")]


class PressIn(Model):
    digit: Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]


class ReplyIn(Model):
    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class NetworkIn(Model):
    """What is left out stays as it is."""

    delay_ms: int | None = Field(None, ge=0, le=600_000)
    loss: float | None = Field(None, ge=0, le=1)
    duplicate: float | None = Field(None, ge=0, le=1)
    down: bool | None = None


class NetworkOut(BaseModel):
    delay_ms: int
    loss: float
    duplicate: float
    down: bool


class CallAtPhone(BaseModel):
    call_id: str
    since: str
    text: str


class PhoneMessage(BaseModel):
    """``direction`` as the telephone sees it: ``in`` came to it, ``out`` was written on it."""

    id: str
    direction: Literal["in", "out"]
    channel: Literal["sms", "voice"]
    body: str
    state: str
    at: str


class PhoneOut(BaseModel):
    number: str
    owner_label: str
    kind: Literal["duty", "contact", "elder", "worker"]
    unread: int
    ringing: CallAtPhone | None
    talking: CallAtPhone | None
    """A call that was answered and has not ended: keys can be pressed."""
    messages: list[PhoneMessage]


class PhonesOut(BaseModel):
    items: list[PhoneOut]


def register(app: Flask) -> None:
    """Only a centre whose telephones are simulated has these doors."""
    if isinstance(app.extensions["dispatch"].network, SimulatedNetwork):
        assert isinstance(app, OpenAPI)
        app.register_api(api)


def _network() -> SimulatedNetwork:
    """The network, for whoever may see other people's telephones: everybody in the demo, else the desk."""
    if not context().settings.demo:
        allowed(May.CASES_WORK)
    found = context().network
    assert isinstance(found, SimulatedNetwork)
    return found


@api.get("/phones", summary="Every simulated telephone and its screen", responses={200: PhonesOut})
def list_phones() -> Response:
    return jsonify(items=[_stamped(phone) for phone in _network().phones()])


@api.post("/phones/<number>/answer", summary="Pick up", responses={200: PhoneOut, 404: Problem})
def post_answer(path: PhonePath) -> Response:
    return _heard(path.number, _network().answer(path.number, now()))


@api.post("/phones/<number>/hangup", summary="End or reject the call", responses={200: PhoneOut, 404: Problem})
def post_hangup(path: PhonePath) -> Response:
    return _heard(path.number, _network().hang_up(path.number, now()))


@api.post("/phones/<number>/press", summary="Press a key during a call", responses={200: PhoneOut, 404: Problem})
def post_press(path: PhonePath, body: PressIn) -> Response:
    return _heard(path.number, _network().press(path.number, body.digit, now()))


@api.post("/phones/<number>/reply", summary="Write a short message back", responses={200: PhoneOut, 502: Problem})
def post_reply(path: PhonePath, body: ReplyIn) -> Response:
    return _heard(path.number, _network().reply(path.number, body.text, now()))


@api.get("/network", summary="How good the network is", responses={200: NetworkOut})
def get_network() -> Response:
    return jsonify(_network().settings())


@api.put("/network", summary="Make the network slow, lossy or dead", responses={200: NetworkOut})
def put_network(body: NetworkIn) -> Response:
    network = _network()
    present = NetworkOut.model_validate(network.settings(), from_attributes=True).model_dump()
    return jsonify(network.set_settings(Quality(**present | body.model_dump(exclude_none=True))))


def _heard(number: str, receipts: list[NetworkReceipt]) -> Response:
    """The centre hears what was done before the telephone is answered."""
    for receipt in receipts:
        receive_receipt(centre(), receipt)
    return jsonify(next(_stamped(phone) for phone in _network().phones() if phone["number"] == number))


def _stamped(phone: dict[str, Any]) -> dict[str, Any]:
    calls = {
        name: phone[name] and {**phone[name], "since": stamp(phone[name]["since"])} for name in ("ringing", "talking")
    }
    return phone | calls | {"messages": [{**m, "at": stamp(m["at"])} for m in phone["messages"]]}
