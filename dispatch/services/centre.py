"""What every use case needs: the database and the values of ``config/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.domain.access import AccessRules
from dispatch.domain.arrival import ResponseRules
from dispatch.domain.calls import HotlineRules
from dispatch.domain.care import CareRules
from dispatch.domain.cascade import CascadeRules
from dispatch.domain.escalation import Policy
from dispatch.domain.floor import FloorRules
from dispatch.domain.followup import FollowUpRules
from dispatch.domain.helps.catalogue import Catalogue
from dispatch.domain.helps.ordering import OrderRules
from dispatch.domain.helps.rules import MatchRules
from dispatch.domain.imports.template import Book
from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.roster import DutyRules
from dispatch.domain.rounds.rules import PlanRules
from dispatch.domain.scripts import Scripts
from dispatch.domain.signals import SignalKind
from dispatch.domain.sms import SmsRules
from dispatch.domain.supervision import DeviceRules
from dispatch.domain.visits.rules import VisitRules
from dispatch.models.database import Database


@dataclass(frozen=True)
class Centre:
    database: Database
    policies: Mapping[int, Policy]
    priorities: Mapping[SignalKind, int]
    desk: Mapping[str, Any]
    messages: Mapping[str, Any]
    care: CareRules
    access: AccessRules
    floor: FloorRules
    duty: DutyRules
    devices: DeviceRules
    mapping: DeviceMapping
    scripts: Scripts
    cascade: CascadeRules
    response: ResponseRules
    catalogue: Catalogue
    matching: MatchRules
    followup: FollowUpRules
    orders: OrderRules
    visits: VisitRules
    planning: PlanRules
    zone: ZoneInfo
    spool_dir: Path
    data_dir: Path
    recordings_dir: Path
    """Where the exchange leaves what it records; the web processes read it."""
    templates: Book
    sms: SmsRules
    hotline: HotlineRules
    ways: tuple[str, ...]
    """The gateways that short messages go by, in the order in which they were chosen."""
    exchange: str | None = None
    """The telephone exchange that calls go by; None: the simulated network, or none."""
    public_url: str = ""
    """Where people outside reach this centre; empty: they do not."""
