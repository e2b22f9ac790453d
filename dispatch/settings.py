"""One frozen object of settings: environment variables ``DISPATCH_*`` over the files of ``config/``."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.domain.access import AccessRules
from dispatch.domain.arrival import ResponseRules
from dispatch.domain.assessment import Standard
from dispatch.domain.calls import HotlineRules
from dispatch.domain.care import CareRules
from dispatch.domain.cascade import CascadeRules
from dispatch.domain.datakeys import parse_keys
from dispatch.domain.errors import DispatchError
from dispatch.domain.escalation import Policy
from dispatch.domain.floor import FloorRules
from dispatch.domain.followup import FollowUpRules
from dispatch.domain.groups import Groups
from dispatch.domain.helps.catalogue import Catalogue
from dispatch.domain.helps.ordering import OrderRules
from dispatch.domain.helps.rules import MatchRules
from dispatch.domain.imports.template import Book, template_of
from dispatch.domain.listening import Setup, load_setups, secrets_of, switched_on
from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.privacy import Deadlines, load_purposes, load_retention
from dispatch.domain.roster import DutyRules
from dispatch.domain.rounds.rules import PlanRules
from dispatch.domain.script_form import load_script
from dispatch.domain.scripts import ScriptFault, Scripts
from dispatch.domain.signals import Effect, SignalKind, effect
from dispatch.domain.sms import SmsRules
from dispatch.domain.supervision import DeviceRules
from dispatch.domain.visits.rules import VisitRules
from dispatch.domain.webhooks import Source, load_sources

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
CAUSES = (*SignalKind, "call", "request", "gateway_offline", "staff_safety", "visit_not_met")
"""Why a case can have opened."""
SHORTEST_TOKEN = 12
"""Characters of what a cloud shows or signs with."""
KNOWN_SECRETS = {"change-me", "changeme", "secret", "dev", "development"}


class Settings(BaseSettings):
    """Raises ``pydantic.ValidationError`` with what to do when something is missing or unsafe."""

    model_config = SettingsConfigDict(env_prefix="DISPATCH_", frozen=True, extra="ignore")

    data_dir: Path = ROOT / "data"
    database_url: str = ""
    redis_url: str = "redis://127.0.0.1:6379/0"
    secret_key: str = ""
    data_keys: str = Field(default="", repr=False)
    """``id:base64`` each, by commas; the first seals what is personal, the others only open what they sealed."""
    timezone: str = "Asia/Shanghai"
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = Field(default=256, ge=8)
    demo: bool = False
    second_factor: bool = True
    """False: nobody must have one, whatever ``config/access.yaml`` says."""
    secure_cookies: bool = False
    trusted_proxies: int = 0
    selftest_urls: str = "own"
    """Where a synthetic alarm is handed in each minute: the addresses of all web processes, separated by commas;
    ``own``: this host and port; ``off``: nowhere, and nobody notices when alarms get lost on the way in.
    """
    phone_network: str = "simulated"
    """``simulated``, or gateways of ``config/sms.yaml`` by commas, the first of them first."""
    sms_secrets: str = Field(default="", repr=False)
    """``name:password`` of each gateway, by commas."""
    sms_callback_url: str = ""
    """Where gateways reach this centre, without a path: ``http://10.1.2.3:8000``."""
    gateways: str = ""
    """The listeners that `dispatch gateway` runs, by commas, or ``none``; empty: ``config/gateways.yaml`` says."""
    gateway_secrets: str = Field(default="", repr=False)
    """``listener:secret`` and ``listener/part:secret``, by commas; ``@file``: a file with one each line."""
    gateway_place: str = Field("gateway", pattern=r"^[A-Za-z0-9._-]{1,40}$")
    """The name of this gateway process, where several run for one centre."""
    public_url: str = Field("", max_length=36, pattern=r"^(|https?://[^/\s]+/?)$")
    """Where people outside reach this centre, without a path: ``https://care.example.cn``; no longer, as links are sent
    by short message. Empty: no link is sent.
    """
    hotline: str = Field("12349", pattern=r"^[0-9+][0-9 -]{2,19}$")
    """What elders ring; on their own page, its card and the paper forms. 12349 is the country's line for elders."""
    callback_number: str = Field("", pattern=r"^(|own|[0-9+][0-9 -]{2,19})$")
    """What 120, 119 and 110 can ring back, over ``config/response.yaml``; ``own``: each operator names the telephone in
    their hand. Empty in both: the centre does not open.
    """
    recordings_dir: Path | None = None
    """Where the telephone exchange leaves what it records; none: ``recordings`` in the data directory."""
    config_dir: Path = ROOT / "config"
    console_dir: Path = ROOT / "console" / "dist"

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not values.get("database_url"):
            data_dir = Path(values.get("data_dir") or cls.model_fields["data_dir"].default).resolve()
            values = {**values, "database_url": f"sqlite:///{data_dir / 'dispatch.db'}"}
        return values

    @model_validator(mode="after")
    def _safe(self) -> Self:
        weak = len(self.secret_key) < 32 or self.secret_key.lower() in KNOWN_SECRETS
        if weak:
            raise ValueError(
                "DISPATCH_SECRET_KEY must be at least 32 random characters: "
                "set it to the output of `python -c 'import secrets; print(secrets.token_hex(32))'`"
            )
        parse_keys(self.data_keys)
        return self

    @property
    def selftest_ways(self) -> tuple[str, ...]:
        if self.selftest_urls == "off":
            return ()
        own = f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104
        given = [own] if self.selftest_urls == "own" else self.selftest_urls.split(",")
        return tuple(url.strip() for url in given if url.strip())

    @property
    def ways(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.phone_network.split(",") if name.strip())

    def sms_secret(self, gateway: str) -> str:
        given = dict(pair.strip().partition(":")[::2] for pair in self.sms_secrets.split(","))
        return given.get(gateway, "")

    def callback_secret(self, gateway: str) -> str:
        """What a gateway must say when it calls: known without being stored, another one for each."""
        return hmac.new(self.secret_key.encode(), f"dispatch sms {gateway}".encode(), "sha256").hexdigest()[:32]

    @property
    def selftest_token(self) -> str:
        """Known to every process of the centre and to nobody else, without being stored."""
        return hmac.new(self.secret_key.encode(), b"dispatch self-test", "sha256").hexdigest()

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"


# libyaml where the wheel has it: the scripts alone take half a second without, in each process at each start.
YAML: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=YAML)  # noqa: S506 -- a safe loader, whichever of the two


def load_policies(directory: Path) -> dict[int, Policy]:
    """``config/escalation.yaml`` by priority 1 to 4; raises ValueError naming the file and the fault."""
    path = directory / "escalation.yaml"
    try:
        return {int(name[1:]): Policy.load(body) for name, body in read_yaml(path).items()}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from error


def load_duty(directory: Path) -> DutyRules:
    """``config/duty.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "duty.yaml", DutyRules.load)


def load_devices(directory: Path) -> DeviceRules:
    """``config/devices.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "devices.yaml", DeviceRules.load)


def load_gateways(chosen: Settings) -> list[Setup]:
    """The listeners that are to run, with their secrets; raises ValueError naming the file and the fault."""
    setups = _load(chosen.config_dir / "gateways.yaml", load_setups)
    wanted = switched_on(setups, chosen.gateways, demo=chosen.demo)
    return [replace(setup, secrets=secrets_of(_gateway_secrets(chosen), setup.name)) for setup in wanted]


def exchanges(chosen: Settings) -> dict[str, Setup]:
    """The telephone exchanges of ``config/gateways.yaml``, whether they are listened to or not; raises ValueError."""
    setups = _load(chosen.config_dir / "gateways.yaml", load_setups)
    return {
        name: replace(setup, secrets=secrets_of(_gateway_secrets(chosen), name))
        for name, setup in setups.items()
        if setup.protocol == "asterisk"
    }


def brokers(chosen: Settings) -> dict[str, Setup]:
    """The listeners for MQTT of ``config/gateways.yaml``, whether they run or not; raises ValueError."""
    setups = _load(chosen.config_dir / "gateways.yaml", load_setups)
    return {name: setup for name, setup in setups.items() if setup.protocol == "mqtt"}


def _gateway_secrets(chosen: Settings) -> str:
    if not chosen.gateway_secrets.startswith("@"):
        return chosen.gateway_secrets
    path = Path(chosen.gateway_secrets[1:])
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ValueError(f"DISPATCH_GATEWAY_SECRETS: {path} cannot be read ({error})") from error


def load_webhooks(chosen: Settings) -> dict[str, Source]:
    """The clouds of ``config/webhooks.yaml`` that are on, with their tokens; raises ValueError naming the fault."""
    found = {}
    for name, source in _load(chosen.config_dir / "webhooks.yaml", load_sources).items():
        if not source.on:
            continue
        secrets = secrets_of(_gateway_secrets(chosen), name)
        token = secrets.get("", "")
        if len(token) < SHORTEST_TOKEN:
            raise ValueError(
                f"config/webhooks.yaml, {name}: put {name}:TOKEN into DISPATCH_GATEWAY_SECRETS, "
                f"of {SHORTEST_TOKEN} characters at least"
            )
        found[name] = replace(source, secret=token, key=secrets.get("aes", ""))
    return found


def load_hotline(directory: Path) -> HotlineRules:
    """``config/hotline.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "hotline.yaml", HotlineRules.load)


def load_mapping(directory: Path) -> DeviceMapping:
    """``config/mqtt.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "mqtt.yaml", DeviceMapping.load)


def load_cascade(directory: Path) -> CascadeRules:
    """``config/cascade.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "cascade.yaml", CascadeRules.load)


def load_sms(directory: Path) -> SmsRules:
    """``config/sms.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "sms.yaml", SmsRules.load)


def load_response(directory: Path) -> ResponseRules:
    """``config/response.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "response.yaml", ResponseRules.load)


def load_catalogue(directory: Path) -> Catalogue:
    """``config/catalogue.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "catalogue.yaml", Catalogue.load)


def load_matching(directory: Path) -> MatchRules:
    """``config/matching.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "matching.yaml", MatchRules.load)


def load_followup(directory: Path, catalogue: Catalogue) -> FollowUpRules:
    """``config/followup.yaml``; raises ValueError naming the file and the fault."""

    def parse(data: Any) -> FollowUpRules:
        rules = FollowUpRules.load(data)
        rules.check_names(catalogue.items, catalogue.helps)
        return rules

    return _load(directory / "followup.yaml", parse)


def load_orders(directory: Path) -> OrderRules:
    """``config/orders.yaml``; raises ValueError naming the file and the fault."""
    return _load(directory / "orders.yaml", OrderRules.load)


def load_visits(directory: Path) -> VisitRules:
    """``config/visits.yaml``, over ``groups.yaml``; raises ValueError naming the file and the fault."""
    groups = _load(directory / "groups.yaml", Groups.load)
    return _load(directory / "visits.yaml", lambda body: VisitRules.load(body, groups))


def load_planning(directory: Path, visits: VisitRules, catalogue: Catalogue) -> PlanRules:
    """``config/planning.yaml``; raises ValueError naming the file and the fault."""
    classes = [one.code for one in visits.classes]
    return _load(directory / "planning.yaml", lambda body: PlanRules.load(body, classes, catalogue.skills))


def load_scripts(directory: Path) -> Scripts:
    """``config/scripts/*.yaml``; raises ValueError naming the file, the step and the fault."""
    folder = directory / "scripts"
    try:
        scripts = Scripts(_load(path, load_script) for path in sorted(folder.glob("*.yaml")))
        scripts.check_words(CAUSES)
    except ScriptFault as fault:
        raise ValueError(f"{folder}: {fault}") from fault
    return scripts


def load_floor(directory: Path) -> FloorRules:
    """``config/floor.yaml``; raises ValueError naming the file and the fault."""
    path = directory / "floor.yaml"
    try:
        return FloorRules.load(read_yaml(path))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from error


def load_priorities(directory: Path) -> dict[SignalKind, int]:
    """``config/signals.yaml``: the priority of each alarm; raises ValueError if an alarm has none."""
    path = directory / "signals.yaml"
    found = {SignalKind(name): int(priority) for name, priority in read_yaml(path).items()}
    alarms = {kind for kind in SignalKind if effect(kind) is Effect.ALARM}
    wrong = alarms.symmetric_difference(found) | {k for k, p in found.items() if p not in range(1, 5)}
    if wrong:
        raise ValueError(f"{path}: give each alarm a priority 1 to 4, and nothing else: {sorted(wrong)}")
    return found


def load_care(directory: Path) -> CareRules:
    """Standards, groups, purposes, deadlines and retention; raises ValueError naming the file and the fault."""
    standards = [_load(path, Standard.load) for path in sorted((directory / "assessments").glob("*.yaml"))]
    setting = [standard.code for standard in standards if standard.sets_level]
    if len(setting) != 1:
        raise ValueError(f"{directory / 'assessments'}: one standard sets the level, and not {len(setting)}: {setting}")
    return CareRules(
        standards={standard.code: standard for standard in standards},
        groups=_load(directory / "groups.yaml", Groups.load),
        purposes=_load(directory / "purposes.yaml", load_purposes),
        deadlines=_load(directory / "privacy.yaml", Deadlines.load),
        retention=_load(directory / "retention.yaml", load_retention),
    )


def _load(path: Path, parse: Callable[[Any], T]) -> T:
    try:
        return parse(read_yaml(path))
    except (KeyError, ValueError, TypeError, AttributeError, DispatchError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from error


def load_access(directory: Path, *, lenient: bool = False) -> AccessRules:
    """``config/access.yaml`` and the list of common passwords; raises ValueError naming the file and the fault.

    ``lenient``: nobody must have a second factor, and an idle session lasts as long as an active one.
    """
    path = directory / "access.yaml"
    try:
        rules = AccessRules.load(read_yaml(path), (directory / "common-passwords.txt").read_text("utf-8").splitlines())
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return rules.lenient() if lenient else rules


def load_templates(directory: Path) -> Book:
    """``config/templates``: the tables that can be imported; raises ValueError naming the file and the fault."""
    folder = directory / "templates"
    lists = {**read_yaml(folder / "choices.yaml"), "groups": read_yaml(directory / "groups.yaml")["groups"]}
    templates = {
        kind: _load(folder / f"{kind}.yaml", lambda body: template_of(body, lists))
        for kind in ("elders", "devices", "workers")
    }
    return Book(templates, read_yaml(folder / "faults.yaml"))
