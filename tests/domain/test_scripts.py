"""Scripts: what is wrong with one is said plainly, the most specific one is chosen, answers lead to the next step."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.domain.script_form import load_script
from dispatch.domain.scripts import Auto, Script, ScriptFault, Scripts, Situation, walk
from dispatch.domain.signals import SignalKind
from dispatch.settings import ROOT, load_scripts

GOOD: dict[str, Any] = {
    "code": "fall",
    "version": 3,
    "name": {"zh": "跌倒", "en": "Fall"},
    "for": {"causes": ["fall"]},
    "steps": [
        {
            "id": "voice",
            "must": True,
            "ask": {"zh": "听得见吗?", "en": "Can you hear me?"},
            "answers": [
                {"id": "talks", "zh": "能", "en": "Yes", "next": "hurt"},
                {"id": "silent", "zh": "不能", "en": "No", "next": "end", "do": [{"priority": "1"}, "cascade"]},
            ],
        },
        {
            "id": "hurt",
            "must": True,
            "ask": {"zh": "疼吗?", "en": "Does it hurt?"},
            "answers": [
                {"id": "yes_it_does", "zh": "疼", "en": "It does", "do": [{"handoff": "120"}]},
                {"id": "no_pain", "zh": "不疼", "en": "No pain", "next": "end"},
            ],
        },
        {"id": "wait", "say": {"zh": "等着", "en": "Wait with them"}},
    ],
}


def broken(change: Any) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    change(data)
    return data


FAULTS = [
    (
        "a way to nowhere",
        lambda d: d["steps"][0]["answers"][0].update(next="nowhere"),
        "step voice, answer talks.*nowhere",
    ),
    (
        "an unreachable step",
        lambda d: d["steps"][1]["answers"][0].update(next="end"),
        "step wait: no answer leads to it",
    ),
    ("no Chinese", lambda d: d["steps"][1]["ask"].pop("zh"), "step hurt: the language zh is missing"),
    ("no English", lambda d: d["name"].pop("en"), "name: the language en is missing"),
    (
        "an empty text",
        lambda d: d["steps"][0]["answers"][1].update(en=" "),
        "answer silent: the language en is missing",
    ),
    (
        "a yes that YAML read as a truth",
        lambda d: d["steps"][0]["answers"][0].update(en=True),
        "talks: the language en",
    ),
    (
        "mandatory without answer",
        lambda d: d["steps"][2].update(must=True),
        "step wait: it is mandatory and has no answers",
    ),
    ("a question without answers", lambda d: d["steps"][1].pop("answers"), "step hurt: a question needs answers"),
    (
        "ten answers",
        lambda d: d["steps"][1].update(answers=[{"id": f"a{n}", "zh": "一", "en": "one"} for n in range(10)]),
        "10 answers, and the keys 1 to 9",
    ),
    ("two steps of one id", lambda d: d["steps"][1].update(id="voice"), "step voice: the id is taken"),
    (
        "two answers of one id",
        lambda d: d["steps"][1]["answers"][1].update(id="yes_it_does"),
        "two answers have one id",
    ),
    (
        "an unknown act",
        lambda d: d["steps"][0]["answers"][1].update(do=["dial 120"]),
        "unknown automatic step 'dial 120'",
    ),
    (
        "a hand-off to nobody",
        lambda d: d["steps"][1]["answers"][0].update(do=[{"handoff": "911"}]),
        "120 or 119 or 110",
    ),
    ("a circle", lambda d: d["steps"][1]["answers"][1].update(next="voice"), "step voice: the way .* goes round"),
    ("an unknown word", lambda d: d["steps"][0].update(mandatory=True), "step voice: unknown word mandatory"),
    ("no version", lambda d: d.update(version="1.0"), "version: write a whole number"),
    ("no steps", lambda d: d.update(steps=[]), "steps: there is none"),
    ("an unknown kind", lambda d: d.update({"for": {"kinds": ["accident"]}}), "for, kinds: unknown 'accident'"),
    ("ask and say", lambda d: d["steps"][2].update(ask={"zh": "?", "en": "?"}), "step wait: write either ask"),
    ("not a mapping", lambda d: d["steps"].append("wait"), "step 4"),
]


@pytest.mark.parametrize(("change", "words"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_named_with_its_step(change: Any, words: str) -> None:
    with pytest.raises(ScriptFault, match=words):
        load_script(broken(change))


@pytest.mark.parametrize("data", [None, [], "text", {"code": 7}, {"code": "a", "version": 1, "name": [], "steps": 3}])
def test_what_is_no_script_at_all_is_refused(data: Any) -> None:
    with pytest.raises(ScriptFault):
        load_script(data)


def test_the_file_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    file = tmp_path / "scripts" / "fall.yaml"
    file.write_text(yaml.safe_dump(broken(lambda d: d["steps"][1]["ask"].pop("zh"))), encoding="utf-8")
    with pytest.raises(ValueError, match=r"fall\.yaml: step hurt: the language zh is missing"):
        load_scripts(tmp_path)
    file.write_text("steps: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"fall\.yaml"):
        load_scripts(tmp_path)


def test_a_script_reads_as_it_was_written() -> None:
    script = load_script(GOOD)
    assert load_script(script.dump()) == script


# -- choosing


def named(code: str, fit: dict[str, Any] | None) -> Script:
    return load_script({**copy.deepcopy(GOOD), "code": code, "for": fit})


def test_the_most_specific_script_wins() -> None:
    scripts = Scripts(
        [
            named("any", {}),
            named("emergency", {"kinds": ["emergency"]}),
            named("fall", {"causes": ["fall"]}),
            named("radar", {"models": ["F1"]}),
            named("stranger", {"causes": ["call"], "unknown": True}),
            named("call", {"causes": ["call"]}),
            named("hidden", None),
        ]
    )
    for situation, code in (
        (Situation("emergency", "fall", "F1"), "radar"),
        (Situation("emergency", "fall", "F2"), "fall"),
        (Situation("emergency", "sos"), "emergency"),
        (Situation("service", "request"), "any"),
        (Situation("enquiry", "call", unknown=True), "stranger"),
        (Situation("enquiry", "call"), "call"),
        (Situation("emergency", "fall", unknown=True), "fall"),
    ):
        assert scripts.choose(situation).code == code, situation


def test_two_that_fit_equally_well_are_refused() -> None:
    with pytest.raises(ScriptFault, match="a and b fit the same cases equally well"):
        Scripts([named("any", {}), named("a", {"causes": ["fall", "sos"]}), named("b", {"causes": ["fall"]})])


def test_a_way_to_no_script_and_no_script_for_the_rest_are_refused() -> None:
    lost = broken(
        lambda d: d["steps"][0]["answers"][1].update(script="ghost") or d["steps"][0]["answers"][1].pop("next")
    )
    with pytest.raises(ScriptFault, match="there is no script 'ghost'"):
        Scripts([load_script(lost), named("any", {})])
    with pytest.raises(ScriptFault, match="one script must fit every case"):
        Scripts([named("fall", {"causes": ["fall"]})])
    with pytest.raises(ScriptFault, match="two files have this code"):
        Scripts([named("any", {}), named("any", {})])


# -- walking


def test_answers_lead_to_the_next_step() -> None:
    script = load_script(GOOD)
    first = walk(script, {})
    assert (first.current and first.current.id, first.open_must) == ("voice", ("voice",))
    second = walk(script, {"voice": "talks"})
    assert (second.current and second.current.id, second.open_must) == ("hurt", ("hurt",))
    third = walk(script, {"voice": "talks", "hurt": "yes_it_does"})
    assert (third.current and third.current.id, third.open_must) == ("wait", ())
    assert walk(script, {"voice": "talks", "hurt": "yes_it_does", "wait": "done"}).ended
    assert walk(script, {"voice": "silent"}).ended


def test_an_answer_that_was_corrected_leads_elsewhere_and_an_unknown_one_is_none() -> None:
    script = load_script(GOOD)
    assert walk(script, {"voice": "silent", "hurt": "no_pain"}).ended
    assert walk(script, {"voice": "gone", "hurt": "no_pain"}).open_must == ("voice",)


# -- the scripts of the centre


def test_the_centre_has_a_script_for_every_alarm_and_the_hard_talks() -> None:
    scripts = load_scripts(ROOT / "config")
    wanted = {
        "sos_silent", "sos_talking", "fall", "smoke", "gas", "co", "inactivity", "wandering", "health_question",
        "lonely_caller", "suicide_risk", "ambulance_refused", "complaint", "unknown_caller", "water", "bed", "door",
        "vitals",
    }  # fmt: skip
    assert wanted <= set(scripts.by_code)
    for kind in ("sos", "fall", "smoke", "gas", "co", "inactivity", "wandering", "water", "bed", "door", "vitals"):
        assert scripts.choose(Situation("emergency", SignalKind(kind))).code == kind
    assert scripts.choose(Situation("complaint", "request", unknown=False)).code == "request"
    assert scripts.choose(Situation("enquiry", "call", unknown=True)).code == "unknown_caller"


def test_every_script_that_sends_for_help_says_that_nothing_is_dialled_by_itself() -> None:
    for script in load_scripts(ROOT / "config").by_code.values():
        text = str(script.dump())
        hands_off = [a for s in script.steps for a in s.answers if any(d.what is Auto.HANDOFF for d in a.do)]
        if len(hands_off) > 2 and script.code not in ("inactivity", "health_question", "sos_talking", "unknown_caller"):
            assert "系统不会自动拨打" in text, script.code
            assert "the system never dials by itself" in text, script.code
