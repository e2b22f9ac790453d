"""What is said over the configured words of devices: the newest of each subject, value by value, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.errors import Invalid
from dispatch.domain.mapping import DeviceMapping, Scope, Subject, Words
from dispatch.domain.overlay import Mark, Overlay, checked, newest, silenced
from dispatch.domain.signals import SignalKind

MAPPING = DeviceMapping.load({
    "default": {"actions": {"emergency": "sos"}, "states": {"smoke": {True: "smoke"}}},
    "classes": {"safety": "sos"},
    "models": {
        "SE21": {"actions": {"single": "sos"}},
        "RADAR": {"states": {"fall": {"maybe": "fall", "sure": "fall"}}},
    },
    "devices": {"0x1": {"actions": {"single": "ignore"}}},
})  # fmt: skip
MODEL, DEVICE = Subject(Scope.MODEL, "se21"), Subject(Scope.DEVICE, "0x2")


def laid(**by_subject: dict[str, Any]) -> DeviceMapping:
    words = {Subject(Scope.MODEL, "se21"): by_subject.get("model"), DEVICE: by_subject.get("device")}
    return Overlay(Mark(1, 1), newest((s, w and Words.load(w)) for s, w in words.items())).over(MAPPING)


def test_a_version_stands_over_the_file_and_that_of_a_device_over_that_of_its_model() -> None:
    both = laid(model={"actions": {"double": "fall"}}, device={"actions": {"Double": "door"}})
    assert both.of("0x9", "SE21").action("double") is SignalKind.FALL
    assert both.of("0x2", "se21").action("DOUBLE") is SignalKind.DOOR
    assert both.of("0x9", "other").knows("double") is False
    assert both.of("0x9", "SE21").action("single") is SignalKind.SOS, "what the file says stays"
    assert both.of("0x9").action("emergency") is SignalKind.SOS
    assert both.of("0x1", "SE21").action("single") is None, (
        "a device of the file stands over what was said of its model"
    )


def test_a_property_keeps_the_values_that_were_not_named() -> None:
    """A supervisor who maps one more value of a radar must not lose the fall."""
    radar = Overlay(words={Subject(Scope.MODEL, "radar"): Words.load({"states": {"fall": {"lying": "fall"}}})})
    words = radar.over(MAPPING).of("0x3", "RADAR")
    assert words.states["fall"] == dict.fromkeys(("maybe", "sure", "lying"), SignalKind.FALL)
    default = Overlay(words={DEVICE: Words.load({"states": {"smoke": {"2": "smoke"}}})}).over(MAPPING).of("0x2")
    assert default.states["smoke"] == dict.fromkeys(("true", "2"), SignalKind.SMOKE)


def test_what_a_device_announced_stays_too_unless_it_is_ignored_by_name() -> None:
    turned = laid(device={"states": {"cord": {"off": "sos"}}}).of("0x2", classes={"cord": "safety"})
    assert turned.states["cord"] == {"true": SignalKind.SOS, "false": SignalKind.SOS}
    silent = laid(device={"states": {"cord": {"on": "ignore"}}}).of("0x2", classes={"cord": "safety"})
    assert silent.states["cord"] == {"true": None}
    assert MAPPING.of("0x2", classes={"cord": "safety"}).states["cord"] == {"true": SignalKind.SOS}


def test_the_newest_stands_and_none_is_as_configured() -> None:
    first, second = Words.load({"actions": {"double": "sos"}}), Words.load({"actions": {"hold": "sos"}})
    assert newest([(MODEL, first), (DEVICE, first), (MODEL, second)]) == {MODEL: second, DEVICE: first}
    assert newest([(MODEL, first), (MODEL, None)]) == {}


def test_a_model_of_which_only_somebody_spoke_is_known() -> None:
    """Pendants of models that nobody knows are the neighbours'."""
    assert not MAPPING.knows("Pendant")
    spoken = Overlay(words={Subject(Scope.MODEL, "pendant"): Words.load({"actions": {"*": "sos"}})}).over(MAPPING)
    assert spoken.knows("Pendant")


def test_an_overlay_outlives_a_file() -> None:
    words = Words.load({"actions": {"double": "sos", "x": "ignore"}, "states": {"contact": {False: "bed"}}})
    kept = Overlay(Mark(7, 3), {MODEL: words, DEVICE: words})
    assert Overlay.load(kept.dump()) == kept
    for broken in ({}, {"mark": [1], "laid": []}, {"mark": [1, 1], "laid": [["street", "x", {}]]}):
        with pytest.raises((ValueError, KeyError, TypeError)):
            Overlay.load(broken)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"actions": {"double": "alarm"}}, "words"),
        ({"actions": {"double": "heartbeat"}}, "words"),
        ({"actions": {" ": "sos"}}, "words.actions"),
        ({"actions": {"x" * 101: "sos"}}, "words.actions"),
        ({"actions": {"a\x07": "sos"}}, "words.actions"),
        ({"actions": {"On": "sos", "true": "fall"}}, "words.actions"),
        ({"actions": {str(n): "sos" for n in range(101)}}, "words.actions"),
        ({"states": {str(n): {"true": "sos"} for n in range(51)}}, "words.states"),
        ({"states": {"door": {str(n): "door" for n in range(21)}}}, "words.states.door"),
        ({"states": {"door": {}}}, "words.states.door"),
        ({"states": {"door": {"open": "nothing"}}}, "words"),
    ],
)
def test_what_is_wrong_is_named(words: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(words)
    assert refused.value.extra["errors"][0]["field"] == field


def test_what_would_fall_silent_is_named() -> None:
    before = Words.load({"actions": {"*": "sos", "double": "sos", "low": "fault"}, "states": {"bed": {False: "bed"}}})
    after = Words.load({
        "actions": {"double": "ignore", "hold": "ignore", "low": "ignore"},
        "states": {"bed": {False: "fault"}},
    })  # fmt: skip
    assert silenced(before, before) == []
    assert silenced(before, after.laid_over(before)) == ["double", "hold", "bed=false"]
    assert silenced(before, Words()) == ["*", "double", "bed=false"]
    assert silenced(Words(), before) == []
