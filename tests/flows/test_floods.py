"""Many alarms of one kind from one community: one happening, with no urgent case hidden in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.errors import Conflict, Invalid, NotFound, Urgent
from dispatch.models.floor import AreaEvent
from dispatch.services import live, work
from dispatch.services.floor import floods, groups
from dispatch.services.floor.groups import Group, GroupAct
from dispatch.services.work import Act
from tests.support import factories
from tests.support.story import Story


@pytest.fixture
def street(story: Story) -> Story:
    """Fifteen homes of one community with a door contact, a bed mat and a button, and fifteen of another."""
    with story.centre.database.sessions.begin() as session:
        for n in range(15):
            for place, area in (("E", "Elm"), ("O", "Oak")):
                devices = [f"DOOR-{place}{n}", f"BED-{place}{n}", f"BTN-{place}{n}"]
                factories.home(session, story.town, f"{place}{n}", area, devices)
    return story


def alarms(story: Story, number: int, kind: str = "door", place: str = "E", start: int = 0) -> list[int]:
    device = {"door": "DOOR", "bed": "BED", "sos": "BTN", "fall": "BTN"}[kind]
    found = []
    for n in range(start, start + number):
        receipt = story.press(f"{device}-{place}{n}", kind)
        assert receipt.case_id is not None
        found.append(receipt.case_id)
    return found


def look(story: Story) -> int:
    return floods.tick(story.centre, story.now)


def events(story: Story) -> list[AreaEvent]:
    with story.centre.database.reads() as session:
        return list(session.scalars(select(AreaEvent).order_by(AreaEvent.id)))


def rows(story: Story, by: str = "lin") -> dict[int, dict]:
    shown = live.snapshot(story.centre, story.town.actor(by), story.now)["cases"]
    return {int(row["id"]): row for row in shown}


def declared(story: Story, number: int = 10, kind: str = "door") -> tuple[AreaEvent, list[int]]:
    ids = alarms(story, number, kind)
    look(story)
    (event,) = events(story)
    floods.declare(story.centre, story.act("lin"), event_id=event.id)
    return event, ids


def test_nine_are_nine_cases_and_ten_are_an_area_event(street: Story) -> None:
    alarms(street, 9)
    assert look(street) == 0
    alarms(street, 1, start=9)
    assert look(street) == 1
    (event,) = events(street)
    assert (event.state, event.place, event.cause) == ("proposed", "Elm", "door")
    assert {row["area_event"]["id"] for row in rows(street).values()} == {str(event.id)}
    assert look(street) == 0
    assert len(events(street)) == 1


def test_what_is_spread_over_more_than_ten_minutes_is_no_flood(street: Story) -> None:
    alarms(street, 9)
    street.sleep(601)
    alarms(street, 1, start=9)
    assert look(street) == 0


def test_two_kinds_and_two_places_are_counted_apart(street: Story) -> None:
    alarms(street, 6)
    alarms(street, 6, "bed", start=6)
    alarms(street, 6, place="O")
    assert look(street) == 0
    assert events(street) == []


def test_grids_of_one_community_are_counted_together(street: Story) -> None:
    town = street.town
    with street.centre.database.sessions.begin() as session:
        for grid in ("G1", "G2"):
            area = factories.Area(name=grid, level=6, code=grid, parent_id=town.areas["Elm"])
            town.areas[grid] = factories.add_area(session, area).id
            for n in range(5):
                factories.home(session, town, f"{grid}-{n}", grid, [f"DOOR-{grid}{n}"])
    for grid in ("G1", "G2"):
        for n in range(5):
            street.press(f"DOOR-{grid}{n}", "door")
    look(street)
    assert [event.place for event in events(street)] == ["Elm"]


def test_new_alarms_join_while_it_lasts_and_only_those(street: Story) -> None:
    event, _ = declared(street)
    (late,) = alarms(street, 1, start=10)
    (other,) = alarms(street, 1, "bed", start=11)
    (elsewhere,) = alarms(street, 1, place="O")
    look(street)
    shown = rows(street)
    assert shown[late]["area_event"]["state"] == "declared"
    assert shown[other]["area_event"] is None
    assert shown[elsewhere]["area_event"] is None
    told = [e.data["area_event"] for e in street.events(late) if e.kind == "area_event"]
    assert told == [str(event.id)]


def test_it_ends_by_itself_after_a_quiet_time_counted_from_the_last_alarm(street: Story) -> None:
    declared(street)
    street.sleep(19 * 60)
    alarms(street, 1, start=10)
    look(street)
    street.sleep(19 * 60)
    assert look(street) == 0
    street.sleep(61)
    assert look(street) == 1
    (event,) = events(street)
    assert (event.state, event.reason) == ("ended", "quiet")
    assert all(row["area_event"] is None for row in rows(street).values())


def test_what_was_dismissed_is_not_proposed_again_at_once(street: Story) -> None:
    alarms(street, 10)
    look(street)
    floods.end(street.centre, events(street)[0].id, street.act("lin"), reason="a test of the contacts")
    assert events(street)[0].state == "dismissed"
    alarms(street, 1, start=10)
    assert look(street) == 0
    assert len(events(street)) == 1
    street.sleep(31 * 60)
    with street.centre.database.sessions.begin() as session:
        for n in range(10):
            factories.home(session, street.town, f"new{n}", "Elm", [f"DOOR-X{n}"])
    for n in range(10):
        street.press(f"DOOR-X{n}", "door")
    assert look(street) == 1


def test_an_operator_declares_what_nobody_proposed_and_the_same_again_is_the_same(street: Story) -> None:
    ids = alarms(street, 3)
    first = floods.declare(street.centre, street.act("lin"), area_id=street.town.areas["Elm"], cause="door")
    again = floods.declare(street.centre, street.act("mei"), area_id=street.town.areas["Elm"], cause="door")
    assert first["id"] == again["id"]
    look(street)
    assert {rows(street)[i]["area_event"]["id"] for i in ids} == {first["id"]}


@pytest.mark.parametrize("wrong", [{"cause": "party"}, {"cause": "heartbeat"}])
def test_only_a_kind_of_alarm_in_a_community_can_be_declared(street: Story, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        floods.declare(street.centre, street.act("lin"), area_id=street.town.areas["Elm"], **wrong)
    for area in ("Town", "East"):
        with pytest.raises(Invalid):
            floods.declare(street.centre, street.act("lin"), area_id=street.town.areas[area], cause="door")


def test_another_districts_event_is_not_there(street: Story) -> None:
    event, _ = declared(street)
    for call in (
        lambda: floods.declare(street.centre, street.act("west_op"), event_id=event.id),
        lambda: floods.end(street.centre, event.id, street.act("west_op"), reason="x"),
    ):
        with pytest.raises(NotFound):
            call()
    assert floods.events(street.centre, street.town.actor("west_op")) == []


def test_an_ended_event_is_not_declared_again(street: Story) -> None:
    event, _ = declared(street)
    floods.end(street.centre, event.id, street.act("boss"), reason="power is back")
    with pytest.raises(Conflict):
        floods.declare(street.centre, street.act("lin"), event_id=event.id)


# -- group acts


def group(story: Story, verb: str, *, by: str = "lin", ids: list[int] | None = None, event: int | None = None, **what):
    wanted = Group(tuple(ids or ()), event)
    return groups.act_on_all(story.centre, story.act(by), wanted, GroupAct(verb, **what))


def test_one_act_on_all_gives_each_case_its_own_history(street: Story) -> None:
    event, ids = declared(street)
    assert len(group(street, "take", event=event.id)["done"]) == 10
    group(street, "note", event=event.id, text="power cut, the grid company knows")
    answer = group(street, "close", event=event.id, outcome="false_alarm", text="power is back")
    assert [int(row["id"]) for row in answer["done"]] == ids
    assert answer["failed"] == []
    for case_id in ids:
        kinds = [e.kind for e in street.events(case_id)]
        assert kinds == ["opened", "area_event", "taken", "note", "closed"]


def test_closing_what_nobody_has_takes_it_first(street: Story) -> None:
    event, ids = declared(street)
    group(street, "close", event=event.id, outcome="false_alarm")
    assert [e.kind for e in street.events(ids[0])][-2:] == ["taken", "closed"]
    assert {street.get(i).owner_id for i in ids} == {street.town.users["lin"]}


@pytest.mark.parametrize("priority", [1, 2])
@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("take", {}),
        ("note", {"text": "x"}),
        ("hold", {"text": "x"}),
        ("close", {"outcome": "false_alarm"}),
        ("merge", {}),
        ("assign", {}),
    ],
)
def test_an_urgent_case_is_never_one_of_many(street: Story, priority: int, verb: str, what: dict[str, str]) -> None:
    event, ids = declared(street)
    street.priority(priority, case=ids[3])
    before = street.get(ids[3])
    more = {
        "hold": {"until": street.now + timedelta(hours=1)},
        "merge": {"into": ids[0]},
        "assign": {"to": street.town.users["mei"]},
    }
    answer = group(street, verb, ids=ids, by="boss", **what, **more.get(verb, {}))
    assert [(f["id"], f["code"]) for f in answer["failed"]] == [(str(ids[3]), "urgent")]
    assert len(answer["done"]) == (8 if verb == "merge" else 9)
    after = street.get(ids[3])
    assert (after.state, after.version, after.owner_id) == (before.state, before.version, None)
    # Nor does the event's own group contain it.
    by_event = group(street, "note", event=event.id, text="y")
    assert str(ids[3]) not in {r["id"] for r in by_event["done"]} | {f["id"] for f in by_event["failed"]}


def test_many_become_a_part_of_one_of_them(street: Story) -> None:
    _, ids = declared(street)
    answer = group(street, "merge", ids=ids[:4], into=ids[1])
    assert ([int(row["id"]) for row in answer["done"]], answer["failed"]) == ([ids[0], ids[2], ids[3]], [])
    assert [street.get(i).state for i in ids[:4]] == ["merged", "new", "merged", "merged"]
    assert street.get(ids[1]).signals == 4
    assert [e.kind for e in street.events(ids[1])].count("merged_in") == 3


def test_a_supervisor_gives_many_to_somebody_who_may_see_them(street: Story) -> None:
    _, ids = declared(street)
    street.take("lin", ids[0])
    mei, wen = street.town.users["mei"], street.town.users["west_op"]
    assert {f["code"] for f in group(street, "assign", ids=ids[:2], to=mei)["failed"]} == {"forbidden"}
    assert {f["code"] for f in group(street, "assign", by="boss", ids=ids[:2], to=wen)["failed"]} == {"invalid"}
    assert {street.get(i).owner_id for i in ids[:2]} == {None, street.town.users["lin"]}
    answer = group(street, "assign", by="boss", ids=ids[:2], to=mei)
    assert ({row["owner"]["name"] for row in answer["done"]}, answer["failed"]) == ({"Mei"}, [])
    told = [(e.data["to"], e.data["from"]) for e in street.events() if e.kind == "given_to"]
    assert told == [("Mei", "Lin"), ("Mei", None)]


def test_what_was_urgent_once_is_not_closed_with_the_others(street: Story) -> None:
    _, ids = declared(street)
    street.priority(1, case=ids[0])
    street.priority(3, case=ids[0], reason="she answered")
    answer = group(street, "close", ids=ids[:2], outcome="cannot_reach")
    assert [f["code"] for f in answer["failed"]] == ["urgent"]
    assert street.get(ids[0]).state == "new"


def test_partial_failures_are_named_and_stop_nobody(street: Story) -> None:
    _, ids = declared(street)
    street.take("mei", ids[2])
    street.take("lin", ids[4])
    street.close("talk", "lin", ids[4])
    answer = group(street, "take", ids=[*ids, 999_999])
    assert {(f["id"], f["code"]) for f in answer["failed"]} == {
        (str(ids[2]), "case-taken"),
        (str(ids[4]), "illegal-transition"),
        ("999999", "not-found"),
    }
    assert next(f for f in answer["failed"] if f["code"] == "case-taken")["owner"]["name"] == "Mei"
    assert len(answer["done"]) == 8


def test_another_districts_cases_are_not_there_for_a_group_either(street: Story) -> None:
    _, ids = declared(street)
    answer = group(street, "note", by="west_op", ids=ids, text="x")
    assert {f["code"] for f in answer["failed"]} == {"not-found"}


def test_two_close_the_same_group_at_once_and_each_case_is_closed_once(street: Story) -> None:
    event, ids = declared(street)

    def close(by: str) -> dict:
        return group(street, "close", by=by, event=event.id, outcome="false_alarm")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(close, ("lin", "mei")))
    closed = [e.case_id for e in street.events() if e.kind == "closed"]
    assert sorted(closed) == ids
    assert sorted(int(r["id"]) for a in answers for r in a["done"]) == ids
    for answer in answers:
        assert {f["code"] for f in answer["failed"]} <= {"case-taken", "illegal-transition", "forbidden"}


def test_the_same_group_act_sent_twice_is_done_once(street: Story) -> None:
    event, ids = declared(street)
    act = Act(street.town.actor("lin"), street.now, key="k-1")
    for _ in range(2):
        answer = groups.act_on_all(street.centre, act, Group(tuple(ids)), GroupAct("note", text="power cut"))
        assert len(answer["done"]) == 10
    assert [len([e for e in street.events(i) if e.kind == "note"]) for i in ids] == [1] * 10
    assert event.id


@pytest.mark.parametrize(
    "what", [GroupAct("hold", text="x"), *map(GroupAct, ("note", "close", "merge", "assign", "priority"))]
)
def test_half_an_act_is_done_to_nobody(street: Story, what: GroupAct) -> None:
    _, ids = declared(street)
    with pytest.raises(Invalid):
        groups.act_on_all(street.centre, street.act("lin"), Group(tuple(ids)), what)
    for wrong in (Group(), Group(tuple(range(1, 400)))):
        with pytest.raises(Invalid):
            groups.act_on_all(street.centre, street.act("lin"), wrong, GroupAct("take"))


# -- once P1, always by the rules of P1


def test_an_operator_cannot_lower_an_urgent_case_and_give_it_up(story: Story) -> None:
    story.press("SOS-1")
    story.take()
    story.priority(2, reason="she sounds well")
    with pytest.raises(Invalid, match="supervisor"):
        story.close("cannot_reach")
    story.close("cannot_reach", by="boss")


def test_merging_does_not_wash_it_off_either(street: Story) -> None:
    first = street.press("BTN-E0", "sos").case_id
    (second,) = alarms(street, 1, start=1)
    assert first is not None
    street.take(case=first)
    street.priority(3, case=first, reason="she sounds well")
    street.take(case=second)
    street.merge(first, second)
    with pytest.raises(Invalid, match="supervisor"):
        street.close("cannot_reach", case=second)
    with pytest.raises(Urgent):
        work.note(street.centre, second, Act(street.town.actor("lin"), street.now, bulk=True), text="x")


def test_a_lower_case_that_never_was_urgent_is_closed_by_its_owner(story: Story) -> None:
    story.press("FALL-1", "inactivity")
    story.take()
    story.close("cannot_reach")
