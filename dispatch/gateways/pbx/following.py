"""What an Asterisk tells of itself, event by event, made into what the centre wants to know of its calls. Pure.

A call is known by its Linkedid. Answered and given up are read from AgentConnect and QueueCallerAbandon and from
nothing else: an abandoned call has billable seconds in its Cdr, because the queue itself has picked up the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch.domain.calls import CallEvent, CallReport
from dispatch.domain.messages import ReceiptState, Report
from dispatch.domain.pbx import OURS, SOURCE, Sort, sort_of
from dispatch.gateways.pbx.wire import Packet

NOBODY = frozenset({"", "<unknown>", "unknown", "anonymous", "restricted", "private", "unavailable", "withheld"})
IS_OFFERED = "HotlineCall"
"""The UserEvent by which the dialplan tells of a caller who still hears the greeting."""
MOST_LINES = 5_000


def number(value: str | None) -> str | None:
    """None: withheld, or the exchange does not know it."""
    return None if value is None or value.strip().lower() in NOBODY else value


@dataclass
class Line:
    """A call that goes on."""

    rings_at: set[str] = field(default_factory=set)
    queued_at: datetime | None = None
    answered: bool = False
    recording: str | None = None
    told: bool = False
    """Whether the centre has heard of it; a call that we have made ourselves has its own row."""


@dataclass(frozen=True)
class Agent:
    extension: str
    name: str
    state: str
    """``free``, ``ringing``, ``busy``, ``paused`` or ``away``."""


MEMBER_STATES = {"1": "free", "2": "busy", "3": "busy", "6": "ringing", "7": "busy", "8": "busy"}
"""By the number of Asterisk's device state; the others cannot be called."""


class Exchange:
    """One Asterisk. ``known``: calls that were going on when this process began, as the centre remembers them."""

    def __init__(self, queues: Iterable[str], extension: str, known: Iterable[str] = ()) -> None:
        """``queues``: those of the hotline; none means all. ``extension`` is a pattern with one group that reads the
        extension out of the name of a queue member or a channel. Raises ``ValueError`` for a wrong one.
        """
        self._queues = frozenset(queues)
        try:
            self._extension = re.compile(extension)
        except re.error as error:
            raise ValueError(f"extension: {error}") from error
        if self._extension.groups != 1:
            raise ValueError("extension: a pattern with one group, which is the extension")
        self.lines: dict[str, Line] = {
            call_id.removeprefix(SOURCE): Line(told=True) for call_id in known if call_id.startswith((SOURCE, OURS))
        }
        self.agents: dict[str, Agent] = {}
        self._gone: set[str] | None = None

    def hear(self, event: Packet, at: datetime) -> Sequence[CallReport | Report]:
        """What follows from one event."""
        kind = event.get("Event", "")
        if kind in ("DialEnd", "Hangup") and (own := self._own(event, at)):
            return [*own, *(self._hung_up(event, at) if kind == "Hangup" else self._talks(own[0], at))]
        if kind == "UserEvent":
            return self._greeted(event, at)
        listen = HEARS.get(kind)
        if listen is None or ("Queue" in event and self._queues and event["Queue"] not in self._queues):
            return []
        return listen(self, event, at)

    @property
    def waiting(self) -> dict[str, datetime]:
        return {SOURCE + linked: line.queued_at for linked, line in self.lines.items() if line.queued_at is not None}

    def channel_of(self, call_id: str) -> str | None:
        """What is to be hung up to end this call: the caller's channel, which has the name of the call. None: it is no
        call of this exchange, or it is over."""
        linked = call_id.removeprefix(SOURCE)
        return linked if linked in self.lines else None

    def extension_of(self, name: str) -> str:
        found = self._extension.search(name)
        return found.group(1) if found else name[:64]

    def listing(self) -> None:
        """All channels are going to be told anew: after a time without a connection."""
        self._gone = set(self.lines)
        self.agents.clear()

    def _own(self, event: Packet, at: datetime) -> list[Report]:
        """What became of a call that this centre has made. The centre drops a word that says less than the last."""
        channel = event.get("Linkedid") or event.get("DestLinkedid") or ""
        sort = sort_of(channel)
        if sort is None:
            return []
        if event["Event"] == "Hangup":
            return [_outcome(channel, ReceiptState.NO_ANSWER, at)] if event.get("Uniqueid") == channel else []
        state = ENDS.get(event.get("DialStatus", ""))
        if state is None:
            return []
        if event.get("DestUniqueid") == channel:
            # The desk picks up first, and to read a text is begun only when it is known that no machine listens.
            if state is ReceiptState.ANSWERED and sort is not Sort.JOINS:
                return []
            if sort is Sort.TALKS:
                state = ReceiptState.FAILED
        return [_outcome(channel, state, at)]

    def _talks(self, report: Report, at: datetime) -> list[CallReport]:
        """A conversation that the desk has begun is a call like any other, from the moment in which both can speak."""
        linked = report.provider_id or ""
        if report.state is not ReceiptState.ANSWERED or sort_of(linked) is not Sort.TALKS:
            return []
        self.lines.setdefault(linked, Line()).told = True
        return [CallReport(linked, CallEvent.ANSWERED, at=at, offers=True)]

    def _greeted(self, event: Packet, at: datetime) -> list[CallReport]:
        if event.get("UserEvent") != IS_OFFERED:
            return []
        return self._begin(event, at)

    def _begin(self, event: Packet, at: datetime) -> list[CallReport]:
        linked = event.get("Linkedid", "")
        line = self.lines.get(linked)
        if not linked or linked.startswith(OURS) or (line is not None and line.told):
            return []
        if len(self.lines) >= MOST_LINES:  # calls whose ends were never told
            del self.lines[next(iter(self.lines))]
        self.lines.setdefault(linked, Line()).told = True
        caller, called = number(event.get("CallerIDNum")), number(event.get("Exten"))
        return [CallReport(SOURCE + linked, CallEvent.RINGING, caller, called, at=at, offers=True)]

    def _join(self, event: Packet, at: datetime) -> list[CallReport]:
        reports = self._begin(event, at)
        line = self.lines.get(event.get("Linkedid", ""))
        if line is not None and line.queued_at is None and not line.answered:
            line.queued_at = at
        return reports

    def _entry(self, event: Packet, at: datetime) -> list[CallReport]:
        """One who waits already, told after a new connection: by the channel alone, which begins its own call."""
        since = at - timedelta(seconds=_seconds(event, "Wait") or 0)
        return self._join({"Linkedid": event.get("Uniqueid", ""), **event}, since)

    def _called(self, event: Packet, at: datetime) -> list[CallReport]:
        agent = self.extension_of(event.get("Interface", ""))
        reports = self._begin(event, at)
        line = self.lines.get(event.get("Linkedid", ""))
        if line is None or agent in line.rings_at:
            return reports
        line.rings_at.add(agent)
        return [*reports, self._report(event, CallEvent.OFFERED, at, agent=agent)]

    def _not_taken(self, event: Packet, at: datetime) -> list[CallReport]:
        agent = self.extension_of(event.get("Interface", ""))
        line = self.lines.get(event.get("Linkedid", ""))
        if line is None or agent not in line.rings_at:
            return []
        line.rings_at.discard(agent)
        return [self._report(event, CallEvent.PASSED, at, agent=agent)]

    def _connected(self, event: Packet, at: datetime) -> list[CallReport]:
        reports = self._begin(event, at)
        line = self.lines.get(event.get("Linkedid", ""))
        if line is None:
            return reports
        line.rings_at.clear()
        line.queued_at, line.answered = None, True
        agent = self.extension_of(event.get("Interface", ""))
        waited = _seconds(event, "HoldTime")
        return [*reports, self._report(event, CallEvent.ANSWERED, at, agent=agent, waited=waited)]

    def _abandoned(self, event: Packet, at: datetime) -> list[CallReport]:
        reports = self._begin(event, at)
        line = self.lines.get(event.get("Linkedid", ""))
        if line is None:
            return reports
        line.rings_at.clear()
        line.queued_at = None
        return [*reports, self._report(event, CallEvent.MISSED, at, waited=_seconds(event, "HoldTime"))]

    def _left(self, event: Packet, at: datetime) -> list[CallReport]:
        line = self.lines.get(event.get("Linkedid", ""))
        if line is not None:
            line.queued_at = None
        return []

    def _transferred(self, event: Packet, at: datetime) -> list[CallReport]:
        linked = event.get("TransfereeLinkedid") or event.get("OrigTransfererLinkedid") or ""
        if linked not in self.lines:
            return []
        target = event.get("Extension") or event.get("TransferTargetChannel") or event.get("DestBridgeUniqueid", "")
        agent = target if target.isdecimal() else self.extension_of(target)
        return [self._report({"Linkedid": linked}, CallEvent.TRANSFERRED, at, agent=agent)]

    def _variable(self, event: Packet, at: datetime) -> list[CallReport]:
        """MixMonitorStart has no name of its file, so it is read from the variable that is set with it."""
        linked = event.get("Linkedid", "")
        if event.get("Variable") != "MIXMONITOR_FILENAME" or not event.get("Value") or not linked:
            return []
        self.lines.setdefault(linked, Line()).recording = event["Value"]
        return []

    def _hung_up(self, event: Packet, at: datetime) -> list[CallReport]:
        """The call is over with its first channel: that of the caller, or the one that we have asked for."""
        linked = event.get("Linkedid", "")
        if event.get("Uniqueid") != linked or linked not in self.lines:
            return []
        return self._end(linked, at)

    def _end(self, linked: str, at: datetime) -> list[CallReport]:
        line = self.lines.pop(linked)
        event = {"Linkedid": linked}
        reports = [self._report(event, CallEvent.HANGUP, at)] if line.told else []
        if line.recording and (line.told or linked.startswith(OURS)):
            reports.append(self._report(event, CallEvent.RECORDING, at, recording_url=line.recording))
        return reports

    def _still_there(self, event: Packet, at: datetime) -> list[CallReport]:
        if self._gone is not None:
            self._gone.discard(event.get("Linkedid", ""))
        return []

    def _listed(self, event: Packet, at: datetime) -> list[CallReport]:
        """What was going on and is not any more has ended while nobody listened."""
        gone, self._gone = self._gone or set(), None
        return [report for linked in sorted(gone & set(self.lines)) for report in self._end(linked, at)]

    def _member(self, event: Packet, at: datetime) -> list[CallReport]:
        interface = event.get("Interface") or event.get("Location") or ""
        extension = self.extension_of(event.get("StateInterface") or interface)
        state = MEMBER_STATES.get(event.get("Status", ""), "away")
        if event.get("Paused") == "1" and state != "away":
            state = "paused"
        self.agents[interface] = Agent(extension, event.get("MemberName") or event.get("Name") or extension, state)
        return []

    def _member_gone(self, event: Packet, at: datetime) -> list[CallReport]:
        self.agents.pop(event.get("Interface") or event.get("Location") or "", None)
        return []

    def _report(
        self,
        event: Packet,
        kind: CallEvent,
        at: datetime,
        *,
        agent: str | None = None,
        waited: int | None = None,
        recording_url: str | None = None,
    ) -> CallReport:
        linked = event.get("Linkedid", "")
        call_id = linked if linked.startswith(OURS) else SOURCE + linked
        return CallReport(call_id, kind, agent=agent, at=at, waited=waited, recording_url=recording_url, offers=True)


def _outcome(channel: str, state: ReceiptState, at: datetime) -> Report:
    return Report("", f"{channel}:{state.value}", at, provider_id=channel, state=state)


def _seconds(event: Packet, name: str) -> int | None:
    value = event.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 8 else None


ENDS = {
    "ANSWER": ReceiptState.ANSWERED,
    "BUSY": ReceiptState.NO_ANSWER,
    "NOANSWER": ReceiptState.NO_ANSWER,
    "CANCEL": ReceiptState.NO_ANSWER,
    "CONGESTION": ReceiptState.FAILED,
    "CHANUNAVAIL": ReceiptState.FAILED,
}
"""By Asterisk's DialStatus."""
HEARS: dict[str, Callable[[Exchange, Packet, datetime], list[CallReport]]] = {
    "QueueCallerJoin": Exchange._join,
    "QueueEntry": Exchange._entry,
    "AgentCalled": Exchange._called,
    "AgentRingNoAnswer": Exchange._not_taken,
    "AgentConnect": Exchange._connected,
    "QueueCallerAbandon": Exchange._abandoned,
    "QueueCallerLeave": Exchange._left,
    "BlindTransfer": Exchange._transferred,
    "AttendedTransfer": Exchange._transferred,
    "VarSet": Exchange._variable,
    "Hangup": Exchange._hung_up,
    "CoreShowChannel": Exchange._still_there,
    "CoreShowChannelsComplete": Exchange._listed,
    "QueueMember": Exchange._member,
    "QueueMemberStatus": Exchange._member,
    "QueueMemberAdded": Exchange._member,
    "QueueMemberPause": Exchange._member,
    "QueueMemberRemoved": Exchange._member_gone,
}
