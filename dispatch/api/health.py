"""Is it alive, is it ready, does the engine turn, and the figures for a monitor."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, json, jsonify
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from dispatch.api.context import centre, context, now
from dispatch.api.problems import AWAY, problem
from dispatch.domain.case import OPEN
from dispatch.domain.selftest import SCOPE as SELFTEST
from dispatch.models.cases import Case
from dispatch.models.schema import is_current
from dispatch.services import audit
from dispatch.services.spool import waiting

pages = Blueprint("health", __name__)
CYCLE_WITHIN = 8.0
PROBLEM = {"$ref": "#/components/schemas/Problem"}
"""Every refusal has this shape; the framework's own document says another one for 422."""


@pages.get("/healthz")
def healthz() -> Response:
    return jsonify(ok=True, build=context().build)


@pages.get("/readyz")
def readyz() -> Response:
    """Ready means that an alarm would be taken: by the database, or while it is away by the spool."""
    states: dict[str, Any] = {"spool": {"ok": True, "waiting": waiting(centre().spool_dir)}}
    try:
        with centre().database.engine.connect() as connection:
            states["database"] = {"ok": is_current(connection)}
            if not states["database"]["ok"]:
                states["database"]["detail"] = "run `dispatch db upgrade`"
    except AWAY as error:
        states["database"] = {"ok": False, "detail": type(error).__name__}
    answer = jsonify(ok=states["database"]["ok"], dependencies=states)
    answer.status_code = 200 if states["database"]["ok"] else 503
    return answer


@pages.get("/health/engine")
@pages.get("/api/v1/health/engine", endpoint="engine_api")
def engine() -> Response:
    """Answers after the next full cycle of the clock, so an old "all is well" cannot be served; 503 if none comes."""
    before = audit.health(centre(), now())["cycle"]
    until = time.monotonic() + CYCLE_WITHIN
    while time.monotonic() < until:
        time.sleep(0.1)
        found = audit.health(centre(), now())
        if found["cycle"] > before + 1:
            answer = jsonify(found)
            answer.status_code = 200 if found["ok"] else 503
            return answer
    found = audit.health(centre(), now())
    return problem(503, "engine-stopped", "The clock stands still", "no cycle finished in time", **found)


@pages.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    found = audit.health(centre(), now())
    cases = Gauge("dispatch_open_cases", "Open cases", ["state", "priority"], registry=registry)
    with centre().database.reads() as session:
        counted = (
            select(Case.state, Case.priority, func.count())
            .where(Case.state.in_(OPEN), Case.cause != SELFTEST)
            .group_by(Case.state, Case.priority)
        )
        for state, priority, number in session.execute(counted):
            cases.labels(state, str(priority)).set(number)
    late = Gauge("dispatch_job_late", "1 if a background job is late", ["job"], registry=registry)
    for job in found["jobs"]:
        late.labels(job["name"]).set(job["late"])
    findings = Gauge("dispatch_finding", "What the auditor found", ["code"], registry=registry)
    for finding in found["findings"]:
        findings.labels(finding["code"]).set(finding["count"])
    seconds = Gauge("dispatch_selftest_seconds", "Time of the last synthetic alarm", ["path"], registry=registry)
    passed = Gauge("dispatch_selftest_last_success", "When it last came through", ["path"], registry=registry)
    for one in found["selftest"]:
        if one["passed_at"] is not None:
            seconds.labels(one["path"]).set(one["seconds"])
            passed.labels(one["path"]).set(datetime.fromisoformat(one["passed_at"]).timestamp())
    Gauge("dispatch_spool_waiting", "Signals on disk", registry=registry).set(found["spool"]["waiting"])
    Gauge("dispatch_outbox_pending", "Messages to send", registry=registry).set(found["outbox"]["pending"])
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")


@pages.get("/api/v1/openapi.json")
def openapi() -> Response:
    document = json.loads(json.dumps(current_app.api_doc))  # type: ignore[attr-defined]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation.get("responses", {}).items():
                if int(status) >= 400 and "content" in answer:
                    answer["content"] = {"application/problem+json": {"schema": PROBLEM}}
    return jsonify(document)
