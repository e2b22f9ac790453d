"""What must hold in the database after the storm, whatever was killed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text

from dispatch.domain.actor import Actor
from dispatch.models.cases import Case, CaseEvent, EventSeal
from dispatch.models.devices import Signal
from dispatch.models.outbox import Message
from dispatch.models.simnet import SimTraffic
from dispatch.services import audit, chain, live
from dispatch.services.centre import Centre
from tests.chaos.devices import Alarm

EVERYTHING = Actor("token", "0", "checks", scopes=frozenset({"cases"}), paths=("/",))


def stored_once(centre: Centre, alarms: Iterable[Alarm]) -> dict[str, int]:
    """Every acknowledged alarm is one row in one case, and was counted once there."""
    with centre.database.reads() as session:
        found = session.execute(select(Signal.device_number, Signal.event_id, Signal.id, Signal.case_id)).all()
        rows = defaultdict(list)
        for device, event_id, signal_id, case_id in found:
            rows[device, event_id].append((str(signal_id), case_id))
        counted = dict(iter(session.execute(select(Case.id, Case.signals))))
        in_case = Counter(case_id for kept in rows.values() for _, case_id in kept if case_id is not None)
    acknowledged = [a for a in alarms if a.answer is not None]
    lost = [a.event_id for a in acknowledged if not rows[a.device, a.event_id]]
    doubled = [a.event_id for a in acknowledged if len(rows[a.device, a.event_id]) > 1]
    assert lost == []
    assert doubled == []
    for alarm in acknowledged:
        ((signal_id, case_id),) = rows[alarm.device, alarm.event_id]
        assert case_id is not None, alarm
        for answer in filter(None, (alarm.answer, alarm.again)):
            assert answer["signal_id"] == signal_id
            assert answer["spooled"] or answer["case_id"] == str(case_id)
    assert counted == dict(in_case)
    return {"lost": len(lost), "doubled": len(doubled), "cases": len(counted)}


def one_emergency_a_home(centre: Centre) -> None:
    with centre.database.reads() as session:
        several = session.execute(
            text(
                "SELECT household_id, count(*) FROM cases WHERE kind = 'emergency' AND household_id IS NOT NULL"
                " AND state NOT IN ('closed', 'cancelled', 'merged', 'pending_follow_up')"
                " GROUP BY household_id HAVING count(*) > 1"
            )
        ).all()
    assert several == []


def escalated_once(centre: Centre, now: datetime) -> list[float]:
    """Each step of each wait fired once, in order and not early, and nothing that is due is left.

    Answers the seconds by which each firing came after its time.
    """
    with centre.database.reads() as session:
        events = session.execute(
            select(CaseEvent.case_id, CaseEvent.once_key, CaseEvent.at, CaseEvent.data)
            .where(CaseEvent.once_key.like("escalate:%"))
            .order_by(CaseEvent.id)
        ).all()
        steps = session.execute(select(Case.id, Case.round, Case.step)).all()
        overdue = session.scalars(select(Case.id).where(Case.next_due_at < now - audit.GRACE)).all()
    fired: dict[tuple[int, int], int] = defaultdict(int)
    late = []
    for case_id, once_key, at, data in events:
        _, wait, number = once_key.split(":")
        expected = fired[case_id, int(wait)] + int(data.get("skipped", 0))
        assert int(number) == expected, f"case {case_id} fired {once_key}, expected step {expected}"
        fired[case_id, int(wait)] = expected + 1
        late.append((at - datetime.fromisoformat(data["due_at"])).total_seconds())
    assert min(late) > -0.001  # due_at is written in whole milliseconds
    assert {c: s for c, _, s in steps} == {c: fired[c, wait] for c, wait, _ in steps}
    assert overdue == []
    return late


def told_once(centre: Centre) -> int:
    """Each page of the duty telephones wished one message a channel, and the network got each of them once."""
    with centre.database.reads() as session:
        pages = session.execute(
            select(CaseEvent.case_id, CaseEvent.once_key, CaseEvent.data).where(CaseEvent.kind == "page_duty")
        ).all()
        policies = dict(iter(session.execute(select(Case.id, Case.policy))))
        wished = session.execute(select(Message.reference, Message.state)).all()
        network = Counter(session.scalars(select(SimTraffic.reference).where(SimTraffic.reference.is_not(None))))
    expected = set()
    for case_id, once_key, data in pages:
        _, wait, number = once_key.split(":")
        for channel in policies[case_id]["steps"][-1]["channels"]:
            expected |= {f"duty:{case_id}:{wait}:{number}:{channel}:{phone + 1}" for phone in range(data["phones"])}
    assert {reference for reference, _ in wished} == expected
    assert len(wished) == len(expected)
    assert max(network.values(), default=1) == 1
    gone = {reference for reference, state in wished if state not in ("pending", "queued", "sending", "withdrawn")}
    assert gone <= set(network) <= expected
    return len(gone)


def chain_holds(centre: Centre) -> int:
    verdict = chain.verify(centre, chain.TIMELINE, datetime.now(UTC))
    assert verdict.broken_at is None
    with centre.database.reads() as session:
        assert session.scalar(select(func.count(CaseEvent.id))) == session.scalar(select(func.count(EventSeal.id)))
    return verdict.held


def console_shows(centre: Centre, rows: dict[str, dict[str, Any]], now: datetime) -> int:
    truth = {row["id"]: row for row in live.snapshot(centre, EVERYTHING, now)["cases"]}
    assert {i: row["version"] for i, row in rows.items()} == {i: row["version"] for i, row in truth.items()}
    assert rows == truth
    return len(truth)
