"""The form in which a script is written (``config/scripts/*.yaml``) and kept (``script_runs.body``): read, and said
plainly what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dispatch.domain.case import Help, Kind
from dispatch.domain.scripts import END, SERVICES, Answer, Auto, Doing, Fit, Script, ScriptFault, Step, Words

LANGUAGES = ("zh", "en")
DONE = "done"


def load_script(data: Any) -> Script:
    """Raises ``ScriptFault``: which step, what is wrong, what would be right."""
    if not isinstance(data, Mapping):
        raise ScriptFault("a script is a mapping with code, version, name and steps")
    _only(data, {"code", "version", "name", "for", "steps"}, "the script")
    code = _code(data.get("code"), "code")
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise ScriptFault(f"version: write a whole number from 1 on and raise it with each change, not {version!r}")
    steps = _steps(data.get("steps"))
    _check_ways(steps)
    fit = None if data.get("for") is None else _fit(data["for"])
    return Script(code, version, _words(data.get("name"), "name"), steps, fit)


def _only(data: Mapping[str, Any], known: set[str], where: str) -> None:
    strange = sorted(str(key) for key in set(data) - known)
    if strange:
        raise ScriptFault(f"{where}: unknown word {', '.join(strange)}; known are {', '.join(sorted(known))}")


def _code(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.replace("_", "").isalnum() or len(value) > 30:
        raise ScriptFault(f"{where}: write up to 30 small letters, digits and _, not {value!r}")
    return value


def _words(value: Any, where: str) -> Words:
    """Both languages, or the fault says which is missing."""
    if not isinstance(value, Mapping):
        raise ScriptFault(f"{where}: write zh and en")
    for language in LANGUAGES:
        if not isinstance(value.get(language), str) or not value[language].strip():
            raise ScriptFault(f"{where}: the language {language} is missing")
    return Words(str(value["zh"]).strip(), str(value["en"]).strip())


def _steps(value: Any) -> tuple[Step, ...]:
    if not isinstance(value, list) or not value:
        raise ScriptFault("steps: there is none")
    ids = [_code(one.get("id") if isinstance(one, Mapping) else None, f"step {n}") for n, one in enumerate(value, 1)]
    twice = sorted({one for one in ids if ids.count(one) > 1 or one == END})
    if twice:
        raise ScriptFault(f"step {twice[0]}: the id is taken")
    return tuple(_step(one, following) for one, following in zip(value, [*ids[1:], END], strict=True))


def _step(data: Mapping[str, Any], following: str) -> Step:
    where = f"step {data['id']}"
    _only(data, {"id", "ask", "say", "must", "tip", "offer", "answers", "next", "do"}, where)
    told = "say" in data
    if told == ("ask" in data):
        raise ScriptFault(f"{where}: write either ask, a question, or say, something to do or to say")
    must = data.get("must", False)
    if type(must) is not bool:
        raise ScriptFault(f"{where}: must is true or false, not {must!r}")
    answers = _told(data, following, where) if told else _answers(data.get("answers"), following, where)
    if must and ((told and "answers" not in data) or not answers):
        raise ScriptFault(f"{where}: it is mandatory and has no answers to choose from")
    return Step(
        id=data["id"],
        words=_words(data["say"] if told else data["ask"], where),
        answers=answers,
        must=must,
        tip=None if data.get("tip") is None else _words(data["tip"], f"{where}, tip"),
        offer=_doings(data.get("offer"), f"{where}, offer"),
        told=told,
    )


def _told(data: Mapping[str, Any], following: str, where: str) -> tuple[Answer, ...]:
    if "answers" in data:
        return _answers(data["answers"], following, where)
    given = {"id": DONE, "zh": "已完成", "en": "Done", "next": data.get("next", following), "do": data.get("do")}
    return (_answer(given, following, where),)


def _answers(value: Any, following: str, where: str) -> tuple[Answer, ...]:
    if not isinstance(value, list) or not value:
        raise ScriptFault(f"{where}: a question needs answers")
    if len(value) > 9:
        raise ScriptFault(f"{where}: {len(value)} answers, and the keys 1 to 9 choose them")
    found = tuple(_answer(one, following, where) for one in value)
    if len({one.id for one in found}) < len(found):
        raise ScriptFault(f"{where}: two answers have one id")
    return found


def _answer(data: Any, following: str, where: str) -> Answer:
    if not isinstance(data, Mapping):
        raise ScriptFault(f"{where}: an answer has id, zh and en")
    answer_id = _code(data.get("id"), f"{where}, answer")
    where = f"{where}, answer {answer_id}"
    _only(data, {"id", "zh", "en", "next", "script", "do"}, where)
    if "next" in data and "script" in data:
        raise ScriptFault(f"{where}: it leads to a step or to a script, not to both")
    return Answer(
        id=answer_id,
        words=_words(data, where),
        next=END if "script" in data else str(data.get("next", following)),
        script=_code(data["script"], where) if "script" in data else "",
        do=_doings(data.get("do"), where),
    )


def _doings(value: Any, where: str) -> tuple[Doing, ...]:
    return tuple(_doing(one, where) for one in value or ())


def _doing(value: Any, where: str) -> Doing:
    what, argument = next(iter(value.items())) if isinstance(value, Mapping) and len(value) == 1 else (value, "")
    if what not in set(Auto):
        raise ScriptFault(f"{where}: unknown automatic step {what!r}; known are {', '.join(Auto)}")
    doing = Doing(Auto(what), str(argument))
    allowed = {Auto.HANDOFF: SERVICES, Auto.PRIORITY: ("1", "2", "3", "4")}.get(doing.what, ("",))
    if doing.value not in allowed:
        raise ScriptFault(f"{where}: {doing.what} takes {' or '.join(allowed) or 'nothing'}, not {doing.value!r}")
    return doing


def _fit(data: Any) -> Fit:
    if not isinstance(data, Mapping):
        raise ScriptFault("for: write models, causes, helps, kinds or unknown")
    _only(data, {"models", "causes", "helps", "kinds", "unknown"}, "for")
    lists = {name: frozenset(map(str, data.get(name) or ())) for name in ("models", "causes", "helps", "kinds")}
    for name, known in (("kinds", set(Kind)), ("helps", set(Help))):
        strange = sorted(lists[name] - known)
        if strange:
            raise ScriptFault(f"for, {name}: unknown {strange[0]!r}; known are {', '.join(sorted(known))}")
    return Fit(unknown=bool(data.get("unknown", False)), **lists)


def _check_ways(steps: Sequence[Step]) -> None:
    """Every way leads to a step that is there, each step can be reached, and none leads round in a circle."""
    by_id = {step.id: step for step in steps}
    for step in steps:
        for answer in step.answers:
            if answer.next != END and answer.next not in by_id:
                raise ScriptFault(f"step {step.id}, answer {answer.id}: leads to {answer.next!r}, and there is none")
    reached: set[str] = set()
    _follow(steps[0], by_id, (), reached)
    lost = [step.id for step in steps if step.id not in reached]
    if lost:
        raise ScriptFault(f"step {lost[0]}: no answer leads to it")


def _follow(step: Step, by_id: Mapping[str, Step], way: tuple[str, ...], reached: set[str]) -> None:
    if step.id in way:
        raise ScriptFault(f"step {step.id}: the way {' > '.join((*way, step.id))} goes round in a circle")
    if step.id in reached:
        return
    for answer in step.answers:
        if answer.next != END:
            _follow(by_id[answer.next], by_id, (*way, step.id), reached)
    reached.add(step.id)
