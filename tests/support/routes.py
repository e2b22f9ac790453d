"""Every route of the product: who may ask for it, and one valid request. tests/api/test_matrix.py walks it.

One line a route, at the place of its address. ``body`` is a JSON object that passes validation, ``query`` what must
follow the ``?``. An address with the id of a thing in an area is also asked by somebody of another area; ``THING`` says
what stands for each id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.domain.permissions import May

PUBLIC = "everybody, signed in or not"
SIGNED_IN = "every signed-in person"
Who = May | tuple[May, ...] | str


@dataclass(frozen=True)
class Route:
    who: Who
    body: dict[str, Any] | None = None
    query: str = ""
    form: dict[str, Any] | None = None
    """Of a multipart upload: a file is a tuple of text and file name."""


LATER = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

REPORT = {"client_uuid": "r1", "at": "2026-11-24T08:00:00Z"}

STANDING = {"item": "meal_delivery", "weekdays": [0], "starts": "11:30", "first": "2026-11-24"}

PATTERN = {
    "role": "operator",
    "area_id": "999999",
    "user_id": "1",
    "weekdays": [0],
    "starts": "20:00",
    "ends": "08:00",
    "valid_from": "2026-11-23",
}

ROUTES: dict[str, Route] = {
    "GET /": Route(PUBLIC),
    "GET /console/": Route(PUBLIC),
    "GET /console/<path:path>": Route(PUBLIC),
    "GET /health/engine": Route(PUBLIC),
    "GET /healthz": Route(PUBLIC),
    "GET /metrics": Route(PUBLIC),
    "GET /gateways/sms/<gateway>/receipt": Route(PUBLIC),
    "GET /gateways/sms/<gateway>/text": Route(PUBLIC),
    "POST /gateways/sms/<gateway>/receipts": Route(PUBLIC),
    "POST /gateways/sms/<gateway>/texts": Route(PUBLIC),
    "GET /readyz": Route(PUBLIC),
    "GET /api/v1/openapi.json": Route(PUBLIC),
    "GET /api/v1/health/engine": Route(PUBLIC),
    # session
    "POST /api/v1/session": Route(PUBLIC, {"username": "nobody", "password": "guess"}),
    "GET /api/v1/session": Route(SIGNED_IN),
    "DELETE /api/v1/session": Route(SIGNED_IN),
    # one's own account
    "GET /api/v1/me/sessions": Route(SIGNED_IN),
    "DELETE /api/v1/me/sessions/<session_id>": Route(SIGNED_IN),
    "POST /api/v1/me/end-sessions": Route(SIGNED_IN),
    "POST /api/v1/me/password": Route(SIGNED_IN, {"current": "guess", "password": "guess"}),
    "GET /api/v1/me/second-factor": Route(SIGNED_IN),
    "POST /api/v1/me/second-factor": Route(SIGNED_IN, {"password": "guess"}),
    "POST /api/v1/me/second-factor/confirm": Route(SIGNED_IN, {"code": "000000"}),
    "POST /api/v1/me/second-factor/recovery-codes": Route(SIGNED_IN, {"code": "000000"}),
    "POST /api/v1/me/second-factor/remove": Route(SIGNED_IN, {"password": "guess", "code": "000000"}),
    # users and tokens
    "GET /api/v1/users": Route(May.USERS),
    "GET /api/v1/roles": Route(May.USERS),
    "GET /api/v1/users/areas": Route(May.USERS),
    "POST /api/v1/users": Route(May.USERS, {"username": "new", "name": "New", "roles": ["operator"]}),
    "GET /api/v1/users/<user_id>": Route(May.USERS),
    "PATCH /api/v1/users/<user_id>": Route(May.USERS, {"name": "Another"}),
    "POST /api/v1/users/<user_id>/password": Route(May.USERS),
    "POST /api/v1/users/<user_id>/reset-second-factor": Route(May.USERS),
    "POST /api/v1/users/<user_id>/unlock": Route(May.USERS),
    "POST /api/v1/users/<user_id>/end-sessions": Route(May.USERS),
    "GET /api/v1/tokens": Route(May.USERS),
    "POST /api/v1/tokens": Route(May.USERS, {"name": "gateway", "scopes": ["signals"]}),
    "POST /api/v1/tokens/<token_id>/revoke": Route(May.USERS),
    # audit trail
    "GET /api/v1/trail": Route(May.TRAIL_READ),
    "GET /api/v1/trail/chain": Route(May.TRAIL_READ),
    # what comes in
    "POST /api/v1/signals": Route(May.SIGNALS, {"device": "SOS-1", "kind": "heartbeat"}),
    "GET /api/v1/signals": Route(May.DEVICES_READ),
    "POST /api/v1/calls": Route(May.CALLS, {"call_id": "c1", "event": "ringing"}),
    # live
    "GET /api/v1/live/snapshot": Route(May.CASES_READ),
    "GET /api/v1/live/since": Route(May.CASES_READ, query="seq=0"),
    # cases
    "GET /api/v1/desk": Route(May.CASES_READ),
    "GET /api/v1/cases": Route(May.CASES_READ),
    "POST /api/v1/cases": Route(May.ORDERS, {"kind": "enquiry", "channel": "hotline"}),
    "GET /api/v1/cases/<case_id>": Route(May.CASES_READ),
    "GET /api/v1/cases/<case_id>/timeline": Route(May.CASES_READ),
    "POST /api/v1/cases/<case_id>/call": Route(May.CASES_WORK, {"to": "elder"}),
    "POST /api/v1/cases/<case_id>/close": Route(May.CASES_WORK, {"outcome": "false_alarm"}),
    "PUT /api/v1/cases/<case_id>/draft": Route(May.CASES_WORK, {"text": "unfinished"}),
    "POST /api/v1/cases/<case_id>/follow-up": Route(May.CASES_WORK, {"result": "satisfied"}),
    "POST /api/v1/cases/<case_id>/hold": Route(May.CASES_WORK, {"until": LATER, "reason": "later"}),
    "POST /api/v1/cases/<case_id>/merge": Route(May.CASES_WORK, {"into": "999999"}),
    "POST /api/v1/cases/<case_id>/notes": Route(May.CASES_NOTE, {"text": "who looked at this?"}),
    "POST /api/v1/cases/<case_id>/priority": Route(May.CASES_WORK, {"priority": 2, "reason": "calm"}),
    "POST /api/v1/cases/<case_id>/release": Route(May.CASES_WORK, {}),
    "POST /api/v1/cases/<case_id>/reopen": Route(May.CASES_WORK, {"reason": "again"}),
    "POST /api/v1/cases/<case_id>/take": Route(May.CASES_WORK, {}),
    # while somebody waits
    "GET /api/v1/scripts": Route(May.CASES_READ),
    "GET /api/v1/cases/<case_id>/response": Route(May.CASES_READ),
    "POST /api/v1/cases/<case_id>/script/answers": Route(
        May.CASES_WORK, {"script": "sos", "step": "voice", "answer": "silent"}
    ),
    "PUT /api/v1/cases/<case_id>/script": Route(May.CASES_WORK, {"script": "suicide_risk"}),
    "GET /api/v1/cases/<case_id>/handoff": Route(May.CASES_WORK),
    "POST /api/v1/cases/<case_id>/handoff/reveal": Route(May.CASES_WORK, {"reason": "she asked me to ring"}),
    "POST /api/v1/cases/<case_id>/handoffs": Route(May.CASES_WORK, {"service": "120", "dispatcher": "7"}),
    "POST /api/v1/cases/<case_id>/tell-all": Route(May.CASES_WORK, {}),
    "POST /api/v1/cases/<case_id>/cascade": Route(May.CASES_WORK),
    "POST /api/v1/cascades/<cascade_id>/stop": Route(May.CASES_WORK, {}),
    "POST /api/v1/cascades/<cascade_id>/skip": Route(May.CASES_WORK),
    "POST /api/v1/cascades/<cascade_id>/call-now": Route(May.CASES_WORK, {"person": "contact:1"}),
    "POST /api/v1/cases/<case_id>/arrivals": Route(May.CASES_WORK, {"who": "the daughter", "minutes": 15}),
    "POST /api/v1/arrivals/<arrival_id>/move": Route(May.CASES_WORK, {"minutes": 15}),
    "POST /api/v1/arrivals/<arrival_id>/arrived": Route(May.CASES_WORK),
    "POST /api/v1/arrivals/<arrival_id>/cancel": Route(May.CASES_WORK, {"reason": "not needed"}),
    # the ten helps
    "GET /api/v1/services": Route((May.CASES_READ, May.REGISTER_READ, May.JOBS, May.WORKFORCE_READ)),
    "GET /api/v1/cases/<case_id>/candidates": Route(May.CASES_WORK),
    "GET /api/v1/cases/<case_id>/offers": Route(May.CASES_READ),
    "POST /api/v1/cases/<case_id>/offers": Route(May.CASES_WORK, {"mode": "parallel"}),
    "POST /api/v1/cases/<case_id>/offers/stop": Route(May.CASES_WORK, {"reason": "she is well"}),
    "POST /api/v1/offers/<offer_id>/link": Route(May.CASES_WORK, {}),
    "POST /api/v1/offers/<offer_id>/withdraw": Route(May.CASES_WORK, {"reason": "somebody nearer"}),
    "POST /api/v1/offers/<offer_id>/accept": Route((May.JOBS, May.CASES_WORK), {}),
    "POST /api/v1/offers/<offer_id>/decline": Route((May.JOBS, May.CASES_WORK), {"reason": "busy"}),
    "GET /api/v1/cases/<case_id>/order": Route(May.CASES_READ),
    "POST /api/v1/cases/<case_id>/order/change": Route(May.ORDERS, {"sex": "F"}),
    "POST /api/v1/cases/<case_id>/order/move": Route(May.ORDERS, {"wanted_at": LATER}),
    "POST /api/v1/cases/<case_id>/order/cancel": Route(May.ORDERS, {"reason": "she is away"}),
    "GET /api/v1/orders": Route(May.CASES_READ, query="from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"),
    "GET /api/v1/orders/board": Route(May.CASES_READ),
    "GET /api/v1/orders/calendar": Route(May.CASES_READ),
    "GET /api/v1/elders/<elder_id>/standing-orders": Route(May.CASES_READ),
    "POST /api/v1/elders/<elder_id>/standing-orders": Route(May.ORDERS, STANDING),
    "GET /api/v1/standing-orders/<standing_id>": Route(May.CASES_READ),
    "PUT /api/v1/standing-orders/<standing_id>": Route(May.ORDERS, STANDING),
    "POST /api/v1/standing-orders/<standing_id>/pauses": Route(May.ORDERS, {"first": "2026-11-24"}),
    "DELETE /api/v1/standing-orders/<standing_id>/pauses/<pause_id>": Route(May.ORDERS),
    "POST /api/v1/standing-orders/<standing_id>/end": Route(May.ORDERS, {"reason": "moved away"}),
    # check-in visits
    "POST /api/v1/visits/generate": Route(May.VISITS_PLAN, {"month": "2020-01"}),
    "GET /api/v1/visits/runs": Route(May.VISITS_READ),
    "GET /api/v1/visits": Route(May.VISITS_READ),
    "GET /api/v1/visits/coverage": Route(May.VISITS_READ),
    "GET /api/v1/visits/elders": Route(May.VISITS_READ),
    "GET /api/v1/visits/<visit_id>": Route(May.VISITS_READ),
    "POST /api/v1/visits/<visit_id>/record": Route(
        May.VISITS_WORK, {"met": True, "mode": "home", "started_at": "2026-11-24T02:00:00Z"}
    ),
    "POST /api/v1/visits/<visit_id>/refuse": Route(May.VISITS_WORK, {"said_by": "Li"}),
    "POST /api/v1/visits/<visit_id>/excuse": Route(May.VISITS_WORK, {"why": "weather", "reason": "the road is cut"}),
    "DELETE /api/v1/elders/<elder_id>/visit-refusals/<refusal_id>": Route(May.VISITS_WORK),
    "GET /api/v1/my/jobs": Route(May.JOBS),
    "GET /api/v1/matching": Route(May.SUPERVISE),
    "POST /api/v1/matching/replay": Route(May.SUPERVISE, {"unknown_share": 0.4}),
    "GET /api/v1/map": Route(May.CASES_WORK),
    "GET /api/v1/map/outlines": Route(May.CASES_WORK),
    "GET /api/v1/circles": Route(May.REGISTER_READ),
    "POST /api/v1/circles/refresh": Route(May.SUPERVISE),
    "POST /api/v1/assignments/<assignment_id>/depart": Route((May.JOBS, May.CASES_WORK), REPORT),
    "POST /api/v1/assignments/<assignment_id>/arrive": Route((May.JOBS, May.CASES_WORK), REPORT),
    "POST /api/v1/assignments/<assignment_id>/complete": Route((May.JOBS, May.CASES_WORK), REPORT),
    "POST /api/v1/assignments/<assignment_id>/help": Route((May.JOBS, May.CASES_WORK), REPORT),
    "POST /api/v1/assignments/<assignment_id>/photos": Route(
        (May.JOBS, May.CASES_WORK), form={**REPORT, "client_uuid": "p1", "photo": ("x", "door.jpg")}
    ),
    "GET /api/v1/assignments/<assignment_id>/photos": Route(May.CASES_READ),
    "GET /api/v1/assignments/<assignment_id>/photos/<photo_id>": Route(May.CASES_READ),
    "POST /api/v1/assignments/<assignment_id>/cancel": Route(May.CASES_WORK, {"reason": "unreachable"}),
    # register
    "GET /api/v1/elders": Route(May.REGISTER_READ),
    "POST /api/v1/elders": Route(
        May.REGISTER_EDIT,
        {
            "name": "Nobody",
            "sex": "F",
            "birth_date": "1940-01-02",
            "household": {"area_id": "999999", "address": "Elm Road 9"},
        },
    ),
    "GET /api/v1/elders/<elder_id>": Route(May.REGISTER_READ),
    "PATCH /api/v1/elders/<elder_id>": Route(May.REGISTER_EDIT, {"dialect": "wenzhou"}),
    "POST /api/v1/elders/<elder_id>/archive": Route(May.REGISTER_EDIT, {"reason": "moved away"}),
    "DELETE /api/v1/elders/<elder_id>/archive": Route(May.REGISTER_EDIT, {}),
    "GET /api/v1/elders/<elder_id>/history": Route(May.REGISTER_READ),
    "PUT /api/v1/elders/<elder_id>/absence": Route(May.REGISTER_EDIT, {"kind": "hospital"}),
    "DELETE /api/v1/elders/<elder_id>/absence": Route(May.REGISTER_EDIT, {}),
    "POST /api/v1/elders/<elder_id>/contacts": Route(
        May.REGISTER_EDIT, {"name": "Li", "relation": "son", "phone": "13700000099"}
    ),
    "PATCH /api/v1/elders/<elder_id>/contacts/<contact_id>": Route(May.REGISTER_EDIT, {"has_key": True}),
    "DELETE /api/v1/elders/<elder_id>/contacts/<contact_id>": Route(May.REGISTER_EDIT, {}),
    "POST /api/v1/elders/<elder_id>/facts": Route(
        May.REGISTER_EDIT, {"kind": "health", "text": "stent", "source": "doctor"}
    ),
    "PATCH /api/v1/elders/<elder_id>/facts/<fact_id>": Route(May.REGISTER_EDIT, {"confirm": True}),
    "DELETE /api/v1/elders/<elder_id>/facts/<fact_id>": Route(May.REGISTER_EDIT, {}),
    "GET /api/v1/register/counts": Route(May.REGISTER_READ, query="by=area"),
    "GET /api/v1/households/<household_id>": Route(May.REGISTER_READ),
    "PATCH /api/v1/households/<household_id>": Route(May.REGISTER_EDIT, {"access_notes": "the bell is broken"}),
    "PUT /api/v1/households/<household_id>/keys": Route(May.REGISTER_EDIT, {"keys": [{"holder": "Li"}]}),
    "GET /api/v1/areas": Route((May.REGISTER_READ, May.CASES_READ, May.WORKFORCE_READ)),
    "GET /api/v1/areas/<area_id>": Route((May.REGISTER_READ, May.CASES_READ, May.WORKFORCE_READ)),
    "POST /api/v1/areas": Route(May.USERS, {"parent_id": "999999", "name": "Ash"}),
    "PATCH /api/v1/areas/<area_id>": Route(May.USERS, {"name": "Elms"}),
    # assessments, groups, consents
    "GET /api/v1/assessments/standards": Route(May.REGISTER_READ),
    "GET /api/v1/assessments/due": Route(May.REGISTER_READ),
    "GET /api/v1/elders/<elder_id>/assessments": Route(May.REGISTER_READ),
    "POST /api/v1/elders/<elder_id>/assessments": Route(
        May.ASSESS,
        {
            "standard": "MZ/T 039-2013",
            "reason": "other",
            "assessed_on": "2026-01-01",
            "assessors": ["An"],
            "level": 1,
        },
    ),
    "POST /api/v1/elders/<elder_id>/assessments/<assessment_id>/void": Route(May.ASSESS, {"reason": "wrong"}),
    "GET /api/v1/register/tags": Route(May.REGISTER_READ),
    "GET /api/v1/elders/<elder_id>/tags": Route(May.REGISTER_READ),
    "POST /api/v1/elders/<elder_id>/tags": Route(
        May.REGISTER_EDIT, {"code": "dementia", "source": "community", "valid_from": "2026-01-01"}
    ),
    "PATCH /api/v1/elders/<elder_id>/tags/<tag_id>": Route(May.REGISTER_EDIT, {"evidence": "no. 7"}),
    "DELETE /api/v1/elders/<elder_id>/tags/<tag_id>": Route(May.REGISTER_EDIT, {"reason": "income rose"}),
    "GET /api/v1/elders/<elder_id>/service-form": Route(May.REGISTER_READ),
    "PUT /api/v1/elders/<elder_id>/service-form": Route(May.ASSESS, {"form": "institution", "reason": "fell"}),
    "GET /api/v1/privacy/purposes": Route(May.REGISTER_READ),
    "GET /api/v1/elders/<elder_id>/consents": Route(May.REGISTER_READ),
    "POST /api/v1/elders/<elder_id>/consents": Route(
        May.REGISTER_EDIT, {"purpose": "visits", "given": False, "how": "telephone", "by": "the elder"}
    ),
    # tables in and out
    "GET /api/v1/imports": Route(May.IMPORT),
    "POST /api/v1/imports": Route(May.IMPORT, form={"kind": "workers", "file": ("姓名,电话,所属区划", "workers.csv")}),
    "GET /api/v1/imports/template": Route(May.IMPORT, query="kind=elders&format=csv"),
    "GET /api/v1/imports/<import_id>": Route(May.IMPORT),
    "GET /api/v1/imports/<import_id>/rows": Route(May.IMPORT),
    "GET /api/v1/imports/<import_id>/errors.csv": Route(May.IMPORT),
    "GET /api/v1/imports/<import_id>/errors.xlsx": Route(May.IMPORT),
    "POST /api/v1/imports/<import_id>/apply": Route(May.IMPORT, {}),
    "POST /api/v1/imports/<import_id>/cancel": Route(May.IMPORT, {}),
    "GET /api/v1/exports/elders": Route(May.EXPORT, query="format=csv"),
    "GET /api/v1/duplicates": Route(May.REGISTER_EDIT),
    "GET /api/v1/duplicates/<double_id>": Route(May.REGISTER_EDIT),
    "POST /api/v1/duplicates/<double_id>/merge": Route(May.REGISTER_EDIT, {"keep": "999999"}),
    "POST /api/v1/duplicates/<double_id>/dismiss": Route(May.REGISTER_EDIT, {"reason": "two people"}),
    # privacy: one elder
    "POST /api/v1/elders/<elder_id>/reveal": Route(May.REVEAL, {"fields": ["phone"], "reason": "she asked"}),
    "GET /api/v1/elders/<elder_id>/accesses": Route(May.REGISTER_READ),
    "GET /api/v1/elders/<elder_id>/sharings": Route(May.REGISTER_READ),
    "POST /api/v1/elders/<elder_id>/sharings": Route(
        May.REGISTER_EDIT,
        {
            "receiver": "bureau",
            "receiver_kind": "authority",
            "purpose": "visits",
            "kinds": ["name"],
            "basis": "legal_duty",
        },
    ),
    "POST /api/v1/elders/<elder_id>/record": Route(May.PRIVACY, {"request_id": "999999"}),
    # privacy desk
    "GET /api/v1/privacy/requests": Route(May.PRIVACY),
    "POST /api/v1/privacy/requests": Route(
        May.REGISTER_EDIT, {"elder_id": "999999", "kind": "copy", "channel": "telephone"}
    ),
    "POST /api/v1/privacy/requests/<request_id>/check": Route(May.PRIVACY, {"how": "called back"}),
    "POST /api/v1/privacy/requests/<request_id>/decide": Route(May.PRIVACY, {"granted": False, "answer": "no"}),
    "POST /api/v1/privacy/requests/<request_id>/withdraw": Route(May.PRIVACY, {"reason": "no need"}),
    "GET /api/v1/privacy/duties": Route(May.PRIVACY),
    "POST /api/v1/privacy/duties/<duty_id>/done": Route(May.PRIVACY, {"how": "by telephone"}),
    "GET /api/v1/privacy/sharings": Route(May.PRIVACY),
    "POST /api/v1/privacy/sharings": Route(
        May.PRIVACY,
        {
            "receiver": "bureau",
            "receiver_kind": "authority",
            "purpose": "visits",
            "kinds": ["name"],
            "basis": "legal_duty",
            "persons": 812,
        },
    ),
    "GET /api/v1/privacy/reveals": Route((May.PRIVACY, May.TRAIL_READ)),
    "GET /api/v1/privacy/retention": Route(May.PRIVACY),
    "GET /api/v1/privacy/incidents": Route(May.PRIVACY),
    "POST /api/v1/privacy/incidents": Route(
        May.PRIVACY,
        {
            "title": "a list went astray",
            "discovered_at": "2026-01-02T03:04:05Z",
            "kinds": ["name"],
            "cause": "wrong address",
            "harm": "calls",
            "measures": "deleted",
            "advice": "none",
            "contact": "centre",
        },
    ),
    "PATCH /api/v1/privacy/incidents/<incident_id>": Route(May.PRIVACY, {"persons": 1}),
    "GET /api/v1/privacy/impact-assessments": Route(May.PRIVACY),
    "POST /api/v1/privacy/impact-assessments": Route(
        May.PRIVACY,
        {
            "title": "recording",
            "trigger": "sensitive",
            "lawful": "law",
            "impact": "small",
            "measures": "masks",
            "assessed_on": "2026-01-02",
            "assessed_by": "An",
        },
    ),
    # workforce
    "GET /api/v1/workers": Route(May.WORKFORCE_READ),
    "POST /api/v1/workers": Route(May.WORKFORCE_EDIT, {"name": "New", "phone": "13711110077", "area_id": "999999"}),
    "GET /api/v1/workers/accounts": Route(May.WORKFORCE_EDIT),
    "GET /api/v1/workers/<worker_id>": Route(May.WORKFORCE_READ),
    "PATCH /api/v1/workers/<worker_id>": Route(May.WORKFORCE_EDIT, {"capacity": 2}),
    "POST /api/v1/workers/<worker_id>/reveal": Route((May.REVEAL, May.WORKFORCE_EDIT), {"reason": "to ring her"}),
    "PUT /api/v1/workers/<worker_id>/shifts": Route(May.HOURS_EDIT, {"shifts": []}),
    "PUT /api/v1/workers/<worker_id>/days": Route(May.HOURS_EDIT, {"first": "2026-12-01", "last": "2026-12-01"}),
    "DELETE /api/v1/workers/<worker_id>/days": Route(May.HOURS_EDIT, query="first=2026-12-01&last=2026-12-01"),
    "GET /api/v1/workers/<worker_id>/figures": Route(May.QUALITY),
    "GET /api/v1/workforce/expiring": Route(May.WORKFORCE_READ),
    "GET /api/v1/workforce/gaps": Route(May.WORKFORCE_READ, query="skill=meal&from=2026-11-23"),
    "GET /api/v1/workforce/gaps/people": Route(
        May.WORKFORCE_READ, query="skill=meal&from=2026-11-23&area=999999&at=2026-11-23T20:00:00Z"
    ),
    "GET /api/v1/workforce/fairness": Route(May.QUALITY),
    "GET /api/v1/workers/<worker_id>/wishes": Route(May.REGISTER_READ),
    "GET /api/v1/elders/<elder_id>/wishes": Route(May.REGISTER_READ),
    "PUT /api/v1/elders/<elder_id>/wishes/<worker_id>": Route(May.REGISTER_EDIT, {"wanted": False}),
    "DELETE /api/v1/elders/<elder_id>/wishes/<worker_id>": Route(May.REGISTER_EDIT),
    "GET /api/v1/providers": Route(May.WORKFORCE_READ),
    "POST /api/v1/providers": Route(
        May.WORKFORCE_EDIT, {"name": "New", "kind": "company", "ownership": "private", "area_id": "999999"}
    ),
    "GET /api/v1/providers/<provider_id>": Route(May.WORKFORCE_READ),
    "PATCH /api/v1/providers/<provider_id>": Route(May.WORKFORCE_EDIT, {"licence": "99-1"}),
    "GET /api/v1/stations": Route(May.WORKFORCE_READ),
    "GET /api/v1/stations/seats": Route(May.WORKFORCE_EDIT),
    "POST /api/v1/stations": Route(May.WORKFORCE_EDIT, {"name": "New", "kind": "station", "area_id": "999999"}),
    "GET /api/v1/stations/<station_id>": Route(May.WORKFORCE_READ),
    "PATCH /api/v1/stations/<station_id>": Route(May.WORKFORCE_EDIT, {"address": "Elm Road 2"}),
    "GET /api/v1/stations/<station_id>/today": Route(May.CASES_READ),
    "GET /api/v1/workers/<worker_id>/coaching": Route(May.QUALITY),
    "GET /api/v1/my/coaching": Route(May.JOBS),
    # how it was
    "GET /api/v1/follow-ups": Route(May.CASES_READ),
    "GET /api/v1/follow-ups/satisfaction": Route(
        May.CASES_READ, query="from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z"
    ),
    "GET /api/v1/follow-ups/<follow_up_id>": Route(May.CASES_READ),
    "POST /api/v1/follow-ups/<follow_up_id>/tries": Route(May.CASES_WORK, {"outcome": "no_answer"}),
    "POST /api/v1/follow-ups/<follow_up_id>/answer": Route(May.CASES_WORK, {"result": "satisfied"}),
    "GET /api/v1/cases/<case_id>/after": Route(May.CASES_READ),
    "GET /api/v1/complaints": Route(May.CASES_READ),
    "POST /api/v1/cases/<case_id>/complaints": Route(May.CASES_WORK, {"text": "nobody came"}),
    "POST /api/v1/cases/<case_id>/complaint/answer": Route(May.CASES_WORK, {"text": "we ask", "told": "call"}),
    "POST /api/v1/cases/<case_id>/complaint/solve": Route(
        May.CASES_WORK, {"result": "upheld", "text": "done again", "told": "call"}
    ),
    # the proof of visits
    "GET /api/v1/cases/<case_id>/evidence": Route(May.CASES_READ),
    "GET /api/v1/visit-checks": Route(May.QUALITY),
    "POST /api/v1/visit-checks/<check_id>/decide": Route(May.QUALITY, {"decision": "accepted", "reason": "a big yard"}),
    "POST /api/v1/assignments/<assignment_id>/late-entry": Route(
        (May.CASES_WORK, May.REGISTER_EDIT),
        {"arrived_at": "2026-11-24T08:00:00Z", "completed_at": "2026-11-24T09:00:00Z", "reason": "no network"},
    ),
    "POST /api/v1/assignments/<assignment_id>/late-entry/decide": Route(
        (May.CASES_WORK, May.REGISTER_EDIT), {"confirmed": True}
    ),
    "GET /api/v1/elders/<elder_id>/card-code": Route(May.REGISTER_READ),
    "POST /api/v1/elders/<elder_id>/card-code": Route(May.REGISTER_EDIT),
    "DELETE /api/v1/elders/<elder_id>/card-code": Route(May.REGISTER_EDIT),
    # devices
    "GET /api/v1/devices": Route(May.DEVICES_READ),
    "POST /api/v1/devices": Route(May.DEVICES_EDIT, {"number": "NEW-1", "model": "T1", "household_id": "999999"}),
    "GET /api/v1/devices/models": Route(May.DEVICES_READ),
    "GET /api/v1/devices/tasks": Route(May.DEVICES_READ),
    "PATCH /api/v1/devices/tasks/<task_id>": Route(May.DEVICES_EDIT, {"tried": True}),
    "GET /api/v1/devices/tests": Route(May.DEVICES_READ),
    "GET /api/v1/devices/tests/export": Route(May.DEVICES_EDIT),
    "GET /api/v1/devices/<device_id>": Route(May.DEVICES_READ),
    "PATCH /api/v1/devices/<device_id>": Route(May.DEVICES_EDIT, {"location": "kitchen"}),
    "DELETE /api/v1/devices/<device_id>": Route(May.DEVICES_EDIT),
    "GET /api/v1/devices/<device_id>/signals/<signal_id>": Route(May.DEVICES_READ),
    "PUT /api/v1/devices/<device_id>/on-test": Route(May.DEVICES_EDIT, {"until": LATER, "reason": "repair"}),
    "DELETE /api/v1/devices/<device_id>/on-test": Route(May.DEVICES_EDIT),
    # duty
    "GET /api/v1/duty/now": Route(May.DUTY_READ),
    "GET /api/v1/duty/people": Route(May.DUTY_READ),
    "GET /api/v1/duty/shifts": Route(May.DUTY_READ, query="from=2026-11-23T00:00:00Z&to=2026-11-30T00:00:00Z"),
    "POST /api/v1/duty/shifts": Route(
        May.DUTY_EDIT, {"role": "operator", "area_id": "999999", "user_id": "1", "starts_at": LATER, "ends_at": LATER}
    ),
    "PATCH /api/v1/duty/shifts/<shift_id>": Route(May.DUTY_EDIT, {"ends_at": LATER}),
    "DELETE /api/v1/duty/shifts/<shift_id>": Route(May.DUTY_EDIT),
    "POST /api/v1/duty/shifts/swap": Route(May.DUTY_EDIT, {"first": "999998", "second": "999999"}),
    "POST /api/v1/duty/weeks/copy": Route(
        May.DUTY_EDIT, {"source": "2026-11-23", "target": "2026-11-30", "area_id": "999999"}
    ),
    "GET /api/v1/duty/patterns": Route(May.DUTY_READ),
    "POST /api/v1/duty/patterns": Route(May.DUTY_EDIT, PATTERN),
    "PUT /api/v1/duty/patterns/<pattern_id>": Route(May.DUTY_EDIT, PATTERN),
    "DELETE /api/v1/duty/patterns/<pattern_id>": Route(May.DUTY_EDIT),
    "POST /api/v1/duty/phones": Route(May.DUTY_EDIT, {"label": "team", "phone": "13900000009", "area_id": "999999"}),
    "PATCH /api/v1/duty/phones/<phone_id>": Route(May.DUTY_EDIT, {"last_resort": True}),
    # the floor
    "GET /wall": Route(PUBLIC),
    "GET /wall/static/<path:filename>": Route(PUBLIC),
    "GET /api/v1/wall": Route(PUBLIC),
    "GET /api/v1/wall-tokens": Route(May.SUPERVISE),
    "POST /api/v1/wall-tokens": Route(May.SUPERVISE, {"name": "duty room"}),
    "DELETE /api/v1/wall-tokens/<wall_id>": Route(May.SUPERVISE),
    "GET /provider": Route(PUBLIC),
    "GET /provider-worker.js": Route(PUBLIC),
    "GET /o/<token>": Route(PUBLIC),
    "POST /o/<token>": Route(PUBLIC),
    "GET /e/<token>": Route(PUBLIC),
    "GET /e/<token>/state": Route(PUBLIC),
    "GET /e/<token>/services": Route(PUBLIC),
    "POST /e/<token>/<deed>": Route(PUBLIC),
    "GET /elder/static/<path:filename>": Route(PUBLIC),
    "GET /forms/<name>": Route(PUBLIC),
    "GET /forms/static/<path:filename>": Route(PUBLIC),
    "GET /api/v1/elders/<elder_id>/link": Route(May.REGISTER_READ),
    "POST /api/v1/elders/<elder_id>/link": Route(May.REGISTER_EDIT),
    "DELETE /api/v1/elders/<elder_id>/link": Route(May.REGISTER_EDIT),
    "GET /api/v1/area-events": Route(May.CASES_READ),
    "POST /api/v1/area-events": Route(May.CASES_WORK, {"area_id": "999999", "cause": "door"}),
    "POST /api/v1/area-events/<event_id>/declare": Route(May.CASES_WORK),
    "POST /api/v1/area-events/<event_id>/end": Route(May.CASES_WORK, {"reason": "quiet"}),
    "POST /api/v1/cases/group": Route(May.CASES_WORK, {"cases": ["999999"], "verb": "take"}),
    "GET /api/v1/callbacks": Route(May.CASES_READ),
    "GET /api/v1/cases/<case_id>/callbacks": Route(May.CASES_READ),
    "POST /api/v1/cases/<case_id>/callbacks": Route(May.CASES_WORK, {"due_at": LATER, "note": "ring again"}),
    "POST /api/v1/callbacks/<callback_id>/done": Route(May.CASES_WORK, {}),
    "POST /api/v1/callbacks/<callback_id>/cancel": Route(May.CASES_WORK, {"reason": "she came"}),
    "PUT /api/v1/floor/me": Route(May.CASES_READ, {}),
    "DELETE /api/v1/floor/me": Route(May.CASES_READ),
    "GET /api/v1/floor/colleagues": Route(May.CASES_WORK),
    "GET /api/v1/floor/seats": Route(May.CASES_READ),
    "GET /api/v1/floor/numbers": Route(May.SUPERVISE),
    "GET /api/v1/floor/needs-me": Route(May.SUPERVISE),
    "GET /api/v1/floor/held": Route(May.CASES_READ),
    "GET /api/v1/floor/stale": Route(May.SUPERVISE),
    "GET /api/v1/floor/priority-changes": Route(May.SUPERVISE),
    "GET /api/v1/cases/<case_id>/viewers": Route(May.CASES_READ),
    "GET /api/v1/broadcasts": Route(May.SUPERVISE),
    "POST /api/v1/broadcasts": Route(May.SUPERVISE, {"text": "power cut"}),
    "POST /api/v1/broadcasts/<broadcast_id>/confirm": Route(May.CASES_READ),
    "GET /api/v1/handovers": Route(May.CASES_WORK),
    "POST /api/v1/handovers": Route(May.CASES_WORK, {}),
    "GET /api/v1/handovers/<handover_id>": Route(May.CASES_WORK),
    "PUT /api/v1/handovers/<handover_id>/note": Route(May.CASES_WORK, {"note": "quiet"}),
    "POST /api/v1/handovers/<handover_id>/items": Route(May.CASES_WORK, {"text": "the lift is out"}),
    "PATCH /api/v1/handovers/<handover_id>/items/<item_id>": Route(May.CASES_WORK, {"given": True}),
    "POST /api/v1/handovers/<handover_id>/items/<item_id>/receive": Route(May.CASES_WORK, {"opened": True}),
    "POST /api/v1/handovers/<handover_id>/items/<item_id>/clear": Route(May.CASES_WORK),
    "POST /api/v1/handovers/<handover_id>/offer": Route(May.CASES_WORK, {}),
    "POST /api/v1/handovers/<handover_id>/return": Route(May.CASES_WORK, {"reason": "which key?"}),
    "POST /api/v1/handovers/<handover_id>/accept": Route(May.CASES_WORK),
    "POST /api/v1/handovers/<handover_id>/cancel": Route(May.CASES_WORK),
    "GET /api/v1/reviews": Route(May.QUALITY, query="month=2026-11"),
    "GET /api/v1/reviews/criteria": Route((May.QUALITY, May.CASES_READ)),
    "GET /api/v1/reviews/coverage": Route(May.QUALITY, query="month=2026-11"),
    "GET /api/v1/reviews/mine": Route(May.CASES_WORK),
    "POST /api/v1/reviews/draw": Route(May.QUALITY, {"month": "2026-11"}),
    "PUT /api/v1/reviews/<review_id>": Route(May.QUALITY, {"scores": {}}),
    "POST /api/v1/reviews/<review_id>/read": Route(May.CASES_WORK),
    # simulated telephones
    "GET /api/v1/sim/network": Route(May.CASES_WORK),
    "PUT /api/v1/sim/network": Route(May.CASES_WORK, {}),
    "GET /api/v1/sim/phones": Route(May.CASES_WORK),
    "POST /api/v1/sim/phones/<number>/answer": Route(May.CASES_WORK),
    "POST /api/v1/sim/phones/<number>/hangup": Route(May.CASES_WORK),
    "POST /api/v1/sim/phones/<number>/press": Route(May.CASES_WORK, {"digit": "1"}),
    "POST /api/v1/sim/phones/<number>/reply": Route(May.CASES_WORK, {"text": "1"}),
}

DEMO_ROUTES = {
    "POST /api/v1/demo/positions",
    "POST /api/v1/demo/storm",
    "GET /demo",
    "GET /demo/as/<username>",
    "GET /demo/elder",
    "GET /demo/elder/state",
    "GET /demo/phones",
    "GET /demo/static/<path:filename>",
}
"""Doors that only a demo has, open to everybody."""

THING: dict[str, str] = {
    "gateway": "a way for short messages, which is of no area",
    "area_id": "an area in the East",
    "worker_id": "a helper in the East",
    "provider_id": "a provider in the East",
    "station_id": "a station in the East",
    "assessment_id": "an assessment, found by its elder",
    "case_id": "an open case in the East",
    "duty_id": "a word owed to an elder in the East",
    "elder_id": "an elder in the East",
    "contact_id": "a contact, found by its elder",
    "fact_id": "a fact, found by its elder",
    "household_id": "a home in the East",
    "device_id": "a device in the East",
    "task_id": "a device task in the East",
    "signal_id": "a signal, which is asked for with its device",
    "incident_id": "an incident in the East",
    "shift_id": "a shift in the East",
    "pattern_id": "a weekly pattern in the East",
    "phone_id": "a duty telephone in the East",
    "event_id": "an area event in the East",
    "callback_id": "a call-back in the East",
    "cascade_id": "a cascade in the East",
    "arrival_id": "an arrival in the East",
    "offer_id": "an offer in the East",
    "assignment_id": "a visit in the East",
    "follow_up_id": "a return call about a case in the East",
    "check_id": "a visit to look at in the East",
    "standing_id": "a standing order in the East",
    "pause_id": "a pause, found by its standing order",
    "visit_id": "a check-in visit in the East",
    "refusal_id": "a refusal of visits in the East",
    "photo_id": "a picture of a visit in the East",
    "handover_id": "a handover in the East",
    "item_id": "an item of a handover, which has no area of its own",
    "review_id": "a review in the East",
    "broadcast_id": "a message in the East",
    "wall_id": "a wall board in the East",
    "filename": "a file, which has no area",
    "user_id": "a user in the East",
    "session_id": "a session of one's own",
    "token_id": "a machine's token, which has no area",
    "import_id": "a file of somebody in the East",
    "double_id": "two elders in the East who look alike",
    "token": "the key of an elder's page, which opens it alone",
    "deed": "a button of an elder's page",
    "name": "a paper form, which has no area",
    "number": "a telephone, which has no area",
    "request_id": "a request of an elder in the East",
    "tag_id": "a membership of a group, found by its elder",
    "path": "a file, which has no area",
}
"""What stands for each part of an address. Whatever says ``in the East`` is made by ``things()`` of the test."""
