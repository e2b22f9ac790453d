"""MQTT: a client of one broker, by which many kinds of devices speak."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
from pathlib import Path

import structlog

from dispatch.domain.listening import Setup
from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.overlay import Overlay
from dispatch.gateways.frame import Corridor
from dispatch.gateways.mqtt.broker import Address, Connection
from dispatch.gateways.mqtt.intake import Around, Intake, Register
from dispatch.gateways.mqtt.memory import Memory
from dispatch.gateways.mqtt.topics import Topics
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.mqtt.world import World

log = structlog.get_logger()
LOOK = 2.0
"""Seconds after which is looked again whether somebody has said what a word means."""
PATIENCE = 3.0
OPTIONS = {
    "topics": {},
    "client_id": "",
    "username": "",
    "tls": False,
    "ca_file": "",
    "cert_file": "",
    "key_file": "",
}


class MqttListener:
    """Raises ``ValueError`` for options that it cannot work with."""

    def __init__(self, setup: Setup, mapping: DeviceMapping, register: Register, directory: Path) -> None:
        options = setup.chosen(OPTIONS)
        self._name = setup.name
        self._mapping = mapping
        self._register = register
        self._file = directory / f"{setup.name}.db"
        self._topics = Topics.load(options["topics"])
        self._address = Address(
            host=setup.host,
            port=setup.port,
            client_id=options["client_id"] or f"dispatch-{setup.name}",
            username=options["username"] or None,
            password=setup.secrets.get(""),
            tls=_tls(options),
            filters=tuple(self._topics.filters()),
        )

    async def run(self, corridor: Corridor) -> None:
        memory = Memory(self._file)
        try:
            await self._listen(corridor, memory)
        finally:
            memory.close()

    async def _listen(self, corridor: Corridor, memory: Memory) -> None:
        world = World(self._topics)
        for topic, payload in memory.facts():
            try:
                if world.is_fact(topic):
                    world.learn(topic, payload)
            except NotRead as fault:
                log.warning("mqtt_fact_forgotten", topic=topic, reason=str(fault))
            except Exception:
                log.exception("mqtt_fact_forgotten", topic=topic)
        overlay = await self._first(memory)
        intake = Intake(self._name, Around(corridor, self._register, memory, overlay.over(self._mapping), world))
        following = asyncio.create_task(self._follow(overlay, intake, memory))
        connection = Connection(self._address, lambda heard, done: connection.ask(intake.hear(heard, done)))
        try:
            await connection.open(world.asked())
            corridor.at_work(str(self._address))
            ends = {connection.lost, intake.broken, following}
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            following.cancel()
            connection.pause()
            await asyncio.wait({following})
            await intake.finish()
            await connection.close()

    async def _first(self, memory: Memory) -> Overlay:
        """What stands, or what stood when it was last heard: nobody's alarm waits for a database that hangs."""
        kept = memory.overlay()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._newest(kept, memory)
        except TimeoutError:
            return kept

    async def _follow(self, overlay: Overlay, intake: Intake, memory: Memory) -> None:
        while True:
            await asyncio.sleep(LOOK)
            newest = await self._newest(overlay, memory)
            if newest is not overlay:
                overlay = newest
                intake.use(overlay.over(self._mapping))
                log.info("mqtt_mapping_followed", listener=self._name, version=overlay.mark.newest)

    async def _newest(self, known: Overlay, memory: Memory) -> Overlay:
        """As the database has it, kept for when it is away; ``known`` while it is, or nothing is new."""
        found = await self._register.overlay(known.mark)
        if found is None:
            return known
        try:
            await asyncio.to_thread(memory.keep_overlay, found)
        except sqlite3.Error as error:
            log.error("mqtt_memory_refused", listener=self._name, error=str(error))
        return found


def _tls(options: dict[str, object]) -> ssl.SSLContext | None:
    if not options["tls"]:
        return None
    try:
        context = ssl.create_default_context(cafile=str(options["ca_file"]) or None)
        if options["cert_file"]:
            context.load_cert_chain(str(options["cert_file"]), str(options["key_file"]) or None)
    except OSError as error:
        raise ValueError(f"ca_file, cert_file or key_file cannot be used: {error}") from error
    return context
