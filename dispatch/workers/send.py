"""Hand one message to the telephone network: claim, speak without a transaction, mark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from dispatch.domain.errors import Permanent, Retryable
from dispatch.domain.messages import PhoneNetwork
from dispatch.domain.rounds.planner import Planner
from dispatch.services import deliver
from dispatch.services.centre import Centre

log = structlog.get_logger()


@dataclass(frozen=True)
class Runtime:
    centre: Centre
    network: PhoneNetwork
    planner: Planner


def send_message(runtime: Runtime, message_id: int, now: datetime) -> None:
    """Safe to run twice: the claim lets one through, and the network drops a double by its reference."""
    outgoing = deliver.claim(runtime.centre, message_id, now)
    if outgoing is None:
        return
    try:
        if outgoing.withdraw:
            runtime.network.withdraw(outgoing.reference, now)
            deliver.withdrawn(runtime.centre, message_id, now)
            return
        handed = runtime.network.send(outgoing, now)
    except Permanent as error:
        deliver.failed(runtime.centre, message_id, error.detail, now, permanent=True)
    except Retryable as error:
        log.warning("message_retry", message_id=message_id, reason=error.code)
        deliver.failed(runtime.centre, message_id, error.detail, now, permanent=False)
    else:
        deliver.sent(runtime.centre, message_id, handed, now)
