"""An operator answers the steps of a script; what an answer sets off happens once, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.case import ACTIVE, OPEN, State, Trigger
from dispatch.domain.errors import Conflict, DispatchError, IllegalTransition, Invalid
from dispatch.domain.scripts import Answer, Auto, Doing, Script, Step
from dispatch.models.cases import Case
from dispatch.models.response import ScriptRun
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import acted, change_priority, move, record
from dispatch.services.requests import Callee, ring
from dispatch.services.response import calling, handoffs
from dispatch.services.response.asked import began, new_run, note_answer
from dispatch.services.response.progress import current_run, script_of, walked
from dispatch.services.work import Act, perform


class Answered(Conflict):
    """Somebody else answered this step, or changed the way to it, after the operator looked."""

    code = "script-changed"


@dataclass(frozen=True)
class Given:
    script: str
    step: str
    answer: str
    was: str | None = None
    """The answer that the operator saw and corrects."""
    text: str | None = None


def answer(centre: Centre, case_id: int, act: Act, given: Given) -> None:
    """Answer a step, or correct an answer. The same again changes nothing. Raises ``Answered`` and ``Invalid``."""

    def change(session: Session, case: Case) -> None:
        _open(case)
        run = current_run(session, case.id)
        script = script_of(session, centre, case, run)
        if script.code != given.script:
            raise Answered("the case follows another script now: look at it again", why="other-script")
        step, chosen = _chosen(script, given)
        before = run.answers.get(step.id) if run else None
        if before is not None and before["answer"] == chosen.id:
            return
        if before is not None and before["answer"] != given.was:
            raise Answered(
                f"{before['by']} has answered this step: look at it again",
                why="answered-meanwhile",
                changed_by=before["by"],
                changed_at=before["at"],
            )
        if step.id not in {one.id for one in walked(script, run).way}:
            raise Answered("an earlier answer was changed, and this step is not asked any more", why="way-changed")
        run = run or _begin(session, case, script, act)
        _write(session, case, (run, step, chosen), act, given.text)
        _set_off(session, centre, case, (run, step, chosen), act)
        if chosen.script:
            run.ended_at = act.now
            session.flush()
            _begin(session, case, centre.scripts.by_code[chosen.script], act)

    perform(centre, case_id, act, change, any_version=True)


def choose(centre: Centre, case_id: int, act: Act, *, code: str) -> None:
    """Follow another script from here on; what was answered stays on the timeline."""
    if code not in centre.scripts.by_code:
        raise Invalid("script", "unknown", f"choose one of: {', '.join(sorted(centre.scripts.by_code))}")

    def change(session: Session, case: Case) -> None:
        _open(case)
        run = current_run(session, case.id)
        if run is not None and run.code == code:
            return
        if run is not None:
            run.ended_at = act.now
            session.flush()
        _begin(session, case, centre.scripts.by_code[code], act)

    perform(centre, case_id, act, change, any_version=True)


def _open(case: Case) -> None:
    move(case, Trigger.NOTE)
    if State(case.state) not in OPEN:
        raise IllegalTransition("the case is over: write a note instead", state=case.state)


def _chosen(script: Script, given: Given) -> tuple[Step, Answer]:
    step = script.step(given.step)
    if step is None:
        raise Invalid("step", "unknown", f"this script has the steps {', '.join(one.id for one in script.steps)}")
    chosen = step.answer(given.answer)
    if chosen is None:
        raise Invalid("answer", "unknown", f"this step has the answers {', '.join(one.id for one in step.answers)}")
    return step, chosen


def _begin(session: Session, case: Case, script: Script, act: Act) -> ScriptRun:
    run = new_run(case, script, act.actor, act.now)
    session.add(run)
    session.flush()
    record(session, case, "script_started", act.actor, act.now, data=began(script))
    return run


def _write(session: Session, case: Case, where: tuple[ScriptRun, Step, Answer], act: Act, text: str | None) -> None:
    run, step, chosen = where
    data = note_answer(run, (step, chosen), act.actor, act.now, text)
    if act.actor.user_id is not None and case.owner_id == act.actor.user_id:
        acted(case, act.now)
    record(session, case, "script_answer", act.actor, act.now, text=text, channel="console", data=data)


def _set_off(session: Session, centre: Centre, case: Case, where: tuple[ScriptRun, Step, Answer], act: Act) -> None:
    run, step, chosen = where
    for doing in chosen.do:
        name = f"{step.id}:{chosen.id}:{doing.name}"
        if name in run.done:
            continue
        run.done = [*run.done, name]
        data: dict[str, Any] = {"script": run.code, "step": step.id, "do": doing.what.value, "value": doing.value}
        try:
            with session.begin_nested():
                _do(session, centre, case, doing, act)
        except DispatchError as error:  # an answer is never lost because what it sets off cannot be done
            data["failed"] = error.detail
            data["code"] = _code(error)
        record(session, case, "script_auto", act.actor, act.now, data=data)


def _code(error: DispatchError) -> str:
    """The word that the console has for it: of a field that is wrong, what is wrong with it."""
    return str(error.extra["errors"][0]["code"]) if isinstance(error, Invalid) else error.code


def _do(session: Session, centre: Centre, case: Case, doing: Doing, act: Act) -> None:
    match doing.what:
        case Auto.CALL_ELDER:
            ring(session, centre, case, act, Callee())
        case Auto.CASCADE:
            if State(case.state) in ACTIVE:
                calling.begin(session, centre, case, act.actor, act.now)
        case Auto.PRIORITY:
            wanted = int(doing.value)
            if wanted < case.priority:  # by itself a case only ever gets more urgent
                change_priority(case, wanted, centre.policies, act.now)
        case Auto.TELL_ALL:
            handoffs.tell(session, centre, case, act.actor, act.now, service="120")
        case Auto.HANDOFF:
            pass  # the console opens the sheet; nobody is dialled
