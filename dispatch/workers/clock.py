"""The clock: the one active process that turns time into rows, with a standby behind it.

APScheduler only says "now"; what is due stands in the database, so nothing is lost with this process.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from kombu.exceptions import OperationalError as BrokerAway
from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.messages import NetworkReceipt
from dispatch.models.cases import Case
from dispatch.models.database import Leadership
from dispatch.models.followup import Complaint, FollowUp
from dispatch.models.helps import Offer, OfferPlan, Order
from dispatch.models.outbox import Message
from dispatch.models.response import Arrival, Cascade, CascadeCall
from dispatch.models.simnet import SimTraffic
from dispatch.models.sms import SmsReport
from dispatch.models.visits import CheckinStep, CheckinVisit
from dispatch.services import audit, chain, deliver, escalate, live
from dispatch.services.care import groups
from dispatch.services.centre import Centre
from dispatch.services.devices import beats, hours, listening, monthly, supervise
from dispatch.services.due import Deadline, Look
from dispatch.services.duty import coverage, patterns
from dispatch.services.floor import callbacks, floods
from dispatch.services.followup import sweep as followup
from dispatch.services.helps import circles, replay
from dispatch.services.helps import sweep as helps
from dispatch.services.imports import claims, find_doubles, uploads
from dispatch.services.imports.run import run as run_import
from dispatch.services.ordering import coming, planning, reminding
from dispatch.services.privacy import retention, telling
from dispatch.services.response import sweep
from dispatch.services.rounds import asking, pruning, solving
from dispatch.services.sms import inbox
from dispatch.services.visits import generating
from dispatch.services.visits import sweep as visits
from dispatch.services.workforce import expiry
from dispatch.workers.selftest import Selftest
from dispatch.workers.send import Runtime, send_message
from dispatch.workers.tasks import ask_next, find_circles, generate_visits, plan_visits, send, work_import

log = structlog.get_logger()
Work = Callable[[Centre, int, Callable[[], datetime]], None]
CYCLE = 0.25
"""Seconds after which what has come due is carried out at the latest."""
PULSE, PATROL = 1, 2
"""Seconds after which the jobs that are woken by what is due look for themselves, whatever the look says: the tick, by
which others see that the clock lives, and the rest."""
SELDOM = 15
"""Jobs with so many seconds in between write at once that they ran; the marks of the others go together."""
MARK = timedelta(seconds=1)
STALE = timedelta(seconds=8)
"""A holder whose cycle is older than this has stopped without dying; the standby ends its session."""

BROKER_PAUSE = timedelta(seconds=5)

DEADLINES: Mapping[str, Sequence[Deadline]] = {
    "tick": (Case.next_due_at, Message.next_try_at),
    "response": (
        Cascade.next_due_at,
        Arrival.next_due_at,
        CascadeCall.hang_up_at,
        OfferPlan.next_due_at,
        Offer.hang_up_at,
        Order.remind_at,
    ),
    "followup": (FollowUp.next_due_at, Complaint.next_due_at),
    "visits": (CheckinVisit.next_due_at, CheckinStep.next_due_at),
    "network": (SimTraffic.due_at, SmsReport.next_try_at),
}
"""What wakes which job. A clock that ran each of them every 250 ms spent three per cent of a core on nothing."""


@dataclass(frozen=True)
class Job:
    name: str
    every: float
    """Seconds."""
    run: Callable[[datetime], dict[str, Any] | None]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    def __init__(
        self,
        runtime: Runtime,
        advance_network: Callable[[datetime], Iterable[NetworkReceipt]] | None,
        outward: Executor | None = None,
        time: Callable[[], datetime] = _utc_now,
        selftest: Selftest | None = None,
    ) -> None:
        """``outward`` speaks to the broker, and to the network where no worker does; ``time`` is when. Tests give one
        that does not wait.
        """
        self._runtime = runtime
        self._centre = runtime.centre
        self._advance_network = advance_network
        self._leadership = Leadership(runtime.centre.database)
        self._outward = outward or ThreadPoolExecutor(8, thread_name_prefix="outward")
        self._bulk = outward or ThreadPoolExecutor(1, thread_name_prefix="bulk")
        self._time = time
        self._selftest = selftest
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._look = Look(DEADLINES)
        self._scheduler = BlockingScheduler(timezone=UTC)
        self._jobs: list[str] = []
        self._awake = False
        self._ran: dict[str, tuple[audit.Ran, datetime]] = {}
        self._marked_at = self._evict_looked_at = datetime.min.replace(tzinfo=UTC)
        self._leading = False
        self._broker_down = False
        self._broker_again_at = datetime.min.replace(tzinfo=UTC)

    def run(self) -> None:
        """Block for ever; ticks while this process holds the right to."""
        jobs = (
            Job("tick", PULSE, self._tick),
            Job("network", PATROL, self._network),
            Job("response", PATROL, self._response),
            Job("followup", SELDOM, self._followup),
            Job("floor", 1, self._floor),
            Job("duty", 15, self._duty),
            Job("standing", PATROL, self._standing),
            Job("privacy", 60, self._privacy),
            Job("visits", 15, self._visits),
            Job("plans", 2, self._plans),
            Job("seal", 2, self._seal),
            Job("auditor", 15, self._audit),
            Job("imports", PATROL, self.imports),
            Job("doubles", 3600, self._doubles),
            Job("prune", 60, self._prune),
            *([Job("selftest", 60, self._selftest.run)] if self._selftest is not None else []),
        )
        self._jobs = [job.name for job in jobs]
        self._every(CYCLE, "look", datetime.now(UTC), self._look_around)
        for job in jobs:
            self._every(job.every, job.name, None, self._guarded, job)
        try:
            self._scheduler.start()
        finally:
            self._leadership.release()
            self._outward.shutdown(wait=False, cancel_futures=True)
            self._bulk.shutdown(wait=False, cancel_futures=True)

    def _every(self, seconds: float, name: str, first: datetime | None, run: Callable[..., None], *args: Any) -> None:
        """Without a ``first`` time it sleeps until it is woken: a standby does nothing but look."""
        self._scheduler.add_job(
            run,
            "interval",
            args=args,
            seconds=seconds,
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=first,
        )

    def _look_around(self) -> None:
        """Take or keep the right to work, wake the jobs for which something has come due, and write who ran.

        A job that is still at work is not started twice: its next look comes in 250 ms.
        """
        now = datetime.now(UTC)
        try:
            self._lead(now)
            if self._leading and not self._awake:
                # Before the first cycle, which may find much to do: else the clock that was ended for being slow would
                # see the old mark, take this one for dead, and the two would end each other by turns.
                audit.mark(self._centre, [(audit.Ran("tick", PULSE, self._holder), now)])
                self._wake(self._jobs, now)
                self._awake = True
            elif self._leading:
                self._wake(self._look.due(self._centre, now), now)
                self._write_marks(now)
            elif self._awake:
                self._awake = False
                for name in self._jobs:
                    self._scheduler.pause_job(name)
        except SQLAlchemyError as error:
            log.warning("job_waits", job="look", error=type(error).__name__)
        except Exception:
            log.exception("look_failed")

    def _wake(self, names: Iterable[str], now: datetime) -> None:
        for name in names:
            self._scheduler.modify_job(name, next_run_time=now)

    def _guarded(self, job: Job) -> None:
        """No job may end the clock: what went wrong is logged, written into the registry, and tried again."""
        if not self._leading:
            return
        now = datetime.now(UTC)
        try:
            detail = job.run(now)
            self._mark(audit.Ran(job.name, max(job.every, 1.0), self._holder, detail=detail), job.every >= SELDOM)
        except SQLAlchemyError as error:
            log.warning("job_waits", job=job.name, error=type(error).__name__)
        except Exception as error:
            log.exception("job_failed", job=job.name)
            self._mark_failure(job, error, now)

    def _mark(self, ran: audit.Ran, at_once: bool) -> None:
        now = datetime.now(UTC)
        if at_once:
            audit.mark(self._centre, [(ran, now)])
        else:
            self._ran[ran.name] = (ran, now)

    def _write_marks(self, now: datetime) -> None:
        """In one transaction a second: each one's own was five a second, each of which woke every web process."""
        if now - self._marked_at < MARK:
            return
        self._marked_at = now
        ran = [self._ran.pop(name) for name in sorted(self._ran)]
        if ran:
            audit.mark(self._centre, ran)

    def _mark_failure(self, job: Job, error: Exception, now: datetime) -> None:
        ran = audit.Ran(job.name, max(job.every, 1.0), self._holder, error=f"{type(error).__name__}: {error}"[:300])
        try:
            audit.mark(self._centre, [(ran, now)])
        except SQLAlchemyError as away:
            log.warning("job_waits", job=job.name, error=type(away).__name__)

    def _lead(self, now: datetime) -> None:
        """Take or keep the right to tick."""
        held = self._leadership.hold()
        if held != self._leading:
            log.warning("clock_active" if held else "clock_standby", holder=self._holder)
        self._leading = held
        if not held and now - self._evict_looked_at >= STALE:
            self._evict_looked_at = now
            if self._holder_is_stale(now):
                log.error("clock_evicts_holder")
                self._leadership.evict()

    def _holder_is_stale(self, now: datetime) -> bool:
        last = audit.ran_last(self._centre, "tick")
        return last is not None and now - last > STALE

    def cycle(self, now: datetime) -> None:
        """One look and what follows from it, then the rounds; for tests, whose time moves as they say."""
        due = self._look.due(self._centre, now)
        if "tick" in due:
            self._tick(now)
        if "response" in due:
            self._response(now)
        if "followup" in due:
            self._followup(now)
        self._floor(now)
        self._duty(now)
        self._standing(now)
        self._visits(now)
        self._plans(now)
        self._network(now)  # due or not: that a receipt has not come is no row's deadline

    def _tick(self, now: datetime) -> dict[str, Any] | None:
        escalate.tick(self._centre, now)
        for handover in deliver.hand_over(self._centre, now):
            self._outward.submit(self._hand_over, handover)
        return {"broker": "down"} if self._broker_down else None

    def _response(self, now: datetime) -> None:
        """The next call of a cascade, the next round of offers, arrivals that are late, reminders."""
        sweep.tick(self._centre, now)
        reminding.tick(self._centre, now)
        helps.hang_up(self._centre, now)
        for handover in helps.hand_over(self._centre, now):
            if handover.directly:  # here, and not behind messages that wait for a slow network
                helps.advance(self._centre, handover.plan_id, now)
            else:
                self._outward.submit(self._ask_next, handover.plan_id)

    def _ask_next(self, plan_id: int) -> None:
        """By a worker; by ourselves when there is no broker. Whatever fails here comes again in two seconds."""
        try:
            if not self._offer(ask_next, plan_id, "urgent"):
                helps.advance(self._centre, plan_id, self._time())
        except Exception:
            log.exception("asking_failed", plan_id=plan_id)

    def _followup(self, now: datetime) -> None:
        """How it was, what nobody asks about any more, and complaints that wait."""
        followup.tick(self._centre, now)

    def _standing(self, now: datetime) -> dict[str, Any] | None:
        """Planned services whose time has come, and the days of standing orders that are not planned yet."""
        coming.tick(self._centre, now)
        return planning.tick(self._centre, now)

    def _floor(self, now: datetime) -> None:
        """Area events and promised call-backs; beside the tick, so that a flood cannot make an escalation wait."""
        callbacks.tick(self._centre, now)
        floods.tick(self._centre, now)

    def _duty(self, now: datetime) -> None:
        """The rounds of the house, each when its own row says so: who is on duty, how the devices are."""
        patterns.tick(self._centre, now)
        coverage.tick(self._centre, now)
        supervise.tick(self._centre, now)
        listening.watch(self._centre, now)
        monthly.tick(self._centre, now)
        expiry.tick(self._centre, now)

    def _privacy(self, now: datetime) -> None:
        """What a day or a night brings: groups, whom to tell after an emergency, retention, the 15-minute circles."""
        groups.tick(self._centre, now)
        telling.tick(self._centre, now)
        retention.tick(self._centre, now)
        circles.tick(self._centre, now)

    def _network(self, now: datetime) -> None:
        """A job of its own beside the tick: many receipts must not make an escalation wait. A real one calls us."""
        if self._advance_network is not None:
            for receipt in self._advance_network(now):
                self._receipt(receipt)

    def _receipt(self, receipt: NetworkReceipt) -> None:
        """One that cannot be digested must not keep the others waiting; its message shows as one without receipt."""
        try:
            deliver.receive_receipt(self._centre, receipt)
        except SQLAlchemyError:
            raise  # the database is away: the network will tell us again
        except Exception:
            log.exception("receipt_failed", reference=receipt.reference)

    def _hand_over(self, handover: deliver.Handover) -> None:
        """To a worker by the broker; by ourselves when there is no broker or no worker took it in time."""
        try:
            if handover.directly or not self._to_broker(handover):
                send_message(self._runtime, handover.message_id, self._time())
        except Exception:
            log.exception("hand_over_failed", message_id=handover.message_id)

    def _to_broker(self, handover: deliver.Handover) -> bool:
        return self._offer(send, handover.message_id, "urgent" if handover.urgent else "default")

    def _offer(self, task: Any, argument: int, queue: str) -> bool:
        """False: it is away. Then it is left alone for a while, since one in a black hole costs a second each time."""
        if self._time() < self._broker_again_at:
            return False
        try:
            task.apply_async(args=[argument], queue=queue, retry=False)
        except (BrokerAway, OSError) as error:
            if not self._broker_down:
                log.error("broker_away", error=type(error).__name__)
            self._broker_down = True
            self._broker_again_at = self._time() + BROKER_PAUSE
            return False
        self._broker_down = False
        return True

    def imports(self, now: datetime) -> None:
        """Files wait for a worker, and where none comes for the one thread that the clock has for them."""
        for file in claims.hand_over(self._centre, now):
            self._in_bulk(work_import, file.import_id, run_import, directly=file.directly)
        for circle in circles.hand_over(self._centre, now):
            self._in_bulk(find_circles, circle.run_id, circles.work, directly=circle.directly)

    def _visits(self, now: datetime) -> None:
        """Check-in visits that have come due, then those of this month and of the next: each day, and as soon as a
        clock runs again.
        """
        visits.tick(self._centre, now)
        for run in generating.tick(self._centre, now):
            self._in_bulk(generate_visits, run.run_id, generating.work, directly=run.directly)

    def _plans(self, now: datetime) -> None:
        """Plans of rounds that are asked for, and those that are being published."""
        work = partial(solving.work, planner=self._runtime.planner)
        for plan in asking.hand_over(self._centre, now):
            self._in_bulk(plan_visits, plan.plan_id, work, directly=plan.directly)

    def _in_bulk(self, task: Any, row_id: int, work: Work, *, directly: bool) -> None:
        """Long work: by a worker; by the one thread that the clock has for it where no worker comes or no broker is."""

        def begin() -> None:
            try:
                if directly or not self._offer(task, row_id, "bulk"):
                    work(self._centre, row_id, self._time)
            except Exception:
                log.exception("bulk_failed", task=task.name, row_id=row_id)

        self._bulk.submit(begin)

    def _doubles(self, now: datetime) -> dict[str, Any]:
        return {"found": find_doubles.everywhere(self._centre, now)}

    def _audit(self, now: datetime) -> dict[str, Any]:
        findings = [finding.as_json() for finding in audit.audit(self._centre, now)]
        if self._broker_down:
            findings.append({"code": "broker_away", "count": 1, "since": None, "detail": ""})
        for finding in findings:
            log.warning("audit_finding", code=finding["code"], count=finding["count"])
        return {"findings": findings}

    def _seal(self, now: datetime) -> None:
        for each in chain.CHAINS:
            chain.seal(self._centre, each, now)

    def _prune(self, now: datetime) -> None:
        live.prune(self._centre, now)
        inbox.prune(self._centre, now)
        replay.prune(self._centre, now)
        pruning.prune(self._centre, now)
        uploads.forget(self._centre, now)
        uploads.sweep(self._centre, now)
        beats.prune(self._centre, now)
        hours.prune(self._centre, now)
