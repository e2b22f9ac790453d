"""What people do with offers: send them, withdraw them, and say yes or no, for themselves or for whoever telephoned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from dispatch.domain.case import ASKABLE, State, Trigger
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid, NotFound
from dispatch.domain.helps.assignments import Deed
from dispatch.domain.helps.matching import RELAXABLE
from dispatch.domain.helps.offers import Mode, OfferState, PlanState
from dispatch.domain.permissions import May
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, OfferPlan
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import answering
from dispatch.services.helps.answering import Said, as_worker
from dispatch.services.helps.asking import Asking, Start, begin, expire, nobody_asked, offers_of, running, shut
from dispatch.services.helps.candidates import Match, match
from dispatch.services.helps.ending import Ends, live_of, lose, stop
from dispatch.services.helps.orders import keep, named, wanted_of
from dispatch.services.lifecycle import acted, begin_work, move, record
from dispatch.services.rows import must_see
from dispatch.services.transact import transact
from dispatch.services.work import Act, locked, perform

T = TypeVar("T")
LONGEST_QUEUE = 20


class OffersRunning(Conflict):
    code = "offers-running"


class NobodyFits(Conflict):
    code = "nobody-fits"


@dataclass(frozen=True)
class Offers:
    mode: Mode
    workers: tuple[int, ...] = ()
    """In the order in which they are asked; none: the best ones."""
    reason: str | None = None
    item: str | None = None


def offer(centre: Centre, case_id: int, act: Act, wanted: Offers) -> None:
    """Ask helpers whether they go. A case that nobody has is the operator's from then on.

    Raises ``Invalid`` for somebody who cannot go, ``NobodyFits``, and ``OffersRunning`` while others are asked.
    """
    if wanted.mode is Mode.DIRECT and len(wanted.workers) != 1:
        raise Invalid("workers", "one", "choose the one person who is to go")
    if wanted.mode is Mode.DIRECT and not wanted.reason:
        raise Invalid("reason", "required", "say why this person and nobody else is asked")

    def change(session: Session, case: Case) -> None:
        _free_to_ask(session, case)
        order = keep(session, centre, case, wanted_of(session, centre, case, wanted.item), act.now)
        if wanted.item is not None:
            named(centre, wanted.item)
        found = match(session, centre, case, wanted_of(session, centre, case, order.item), act.now)
        way = centre.matching.way(wanted.mode, case.priority)
        chosen = _chosen(found, wanted, way.size if wanted.mode is Mode.PARALLEL else LONGEST_QUEUE)
        _answer_for_it(session, case, act)
        begin(session, centre, case, Start(way, chosen, act.actor, act.now, wanted.reason, found))

    perform(centre, case_id, act, change)


def _free_to_ask(session: Session, case: Case) -> None:
    if State(case.state) not in ASKABLE or case.held_until is not None:
        raise IllegalTransition("nobody is asked to go for a case that is over or put off", state=case.state)
    if live_of(session, case.id) is not None:
        raise IllegalTransition("somebody goes already: take the job back first", state=case.state)
    if running(session, case.id) is not None:
        raise OffersRunning("helpers are asked for this case just now: withdraw those offers first")


def _chosen(found: Match, wanted: Offers, most: int) -> list[int]:
    if not wanted.workers:
        best = [one.facts.id for one in found.ranking.candidates][:most]
        if not best:
            relax = [{"code": str(code), "n": n} for code, n in found.ranking.relax()]
            raise NobodyFits("nobody fits: see what can be relaxed", relax=relax)
        return best
    barred = {one.facts.id: [reason.code for reason in one.reasons] for one in found.ranking.excluded}
    for worker_id in wanted.workers:
        if worker_id not in found.rows:
            raise Invalid("workers", "unknown", f"{worker_id} cannot do this, or works elsewhere")
        never = [code for code in barred.get(worker_id, ()) if code not in RELAXABLE]
        if never:
            raise Invalid("workers", "not-eligible", f"{found.rows[worker_id].name}: {', '.join(map(str, never))}")
        if worker_id in barred and not wanted.reason:
            raise Invalid("reason", "required", f"say why {found.rows[worker_id].name} is asked all the same")
    return list(dict.fromkeys(wanted.workers))


def _answer_for_it(session: Session, case: Case, act: Act) -> None:
    if case.owner_id is None and act.actor.user_id is not None:
        move(case, Trigger.TAKE)
        begin_work(case, act.actor.user_id, act.now)
        record(session, case, "taken", act.actor, act.now, channel="console")
    elif case.owner_id == act.actor.user_id:
        acted(case, act.now)


def stop_asking(centre: Centre, case_id: int, act: Act, *, reason: str) -> None:
    """Nobody is asked any more for this case. Nothing happens where nobody is."""

    def change(session: Session, case: Case) -> None:
        if stop(session, Ends(centre, case, act.actor, act.now, reason)):
            nobody_asked(case, act.now)

    perform(centre, case_id, act, change, any_version=True)


def withdraw(centre: Centre, offer_id: int, act: Act, *, reason: str) -> int:
    """One helper is not asked any more, or need not go after all; the next of the plan is asked."""

    def change(session: Session, case: Case, found: Offer) -> None:
        ends = Ends(centre, case, act.actor, act.now, reason, "console")
        if found.state == OfferState.ACCEPTED:
            job = live_of(session, case.id)
            if job is not None and job.offer_id == found.id:
                lose(session, ends, job, Deed.CANCEL)
            return
        if found.state != OfferState.OFFERED:
            return
        shut(found, OfferState.WITHDRAWN, act.now, reason)
        ends.tell(session, found, "offer_over")
        data = {"plan": str(found.plan_id), "to": session.get_one(Worker, found.worker_id).name}
        ends.note(session, "offers_withdrawn", data)
        session.flush()
        plan = session.get_one(OfferPlan, found.plan_id, with_for_update=True, populate_existing=True)
        if plan.state == PlanState.RUNNING and all(
            one.state != OfferState.OFFERED for one in offers_of(session, plan.id)
        ):
            expire(session, Asking(centre, case, plan, act.now))

    return _of_case(centre, offer_id, act, change)


def _of_case(centre: Centre, offer_id: int, act: Act, change: Callable[[Session, Case, Offer], None]) -> int:
    with centre.database.reads() as session:
        found = session.get(Offer, offer_id)
    if found is None:
        raise NotFound(f"there is no offer {offer_id}")

    def whole(session: Session, case: Case) -> None:
        one = session.get_one(Offer, offer_id, with_for_update=True, populate_existing=True)
        if one.case_id != case.id:
            raise Conflict("the case was merged in the meantime: look at the other one")
        change(session, case, one)

    perform(centre, found.case_id, act, whole, any_version=True)
    return found.case_id


def accept(centre: Centre, offer_id: int, act: Act) -> int:
    """Yes: by the helper on the own page, or by an operator who heard it by telephone. Returns the assignment's id.

    Raises ``OfferTaken``, ``OfferExpired``, ``HelperBusy``.
    """

    def work(session: Session, said: Said) -> int:
        return answering.accept(session, centre, said).id

    return _answer(centre, offer_id, act, work)


def decline(centre: Centre, offer_id: int, act: Act, *, reason: str | None) -> None:
    def work(session: Session, said: Said) -> None:
        answering.decline(session, centre, said, reason)

    _answer(centre, offer_id, act, work)


def _answer(centre: Centre, offer_id: int, act: Act, work: Callable[[Session, Said], T]) -> T:
    def once(session: Session) -> T:
        found = session.get(Offer, offer_id)
        if found is None:
            raise NotFound(f"there is no offer {offer_id}")
        worker = session.get_one(Worker, found.worker_id)
        case, mine = for_worker(session, found.case_id, worker, act)
        session.refresh(found, with_for_update=True)
        if found.case_id != case.id:
            raise Conflict("the case was merged in the meantime: look at the other one")
        actor = as_worker(worker) if mine else act.actor
        answer = work(session, Said(case, found, worker, actor, "app" if mine else "operator", act.now))
        if not mine and case.owner_id is not None and case.owner_id == act.actor.user_id:
            acted(case, act.now)
        session.flush()
        return answer

    return transact(centre, once)


def for_worker(session: Session, case_id: int, worker: Worker, act: Act) -> tuple[Case, bool]:
    """The case, locked, and whether it is the helper who acts. Others must work at the desk and see the case.

    Raises ``NotFound``: nobody learns of what is not theirs.
    """
    mine = act.actor.may(May.JOBS) and worker.user_id is not None and worker.user_id == act.actor.user_id
    if not mine:
        if not act.actor.may(May.CASES_WORK):
            raise NotFound("there is no such offer or job of yours")
        must_see(session, case_id, act.actor)
        return locked(session, case_id, act.actor), False
    return session.get_one(Case, case_id, with_for_update=True, populate_existing=True), True
