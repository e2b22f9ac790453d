"""Positions, presence, broadcasts, the numbers, reviews and the wall: each equal to an independent count."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, VersionConflict
from dispatch.domain.floor import Status
from dispatch.models.floor import Position, Review
from dispatch.models.places import Area
from dispatch.services.floor import broadcasts, news, numbers, positions, reviews, wall, watch
from dispatch.services.floor.broadcasts import Word
from dispatch.services.floor.positions import Beat
from dispatch.services.floor.reviews import Form
from dispatch.services.response import arrivals, cascades
from tests.support import factories, floor
from tests.support.response import surround
from tests.support.story import Story

Json = dict[str, Any]


def beat(story: Story, by: str = "lin", **said: Any) -> Json:
    return news.beat(story.centre, story.town.actor(by), Beat(**said), story.now)


def position(story: Story, by: str = "lin") -> Position:
    with story.centre.database.reads() as session:
        return session.get_one(Position, story.town.users[by])


def seen(story: Story, by: str = "boss") -> dict[str, Json]:
    found = numbers.numbers(story.centre, story.town.actor(by), story.now)
    return {one["user"]["name"]: one for one in found["positions"]}


# -- positions


def test_my_status_is_kept_with_its_time(story: Story) -> None:
    beat(story, status=Status.BREAK, seat="03")
    began = story.now
    story.sleep(60)
    again = beat(story)
    assert (again["status"], again["status_since"]) == ("break", numbers.stamp(began))
    assert seen(story)["Lin"]["seat"] == "03"


def test_it_is_written_at_most_every_ten_seconds_but_a_change_of_status_at_once(story: Story) -> None:
    beat(story)
    first = position(story).seen_at
    for _ in range(9):
        story.sleep(1)
        beat(story)
    assert position(story).seen_at == first
    story.sleep(1)
    beat(story)
    assert position(story).seen_at == story.now
    story.sleep(1)
    beat(story, status=Status.AWAY)
    assert (position(story).seen_at, position(story).status) == (story.now, "away")


def test_two_windows_at_once_make_one_row(story: Story) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: beat(story, status=Status.READY), range(8)))
    with story.centre.database.reads() as session:
        assert len(session.scalars(select(Position)).all()) == 1


def test_a_console_that_died_is_gone_and_one_that_signed_out_at_once(story: Story) -> None:
    beat(story)
    beat(story, "mei")
    assert set(seen(story)) == {"Lin", "Mei"}
    positions.leave(story.centre, story.town.actor("mei"), story.now)
    assert set(seen(story)) == {"Lin"}
    story.sleep(35)
    assert seen(story) == {}


def test_a_seat_that_is_taken_is_known_before_somebody_sits_down(story: Story) -> None:
    def taken(by: str) -> list[Json]:
        return positions.taken(story.centre, story.town.actor(by), story.now)

    beat(story, seat="03")
    beat(story, "west_op", seat="05")
    assert taken("mei") == [{"seat": "03", "name": "Lin"}, {"seat": "05", "name": "Wen"}]
    assert [one["seat"] for one in taken("lin")] == ["05"]
    assert taken("duty") == taken("mei")
    story.sleep(35)
    assert taken("mei") == []


def test_wrapping_up_ends_by_itself(story: Story) -> None:
    beat(story, status=Status.WRAP_UP)
    story.sleep(89)
    assert beat(story)["status"] == "wrap_up"
    story.sleep(1)
    assert seen(story)["Lin"]["status"] == "ready"
    assert beat(story)["status"] == "ready"


def test_who_else_looks_at_a_case(story: Story) -> None:
    story.press("SOS-1")
    case_id = story.case.id
    beat(story, "lin", viewing=case_id)
    assert [v["name"] for v in beat(story, "mei", viewing=case_id)["viewers"]] == ["Lin"]
    story.sleep(36)
    assert beat(story, "mei", viewing=case_id)["viewers"] == []
    with pytest.raises(NotFound):
        beat(story, "west_op", viewing=case_id)


# -- broadcasts


def test_everybody_on_the_floor_is_told_and_each_confirms(story: Story) -> None:
    for by in ("lin", "mei", "west_op"):
        beat(story, by)
    sent = broadcasts.send(story.centre, story.act("boss"), Word("power cut in the East", 60))
    assert [s["name"] for s in sent["seats"]] == ["Lin", "Mei", "Wen"]
    assert [b["text"] for b in beat(story, "lin")["broadcasts"]] == ["power cut in the East"]
    for _ in range(2):
        broadcasts.confirm(story.centre, int(sent["id"]), story.act("lin"))
    assert beat(story, "lin")["broadcasts"] == []
    (told,) = broadcasts.latest(story.centre, story.town.actor("boss"), story.now)
    assert [s["name"] for s in told["seats"] if s["confirmed_at"]] == ["Lin"]
    assert beat(story, "boss")["broadcasts"] == []


def test_who_comes_later_is_told_while_it_lasts(story: Story) -> None:
    broadcasts.send(story.centre, story.act("boss"), Word("ice on the roads", 60))
    story.sleep(59 * 60)
    assert len(beat(story, "mei")["broadcasts"]) == 1
    story.sleep(61)
    assert beat(story, "mei")["broadcasts"] == []


def test_another_districts_word_is_not_mine(story: Story) -> None:
    east = floor.person(story.town, "east_boss", ["supervisor"], "East")
    sent = broadcasts.send(story.centre, east, Word("only here", 60))
    assert beat(story, "west_op")["broadcasts"] == []
    with pytest.raises(NotFound):
        broadcasts.confirm(story.centre, int(sent["id"]), story.act("west_op"))


# -- numbers, against a count by hand


def page(story: Story, by: str = "boss") -> Json:
    return numbers.numbers(story.centre, story.town.actor(by), story.now)


def test_waiting_by_priority_with_the_oldest(story: Story) -> None:
    story.press("SOS-1")
    first = story.now
    story.sleep(5)
    story.press("SOS-2")
    story.press("HOME-1", "door")
    story.press("SOS-W", "inactivity")
    story.take()
    shown = {one["priority"]: (one["number"], one["oldest"]) for one in page(story)["waiting"]}
    assert shown == {1: (2, numbers.stamp(first)), 2: (0, None), 3: (1, numbers.stamp(story.now)), 4: (0, None)}
    shown = {one["priority"]: one["number"] for one in page(story, "west_op")["waiting"]}
    assert shown == {1: 0, 2: 0, 3: 0, 4: 0}


def test_what_is_put_off_does_not_wait(story: Story) -> None:
    story.press("HOME-1", "door")
    story.hold(10)
    assert page(story)["waiting"][2]["number"] == 0


def test_answered_in_time_counts_what_waits_too_long_and_leaves_out_who_still_may_be(story: Story) -> None:
    story.press("SOS-1")  # taken after 20 s
    story.sleep(20)
    story.take()
    story.press("SOS-2")  # taken after 100 s
    story.sleep(100)
    story.take()
    story.press("SOS-W")  # waits 90 s, not taken
    story.sleep(90)
    story.press("HOME-1", "door")  # waits 10 s, not taken: not counted yet
    story.sleep(10)
    story.request(kind=Kind.SERVICE, channel=Channel.COUNTER)  # nobody waited for it
    by_limit = {a["within"]: (a["in_time"], a["counted"], a["percent"]) for a in page(story)["answered"]}
    assert by_limit == {60: (1, 3, 33.3), 180: (2, 2, 100.0)}


def test_yesterday_is_not_today_where_the_centre_is(story: Story) -> None:
    story.press("SOS-1")
    story.take()
    assert page(story)["answered"][0]["counted"] == 1
    story.sleep(8 * 3600)  # START is 16:00 in Shanghai
    story.note("still here")
    assert page(story)["answered"][0]["counted"] == 0


def test_load_is_alarms_of_ten_minutes_by_those_who_can_answer(story: Story) -> None:
    assert page(story)["load"]["each"] is None
    for by, status in (("lin", Status.READY), ("mei", Status.ON_CALL), ("duty", Status.BREAK)):
        beat(story, by, status=status)
    for device in ("SOS-1", "SOS-2", "SOS-W"):
        story.press(device)
    assert page(story)["load"] == {"alarms": 3, "positions": 2, "each": 1.5, "line": 10}
    story.take("lin")
    assert (seen(story)["Lin"]["load"], seen(story)["Lin"]["cases"]) == (1, 1)
    story.sleep(600)
    for by in ("lin", "mei"):
        beat(story, by)
    assert page(story)["load"]["alarms"] == 0
    assert seen(story)["Lin"]["load"] == 0


def test_the_trend_adds_up_to_the_cases(story: Story) -> None:
    for n, device in enumerate(("SOS-1", "SOS-2", "SOS-W", "HOME-1")):
        story.press(device)
        story.sleep(7 * 60 if n < 3 else 0)
    counted = [slot["alarms"] for slot in page(story)["trend"]]
    assert len(counted) == 18
    # Pressed 21, 14, 7 and 0 minutes ago.
    assert counted[-3:] == [1, 1, 2]
    assert sum(counted) == len(story.cases())


def test_what_needs_a_supervisor(story: Story) -> None:
    def needs() -> dict[str, int]:
        return {n["code"]: n["count"] for n in watch.needs_me(story.centre, story.town.actor("boss"), story.now)}

    story.press("SOS-1")
    story.sleep(30)
    assert "p1_unowned" not in needs()
    story.sleep(1)
    assert needs()["p1_unowned"] == 1
    story.take()
    assert "p1_unowned" not in needs()
    story.sleep(301)
    assert needs()["stale"] == 1
    story.note("on the telephone with her")
    assert "stale" not in needs()
    story.press("HOME-1", "door")
    story.hold(15)
    assert "held_ending" not in needs()
    story.sleep(301)
    assert needs()["held_ending"] == 1
    assert needs()["engine_late"] == 1  # no clock runs here


def test_an_exhausted_cascade_and_a_late_arrival_need_a_supervisor(story: Story) -> None:
    surround(story.town)

    def needs() -> dict[str, list[str]]:
        found = watch.needs_me(story.centre, story.town.actor("boss"), story.now)
        return {n["code"]: [row["id"] for row in n["cases"]] for n in found}

    story.press("SOS-1")
    story.take()
    cascades.start(story.centre, story.case.id, story.act("lin"))
    due_at = story.now + timedelta(minutes=10)
    arrivals.promise(story.centre, story.case.id, story.act("lin"), arrivals.Promise("Daughter", due_at))
    for _ in range(11):
        story.forward(60)
        story.take("lin")
    story.seen.update(traffic.id for traffic in story.unexpected())
    number = str(story.case.id)
    assert (needs()["cascade_exhausted"], needs()["late_arrival"]) == ([number], [number])
    cascades.start(story.centre, story.case.id, story.act("lin"))
    assert "cascade_exhausted" not in needs()
    story.close("talk")
    assert not {"cascade_exhausted", "late_arrival"} & needs().keys()
    story.forward(1)
    story.seen.update(traffic.id for traffic in story.unexpected())


def test_the_shelving_list_says_who_why_and_until_when(story: Story) -> None:
    story.press("HOME-1", "door")
    story.take()
    at = story.now
    story.hold(30)
    (one,) = watch.held(story.centre, story.town.actor("boss"), story.now)
    assert (one["by"], one["reason"]) == ("Lin", "waiting_family")
    assert (one["since"], one["until"]) == (numbers.stamp(at), numbers.stamp(at + timedelta(minutes=30)))
    assert watch.held(story.centre, story.town.actor("west_op"), story.now) == []


def test_stale_is_idle_or_old_and_never_what_is_put_off(story: Story) -> None:
    story.press("HOME-1", "door")
    story.take()
    story.hold(60)
    story.press("SOS-2", "inactivity")
    story.take()
    story.sleep(21 * 60)
    found = watch.stale(story.centre, story.town.actor("boss"), story.now)
    assert [(int(one["row"]["id"]), one["why"]) for one in found] == [(story.case.id, "idle")]
    story.note("still waiting")
    assert watch.stale(story.centre, story.town.actor("boss"), story.now) == []
    story.sleep(4 * 3600)
    story.note("still waiting")
    assert [o["why"] for o in watch.stale(story.centre, story.town.actor("boss"), story.now)] == ["old"]


def test_who_lowered_what_and_why(story: Story) -> None:
    story.press("SOS-1")
    story.take()
    story.priority(2, reason="she laughs")
    (one,) = watch.priority_changes(story.centre, story.town.actor("boss"), story.now)
    assert (one["by"], one["from"], one["to"], one["reason"]) == ("Lin", 1, 2, "she laughs")
    assert watch.priority_changes(story.centre, story.town.actor("west_op"), story.now) == []


# -- reviews


MONTH = "2026-11"


def closed_cases(story: Story, number: int, by: str = "lin") -> list[int]:
    found = []
    for n in range(number):
        story.press(f"HOME-{n % 8 + 1}", "door")
        story.take(by)
        story.close("false_alarm", by)
        found.append(story.case.id)
    return found


def drawn(story: Story, by: str = "boss") -> list[Json]:
    return reviews.draw_month(story.centre, story.act(by), MONTH)


def fill_in(story: Story, review: Json, by: str = "boss", *, done: bool = True, **form: Any) -> Json:
    wanted = Form(form.get("scores", {"listened": 2}), form.get("comment", "well asked"), done)
    return reviews.fill_in(story.centre, int(review["id"]), story.act(by, form.get("version")), wanted)


def short(story: Story) -> dict[str, tuple[int, int, int]]:
    found = reviews.coverage(story.centre, story.town.actor("boss"), MONTH)
    return {i["operator"]["name"]: (i["drawn"], i["done"], i["short"]) for i in found["items"]}


def test_two_of_each_are_drawn_by_a_lot_that_can_be_drawn_again(story: Story) -> None:
    closed_cases(story, 6)
    closed_cases(story, 1, "mei")
    first = drawn(story)
    assert {(r["operator"]["name"]) for r in first} == {"Lin", "Mei"}
    chosen = sorted(int(r["case"]["id"]) for r in first if r["operator"]["name"] == "Lin")
    assert len(chosen) == 2
    with story.centre.database.sessions.begin() as session:
        for review in session.scalars(select(Review)):
            session.delete(review)
    assert sorted(int(r["case"]["id"]) for r in drawn(story) if r["operator"]["name"] == "Lin") == chosen
    assert len(drawn(story)) == 3
    closed_cases(story, 2, "mei")
    assert len(drawn(story)) == 4


def answered_calls(story: Story, number: int, by: str = "lin") -> None:
    for n in range(number):
        for happened in ("ringing", "answered", "hangup"):
            story.call(happened, call_id=f"{by}-{n}", caller=f"1390000{n:04}", agent=by)
            story.sleep(20)


def test_two_answered_calls_of_each_are_drawn_with_their_cases(story: Story) -> None:
    answered_calls(story, 5)
    story.call("ringing", call_id="lost", caller="13700000000")
    story.call("missed", call_id="lost", caller="13700000000")
    found = drawn(story)
    assert [(r["operator"]["name"], r["call"]["seconds"]) for r in found] == [("Lin", 20), ("Lin", 20)]
    assert len({r["call"]["id"] for r in found}) == 2
    for review in found:
        story.close("talk", "lin", int(review["case"]["id"]))
    # The same case once more for itself, and no call twice.
    again = drawn(story)
    assert [r["call"] is None for r in again] == [False, False, True, True]
    calls = reviews.coverage(story.centre, story.town.actor("boss"), MONTH)["items"]
    lin = next(one["calls"] for one in calls if one["operator"]["name"] == "Lin")
    assert lin == {"drawn": 2, "done": 0, "short": 2}
    fill_in(story, found[0])
    assert short(story)["Lin"] == (2, 0, 2)


def test_who_is_short_is_counted_until_the_form_is_done(story: Story) -> None:
    closed_cases(story, 3)
    first, second = drawn(story)
    assert short(story)["Lin"] == (2, 0, 2)
    assert short(story)["Mei"] == (0, 0, 2)
    fill_in(story, first, done=False)
    assert short(story)["Lin"] == (2, 0, 2)
    fill_in(story, first)
    fill_in(story, second)
    assert short(story)["Lin"] == (2, 2, 0)
    assert "Hua" not in short(story)


def test_only_the_operator_reads_it_and_only_when_it_is_done(story: Story) -> None:
    closed_cases(story, 1)
    (review,) = drawn(story)
    fill_in(story, review, done=False)
    assert reviews.of_mine(story.centre, story.town.actor("lin"), story.now) == []
    fill_in(story, review, comment="ask for the key first")
    (mine,) = reviews.of_mine(story.centre, story.town.actor("lin"), story.now)
    assert mine["comment"] == "ask for the key first"
    assert reviews.of_mine(story.centre, story.town.actor("mei"), story.now) == []
    with pytest.raises(NotFound):
        reviews.read(story.centre, int(review["id"]), story.act("mei"))
    reviews.read(story.centre, int(review["id"]), story.act("lin"))
    (shown,) = reviews.reviews(story.centre, story.town.actor("boss"), story.now, MONTH)
    assert shown["read_at"] == numbers.stamp(story.now)


def test_what_a_form_refuses(story: Story) -> None:
    closed_cases(story, 1)
    closed_cases(story, 1, "boss")
    of_boss, of_lin = sorted(drawn(story), key=lambda r: r["operator"]["name"])
    for scores in ({"charm": 1}, {"listened": 3}, {"listened": -1}, {}):
        with pytest.raises(Invalid):
            fill_in(story, of_lin, scores=scores)
    with pytest.raises(Forbidden):
        fill_in(story, of_boss)
    fill_in(story, of_lin, done=False)
    with pytest.raises(VersionConflict):
        fill_in(story, of_lin, version=1)
    fill_in(story, of_lin)
    with pytest.raises(Conflict):
        fill_in(story, of_lin)
    for month in ("2026-13", "11/2026", "2027-01"):
        with pytest.raises(Invalid):
            reviews.draw_month(story.centre, story.act("boss"), month)


def test_two_draw_at_once_and_nobody_is_drawn_twice(story: Story) -> None:
    closed_cases(story, 5)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: drawn(story), range(3)))
    assert short(story)["Lin"][0] == 2


# -- the wall


def board(story: Story, token: str) -> Json:
    return wall.board(story.centre, token, story.now)


def test_a_board_shows_the_pages_numbers_and_no_person(story: Story) -> None:
    token = wall.add(story.centre, story.act("boss"), name="duty room", area_id=None)["token"]
    story.press("SOS-1")
    story.sleep(40)
    story.press("SOS-2", "inactivity")
    story.take()
    story.call("ringing", caller="13812345678")
    elder_id = story.town.elders["Family"]
    story.request(kind=Kind.COMPLAINT, channel=Channel.HOTLINE, elder_id=elder_id, text="Family is angry")
    beat(story, "lin")
    broadcasts.send(story.centre, story.act("boss"), Word("ice on the roads", 60, wall=True))
    broadcasts.send(story.centre, story.act("boss"), Word("Wang rings a lot", 60))
    with story.centre.database.sessions.begin() as session:
        east = session.get_one(Area, story.town.areas["East"])
        east.lat, east.lon = 45.3, 130.9
    shown, same = board(story, token), page(story)
    # On the map everything but the unknown caller, whose place nobody knows.
    assert shown["districts"] == [{"name": "East", "lat": 45.3, "lon": 130.9, "open": shown["open"] - 1, "p1": 1}]
    assert shown["waiting"]["p1"] == same["waiting"][0]["number"] == 1
    assert shown["waiting"]["p2"] == same["waiting"][1]["number"]
    assert shown["waiting"]["oldest"] == same["waiting"][0]["oldest"]
    assert shown["answered"] == same["answered"][0]
    assert shown["load"] == same["load"]["each"]
    assert {c["community"] for c in shown["cases"]} == {"Elm"}
    assert [m["text"] for m in shown["messages"]] == ["ice on the roads"]
    told = json.dumps(shown, ensure_ascii=False)
    with story.centre.database.reads() as session:
        for elder in session.scalars(select(factories.Elder)):
            assert elder.name not in told
    for secret in ("Lin", "Boss", "138", "Road", "Elm 1", "SOS-1", "angry"):
        assert secret not in told


def test_a_board_has_at_most_eight_rows_the_most_urgent_first(story: Story) -> None:
    token = wall.add(story.centre, story.act("boss"), name="lobby", area_id=None)["token"]
    with story.centre.database.sessions.begin() as session:
        for n in range(12):
            factories.home(session, story.town, f"H{n}", "Elm", [f"X-{n}"])
    for n in range(12):
        story.press(f"X-{n}", "inactivity" if n < 6 else "sos")
    shown = board(story, token)
    assert [c["priority"] for c in shown["cases"]] == [1] * 6 + [2] * 2
    assert set(shown["cases"][0]) == {"priority", "cause", "state", "since", "community"}


def test_a_key_opens_its_area_until_it_is_taken_away(story: Story) -> None:
    made = wall.add(story.centre, story.act("boss"), name="West", area_id=story.town.areas["West"])
    story.press("SOS-1")
    assert board(story, made["token"])["waiting"]["p1"] == 0
    (listed,) = wall.boards(story.centre, story.town.actor("boss"))
    assert "token" not in listed
    wall.revoke(story.centre, int(made["id"]), story.act("boss"))
    for token in (made["token"], "", "guess"):
        with pytest.raises(Unauthenticated):
            board(story, token)
    assert wall.boards(story.centre, story.town.actor("boss")) == []


def test_nobody_opens_a_board_on_areas_that_are_not_theirs(story: Story) -> None:
    with pytest.raises(Invalid):
        wall.add(story.centre, story.act("west_op"), name="East", area_id=story.town.areas["East"])
    made = wall.add(story.centre, story.act("west_op"), name="mine", area_id=None)
    assert board(story, made["token"])["area"] == "West"
