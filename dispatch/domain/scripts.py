"""What an operator asks in which order: steps, answers, what happens by itself, and where each answer leads.

A script is data (``config/scripts/*.yaml``, in both languages). This module reads it, says plainly what is wrong with
it, chooses the one that fits a case, and finds the next step from the answers. Nothing here happens: what an answer
sets off is named, and ``services/response`` does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from dispatch.domain.case import Help, Kind
from dispatch.domain.errors import DispatchError

LANGUAGES = ("zh", "en")
END = "end"
SERVICES = ("120", "119", "110")
DONE = "done"


class ScriptFault(DispatchError):
    """Which script, which step, what is wrong and what would be right."""

    code = "script-fault"


class Auto(StrEnum):
    """What an answer can set off by itself."""

    CALL_ELDER = "call_elder"
    CASCADE = "cascade"
    HANDOFF = "handoff"
    """Opens the sheet to read aloud, for 120, 119 or 110. Nobody is dialled."""
    PRIORITY = "priority"
    TELL_ALL = "tell_all"


@dataclass(frozen=True)
class Words:
    zh: str
    en: str

    def dump(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Doing:
    what: Auto
    value: str = ""
    """The service of a hand-off, the number of a priority."""

    @property
    def name(self) -> str:
        return f"{self.what.value}:{self.value}" if self.value else self.what.value

    def dump(self) -> str | dict[str, str]:
        return {self.what.value: self.value} if self.value else self.what.value


@dataclass(frozen=True)
class Answer:
    id: str
    words: Words
    next: str
    """The id of a step, or ``end``."""
    script: str = ""
    """Goes on with another script."""
    do: tuple[Doing, ...] = ()

    def dump(self) -> dict[str, Any]:
        return {
            "id": self.id,
            **self.words.dump(),
            **({"script": self.script} if self.script else {"next": self.next}),
            "do": [doing.dump() for doing in self.do],
        }


@dataclass(frozen=True)
class Step:
    id: str
    words: Words
    answers: tuple[Answer, ...]
    must: bool = False
    """Without an answer the case is closed with a reason only."""
    tip: Words | None = None
    offer: tuple[Doing, ...] = ()
    """What the operator can set off beside answering."""
    told: bool = False
    """Something to say or to do and not a question; its one answer is that it was done."""

    def answer(self, answer_id: str) -> Answer | None:
        return next((answer for answer in self.answers if answer.id == answer_id), None)

    def dump(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "say" if self.told else "ask": self.words.dump(),
            "must": self.must,
            "tip": self.tip.dump() if self.tip else None,
            "offer": [doing.dump() for doing in self.offer],
            "answers": [answer.dump() for answer in self.answers],
        }


@dataclass(frozen=True)
class Fit:
    """Which cases a script is for: all of what is named must hold."""

    models: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    helps: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    unknown: bool = False
    """Only where nobody knows who it is."""

    @property
    def weight(self) -> int:
        """The device's model says more than the cause, the cause more than the kind of case."""
        named = (self.models, self.causes, self.helps, self.unknown, self.kinds)
        return sum(2 ** (len(named) - place) for place, one in enumerate(named, 1) if one)

    def holds(self, situation: Situation) -> bool:
        pairs = (
            (self.models, situation.model),
            (self.causes, situation.cause),
            (self.helps, situation.help),
            (self.kinds, situation.kind),
        )
        return all(not wanted or found in wanted for wanted, found in pairs) and (situation.unknown or not self.unknown)

    def overlaps(self, other: Fit) -> bool:
        pairs = ((self.models, other.models), (self.causes, other.causes), (self.helps, other.helps))
        return all(not (a and b) or a & b for a, b in (*pairs, (self.kinds, other.kinds)))

    def dump(self) -> dict[str, Any]:
        return {
            "models": sorted(self.models),
            "causes": sorted(self.causes),
            "helps": sorted(self.helps),
            "kinds": sorted(self.kinds),
            "unknown": self.unknown,
        }


@dataclass(frozen=True)
class Situation:
    kind: str
    cause: str
    model: str | None = None
    help: str | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Script:
    code: str
    version: int
    name: Words
    steps: tuple[Step, ...]
    fit: Fit | None = None
    """None: reached from another script, or chosen by the operator."""

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    @classmethod
    def load(cls, data: Any) -> Self:
        """Read the form of ``config/scripts/*.yaml`` and of ``script_runs.body``. Raises ``ScriptFault``."""
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
        return cls(code, version, _words(data.get("name"), "name"), steps, fit)

    def dump(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "version": self.version,
            "name": self.name.dump(),
            "for": self.fit.dump() if self.fit else None,
            "steps": [step.dump() for step in self.steps],
        }


# -- reading


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


# -- choosing


class Scripts:
    """All scripts of the centre, checked against each other. Raises ``ScriptFault``."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self.by_code: dict[str, Script] = {}
        for script in scripts:
            if script.code in self.by_code:
                raise ScriptFault(f"{script.code}: two files have this code")
            self.by_code[script.code] = script
        self._check_links()
        self._check_fits()

    def _check_links(self) -> None:
        for script in self.by_code.values():
            for step in script.steps:
                for answer in step.answers:
                    if answer.script and answer.script not in self.by_code:
                        raise ScriptFault(
                            f"{script.code}: step {step.id}, answer {answer.id}: there is no script {answer.script!r}"
                        )

    def _check_fits(self) -> None:
        fitting = [(script.code, script.fit) for script in self.by_code.values() if script.fit is not None]
        for place, (code, fit) in enumerate(fitting):
            for other_code, other in fitting[place + 1 :]:
                if fit.weight == other.weight and fit.overlaps(other):
                    raise ScriptFault(
                        f"{code} and {other_code} fit the same cases equally well: make one more specific"
                    )
        if not any(fit.weight == 0 for _, fit in fitting):
            raise ScriptFault("one script must fit every case: give one an empty `for: {}`")

    def choose(self, situation: Situation) -> Script:
        """The most specific one that fits."""
        fitting = [s for s in self.by_code.values() if s.fit is not None and s.fit.holds(situation)]
        return max(fitting, key=lambda script: script.fit.weight if script.fit else 0)

    def check_words(self, causes: Iterable[str]) -> None:
        """Every cause that a script names is one that cases have. Raises ``ScriptFault``."""
        known = set(causes)
        for script in self.by_code.values():
            strange = sorted((script.fit.causes if script.fit else frozenset()) - known)
            if strange:
                raise ScriptFault(f"{script.code}: for, causes: unknown {strange[0]!r}; known are {sorted(known)}")


# -- walking


@dataclass(frozen=True)
class Walk:
    way: tuple[Step, ...]
    """The steps from the first on that the answers led over; the last one waits, unless ``ended``."""
    ended: bool
    open_must: tuple[str, ...]
    """Mandatory steps on the way that have no answer."""
    leads_to: str = ""
    """The script with which it goes on."""

    @property
    def current(self) -> Step | None:
        return None if self.ended else self.way[-1]


def walk(script: Script, answers: Mapping[str, str]) -> Walk:
    """Follow ``answers`` (step id to answer id) from the first step. Answers beside the way are passed over: they were
    given before an earlier answer was corrected.
    """
    way: list[Step] = []
    step: Step | None = script.steps[0]
    while step is not None:
        way.append(step)
        given = step.answer(answers.get(step.id, ""))
        if given is None:
            return Walk(tuple(way), ended=False, open_must=_musts(script, step, answers))
        if given.script:
            return Walk(tuple(way), ended=True, open_must=(), leads_to=given.script)
        step = None if given.next == END else script.step(given.next)
    return Walk(tuple(way), ended=True, open_must=())


def _musts(script: Script, step: Step, answers: Mapping[str, str]) -> tuple[str, ...]:
    """The mandatory steps that lie ahead on every way from ``step``, and ``step`` itself."""
    ahead = _unavoidable(script, step, {})
    return tuple(one.id for one in script.steps if one.id in ahead)


def _unavoidable(script: Script, step: Step, known: dict[str, frozenset[str]]) -> frozenset[str]:
    if step.id in known:
        return known[step.id]
    ways = [
        _unavoidable(script, following, known) if (following := script.step(answer.next)) else frozenset[str]()
        for answer in step.answers
    ]
    common = frozenset.intersection(*ways) if ways else frozenset[str]()
    known[step.id] = common | ({step.id} if step.must else frozenset())
    return known[step.id]
