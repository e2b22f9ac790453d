"""MQTT: a client of one broker, by which many kinds of devices speak."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from dispatch.domain.listening import Setup
from dispatch.domain.mapping import DeviceMapping
from dispatch.gateways.frame import Corridor
from dispatch.gateways.mqtt.broker import Address, Connection
from dispatch.gateways.mqtt.intake import Around, Intake, Register
from dispatch.gateways.mqtt.memory import Memory
from dispatch.gateways.mqtt.topics import Topics
from dispatch.gateways.mqtt.values import NotRead
from dispatch.gateways.mqtt.world import World

log = structlog.get_logger()
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
        intake = Intake(self._name, Around(corridor, self._register, memory, self._mapping, world))
        connection = Connection(self._address, lambda heard, done: connection.ask(intake.hear(heard, done)))
        try:
            await connection.open(world.asked())
            corridor.at_work(str(self._address))
            done, _ = await asyncio.wait({connection.lost, intake.broken}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            connection.pause()
            await intake.finish()
            await connection.close()


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
