"""A telephone network inside the database, for the demo and for tests: with delay, loss, doubles and people who answer.

Nothing here waits. ``advance`` moves the network to ``now``, and chance comes from a seed and the row's id, so the same
traffic meets the same fate on every machine and in every test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.errors import NotFound, Retryable
from dispatch.domain.messages import Handed, NetworkReceipt, Outgoing, ReceiptState
from dispatch.domain.sms import SIMULATED
from dispatch.models.database import Database
from dispatch.models.simnet import SimNetwork, SimPhone, SimTraffic

RINGS = timedelta(seconds=25)
MAILBOX_LISTENS = timedelta(seconds=12)
ON_THE_LINE = timedelta(seconds=90)
"""A call that nobody ends ends by itself."""
BATCH = 200
SHOWN = 30
"""Messages that a telephone shows."""
KINDS = ("duty", "contact", "elder", "worker")
YES = "1"
"""What a duty telephone's robot answers, and anybody's who is asked to go by "press 1"."""
ASKS_TO_GO = "按1"
OFFERS_A_VISIT = "回1接单"
"""In a short message to a helper, whose robot takes every visit."""


class Stage(StrEnum):
    TRAVELLING = "travelling"
    DELIVERED = "delivered"
    RINGING = "ringing"
    ANSWERED = "answered"
    """A call with ``due_at`` is still on the line."""
    NO_ANSWER = "no_answer"
    LOST = "lost"


@dataclass(frozen=True)
class Quality:
    """``loss`` and ``duplicate`` are probabilities; ``down``: nothing is accepted."""

    delay_ms: int = 400
    loss: float = 0.0
    duplicate: float = 0.0
    down: bool = False


@dataclass(frozen=True)
class Step:
    """What happens next to one row: where it goes, until when, and what the centre hears of it."""

    stage: Stage
    due_at: datetime | None
    receipts: tuple[NetworkReceipt, ...] = ()
    copies: int = 1


class SimulatedNetwork:
    """Implements ``PhoneNetwork``; the other methods are what people do with their telephones."""

    def __init__(self, database: Database, seed: int = 1) -> None:
        self._database = database
        self._seed = seed

    def send(self, message: Outgoing, now: datetime) -> tuple[Handed, ...]:
        with self._database.sessions.begin() as session:
            quality = _quality(session)
            if quality.down:
                raise Retryable("the simulated network is down")
            _know(session, self._database, message.phone)
            session.execute(
                _insert(self._database, SimTraffic)
                .values(
                    reference=message.reference,
                    direction="in",
                    channel=message.channel,
                    phone=message.phone,
                    body=message.body,
                    state=Stage.TRAVELLING,
                    at=now,
                    due_at=now + timedelta(milliseconds=quality.delay_ms),
                    copies=1,
                )
                .on_conflict_do_nothing(index_elements=[SimTraffic.reference])
            )
            row_id = session.scalar(select(SimTraffic.id).where(SimTraffic.reference == message.reference))
            return (Handed(SIMULATED, str(row_id)),)

    def advance(self, now: datetime) -> Iterator[NetworkReceipt]:
        """Move the network to ``now`` and yield what the centre must hear, each with the time at which it happened.

        A row moves on only after its receipts were taken, so a clock that dies in between hears them again:
        at least once, as from a real provider. Nothing happens to rows that are not iterated over.
        """
        with self._database.reads() as session:  # an idle look must not take the write lock of SQLite
            quality = _quality(session)
            due = select(SimTraffic).where(SimTraffic.due_at <= now).order_by(SimTraffic.due_at, SimTraffic.id)
            rows = session.scalars(due.limit(BATCH)).all()
            robots = _robots(session, rows)
            mailboxes = _mailboxes(session, rows)
        for row in rows:
            stage, at = Stage(row.state), row.due_at
            while at is not None and at <= now:
                if stage is Stage.RINGING and row.phone in mailboxes and row.phone not in robots:
                    step = _to_mailbox(row, at)
                else:
                    step = self._next(row, stage, at, quality, robots.get(row.phone))
                yield from step.receipts
                if not self._move(row, stage, at, step):
                    break  # a person was quicker
                stage, at = step.stage, step.due_at

    def _move(self, row: SimTraffic, stage: Stage, due_at: datetime, step: Step) -> bool:
        with self._database.sessions.begin() as session:
            moved = session.execute(
                update(SimTraffic)
                .where(SimTraffic.id == row.id, SimTraffic.state == stage, SimTraffic.due_at == due_at)
                .values(state=step.stage, due_at=step.due_at, copies=step.copies),
                execution_options={"synchronize_session": False},
            )
            if moved.rowcount and stage is Stage.DELIVERED:  # type: ignore[attr-defined]
                _write_out(session, row.phone, YES, due_at)
            return bool(moved.rowcount)  # type: ignore[attr-defined]

    def _next(self, row: SimTraffic, stage: Stage, at: datetime, quality: Quality, robot: str | None) -> Step:
        match stage:
            case Stage.TRAVELLING:
                return self._arrive(row, at, quality, robot)
            case Stage.RINGING if robot is not None:
                reply = YES if robot == "duty" or ASKS_TO_GO in row.body else None
                return Step(stage.ANSWERED, at + ON_THE_LINE / 3, _receipts(row, ReceiptState.ANSWERED, at, reply))
            case Stage.RINGING:
                return Step(stage.NO_ANSWER, None, _receipts(row, ReceiptState.NO_ANSWER, at))
            case Stage.DELIVERED:  # only a robot's message is still due once it is delivered
                return Step(stage.ANSWERED, None, _receipts(row, ReceiptState.ANSWERED, at, YES), row.copies)
            case _:
                return Step(stage, None, copies=row.copies)

    def _arrive(self, row: SimTraffic, at: datetime, quality: Quality, robot: str | None) -> Step:
        """A lost short message is silence, as with real providers; a call that cannot be set up is known at once."""
        voice = row.channel == "voice"
        if self._chance(row.id, "loss") < quality.loss:
            return Step(Stage.LOST, None, _receipts(row, ReceiptState.FAILED, at) if voice else ())
        pause = timedelta(seconds=2 + 4 * self._chance(row.id, "pause"))
        if voice:
            return Step(Stage.RINGING, at + (RINGS if robot is None else pause))
        copies = 2 if self._chance(row.id, "duplicate") < quality.duplicate else 1
        receipts = _receipts(row, ReceiptState.DELIVERED, at) * copies
        answers = robot == "duty" or (robot is not None and OFFERS_A_VISIT in row.body)
        return Step(Stage.DELIVERED, at + pause if answers else None, receipts, copies)

    def _chance(self, row_id: int, what: str) -> float:
        """A number in [0, 1) that only depends on the seed, the row and the question."""
        digest = hashlib.blake2b(f"{self._seed}:{row_id}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def withdraw(self, reference: str, now: datetime) -> None:
        """End the call, wherever it is; a short message that has not arrived does not arrive any more."""
        with self._database.sessions.begin() as session:
            if _quality(session).down:
                raise Retryable("the simulated network is down")
            row = session.scalar(select(SimTraffic).where(SimTraffic.reference == reference).with_for_update())
            if row is None or row.due_at is None:
                return
            ends = {Stage.TRAVELLING: Stage.LOST, Stage.RINGING: Stage.NO_ANSWER}
            row.state, row.due_at = ends.get(Stage(row.state), Stage(row.state)), None

    def set_voicemail(self, number: str, on: bool) -> None:
        """Let a machine answer at ``number`` when nobody does."""
        with self._database.sessions.begin() as session:
            _know(session, self._database, number)
            session.get_one(SimPhone, number).voicemail = on

    def answer(self, number: str, now: datetime) -> list[NetworkReceipt]:
        """Pick up. Raises ``NotFound`` when nothing rings."""
        with self._database.sessions.begin() as session:
            call = _call(session, number, Stage.RINGING)
            call.state, call.due_at = Stage.ANSWERED, now + ON_THE_LINE
            return list(_receipts(call, ReceiptState.ANSWERED, now))

    def hang_up(self, number: str, now: datetime) -> list[NetworkReceipt]:
        """End the call, or reject one that still rings. Raises ``NotFound`` when there is none."""
        with self._database.sessions.begin() as session:
            call = _call(session, number, Stage.RINGING, Stage.ANSWERED)
            rejected = call.state == Stage.RINGING
            call.due_at = None
            if not rejected:
                return []
            call.state = Stage.NO_ANSWER
            return list(_receipts(call, ReceiptState.NO_ANSWER, now))

    def press(self, number: str, digit: str, now: datetime) -> list[NetworkReceipt]:
        """Press a key during a call; one that still rings is picked up by it. Raises ``NotFound`` without a call."""
        with self._database.sessions.begin() as session:
            call = _call(session, number, Stage.RINGING, Stage.ANSWERED)
            call.state, call.due_at = Stage.ANSWERED, now + ON_THE_LINE
            return list(_receipts(call, ReceiptState.ANSWERED, now, digit))

    def reply(self, number: str, text: str, now: datetime) -> list[NetworkReceipt]:
        """Write back. It answers the newest message on this telephone; without one, nobody hears it.

        Raises ``Retryable`` while the network is down.
        """
        with self._database.sessions.begin() as session:
            if _quality(session).down:
                raise Retryable("the simulated network is down")
            _know(session, self._database, number)
            _write_out(session, number, text, now)
            latest = session.scalar(
                _traffic(number)
                .where(SimTraffic.channel == "sms", SimTraffic.direction == "in")
                .where(SimTraffic.state.in_((Stage.DELIVERED, Stage.ANSWERED)))
                .order_by(SimTraffic.id.desc())
                .limit(1)
                .with_for_update()
            )
            if latest is None:
                return []
            latest.state, latest.due_at = Stage.ANSWERED, None
            return list(_receipts(latest, ReceiptState.ANSWERED, now, text))

    def phones(self) -> list[dict[str, Any]]:
        """Every telephone with what is on its screen; duty telephones first, then those used last."""
        with self._database.reads() as session:
            phones = session.scalars(select(SimPhone)).all()
            shown = select(SimTraffic).where(SimTraffic.state.not_in((Stage.TRAVELLING, Stage.LOST)))
            traffic: dict[str, list[SimTraffic]] = {}
            for row in session.scalars(shown.order_by(SimTraffic.id.desc()).limit(1000)):
                traffic.setdefault(row.phone, []).append(row)
        screens = [(phone, traffic.get(phone.number, [])) for phone in phones]
        screens.sort(key=lambda s: (KINDS.index(s[0].kind), -(s[1][0].id if s[1] else 0), s[0].number))
        return [_screen(phone, rows) for phone, rows in screens]

    def settings(self) -> Quality:
        with self._database.reads() as session:
            return _quality(session)

    def set_settings(self, quality: Quality) -> Quality:
        with self._database.sessions.begin() as session:
            session.merge(
                SimNetwork(
                    id=1,
                    delay_ms=quality.delay_ms,
                    loss=quality.loss,
                    duplicate=quality.duplicate,
                    down=quality.down,
                )
            )
        return replace(quality)


def _insert(database: Database, table: type[SimPhone | SimTraffic]) -> Any:
    return (postgresql if database.is_postgresql else sqlite).insert(table)


def _quality(session: Session) -> Quality:
    row = session.get(SimNetwork, 1)
    return Quality(row.delay_ms, row.loss, row.duplicate, row.down) if row else Quality()


def _robots(session: Session, rows: Sequence[SimTraffic]) -> dict[str, str]:
    """The kind of each telephone among those of ``rows`` that answers by itself."""
    if not rows:
        return {}
    numbers = {row.phone for row in rows}
    found = session.execute(select(SimPhone.number, SimPhone.kind).where(SimPhone.robot, SimPhone.number.in_(numbers)))
    return {row.number: row.kind for row in found}


def _mailboxes(session: Session, rows: Sequence[SimTraffic]) -> frozenset[str]:
    numbers = {row.phone for row in rows if row.channel == "voice"}
    if not numbers:
        return frozenset()
    found = session.scalars(select(SimPhone.number).where(SimPhone.voicemail, SimPhone.number.in_(numbers)))
    return frozenset(found)


def _to_mailbox(row: SimTraffic, at: datetime) -> Step:
    """The machine picks up, as a person would, and the network says that it was a machine."""
    receipts = tuple(replace(r, answered_by="machine") for r in _receipts(row, ReceiptState.ANSWERED, at))
    return Step(Stage.ANSWERED, at + MAILBOX_LISTENS, receipts)


def _know(session: Session, database: Database, number: str) -> None:
    """Somebody owns every number, even if the network cannot say who."""
    session.execute(
        _insert(database, SimPhone)
        .values(number=number, label=f"☎ {number[-4:]}", kind="contact", robot=False)
        .on_conflict_do_nothing()
    )


def _traffic(number: str) -> Any:
    return select(SimTraffic).where(SimTraffic.phone == number)


def _call(session: Session, number: str, *stages: Stage) -> SimTraffic:
    """The call that rings or is on the line at ``number``; the one on the line first, since that one is heard."""
    found = session.scalars(
        _traffic(number)
        .where(SimTraffic.channel == "voice", SimTraffic.state.in_(stages), SimTraffic.due_at.is_not(None))
        .order_by((SimTraffic.state == Stage.ANSWERED).desc(), SimTraffic.id.desc())
        .limit(1)
        .with_for_update()
    ).first()
    if found is None:
        raise NotFound("there is no call at this telephone: it has ended, or nobody has rung")
    assert isinstance(found, SimTraffic)
    return found


def _write_out(session: Session, number: str, text: str, now: datetime) -> None:
    session.add(
        SimTraffic(
            direction="out",
            channel="sms",
            phone=number,
            body=text,
            state=Stage.DELIVERED,
            at=now,
            due_at=None,
            copies=1,
        )
    )


def _receipts(
    row: SimTraffic, state: ReceiptState, at: datetime, reply: str | None = None
) -> tuple[NetworkReceipt, ...]:
    return () if row.reference is None else (NetworkReceipt(row.reference, state, at, reply),)


def _screen(phone: SimPhone, rows: list[SimTraffic]) -> dict[str, Any]:
    """``rows`` newest first. Unread: short messages since the owner last did something."""
    unread = 0
    for row in rows:
        if row.direction == "out" or row.state == Stage.ANSWERED:
            break
        unread += row.copies if row.channel == "sms" else 0
    calls = [row for row in rows if row.channel == "voice" and row.due_at is not None]
    return {
        "number": phone.number,
        "owner_label": phone.label,
        "kind": phone.kind,
        "voicemail": phone.voicemail,
        "unread": unread,
        "ringing": _first(calls, Stage.RINGING),
        "talking": _first(calls, Stage.ANSWERED),
        "messages": [_message(row, copy) for row in reversed(rows[:SHOWN]) for copy in range(row.copies)],
    }


def _first(calls: list[SimTraffic], stage: Stage) -> dict[str, Any] | None:
    for call in calls:
        if call.state == stage:
            return {"call_id": str(call.id), "since": call.at, "text": call.body}
    return None


def _message(row: SimTraffic, copy: int) -> dict[str, Any]:
    return {
        "id": f"{row.id}.{copy}" if copy else str(row.id),
        "direction": row.direction,
        "channel": row.channel,
        "body": row.body,
        "state": row.state,
        "at": row.at,
    }
