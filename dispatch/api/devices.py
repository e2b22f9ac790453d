"""Devices: the work list first, then the register, one device closely, tests."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Annotated, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Id, Model, Note, Page, Problem, Short, When
from dispatch.domain.errors import Invalid
from dispatch.domain.permissions import May
from dispatch.domain.supervision import TaskKind, month_of
from dispatch.services.desk import PageOf
from dispatch.services.devices import breath, listening, messages, monthly, on_test, page, register, strangers, worklist
from dispatch.services.devices.scope import Doing

api = APIBlueprint(
    "devices",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="devices")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)
Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Version = Annotated[int | None, Field(ge=0, le=2**31 - 1)]
TIED = Literal["household_id", "elder_id", "location", "gateway_id", "area_id"]


class DevicePath(Model):
    device_id: Id


class DeviceSignalPath(Model):
    device_id: Id
    signal_id: Annotated[str, StringConstraints(max_length=40)]


class TaskPath(Model):
    task_id: Id


class DevicesQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    model: Text80 | None = None
    area: Id | None = None
    gateway: Id | None = None
    state: Literal["offline", "on_test", "unassigned", "retired"] | None = None


class MessagesQuery(Page):
    limit: int = Field(100, ge=1, le=200)
    cursor: Annotated[str, StringConstraints(max_length=40)] | None = None


class BreathQuery(Model):
    days: int = Field(30, ge=1, le=90)


class UnknownQuery(Page):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    cursor: Annotated[str, StringConstraints(max_length=160)] | None = None


class TasksQuery(Page):
    kind: TaskKind | None = None
    area: Id | None = None


class MonthQuery(Page):
    month: Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] | None = None
    area: Id | None = None

    def chosen(self) -> monthly.Month:
        this = month_of(now(), centre().zone)
        first = date.fromisoformat(f"{self.month}-01") if self.month else this
        if first > this:
            raise Invalid("month", "in-the-future", "this month has not begun")
        return monthly.Month(first, None if self.area is None else int(self.area))


class VersionOnly(Model):
    version: Version = None


class DeviceIn(Model):
    number: Number
    model: Text80
    protocol: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    household_id: Id | None = None
    elder_id: Id | None = None
    location: Text80 | None = None
    gateway_id: Id | None = None
    area_id: Id | None = None


class DeviceChangeIn(Model):
    version: Version = None
    number: Number | None = None
    model: Text80 | None = None
    protocol: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    household_id: Id | None = None
    elder_id: Id | None = None
    location: Text80 | None = None
    gateway_id: Id | None = None
    area_id: Id | None = None
    clear: list[TIED] = Field(default_factory=list, max_length=5)


class OnTestIn(Model):
    until: When
    reason: Short


class TaskIn(Model):
    version: Version = None
    assignee_id: Id | None = None
    unassign: bool = False
    tried: bool = False
    note: Note | None = None
    done: bool = False


def _int(value: str | None) -> int | None:
    return None if value is None else int(value)


def _fields(body: DeviceIn | DeviceChangeIn) -> register.DeviceFields:
    return register.DeviceFields(
        number=body.number,
        model=body.model,
        protocol=body.protocol,
        household_id=_int(body.household_id),
        elder_id=_int(body.elder_id),
        location=body.location,
        gateway_id=_int(body.gateway_id),
        area_id=_int(body.area_id),
        clear=frozenset(getattr(body, "clear", ())),
    )


def _doing() -> Doing:
    return Doing(allowed(May.DEVICES_EDIT), now())


def _device(doing: Doing, device_id: int, status: int = 200) -> Response:
    answer = jsonify(register.device(centre(), doing.actor, device_id, doing.now))
    answer.status_code = status
    return answer


@api.get("/devices", summary="Devices by number, elder, telephone ending or address")
def list_devices(query: DevicesQuery) -> Response:
    actor = allowed(May.DEVICES_READ)
    wanted = register.DeviceFilter(query.q, query.model, _int(query.area), _int(query.gateway), query.state)
    return jsonify(register.devices(centre(), actor, wanted, PageOf(query.limit, _int(query.cursor)), now()))


@api.post("/devices", summary="Register a device")
def post_device(body: DeviceIn) -> Response:
    doing = _doing()
    return _device(doing, register.add(centre(), doing, _fields(body)), 201)


@api.get(
    "/devices/unknown", summary="Devices that speak and that nobody has registered, with what waits because of them"
)
def list_unknown(query: UnknownQuery) -> Response:
    actor = allowed(May.DEVICES_READ)
    return jsonify(strangers.strangers(centre(), actor, strangers.Asked(query.q, query.limit, query.cursor), now()))


@api.get("/devices/listeners", summary="The gateway processes and their listeners: how each is, and where it listens")
def list_listeners() -> Response:
    allowed(May.DEVICES_READ)
    return jsonify(listening.listeners(centre(), now()))


@api.get("/devices/models", summary="The configured models, and what a device can be put on test for")
def list_models() -> Response:
    allowed(May.DEVICES_READ)
    rules = centre().devices
    items = [
        {
            "name": name,
            "kind": model.kind,
            "heartbeat_minutes": model.heartbeat.total_seconds() / 60,
            "allowed_misses": model.allowed_misses,
            "battery_low": model.battery_low,
            "monthly_test": model.monthly_test,
        }
        for name, model in rules.models.items()
    ]
    longest = rules.longest_test.total_seconds() / 3600
    return jsonify(items=items, test_reasons=list(rules.test_reasons), longest_test_hours=longest)


@api.get("/devices/tasks", summary="What somebody has to see to, with how many of each kind")
def list_tasks(query: TasksQuery) -> Response:
    actor = allowed(May.DEVICES_READ)
    wanted = worklist.TaskFilter(query.kind, _int(query.area))
    found = worklist.tasks(centre(), actor, wanted, PageOf(query.limit, _int(query.cursor)), now())
    return jsonify({**found, "urgent_on_test": on_test.urgent_while_on_test(centre(), actor, now())})


@api.patch("/devices/tasks/<task_id>", summary="Take it over, count a try, write a note, call it done")
def patch_task(path: TaskPath, body: TaskIn) -> Response:
    doing = _doing()
    change = worklist.TaskChange(
        version=body.version,
        assignee_id=_int(body.assignee_id),
        unassign=body.unassign,
        tried=body.tried,
        note=body.note,
        done=body.done,
    )
    worklist.change(centre(), doing, int(path.task_id), change)
    return jsonify(worklist.task(centre(), doing.actor, int(path.task_id), doing.now))


@api.get("/devices/tests", summary="The homes that pressed no button in a month")
def list_tests(query: MonthQuery) -> Response:
    actor = allowed(May.DEVICES_READ)
    return jsonify(monthly.missing(centre(), actor, query.chosen(), PageOf(query.limit, _int(query.cursor)), now()))


@api.get("/devices/tests/export", summary="The whole list as CSV")
def export_tests(query: MonthQuery) -> Response:
    actor, month = allowed(May.DEVICES_EDIT), query.chosen()
    text = io.StringIO()
    text.write("\ufeff")  # or a spreadsheet takes the Chinese for Latin
    csv.writer(text).writerows([[_safe(cell) for cell in row] for row in monthly.export(centre(), actor, month, now())])
    answer = Response(text.getvalue(), mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f"attachment; filename=button-tests-{month.first.isoformat()[:7]}.csv"
    return answer


def _safe(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is text all the same."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


@api.get("/devices/<device_id>", summary="One device with its tasks and its false alarms")
def get_device(path: DevicePath) -> Response:
    return jsonify(page.page(centre(), allowed(May.DEVICES_READ), int(path.device_id), now()))


@api.get("/devices/<device_id>/signals/<signal_id>", summary="The bytes of one signal as they came")
def get_raw(path: DeviceSignalPath) -> Response:
    return jsonify(messages.raw(centre(), allowed(May.DEVICES_READ), int(path.device_id), path.signal_id))


@api.get("/devices/<device_id>/messages", summary="What it sent, as it was understood, newest first")
def get_messages(path: DevicePath, query: MessagesQuery) -> Response:
    actor = allowed(May.DEVICES_READ)
    return jsonify(messages.messages(centre(), actor, int(path.device_id), query.limit, query.cursor))


@api.get("/devices/<device_id>/breath", summary="By the day: how often it spoke, should have, and its battery")
def get_breath(path: DevicePath, query: BreathQuery) -> Response:
    actor = allowed(May.DEVICES_READ)
    return jsonify(breath.breath(centre(), actor, int(path.device_id), query.days, now()))


@api.patch("/devices/<device_id>", summary="Change it, or give it to a home")
def patch_device(path: DevicePath, body: DeviceChangeIn) -> Response:
    doing = _doing()
    register.change(centre(), doing, int(path.device_id), _fields(body), body.version)
    return _device(doing, int(path.device_id))


@api.delete("/devices/<device_id>", summary="Out of use; its alarms stay alarms")
def delete_device(path: DevicePath, query: VersionOnly) -> Response:
    register.retire(centre(), _doing(), int(path.device_id), query.version)
    return Response(status=204)


@api.put("/devices/<device_id>/on-test", summary="What it sends wakes nobody until then")
def put_on_test(path: DevicePath, body: OnTestIn) -> Response:
    doing = _doing()
    on_test.put_on_test(centre(), doing, int(path.device_id), until=body.until, reason=body.reason)
    return _device(doing, int(path.device_id))


@api.delete("/devices/<device_id>/on-test", summary="It counts again at once")
def delete_on_test(path: DevicePath) -> Response:
    doing = _doing()
    on_test.end_test(centre(), doing, int(path.device_id))
    return _device(doing, int(path.device_id))
