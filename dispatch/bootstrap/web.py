"""The web process, put together: the API, the live relay and what they need."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from flask import Flask

from dispatch.api import demo, sim
from dispatch.api.app import create_app
from dispatch.api.context import Context
from dispatch.api.socket import NAMESPACE, Listeners, Rooms, create_socketio
from dispatch.bootstrap.centre import at_work, refuse_wrong_keys
from dispatch.bootstrap.network import network
from dispatch.bootstrap.process import StartRefused, configure_logging
from dispatch.domain.webhooks import Source
from dispatch.gateways.console import ConsoleGateway
from dispatch.gateways.mqtt.topics import Topics
from dispatch.gateways.trial import Trial
from dispatch.gateways.webhooks.sealed import key_of
from dispatch.services.centre import Centre
from dispatch.services.together import Together
from dispatch.settings import Settings, brokers, load_webhooks
from dispatch.workers.live_relay import LiveRelay


@dataclass(frozen=True)
class Web:
    app: Flask
    relay: LiveRelay


def start(chosen: Settings) -> Flask:
    """The application at work, for the server that it runs in. Raises ``StartRefused``."""
    configure_logging()
    refuse_wrong_keys(chosen)
    web = web_of(chosen)
    web.relay.start()
    return web.app


def web_of(chosen: Settings, found: Centre | None = None) -> Web:
    """Nothing of it runs yet. ``found``: the centre, if it is made already. Raises ``StartRefused``."""
    found = found or at_work(chosen)
    phones = network(chosen, found)
    build = build_id(chosen)
    clouds = webhooks(chosen)
    reader = Trial(topics(chosen), clouds)
    app = create_app(Context(found, chosen, phones, Together(found), build, webhooks=clouds, reader=reader))
    sim.register(app)
    if chosen.demo:
        demo.register(app)
    rooms = Rooms()
    listeners = Listeners()
    socketio = create_socketio(app, rooms, listeners)
    relay = LiveRelay(
        found,
        ConsoleGateway(socketio, NAMESPACE),
        rooms.all,
        build,
        lambda now: listeners.dismiss(found, socketio, now),
    )
    return Web(app, relay)


def build_id(chosen: Settings) -> str:
    """Changes with the version and with the console's build, so that a console knows that it is old."""
    page = chosen.console_dir / "index.html"
    mark = f"{page.stat().st_mtime_ns:x}"[-8:] if page.is_file() else "0"
    return f"{version('dispatch')}+{mark}"


def webhooks(chosen: Settings) -> dict[str, Source]:
    """Raises ``StartRefused``: a door without a lock is none."""
    try:
        found = load_webhooks(chosen)
        for source in found.values():
            if source.key:
                key_of(source.key)
    except ValueError as error:
        raise StartRefused(str(error)) from error
    return found


def topics(chosen: Settings) -> dict[str, Topics]:
    """Of each listener for MQTT, for reading its messages again. Raises ``StartRefused``."""
    try:
        return {name: Topics.load(setup.options.get("topics")) for name, setup in brokers(chosen).items()}
    except ValueError as error:
        raise StartRefused(f"config/gateways.yaml: {error}") from error
