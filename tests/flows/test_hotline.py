"""The hotline as an exchange tells of it: at whose desk a call rings, who it may be, and who is owed a call."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.calls import CallEvent
from dispatch.domain.errors import Conflict, ExchangeAway, Forbidden, Invalid, NotFound
from dispatch.domain.pbx import channel_of
from dispatch.domain.privacy import Kept
from dispatch.models.cases import Call
from dispatch.models.outbox import Message
from dispatch.models.people import Elder
from dispatch.models.trail import TrailEntry
from dispatch.services import live, requests
from dispatch.services.floor import news, watch
from dispatch.services.floor.positions import Beat
from dispatch.services.hotline import exchange, figures, recordings, talking
from dispatch.services.phone_numbers import alike, normal_number
from dispatch.services.privacy.retention import RULES
from dispatch.services.requests import Callee
from tests.support.story import Story

WANG = "13800001000"


def sits(story: Story, by: str, seat: str) -> None:
    news.beat(story.centre, story.town.actor(by), Beat(seat=seat), story.now)


def tells(story: Story, event: str, call_id: str = "asterisk:1.1", **more: Any) -> int | None:
    """As an exchange that says at whose desk a call rings."""
    return story.call(event, call_id, offers=True, at=more.pop("at", story.now), **more).case_id


def rings_for(story: Story) -> list[str] | None:
    rows = live.snapshot(story.centre, story.town.actor("lin"), story.now)["cases"]
    found: list[str] | None = rows[-1]["rings_for"]
    return found


def the_call(story: Story, call_id: str = "asterisk:1.1") -> Call:
    with story.centre.database.reads() as session:
        return session.scalars(select(Call).where(Call.call_id == call_id)).one()


def test_a_call_rings_at_one_desk_and_goes_to_the_next(story: Story) -> None:
    lin, mei = (str(story.town.users[name]) for name in ("lin", "mei"))
    sits(story, "lin", "01")
    sits(story, "mei", "02")
    tells(story, "ringing", caller=WANG)
    assert rings_for(story) == []
    tells(story, "offered", agent="1001")
    assert rings_for(story) == [lin]
    tells(story, "passed", agent="1001")
    tells(story, "offered", agent="1002")
    tells(story, "offered", agent="1002")
    assert rings_for(story) == [mei]
    story.sleep(9)
    tells(story, "answered", agent="1002", waited=9)
    assert rings_for(story) is None
    assert (story.case.owner_id, the_call(story).agent, the_call(story).waited) == (int(mei), "mei", 9)
    tells(story, "offered", agent="1001")
    assert rings_for(story) is None
    assert [event.data["event"] for event in story.events()] == ["ringing", "answered"]


def test_an_exchange_that_begins_with_the_desk_rings_there_alone(story: Story) -> None:
    story.call("offered", caller=WANG, agent="lin")
    assert rings_for(story) == [str(story.town.users["lin"])]
    story.call("ringing", caller=WANG)
    assert rings_for(story) == [str(story.town.users["lin"])]
    assert [event.data["event"] for event in story.events()] == ["ringing"]


def test_where_a_call_rings_is_pushed_to_the_consoles(story: Story) -> None:
    sits(story, "lin", "01")
    tells(story, "ringing", caller=WANG)
    while live.sequence(story.centre):
        pass
    actor = story.town.actor("lin")
    seq = live.snapshot(story.centre, actor, story.now)["seq"]
    tells(story, "offered", agent="1001")
    while live.sequence(story.centre):
        pass
    ops = live.since(story.centre, actor, seq, story.now)["ops"]
    assert [op["row"]["rings_for"] for op in ops] == [[str(story.town.users["lin"])]]


def test_an_empty_seat_is_nobodys_and_the_call_is_answered_all_the_same(story: Story) -> None:
    sits(story, "lin", "01")
    story.sleep(story.centre.floor.gone.total_seconds() + 1)
    tells(story, "ringing", caller=WANG)
    tells(story, "offered", agent="1001")
    tells(story, "answered", agent="1001", waited=3)
    assert (story.case.state, the_call(story).agent) == ("new", "1001")


def test_who_gives_up_in_the_queue_is_owed_a_call(story: Story) -> None:
    began = story.now
    tells(story, "ringing", caller=WANG)
    story.sleep(4)
    tells(story, "missed", waited=4)
    tells(story, "hangup")
    case = story.case
    assert (case.state, case.priority, case.flags) == ("new", 2, ["missed_call"])
    call = the_call(story)
    assert (call.missed, call.waited, call.first_at) == (True, 4, began)
    tells(story, "ringing", "asterisk:2.1", caller=WANG)
    tells(story, "answered", "asterisk:2.1", agent="lin", waited=1)
    assert (len(story.cases()), story.case.flags) == (1, ["repeat"])


def test_who_gives_up_again_is_asked_for_by_the_one_who_has_the_case(story: Story) -> None:
    tells(story, "ringing", caller=WANG)
    tells(story, "answered", agent="lin", waited=1)
    tells(story, "hangup")
    story.sleep(30)
    tells(story, "ringing", "asterisk:2.1", caller=WANG)
    tells(story, "missed", "asterisk:2.1", waited=40)
    assert "missed_call" in story.case.flags
    story.forward(1)
    assert [event.kind for event in story.events()][-1] == "asked_owner"
    story.forward(600)


def test_a_call_that_overflows_the_queue_is_missed_too(story: Story) -> None:
    tells(story, "ringing", caller=WANG)
    story.sleep(61)
    tells(story, "hangup")
    assert (story.case.flags, the_call(story).waited) == (["missed_call"], 61)


def test_what_waited_for_the_database_keeps_its_times(story: Story) -> None:
    began = story.now
    story.sleep(30)
    tells(story, "ringing", caller=WANG, at=began)
    tells(story, "answered", agent="lin", at=began + timedelta(seconds=12))
    call = the_call(story)
    assert (call.first_at, call.waited) == (began, 12)


def test_a_withheld_number_opens_a_case_for_each_call(story: Story) -> None:
    tells(story, "ringing", caller=None)
    tells(story, "ringing", "asterisk:2.1", caller="Anonymous")
    assert [(case.caller, case.elder_id) for case in story.cases()] == [(None, None), (None, None)]


def test_a_couple_behind_one_number_is_one_home_and_no_certain_person(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        wang = session.get_one(Elder, story.town.elders["Wang"])
        home = wang.household_id
        old = Elder(household_id=home, name="Old Wang", pinyin="old wang", initials="ow", phone=wang.phone, flags=[])
        old.languages, old.sex, old.birth_date = [], "M", wang.birth_date
        session.add(old)
    found = story.call("ringing", caller=WANG)
    assert len(found.elders) == 2
    assert (story.case.elder_id, story.case.household_id) == (None, home)


def test_a_call_that_is_handed_on_opens_at_the_next_desk(story: Story) -> None:
    sits(story, "mei", "02")
    tells(story, "ringing", caller=WANG)
    tells(story, "answered", agent="lin", waited=1)
    tells(story, "transferred", agent="1002")
    tells(story, "transferred", agent="1002")
    assert rings_for(story) == [str(story.town.users["mei"])]
    assert [event.data["event"] for event in story.events()] == ["ringing", "answered", "transferred"]
    assert story.events()[-1].data["agent"] == "mei"


@pytest.mark.parametrize(
    "written",
    ["+8613800001000", "008613800001000", "8613800001000", "013800001000", "138 0000 1000", "sip:13800001000@10.0.0.1"],
)
def test_a_mobile_is_found_however_the_exchange_writes_it(story: Story, written: str) -> None:
    tells(story, "ringing", caller=written)
    assert story.case.elder_id == story.town.elders["Wang"]


@pytest.mark.parametrize(
    "shown",
    ["04672345678", "4672345678", "+864672345678", "0467-2345678", "2345678", "0467-2345678-801", "2345678转801"],
)
@pytest.mark.parametrize("registered", ["0467-2345678", "2345678"])
def test_a_landline_is_found_with_and_without_the_code_of_its_area(story: Story, shown: str, registered: str) -> None:
    with story.centre.database.sessions.begin() as session:
        session.get_one(Elder, story.town.elders["Wang"]).phone = normal_number(registered)
    tells(story, "ringing", caller=shown)
    assert story.case.elder_id == story.town.elders["Wang"]


def test_another_city_is_another_number() -> None:
    assert alike("01082345678", "0467") == ("01082345678",)
    assert normal_number("+85223456789") == "+85223456789"
    assert [normal_number(text) for text in ("<unknown>", "Restricted", "", None)] == [None] * 4


@pytest.mark.parametrize("event", list(CallEvent))
def test_any_event_may_be_the_first_of_its_call(story: Story, event: CallEvent) -> None:
    tells(story, event.value, caller=WANG, agent="lin")
    tells(story, "hangup")
    assert len(story.cases()) == 1


# -- the queue, and its answers in time


def floor_of(story: Story) -> dict[str, Any]:
    return figures.hotline(story.centre, story.town.actor("boss"), story.now)


def codes(story: Story) -> list[str]:
    return [need["code"] for need in watch.needs_me(story.centre, story.town.actor("boss"), story.now)]


def test_the_supervisor_sees_who_waits_and_how_many_were_answered_in_time(story: Story) -> None:
    for number, waited in enumerate((3, 15, 16)):
        tells(story, "ringing", f"asterisk:{number}.1", caller=f"1370000100{number}")
        tells(story, "answered", f"asterisk:{number}.1", agent="lin", waited=waited)
        tells(story, "hangup", f"asterisk:{number}.1")
    tells(story, "ringing", "asterisk:8.1", caller="13700001008")
    tells(story, "missed", "asterisk:8.1", waited=40)
    story.sleep(60)
    tells(story, "ringing", "asterisk:9.1", caller="13700001009")
    found = floor_of(story)
    assert found["waiting"]["number"] == 1
    day = found["last_day"]
    assert (day["calls"], day["answered"], day["in_time"]) == (4, 3, 2)
    assert (day["connected_percent"], day["in_time_percent"]) == (75.0, 66.7)
    assert day["below"] == {"connected": True, "answered": True}
    assert "hotline_below" in codes(story)


def test_a_bad_day_is_still_shown_when_it_is_over(story: Story) -> None:
    tells(story, "ringing", caller=WANG)
    tells(story, "missed", waited=40)
    story.sleep(30 * 3600)
    tells(story, "ringing", "asterisk:2.1", caller=WANG)
    tells(story, "answered", "asterisk:2.1", agent="lin", waited=1)
    story.sleep(1)
    found = floor_of(story)
    assert (found["last_day"]["connected_percent"], found["worst_day"]["connected_percent"]) == (100.0, 0.0)
    assert "hotline_below" not in codes(story)


def test_what_the_centre_rings_itself_is_no_call_of_the_hotline(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        session.add(Call(call_id="dispatch-c-1", outward=True, first_at=story.now, waited=90, events={}))
    assert floor_of(story)["last_day"]["calls"] == 0


def sees(story: Story, *states: str, connected: bool = True) -> None:
    agents = tuple({"extension": f"100{n}", "name": "", "state": state} for n, state in enumerate(states))
    exchange.note(story.centre, "asterisk", exchange.Sight(connected, {}, agents), story.now)


def test_an_exchange_that_falls_silent_is_told(story: Story) -> None:
    assert (floor_of(story)["exchange"], "exchange_away" in codes(story)) == (None, False)
    sees(story, "free", "free", "busy")
    found = floor_of(story)["exchange"]
    assert (found["connected"], found["agents"]["free"], found["agents"]["busy"]) == (True, 2, 1)
    story.sleep(21)
    assert floor_of(story)["exchange"]["connected"] is False
    assert "exchange_away" in codes(story)
    sees(story, connected=False)
    assert "exchange_away" in codes(story)


# -- F9 where there is an exchange


def rings_out(story: Story, whom: Callee) -> Message:
    requests.call_out(story.centre, story.case.id, story.act("lin"), whom)
    return [m for m in story.messages() if m.purpose == "call_out"][-1]


@pytest.fixture
def desk(story: Story) -> Story:
    story.press("SOS-1")
    story.take("lin")
    story.centre = dataclasses.replace(story.centre, exchange="asterisk")
    return story


def test_f9_rings_the_telephone_at_the_seat_first(desk: Story) -> None:
    sits(desk, "lin", "03")
    sees(desk)
    assert rings_out(desk, Callee()).conversation == {"desk": "1003"}


def test_without_the_exchange_or_a_seat_the_number_is_shown_to_dial_by_hand(desk: Story) -> None:
    sits(desk, "lin", "03")
    with pytest.raises(ExchangeAway) as away:
        rings_out(desk, Callee())
    assert away.value.extra == {"phone": WANG}
    sees(desk)
    sits(desk, "lin", "elsewhere")
    with pytest.raises(ExchangeAway) as away:
        rings_out(desk, Callee())
    assert away.value.extra == {"phone": WANG, "why": "no-desk-telephone"}
    assert not [m for m in desk.messages() if m.purpose == "call_out"]


def test_a_third_one_joins_the_conversation_that_goes_on(desk: Story) -> None:
    sits(desk, "lin", "03")
    sees(desk)
    daughter = Callee(desk.town.contacts["Daughter"], joins=True)
    with pytest.raises(Conflict, match="no conversation"):
        rings_out(desk, daughter)
    tells(desk, "ringing", "asterisk:7.1", caller=WANG)
    tells(desk, "answered", "asterisk:7.1", agent="1003", waited=1)
    message = rings_out(desk, daughter)
    assert (message.conversation, message.reference.split(":")[0]) == ({"joins": "7.1"}, "join")


def test_a_call_of_ours_belongs_to_its_case_and_makes_no_other(desk: Story) -> None:
    sits(desk, "lin", "03")
    sees(desk)
    message = rings_out(desk, Callee())
    name = channel_of(message.reference)
    with desk.centre.database.sessions.begin() as session:
        session.get_one(Message, message.id).provider_id = name
    tells(desk, "answered", name)
    tells(desk, "hangup", name)
    tells(desk, "recording", name, recording_url="/x/a.wav")
    call = the_call(desk, name)
    assert (call.outward, call.agent, call.case_id, call.missed, call.waited) == (True, "lin", 1, False, None)
    assert len(desk.cases()) == 1


def test_whoever_was_owed_a_call_has_had_it_when_they_pick_up(story: Story) -> None:
    tells(story, "ringing", caller=WANG)
    tells(story, "missed", waited=4)
    requests.call_out(story.centre, story.case.id, story.act("lin"), Callee())
    story.forward(1)
    assert "missed_call" in story.case.flags
    story.phone(WANG).expect_call()
    story.phone(WANG).answer()
    assert "missed_call" not in story.case.flags


def test_a_call_that_goes_on_is_ended_and_stays_answered(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    with pytest.raises(Conflict):
        talking.hang_up(story.centre, 1, story.act("lin"))
    requests.call_out(story.centre, 1, story.act("lin"), Callee())
    story.forward(1)
    story.phone(WANG).expect_call()
    story.phone(WANG).answer()
    talking.hang_up(story.centre, 1, story.act("lin"))
    story.forward(1)
    assert [m.state for m in story.messages() if m.purpose == "call_out"] == ["answered"]
    assert story.network.phones()[0]["talking"] is None
    assert "call_ended" in [event.kind for event in story.events()]


def test_a_call_that_still_rings_is_ended(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    requests.call_out(story.centre, 1, story.act("lin"), Callee())
    story.forward(1)
    story.phone(WANG).expect_call()
    talking.hang_up(story.centre, 1, story.act("lin"))
    story.forward(1)
    assert [m.state for m in story.messages() if m.purpose == "call_out"] == ["withdrawn"]


# -- an end of a call that came in


@pytest.fixture
def talks(story: Story) -> Story:
    """lin talks with Wang."""
    sees(story)
    tells(story, "ringing", caller=WANG)
    tells(story, "answered", agent="lin", waited=1)
    return story


def to_end(story: Story) -> list[str]:
    return exchange.calls_to_end(story.centre, story.now)


def ends(story: Story, by: str, call_id: str = "asterisk:1.1") -> None:
    call = the_call(story, call_id)
    talking.hang_up_own(story.centre, story.case.id, call.id, story.act(by))


def test_an_operator_ends_the_own_call_and_it_is_written_down(talks: Story) -> None:
    assert to_end(talks) == []
    ends(talks, "lin")
    ends(talks, "lin")
    assert to_end(talks) == ["asterisk:1.1"]
    last = talks.events()[-1]
    assert (last.kind, last.data["call_id"]) == ("call_ended", "asterisk:1.1")
    assert [event.kind for event in talks.events()].count("call_ended") == 1
    tells(talks, "hangup")
    assert to_end(talks) == []
    with pytest.raises(Conflict) as over:
        ends(talks, "lin")
    assert over.value.extra == {"why": "call-over"}


def test_only_who_talks_ends_a_call(talks: Story) -> None:
    for other in ("mei", "boss"):
        with pytest.raises(Forbidden) as refused:
            ends(talks, other)
        assert refused.value.extra == {"why": "not-your-call"}
    tells(talks, "transferred", agent="mei")
    with pytest.raises(Forbidden):
        ends(talks, "lin")
    assert to_end(talks) == []
    ends(talks, "mei")
    assert to_end(talks) == ["asterisk:1.1"]


def test_the_call_of_another_case_is_not_found(talks: Story) -> None:
    tells(talks, "ringing", "asterisk:2.1", caller="13700001009")
    tells(talks, "answered", "asterisk:2.1", agent="lin", waited=1)
    with pytest.raises(NotFound):
        talking.hang_up_own(talks.centre, talks.cases()[0].id, the_call(talks, "asterisk:2.1").id, talks.act("lin"))


def test_a_wish_that_no_exchange_has_heard_is_forgotten_and_may_be_repeated(talks: Story) -> None:
    ends(talks, "lin")
    talks.sleep(31)
    assert to_end(talks) == []
    with pytest.raises(ExchangeAway):
        ends(talks, "lin")
    sees(talks)
    ends(talks, "lin")
    assert to_end(talks) == ["asterisk:1.1"]


def test_a_call_of_another_exchange_is_ended_at_its_telephone(story: Story) -> None:
    sees(story)
    tells(story, "answered", "pbx-7", caller=WANG, agent="lin")
    with pytest.raises(Conflict) as refused:
        ends(story, "lin", "pbx-7")
    assert refused.value.extra == {"why": "at-the-telephone"}
    assert [line["may_end"] for line in recordings.calls_of(story.centre, 1, story.town.actor("lin"))] == [False]


def test_the_line_of_a_call_says_who_may_end_it(talks: Story) -> None:
    def may(by: str) -> bool:
        return bool(recordings.calls_of(talks.centre, 1, talks.town.actor(by))[0]["may_end"])

    assert (may("lin"), may("mei")) == (True, False)


def test_whoever_of_several_has_rung_is_said_by_the_operator(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        session.get_one(Elder, story.town.elders["Zhao"]).phone = WANG
    tells(story, "ringing", caller=WANG)
    assert story.case.elder_id is None
    found = talking.who_may_it_be(story.centre, 1, story.town.actor("lin"))
    assert {one["name"] for one in found} == {"Wang", "Zhao"}
    talking.say_who(story.centre, 1, story.act("lin"), story.town.elders["Zhao"])
    talking.say_who(story.centre, 1, story.act("lin"), story.town.elders["Zhao"])
    case = story.case
    assert (case.elder_id, case.household_id) == (story.town.elders["Zhao"], story.town.households["Zhao"])
    assert [event.kind for event in story.events()].count("caller_known") == 1
    assert talking.who_may_it_be(story.centre, 1, story.town.actor("lin")) == []
    with pytest.raises(Conflict):
        talking.say_who(story.centre, 1, story.act("lin"), story.town.elders["Wang"])
    tells(story, "ringing", "asterisk:2.1", caller=None)
    with pytest.raises(Invalid):
        talking.say_who(story.centre, 2, story.act("lin"), 999)


# -- recordings


@pytest.fixture
def recorded(story: Story) -> Story:
    story.centre = dataclasses.replace(story.centre, recordings_dir=story.centre.data_dir / "recordings")
    story.centre.recordings_dir.mkdir(parents=True)
    (story.centre.recordings_dir / "1.wav").write_bytes(b"RIFF" + bytes(100))
    tells(story, "ringing", caller=WANG)
    tells(story, "answered", agent="lin", waited=1)
    tells(story, "hangup")
    tells(story, "recording", recording_url="/var/spool/asterisk/monitor/1.wav")
    return story


def listens(story: Story, by: str, asked: str | None = None) -> Path:
    return recordings.listen(story.centre, 1, story.town.actor(by), story.now, asked)[0]


def test_who_spoke_and_who_looks_after_quality_may_listen_and_each_time_is_written_down(recorded: Story) -> None:
    assert listens(recorded, "lin", "bytes=0-").name == "1.wav"
    listens(recorded, "boss")
    for other in ("mei", "west_op"):
        with pytest.raises(NotFound):
            listens(recorded, other)
    with recorded.centre.database.reads() as session:
        entries = session.scalars(select(TrailEntry).where(TrailEntry.action == "listened")).all()
    assert [(e.actor_name, e.subject_id, e.data) for e in entries] == [
        ("Lin", "1", {"case_id": "1", "range": "bytes=0-"}),
        ("Boss", "1", {"case_id": "1"}),
    ]


@pytest.mark.parametrize("name", ["../../dispatch.db", "/etc/passwd", "secrets.txt", "..", ""])
def test_nothing_but_a_recording_is_given_out(recorded: Story, name: str) -> None:
    (recorded.centre.recordings_dir / "secrets.txt").write_text("no")
    with recorded.centre.database.sessions.begin() as session:
        session.get_one(Call, 1).recording_url = name or None
    with pytest.raises(NotFound):
        listens(recorded, "boss")


def test_a_recording_is_deleted_when_its_time_is_over(recorded: Story) -> None:
    rule = next(one for one in RULES if one.kind is Kept.RECORDINGS)
    assert rule.apply is not None
    act = recorded.act("boss")
    with recorded.centre.database.sessions.begin() as session:
        assert rule.apply(session, recorded.centre, [1], act) == 1
    assert not list(recorded.centre.recordings_dir.iterdir())
    with pytest.raises(NotFound):
        listens(recorded, "boss")


def test_the_calls_of_a_case_say_who_may_listen(recorded: Story) -> None:
    def call(by: str) -> dict[str, Any]:
        return recordings.calls_of(recorded.centre, 1, recorded.town.actor(by))[0]

    assert (call("lin")["recorded"], call("lin")["may_listen"], call("mei")["may_listen"]) == (True, True, False)
    assert (call("lin")["agent"], call("lin")["waited"], call("lin")["outward"]) == ("Lin", 1, False)
