"""The way to telephones, as it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.util import find_spec
from string import Formatter

from dispatch.bootstrap.process import StartRefused
from dispatch.domain.listening import Setup
from dispatch.domain.messages import Outgoing
from dispatch.domain.sms import CLOUDS, SIMULATED, Gateway, Kind
from dispatch.gateways.http_sms import HttpSms
from dispatch.gateways.simulated import SimulatedNetwork
from dispatch.gateways.smpp import SmppSms
from dispatch.gateways.ways import SmsGateway, VoiceGateway, Ways
from dispatch.loading import load
from dispatch.services.centre import Centre
from dispatch.services.sms import inbox
from dispatch.settings import Settings, exchanges


def network(chosen: Settings, found: Centre) -> SimulatedNetwork | Ways:
    """Raises ``StartRefused`` where a gateway is unknown or lacks its secret."""
    if chosen.ways == (SIMULATED,):
        return SimulatedNetwork(found.database)
    if not chosen.ways:
        raise StartRefused(f"DISPATCH_PHONE_NETWORK names no way to telephones: use {SIMULATED} or a gateway")
    exchanges = _exchanges(chosen)
    voice = {name: _voice(exchanges[name]) for name in chosen.ways if name in exchanges}
    if len(voice) > 1:
        raise StartRefused(f"DISPATCH_PHONE_NETWORK names two exchanges for calls: {', '.join(voice)}; use one")
    return Ways({name: _gateway(chosen, found, name) for name in chosen.ways if name not in exchanges}, voice)


def _exchanges(chosen: Settings) -> dict[str, Setup]:
    try:
        return exchanges(chosen)
    except ValueError as error:
        raise StartRefused(str(error)) from error


def _voice(setup: Setup) -> VoiceGateway:
    try:
        made: VoiceGateway = load("dispatch.bootstrap.hotline").voice(setup)
    except ValueError as error:
        raise StartRefused(f"config/gateways.yaml, {setup.name}: {error}") from error
    return made


def _gateway(chosen: Settings, found: Centre, name: str) -> SmsGateway:
    gateway = found.sms.gateways.get(name)
    if gateway is None:
        known = ", ".join((SIMULATED, *found.sms.gateways, *_exchanges(chosen)))
        raise StartRefused(
            f"DISPATCH_PHONE_NETWORK={name} is not known: {known} are, in {chosen.config_dir / 'sms.yaml'}"
        )
    password = chosen.sms_secret(name)
    if not password:
        raise StartRefused(f"DISPATCH_SMS_SECRETS has no password for the gateway {name}: add {name}:<password>")
    if gateway.kind in CLOUDS:
        return _cloud(found, gateway, password)
    if gateway.kind is Kind.SMPP:
        return SmppSms(gateway, password, lambda report: inbox.keep(found, report, datetime.now(UTC)))
    if not chosen.sms_callback_url:
        raise StartRefused(f"DISPATCH_SMS_CALLBACK_URL is empty: the gateway {name} must know where to bring receipts")
    base = chosen.sms_callback_url.rstrip("/")
    return HttpSms(gateway, password, f"{base}/gateways/sms/{name}/receipt?secret={chosen.callback_secret(name)}")


@dataclass(frozen=True)
class Sdk:
    """Of a cloud: installed by those alone who use it."""

    package: str
    module: str
    gateway: str


SDKS = {
    Kind.ALIYUN: Sdk("alibabacloud_dysmsapi20170525", "dispatch.gateways.aliyun_sms", "AliyunSms"),
    Kind.TENCENT: Sdk("tencentcloud", "dispatch.gateways.tencent_sms", "TencentSms"),
}


class Cloud:
    """Implements ``SmsGateway``. Its SDK is loaded by the first text or by listening: web processes do neither."""

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self._gateway = gateway
        self._secret = secret

    @cached_property
    def _loaded(self) -> SmsGateway:
        sdk = SDKS[self._gateway.kind]
        made: SmsGateway = getattr(load(sdk.module), sdk.gateway)(self._gateway, self._secret)
        return made

    def send(self, message: Outgoing) -> str:
        return self._loaded.send(message)

    def listen(self) -> None:
        self._loaded.listen()


def _cloud(found: Centre, gateway: Gateway, secret: str) -> SmsGateway:
    for name, template in gateway.templates.items():
        known = _words(found, name)
        asked = {word for form in template.values.values() for word in _placeholders(form)}
        if wrong := sorted(asked - known):
            raise StartRefused(f"config/sms.yaml, {gateway.name}, {name}: there is no {{{wrong[0]}}} in this text")
    if find_spec(SDKS[gateway.kind].package) is None:
        wanted = f"pip install 'dispatch[{gateway.kind}]'"
        raise StartRefused(f"the gateway {gateway.name} needs the SDK of its cloud: {wanted}")
    return Cloud(gateway, secret)


def _words(found: Centre, name: str) -> set[str]:
    """What the text ``name`` of ``config/messages.yaml`` is filled with."""
    text = (found.messages.get(name) or {}).get("sms")
    if not isinstance(text, str):
        raise StartRefused(f"config/sms.yaml has a template for {name}, which is no text of config/messages.yaml")
    return _placeholders(text)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
