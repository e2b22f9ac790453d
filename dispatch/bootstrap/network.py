"""The way to telephones, as it was chosen."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch.bootstrap.process import StartRefused
from dispatch.domain.sms import SIMULATED, Kind
from dispatch.gateways.http_sms import HttpSms
from dispatch.gateways.simulated import SimulatedNetwork
from dispatch.gateways.smpp import SmppSms
from dispatch.gateways.ways import SmsGateway, Ways
from dispatch.services.centre import Centre
from dispatch.services.sms import inbox
from dispatch.settings import Settings


def network(chosen: Settings, found: Centre) -> SimulatedNetwork | Ways:
    """Raises ``StartRefused`` where a gateway is unknown or lacks its secret."""
    if chosen.ways == (SIMULATED,):
        return SimulatedNetwork(found.database)
    if not chosen.ways:
        raise StartRefused(f"DISPATCH_PHONE_NETWORK names no way to telephones: use {SIMULATED} or a gateway")
    return Ways({name: _gateway(chosen, found, name) for name in chosen.ways})


def _gateway(chosen: Settings, found: Centre, name: str) -> SmsGateway:
    gateway = found.sms.gateways.get(name)
    if gateway is None:
        known = ", ".join((SIMULATED, *found.sms.gateways))
        raise StartRefused(
            f"DISPATCH_PHONE_NETWORK={name} is not known: {known} are, in {chosen.config_dir / 'sms.yaml'}"
        )
    password = chosen.sms_secret(name)
    if not password:
        raise StartRefused(f"DISPATCH_SMS_SECRETS has no password for the gateway {name}: add {name}:<password>")
    if gateway.kind is Kind.SMPP:
        return SmppSms(gateway, password, lambda report: inbox.keep(found, report, datetime.now(UTC)))
    if not chosen.sms_callback_url:
        raise StartRefused(f"DISPATCH_SMS_CALLBACK_URL is empty: the gateway {name} must know where to bring receipts")
    base = chosen.sms_callback_url.rstrip("/")
    return HttpSms(gateway, password, f"{base}/gateways/sms/{name}/receipt?secret={chosen.callback_secret(name)}")
