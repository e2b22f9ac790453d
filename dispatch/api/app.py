"""The web application, put together."""

from __future__ import annotations

from flask import Flask, Response
from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from dispatch.api import (
    area_events,
    areas,
    arrivals,
    assessments,
    callbacks,
    calls,
    cascades,
    cases,
    city_map,
    cloud_reports,
    consents,
    devices,
    duplicates,
    duty,
    elder_page,
    elders,
    evidence,
    floor,
    follow_ups,
    forms,
    gateways,
    groups,
    handover,
    health,
    households,
    imports,
    jobs,
    live,
    mapping,
    matching,
    me,
    offer_link,
    offers,
    orders,
    pages,
    privacy,
    privacy_desk,
    problems,
    providers,
    register,
    reviews,
    scripts,
    sessions,
    signals,
    staffing,
    tokens,
    trail,
    users,
    visit_board,
    visit_calls,
    visit_plans,
    visit_records,
    visits,
    wall,
    webhooks,
    wishes,
    workforce,
)
from dispatch.api.context import Context
from dispatch.api.schemas import Problem

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'self'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
LARGEST_BODY = 1024 * 1024


def create_app(context: Context) -> Flask:
    settings = context.settings
    app = OpenAPI(
        "dispatch.api",
        info=Info(title="Elderly-care call and dispatch centre", version=context.build),
        security_schemes={
            "bearer": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "dispatch_session"},
        },
        responses={401: Problem, 422: Problem},
        validation_error_callback=problems.of_validation,
        doc_ui=False,
        static_folder=None,
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="dispatch_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=context.centre.access.sessions.absolute,
        MAX_CONTENT_LENGTH=LARGEST_BODY + 64 * 1024,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["dispatch"] = context
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    problems.register(app)
    for room in (
        signals,
        calls,
        cases,
        live,
        register,
        sessions,
        workforce,
        providers,
        staffing,
        wishes,
        assessments,
        groups,
        consents,
        duty,
        devices,
    ):
        app.register_api(room.api)
    for room in (me, users, tokens, trail):
        app.register_api(room.api)
    for room in (area_events, callbacks, gateways, cloud_reports, webhooks, floor, handover, reviews, wall, elder_page):
        app.register_api(room.api)
    for room in (areas, elders, households, imports, duplicates, privacy, privacy_desk):
        app.register_api(room.api)
    for room in (scripts, cascades, arrivals, offers, orders, jobs, mapping, matching, city_map, evidence, follow_ups):
        app.register_api(room.api)
    for room in (visit_board, visit_calls, visit_plans, visit_records, visits):
        app.register_api(room.api)
    for blueprint in (health.pages, pages.pages, wall.pages, elder_page.pages, offer_link.pages, forms.pages):
        app.register_blueprint(blueprint)
    app.after_request(_headers)
    return app


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if response.mimetype in ("application/json", "application/problem+json"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
