"""What an operator asks in which order: steps, answers, what happens by itself, and where each answer leads.

A script is data in both languages; ``domain/script_form.py`` reads it. This module chooses the one that fits a case,
and finds the next step from the answers. Nothing here happens: what an answer sets off is named, and
``services/response`` does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dispatch.domain.errors import DispatchError

END = "end"
SERVICES = ("120", "119", "110")


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

    def dump(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "version": self.version,
            "name": self.name.dump(),
            "for": self.fit.dump() if self.fit else None,
            "steps": [step.dump() for step in self.steps],
        }


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
