"""How far a case has come with its script: which one it follows, and which mandatory steps wait for an answer."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import Flag
from dispatch.domain.errors import Invalid
from dispatch.domain.script_form import load_script
from dispatch.domain.scripts import Script, Situation, Walk, walk
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.response import ScriptRun
from dispatch.services.centre import Centre


def current_run(session: Session, case_id: int) -> ScriptRun | None:
    return session.scalar(select(ScriptRun).where(ScriptRun.case_id == case_id, ScriptRun.ended_at.is_(None)))


def situation(session: Session, case: Case) -> Situation:
    model = None
    if case.origin_device is not None:
        model = session.scalar(select(Device.model).where(Device.number == case.origin_device))
    return Situation(case.kind, case.cause, model, case.help, unknown=case.elder_id is None)


def script_of(session: Session, centre: Centre, case: Case, run: ScriptRun | None) -> Script:
    """The one it follows, as it was when it began; else the one that fits best now."""
    return load_script(run.body) if run is not None else centre.scripts.choose(situation(session, case))


def walked(script: Script, run: ScriptRun | None) -> Walk:
    return walk(script, {step: given["answer"] for step, given in (run.answers if run else {}).items()})


def open_steps(session: Session, centre: Centre, case: Case) -> tuple[str, ...]:
    """Mandatory steps without an answer that make closing ask for a reason.

    Never for what was handed to 120, 119 or 110: nothing may stand in the way of that.
    """
    asked = centre.response.ask_reason
    run = current_run(session, case.id)
    if asked == "never" or Flag.HANDED_OVER in case.flags or (asked == "begun" and run is None):
        return ()
    script = script_of(session, centre, case, run)
    return walked(script, run).open_must


def need_reason(session: Session, centre: Centre, case: Case, reason: str | None) -> dict[str, object]:
    """What the closing says of the script. Raises ``Invalid`` when it must say why steps are open, and does not."""
    missing = open_steps(session, centre, case)
    if missing and not reason:
        raise Invalid(
            "script_reason", "required", f"say why these steps of the script have no answer: {', '.join(missing)}"
        )
    return {"open_steps": list(missing), "script_reason": reason} if missing else {}
