"""An Asterisk, as it was recorded word for word, and what the centre must understand of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.calls import CallEvent, CallReport
from dispatch.domain.messages import ReceiptState
from dispatch.domain.pbx import Sort, channel_of, sort_of
from dispatch.gateways.pbx.following import HEARS, Exchange
from dispatch.gateways.pbx.wire import MOST_BYTES, Feed, Garbled, Packet, action

RECORDED = Path(__file__).parent / "recorded"
AT = datetime(2026, 11, 23, 21, 15, tzinfo=UTC)
EXTENSION = r"/(?:agent)?(\d+)"
INBOUND, ABANDONED = "asterisk:1795468493.0", "asterisk:1795468551.5"


def exchange(known: Iterable[str] = (), queues: Iterable[str] = ("hotline",)) -> Exchange:
    return Exchange(queues, EXTENSION, known)


def inbound() -> list[Packet]:
    lines = (RECORDED / "ami_inbound_queue_call.jsonl").read_text("utf-8").splitlines()
    return [{name: str(value) for name, value in json.loads(line).items()} for line in lines]


def raw(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def heard(found: Exchange, events: Iterable[Packet]) -> list[CallReport]:
    return [one for event in events for one in found.hear(event, AT) if isinstance(one, CallReport)]


def outcomes(events: Iterable[Packet]) -> list[ReceiptState | CallEvent]:
    found = exchange()
    said = [one for event in events for one in found.hear(event, AT)]
    return [one.event if isinstance(one, CallReport) else ReceiptState(str(one.state)) for one in said]


def told(reports: Iterable[CallReport]) -> list[tuple[str, str | None]]:
    return [(report.event.value, report.agent) for report in reports]


def test_a_call_that_an_agent_answers() -> None:
    reports = [report for report in heard(exchange(), inbound()) if report.call_id == INBOUND]
    assert told(reports) == [
        ("ringing", None),
        ("offered", "1001"),
        ("answered", "1001"),
        ("hangup", None),
        ("recording", None),
    ]
    assert (reports[0].caller, reports[0].called) == ("13800138000", "12349")
    assert reports[2].waited == 0
    assert reports[-1].recording_url == "/srv/rig/1795468493.0.wav"
    assert all(report.offers for report in reports)


def test_a_call_past_the_queue_is_not_the_hotline() -> None:
    assert {report.call_id for report in heard(exchange(), inbound())} == {INBOUND}


def test_a_caller_who_gives_up_is_missed_whatever_the_cdr_bills() -> None:
    """Its Cdr has four billable seconds, since the queue itself had picked up."""
    assert b"BillableSeconds: 4" in raw("ami_abandoned_call_raw.txt")
    reports = heard(exchange(), Feed().push(raw("ami_abandoned_call_raw.txt")))
    assert told(reports)[:3] == [("ringing", None), ("offered", "1001"), ("missed", None)]
    assert reports[2].waited == 4
    assert (reports[-1].call_id, "answered" in dict(told(reports))) == (ABANDONED, False)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_stream_may_be_cut_anywhere(size: int) -> None:
    data = raw("ami_abandoned_call_raw.txt")
    feed = Feed()
    cut = [packet for at in range(0, len(data), size) for packet in feed.push(data[at : at + size])]
    assert cut == Feed().push(data)


def test_what_we_have_asked_for_is_no_call_for_the_desk() -> None:
    assert heard(exchange(), Feed().push(raw("ami_originate_raw.txt"))) == []


def test_the_waiting_and_the_agents_are_known_at_any_moment() -> None:
    found = exchange()
    states = set()
    waited = False
    for event in inbound():
        found.hear(event, AT)
        states |= {(agent.extension, agent.state) for agent in found.agents.values()}
        waited = waited or found.waiting == {INBOUND: AT}
    assert states == {("1001", "ringing"), ("1001", "busy"), ("1001", "free")}
    assert (waited, found.waiting, found.lines) == (True, {}, {})


def test_a_desk_that_does_not_pick_up_rings_no_more() -> None:
    found = exchange()
    call = {"Linkedid": "1.1", "Queue": "hotline", "CallerIDNum": "<unknown>", "Exten": "12349"}
    desk = {**call, "Interface": "PJSIP/agent1002"}
    reports = heard(
        found,
        [
            {"Event": "QueueCallerJoin", **call},
            {"Event": "AgentCalled", **desk},
            {"Event": "AgentCalled", **desk},
            {"Event": "AgentRingNoAnswer", **desk},
            {"Event": "AgentCalled", **call, "Interface": "Local/1003@agents"},
        ],
    )
    assert told(reports) == [("ringing", None), ("offered", "1002"), ("passed", "1002"), ("offered", "1003")]
    assert reports[0].caller is None


def test_a_caller_who_hears_the_greeting_is_known_already() -> None:
    found = exchange()
    greeted = {"Event": "UserEvent", "UserEvent": "HotlineCall", "Linkedid": "1.1", "CallerIDNum": "13800138000"}
    assert told(heard(found, [greeted, greeted, {**greeted, "UserEvent": "Other", "Linkedid": "2.1"}])) == [
        ("ringing", None)
    ]
    assert told(found.hear({"Event": "Hangup", "Linkedid": "1.1", "Uniqueid": "1.1"}, AT)) == [("hangup", None)]


def test_a_call_that_is_handed_on() -> None:
    found = exchange(known=["asterisk:1.1"])
    blind = {"Event": "BlindTransfer", "TransfereeLinkedid": "1.1", "Extension": "1005"}
    attended = {
        "Event": "AttendedTransfer",
        "OrigTransfererLinkedid": "1.1",
        "TransferTargetChannel": "PJSIP/agent1006-0000000a",
    }
    assert told(heard(found, [blind, attended])) == [("transferred", "1005"), ("transferred", "1006")]


def test_what_ended_while_nobody_listened_has_ended() -> None:
    found = exchange(known=["asterisk:1.1", "asterisk:2.1", "of another exchange"])
    found.listing()
    reports = heard(
        found,
        [
            {"Event": "CoreShowChannel", "Linkedid": "2.1", "Uniqueid": "2.1"},
            {"Event": "CoreShowChannel", "Linkedid": "3.1", "Uniqueid": "3.1"},
            {"Event": "QueueCallerJoin", "Queue": "hotline", "Linkedid": "4.1"},
            {"Event": "CoreShowChannelsComplete"},
            {"Event": "QueueMember", "Queue": "hotline", "Location": "PJSIP/agent1001", "Name": "A", "Status": "1"},
            {"Event": "QueueEntry", "Queue": "hotline", "Uniqueid": "3.1", "CallerIDNum": "13800138000", "Wait": "40"},
        ],
    )
    assert [(report.call_id, report.event) for report in reports] == [
        ("asterisk:4.1", CallEvent.RINGING),  # begun after the list was made
        ("asterisk:1.1", CallEvent.HANGUP),
        ("asterisk:3.1", CallEvent.RINGING),
    ]
    assert (AT - found.waiting["asterisk:3.1"]).total_seconds() == 40
    assert [agent.state for agent in found.agents.values()] == ["free"]


def test_another_queue_is_not_ours() -> None:
    join = {"Event": "QueueCallerJoin", "Linkedid": "1.1", "Queue": "sales"}
    assert exchange().hear(join, AT) == []
    assert told(exchange(queues=()).hear(join, AT)) == [("ringing", None)]


@pytest.mark.parametrize("pattern", ["(", "no group", "(two)(groups)"])
def test_a_pattern_that_reads_no_extension_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="extension"):
        Exchange((), pattern)


def test_something_else_that_listens_there_is_told_apart() -> None:
    with pytest.raises(Garbled, match="no Asterisk"):
        Feed().push(b"SSH-2.0-OpenSSH_9.2\r\n")
    feed = Feed()
    feed.push(b"Asterisk Call Manager/5.0.4\r\n")
    with pytest.raises(Garbled, match="more than"):
        feed.push(b"x" * (MOST_BYTES + 1))


@given(st.binary(max_size=300))
def test_no_bytes_break_it(noise: bytes) -> None:
    feed, found = Feed(), exchange()
    for packet in feed.push(b"Asterisk Call Manager/5.0.4\r\n" + noise + b"\r\n\r\n"):
        found.hear(packet, AT)


WORDS = st.sampled_from(["", "1.1", "<unknown>", "hotline", "PJSIP/agent1001", "99999999999999", "dispatch-1", "0"])
NAMES = ["Linkedid", "Uniqueid", "Queue", "Interface", "HoldTime", "Wait", "Status", "Paused", "Variable", "Value"]


@given(st.lists(st.tuples(st.sampled_from(sorted(HEARS)), st.fixed_dictionaries(dict.fromkeys(NAMES, WORDS)))))
def test_no_order_of_events_breaks_it(events: list[tuple[str, dict[str, str]]]) -> None:
    found = exchange()
    for kind, fields in events:
        for report in found.hear({**fields, "Event": kind}, AT):
            assert report.at == AT or isinstance(report, CallReport)


TALK, READ, JOIN = (channel_of(f"{sort}:1:0:elder") for sort in ("call", "cascade", "join"))


def first_leg(channel: str, status: str) -> Packet:
    return {"Event": "DialEnd", "DestUniqueid": channel, "DestLinkedid": channel, "DialStatus": status}


def second_leg(channel: str, status: str) -> Packet:
    return {"Event": "DialEnd", "Linkedid": channel, "DestUniqueid": "9.1", "DialStatus": status}


def hangup(channel: str) -> Packet:
    return {"Event": "Hangup", "Uniqueid": channel, "Linkedid": channel}


def test_a_conversation_begins_when_the_other_one_picks_up_and_not_the_desk() -> None:
    assert outcomes([first_leg(TALK, "ANSWER"), second_leg(TALK, "ANSWER"), hangup(TALK)]) == [
        ReceiptState.ANSWERED,
        CallEvent.ANSWERED,
        ReceiptState.NO_ANSWER,  # says less than the last word, and is dropped by the centre
        CallEvent.HANGUP,
    ]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([first_leg(TALK, "NOANSWER")], ReceiptState.FAILED),
        ([first_leg(TALK, "ANSWER"), second_leg(TALK, "BUSY")], ReceiptState.NO_ANSWER),
        ([first_leg(TALK, "ANSWER"), second_leg(TALK, "CHANUNAVAIL")], ReceiptState.FAILED),
        ([first_leg(TALK, "ANSWER"), hangup(TALK)], ReceiptState.NO_ANSWER),
        ([first_leg(READ, "BUSY")], ReceiptState.NO_ANSWER),
        ([first_leg(READ, "CONGESTION")], ReceiptState.FAILED),
        ([first_leg(READ, "ANSWER"), hangup(READ)], ReceiptState.NO_ANSWER),
        ([first_leg(JOIN, "ANSWER")], ReceiptState.ANSWERED),
    ],
)
def test_what_becomes_of_a_call_that_we_have_made(events: list[Packet], state: ReceiptState) -> None:
    assert outcomes(events) == [state]


def test_a_recorded_conversation_of_ours_is_filed() -> None:
    found = exchange()
    file = {"Event": "VarSet", "Linkedid": TALK, "Variable": "MIXMONITOR_FILENAME", "Value": "/x/a.wav"}
    reports = heard(found, [file, second_leg(TALK, "ANSWER"), hangup(TALK)])
    assert [(one.call_id, one.event) for one in reports] == [
        (TALK, CallEvent.ANSWERED),
        (TALK, CallEvent.HANGUP),
        (TALK, CallEvent.RECORDING),
    ]


def test_the_name_of_a_call_is_the_same_for_every_try() -> None:
    assert channel_of("cascade:1:voice") == channel_of("cascade:1:voice") != channel_of("cascade:2:voice")
    known = [sort_of(one) for one in (TALK, READ, JOIN, "1795468493.0", "dispatch-?")]
    assert known == [Sort.TALKS, Sort.READS, Sort.JOINS, None, None]


def test_an_action_cannot_carry_another() -> None:
    assert action("Ping", "7") == b"Action: Ping\r\nActionID: 7\r\n\r\n"
    with pytest.raises(ValueError, match="one line"):
        action("Originate", "8", Exten="1\r\nAction: Command")
