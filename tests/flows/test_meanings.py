"""A supervisor says what the words of a device mean, after seeing what that would have meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Forbidden, Invalid, NotFound, Silences, VersionConflict
from dispatch.domain.mapping import Scope
from dispatch.domain.overlay import Mark
from dispatch.models.devices import Device, Signal
from dispatch.models.meanings import DeviceAnnouncement, MappingVersion
from dispatch.models.places import Area, Household
from dispatch.models.trail import TrailEntry
from dispatch.services.desk import PageOf
from dispatch.services.devices import mapping, meanings, trying
from dispatch.services.devices.mapping import Looking, Proposed, Saving
from tests.support.meanings import BUTTON, READER, Broker, inventory
from tests.support.story import Story

TOPIC = "zigbee2mqtt/hall button"
SOS = {"actions": {"double": "sos"}}


@pytest.fixture
def broker(story: Story) -> Broker:
    """A button of a model that no file knows, registered in the home of Wang, and one of a known model."""
    with story.centre.database.sessions.begin() as session:
        home = session.scalars(select(Household.id).where(Household.id == story.town.households["Wang"])).one()
        session.add(Device(number=BUTTON, model="B7", household_id=home, registered_at=story.now))
    made = Broker(story)
    made.says(
        "zigbee2mqtt/bridge/devices",
        inventory((BUTTON, "hall button", "TS77"), ("0x0000000000000078", "new button", "SE21")),
    )
    return made


def boss(story: Story) -> Actor:
    return story.town.actor("boss")


def looking(story: Story, number: str = BUTTON, by: Actor | None = None) -> Looking:
    return Looking(by or boss(story), READER, number)


def seen(story: Story, number: str = BUTTON, by: Actor | None = None) -> dict[str, Any]:
    return mapping.meaning(story.centre, looking(story, number, by), story.now)


def tried(story: Story, words: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    proposed = Proposed(more.get("scope", Scope.DEVICE), more.get("name", BUTTON), words)
    return trying.try_out(story.centre, looking(story, more.get("number", BUTTON), more.get("by")), proposed)


def say(story: Story, words: dict[str, Any] | None, version: int = 0, **more: Any) -> int:
    """Answers the version that was made."""
    number, by = more.pop("number", BUTTON), more.pop("by", None)
    proposed = Proposed(more.pop("scope", Scope.DEVICE), more.pop("name", number), words)
    mapping.save(
        story.centre, looking(story, number, by), Saving(proposed, "she carries it", version, **more), story.now
    )
    with story.centre.database.reads() as session:
        return int(session.scalars(select(MappingVersion.id).order_by(MappingVersion.id.desc())).first() or 0)


def test_an_unmapped_word_is_seen_tried_and_said_and_the_gateway_follows(story: Story, broker: Broker) -> None:
    assert broker.says(TOPIC, {"action": "double", "linkquality": 120}) == []
    found = seen(story)
    assert (found["model"], found["way"]) == ("TS77", "mqtt")
    assert found["heard"] == {"words": [{"word": "double", "count": 1, "means": None}], "states": []}
    trial = tried(story, SOS)
    (item,) = trial["items"]
    assert (item["unmapped"], item["stored"], item["before"]) == ("double", [], [])
    assert item["after"] == [{"kind": "sos", "code": "double"}]
    assert (trial["counts"], trial["silences"]) == ({"changed": 1, "lost": 0, "gained": 1}, [])
    assert meanings.overlay(story.centre, Mark()) is None, "a trial changes nothing"
    say(story, SOS)
    broker.follow()
    assert broker.says(TOPIC, {"action": "double"}) == ["sos"]
    assert story.case.origin_device == BUTTON
    assert seen(story)["heard"]["words"] == [{"word": "double", "count": 2, "means": "sos"}]
    assert [i["stored"] for i in tried(story, SOS)["items"]] == [[{"kind": "sos", "code": "double"}], []]


def test_a_lost_alarm_is_shown_loudly_and_saved_only_knowingly(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"battery": 80})
    say(story, SOS, scope=Scope.MODEL, name="TS77")
    broker.follow()
    assert broker.says(TOPIC, {"action": "double"}) == ["sos"]
    trial = tried(story, {"actions": {"double": "ignore"}})
    assert [(i["lost"], i["case_id"]) for i in trial["items"]] == [(True, str(story.case.id)), (False, None)]
    assert (trial["counts"]["lost"], trial["silences"]) == (1, ["double"])
    with pytest.raises(Silences) as refused:
        say(story, {"actions": {"double": "ignore"}})
    assert refused.value.extra["words"] == ["double"]
    say(story, {"actions": {"double": "ignore"}}, even_if_silent=True)
    broker.follow()
    assert broker.says(TOPIC, {"action": "double"}) == []
    with pytest.raises(Silences):
        say(story, None, version=seen_version(story, "of_model"), scope=Scope.MODEL, name="TS77")


def seen_version(story: Story, which: str) -> int:
    return int(seen(story)[which]["version"])


def test_a_state_is_followed_over_messages_that_were_not_kept(story: Story, broker: Broker) -> None:
    """Between two alarms stood heartbeats, which are folded: the second alarm is one all the same."""
    say(story, {"states": {"contact": {"false": "bed"}}})
    broker.follow()
    for _ in range(2):
        assert broker.says(TOPIC, {"contact": False}) == ["bed"]
        assert broker.says(TOPIC, {"contact": True}) == ["restore"]
    with story.centre.database.sessions.begin() as session:
        ends = session.scalars(select(Signal).where(Signal.kind == "restore")).all()
        for each in ends[:1]:
            session.execute(update(Signal).where(Signal.id == each.id).values(device_id=None))
    trial = tried(story, {"states": {"contact": {"false": "door"}}})
    kinds = [[m["kind"] for m in item["after"]] for item in trial["items"]]
    assert kinds == [["restore"], ["door"], ["door"]]
    assert trial["counts"] == {"changed": 2, "lost": 0, "gained": 0}
    assert trial["items"][2]["states"] == {"contact": "false"}


def test_of_two_who_save_at_once_one_is_told(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double"})
    first = say(story, SOS)
    with pytest.raises(VersionConflict) as refused:
        say(story, {"actions": {"hold": "sos"}})
    assert refused.value.extra["version"] == first
    second = say(story, {"actions": {"hold": "sos"}}, version=first, even_if_silent=True)
    page = mapping.versions(story.centre, looking(story), Scope.DEVICE, PageOf(1, None))
    assert [(one["version"], one["by"], one["reason"]) for one in page["items"]] == [
        (str(second), "Boss", "she carries it")
    ]
    rest = mapping.versions(story.centre, looking(story), Scope.DEVICE, PageOf(1, int(page["next_cursor"])))
    assert [one["words"]["actions"] for one in rest["items"]] == [{"double": "sos"}]
    assert rest["next_cursor"] is None


def test_back_to_what_is_configured_and_every_step_is_in_the_trail(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double"})
    first = say(story, SOS)
    second = say(story, {}, version=first, even_if_silent=True)
    broker.follow()
    assert broker.says(TOPIC, {"action": "double"}) == []
    assert seen(story)["device"]["laid"] is None
    with story.centre.database.reads() as session:
        trail = session.scalars(select(TrailEntry).where(TrailEntry.action == "mapping_changed")).all()
    assert [(t.subject_id, t.data["key"], t.reason, t.data["silenced"]) for t in trail] == [
        (str(first), BUTTON, "she carries it", 0),
        (str(second), BUTTON, "she carries it", 1),
    ]


def test_a_long_number_of_a_device_is_mapped_too(story: Story, broker: Broker) -> None:
    number = "zigbee2mqtt/" + "x" * 80
    broker.says(number, {"action": "double"})
    say(story, SOS, number=number)
    assert seen(story, number)["device"]["laid"] == {"actions": {"double": "sos"}, "states": {}}


def test_nobody_changes_or_deletes_a_version(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double"})
    say(story, SOS)
    for statement in (update(MappingVersion).values(reason="other"), delete(MappingVersion)):
        with pytest.raises(DatabaseError, match="only added"), story.centre.database.sessions.begin() as session:
            session.execute(statement)


def test_a_device_that_nobody_registered_is_mapped_by_its_number(story: Story, broker: Broker) -> None:
    number = "0x0000000000000078"
    assert broker.says("zigbee2mqtt/new button", {"action": "quadruple"}) == ["heartbeat"]
    found = seen(story, number)
    assert (found["device_id"], found["model"]) == (None, "SE21")
    assert found["of_model"]["configured"]["actions"] == dict.fromkeys(("single", "double", "hold"), "sos")
    assert found["heard"]["words"] == [{"word": "quadruple", "count": 1, "means": None}]
    trial = tried(story, {"actions": {"quadruple": "sos"}}, number=number, scope=Scope.MODEL, name="SE21")
    assert trial["counts"]["gained"] == 1
    say(story, {"actions": {"quadruple": "sos"}}, number=number, scope=Scope.MODEL, name="SE21")
    broker.follow()
    assert broker.says("zigbee2mqtt/new button", {"action": "quadruple"}) == ["sos"]


def test_what_a_device_announced_is_known_to_the_trial(story: Story, broker: Broker) -> None:
    config = {"state_topic": "homes/1/cord", "device": {"ids": ["SOS-1"], "mdl": "Cord"}, "device_class": "safety"}
    topic = "homeassistant/binary_sensor/cord/config"
    broker.says(topic, config)
    assert broker.says("homes/1/cord", b"ON") == ["sos"]
    assert broker.says("homes/1/cord", b"OFF") == ["restore"]
    found = seen(story, "SOS-1")
    assert (found["model"], found["effective"]["states"]["cord"]) == ("Cord", {"true": "sos"})
    silent = {"states": {"cord": {"on": "ignore"}}}
    trial = tried(story, silent, number="SOS-1", name="SOS-1")
    assert (trial["counts"]["lost"], trial["silences"]) == (1, ["cord=true"])
    with pytest.raises(Silences):
        say(story, silent, number="SOS-1")
    broker.says(topic, b"")
    with story.centre.database.reads() as session:
        assert session.scalars(select(DeviceAnnouncement)).all() == []


def test_who_sees_the_device_sees_its_words_and_no_one_else(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double", "door": "open"})
    west = story.town.actor("west_op")
    for number in (BUTTON, "0x404"):
        with pytest.raises(NotFound):
            seen(story, number, by=west if number == BUTTON else boss(story))
    station = replace(boss(story), roles=frozenset({"station"}))
    assert [word["word"] for word in seen(story, by=station)["heard"]["words"]] == ["double"]
    broker.says("zigbee2mqtt/new button", {"action": "x"})
    with pytest.raises(NotFound):
        seen(story, "0x0000000000000078", by=station)


def test_what_a_message_says_beside_its_words_is_withheld_with_its_bytes(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double", "door": "open"})
    auditor = replace(boss(story), roles=frozenset({"auditor"}))
    assert seen(story)["heard"]["states"] == [
        {"name": "door", "values": [{"value": "open", "count": 1, "means": None}]}
    ]
    assert seen(story, by=auditor)["heard"] == {"words": [{"word": "double", "count": 1, "means": None}], "states": []}
    (item,) = tried(story, SOS, by=auditor)["items"]
    assert (item["withheld"], item["states"], item["words"]) == (True, {}, ["double"])


def test_a_model_is_everywhere_and_so_must_be_who_says_what_it_means(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double"})
    east = replace(boss(story), paths=(path_of(story, "East"),))
    assert seen(story, by=east)["may_save"] == {"device": True, "model": False}
    with pytest.raises(Forbidden):
        say(story, SOS, scope=Scope.MODEL, name="TS77", by=east)
    say(story, SOS, by=east)
    assert seen(story)["may_save"] == {"device": True, "model": True}
    with pytest.raises(Invalid):
        say(story, SOS, scope=Scope.MODEL, name="SE21")


def path_of(story: Story, area: str) -> str:
    with story.centre.database.reads() as session:
        return session.get_one(Area, story.town.areas[area]).path


def test_how_many_devices_a_model_has(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double"})
    assert seen(story)["of_model"]["devices"] == 1
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Device).where(Device.number == "SOS-2").values(model="ts77"))
    assert seen(story)["of_model"]["devices"] == 2


def test_what_an_older_release_had_said_stands_and_what_it_knew_alone_is_left_out(story: Story, broker: Broker) -> None:
    broker.says(TOPIC, {"action": "double"})
    say(story, SOS)
    with story.centre.database.sessions.begin() as session:
        session.add(
            MappingVersion(
                scope="device", key="0x9", name="0x9", follows=0, words={"actions": {"a": "gone"}},
                at=story.now, by="user:1", by_name="Boss", reason="r",
            )
        )  # fmt: skip
    found = meanings.overlay(story.centre, Mark())
    assert found is not None
    assert [subject.key for subject in found.words] == [BUTTON]


def test_a_process_that_reads_words_looks_again_after_two_seconds(
    story: Story, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.says(TOPIC, {"action": "double"})
    followed = meanings.Followed()
    assert not followed.mapping(story.centre).of(BUTTON).knows("double")
    say(story, SOS)
    assert not followed.mapping(story.centre).of(BUTTON).knows("double")
    monkeypatch.setattr(meanings, "FRESH", -1.0)
    assert followed.mapping(story.centre).of(BUTTON).knows("double")
