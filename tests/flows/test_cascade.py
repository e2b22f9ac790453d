"""The call cascade: who is called while somebody waits, what their answers do, and when it stops."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from dispatch.domain.cascade import CascadeState
from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import Conflict, IllegalTransition
from dispatch.domain.messages import NetworkReceipt, ReceiptState
from dispatch.models.devices import Device
from dispatch.models.people import Contact, DutyPhone, Elder
from dispatch.models.response import Arrival, Cascade, CascadeCall
from dispatch.services import deliver
from dispatch.services.response import arrivals, cascades, handoffs, view
from tests.support.factories import DUTY_EAST, DUTY_TOWN
from tests.support.response import DAUGHTER, NEIGHBOUR, RESCUE, STATION, WANG, surround
from tests.support.story import Story


@pytest.fixture(autouse=True)
def people(story: Story) -> None:
    surround(story.town)


def begin(story: Story, by: str = "lin") -> None:
    story.press("SOS-1")
    story.take(by)
    cascades.start(story.centre, story.case.id, story.act(by))
    story.expect_events("opened", "taken", "cascade_started", "cascade_call")


def cascade(story: Story) -> Cascade:
    with story.centre.database.reads() as session:
        return session.scalars(select(Cascade).order_by(Cascade.id.desc()).limit(1)).one()


def states(story: Story) -> list[tuple[str, str]]:
    with story.centre.database.reads() as session:
        return [(c.label, c.state) for c in session.scalars(select(CascadeCall).order_by(CascadeCall.id))]


def arrival(story: Story) -> Arrival:
    with story.centre.database.reads() as session:
        return session.scalars(select(Arrival).order_by(Arrival.id.desc()).limit(1)).one()


def elder_is_called(story: Story) -> None:
    story.forward(1)
    story.phone(WANG).expect_call("正在联系人前往")


def asked(story: Story, number: str) -> None:
    story.phone(number).expect_call("按1由您负责前往")
    story.phone(number).expect_sms("Elm 1 Wang紧急求助，需有人前往。回1由您负责前往")


def test_the_daughter_answers_and_presses_one(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    story.phone(DAUGHTER).expect_silence()
    story.forward(44)
    story.expect_event("cascade_call", who="contacts", round=1, to="Daughter")
    story.forward(1)
    asked(story, DAUGHTER)
    story.phone(DAUGHTER).answer()
    story.forward(5)
    story.phone(DAUGHTER).press("1")
    accepted = story.expect_event("cascade_accepted", who="Daughter", minutes=15)
    assert (accepted.actor_name, accepted.channel) == ("Daughter", "voice")
    story.forward(1)
    story.phone(DAUGHTER).expect_sms("请前往Elm 1 Wang，约15分钟。到达后请回2")
    for number in (NEIGHBOUR, STATION, RESCUE):
        story.phone(number).expect_silence()
    assert cascade(story).state == CascadeState.ACCEPTED
    assert arrival(story).due_at == accepted.at + timedelta(minutes=15)
    story.forward(60)
    story.expect_nothing()
    story.phone(DAUGHTER).reply("2")
    assert story.expect_event("arrived", who="Daughter").channel == "sms"
    assert arrival(story).state == "arrived"


def test_the_minutes_that_she_writes_are_her_promise(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    story.forward(45)
    asked(story, DAUGHTER)
    story.phone(DAUGHTER).reply("好的,30分钟")
    accepted = story.expect_events("cascade_call", "cascade_accepted")[1]
    assert accepted.data["minutes"] == 30
    story.forward(1)
    story.phone(DAUGHTER).expect_sms("约30分钟")
    story.phone(DAUGHTER).reply("1")  # again: nothing more follows
    story.phone(DAUGHTER).reply("10分钟")
    story.expect_event("arrival_moved", minutes=10)
    assert arrival(story).due_at == story.now + timedelta(minutes=10)
    story.forward(60)


def test_all_are_silent_for_two_rounds_and_it_goes_back_to_the_operator(story: Story) -> None:
    begin(story)
    for round_ in (1, 2):
        for n, (number, seconds) in enumerate(
            ((WANG, 45), (DAUGHTER, 60), (NEIGHBOUR, 60), (STATION, 60), (RESCUE, 90))
        ):
            story.take("lin")  # the operator says that she is still on it
            story.expect_event("confirmed")
            story.forward(1)
            if number == WANG:
                story.phone(WANG).expect_call()
            else:
                asked(story, number)
            story.forward(seconds - 1.25)
            story.expect_nothing()
            story.forward(0.25)
            if (round_, n) != (2, 4):
                story.expect_event("cascade_call", round=round_ if n < 4 else 2)
    story.expect_event("cascade_exhausted", rounds=2)
    assert "cascade_exhausted" in story.case.flags
    assert cascade(story).state == CascadeState.EXHAUSTED
    story.forward(0.25)
    story.expect_event("asked_owner")
    assert story.elapsed == 2 * 315 + 0.25
    assert {state for _, state in states(story)} == {"no_answer"}
    story.forward(59)
    story.expect_nothing()


def test_a_late_yes_after_two_rounds_still_counts(story: Story) -> None:
    begin(story)
    story.forward(630)
    for traffic in story.unexpected():
        story.seen.add(traffic.id)
    assert "cascade_exhausted" in story.case.flags
    story.phone(NEIGHBOUR).reply("１。")
    assert "cascade_exhausted" not in story.case.flags
    assert cascade(story).state == CascadeState.ACCEPTED
    story.forward(1)
    story.phone(NEIGHBOUR).expect_sms("谢谢")
    for number in (DAUGHTER, STATION, RESCUE):
        story.phone(number).expect_sms("Neighbour已在路上，约2分钟到，您不必前往")


def test_a_mailbox_is_no_answer(story: Story) -> None:
    story.network.set_voicemail(DAUGHTER, True)
    begin(story)
    elder_is_called(story)
    story.forward(45)
    asked(story, DAUGHTER)
    story.forward(30)
    assert ("Daughter", "voicemail") in states(story)
    assert ("Daughter", "voice", "voicemail") in story.told()
    with story.centre.database.reads() as session:
        assert session.get_one(Contact, story.town.contacts["Daughter"]).answered == 0
    call = next(m for m in story.messages() if m.label == "Daughter" and m.channel == "voice")
    machine = NetworkReceipt(call.reference, ReceiptState.ANSWERED, story.now, "1", answered_by="machine")
    assert not deliver.receive_receipt(story.centre, machine)
    assert cascade(story).state == CascadeState.RUNNING
    story.forward(30)
    asked(story, NEIGHBOUR)
    story.expect_events("cascade_call", "cascade_call")


def together(story: Story) -> None:
    """A fall: neighbours first, then the family, each at once."""
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Contact).values(relation="neighbour"))
    story.press("FALL-1", "fall")
    story.take("lin")
    cascades.start(story.centre, story.case.id, story.act("lin"))
    story.forward(31)
    story.phone(WANG).expect_call()
    for number in (DAUGHTER, NEIGHBOUR):
        story.phone(number).expect_call("按1")
        story.phone(number).expect_sms("跌倒报警")
    story.expect_events("opened", "taken", "cascade_started", "cascade_call")
    story.expect_event("cascade_call", to="Daughter、Neighbour")


def test_of_two_who_accept_at_once_the_first_goes_and_the_second_is_told(story: Story) -> None:
    together(story)
    story.phone(DAUGHTER).press("1")
    story.phone(NEIGHBOUR).press("1")
    story.expect_event("cascade_accepted", who="Daughter")
    story.expect_event("cascade_also", who="Neighbour", first="Daughter")
    story.forward(1)
    story.phone(DAUGHTER).expect_sms("谢谢！请前往")
    neighbour = story.phone(NEIGHBOUR)
    assert {neighbour.expect_sms().body[4:10], neighbour.expect_sms().body[4:10]} == {"Elm 1 ", "谢谢您！Da"}
    assert states(story) == [("Wang", "withdrawn"), ("Daughter", "accepted"), ("Neighbour", "also")] or states(
        story
    ) == [("Wang", "no_answer"), ("Daughter", "accepted"), ("Neighbour", "also")]


def test_what_still_rings_is_ended_when_somebody_goes(story: Story) -> None:
    together(story)
    story.phone(DAUGHTER).press("1")
    story.expect_event("cascade_accepted")
    story.forward(1)
    neighbour = story.phone(NEIGHBOUR)
    neighbour.expect_sms("Daughter已在路上")
    story.phone(DAUGHTER).expect_sms("谢谢")
    with pytest.raises(Exception, match="no call"):
        neighbour.answer()
    rings = next(m for m in story.messages() if m.label == "Neighbour" and m.channel == "voice")
    assert rings.state == "withdrawn"


def test_nobody_is_called_after_the_case_is_settled(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    story.forward(30)
    story.close("talk")
    story.expect_events("cascade_settled", "closed")
    story.forward(600)
    story.expect_nothing()
    assert cascade(story).state == CascadeState.SETTLED


def test_a_message_that_waits_for_the_network_is_not_sent_after_the_end(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    story.break_network(down=True)
    story.forward(46)
    assert {m.state for m in story.messages() if m.label == "Daughter"} == {"pending"}
    story.close("talk")
    story.mend_network()
    story.forward(60)
    assert {m.state for m in story.messages() if m.label == "Daughter"} == {"withdrawn"}


def test_who_says_yes_after_the_end_is_told_that_it_is_over(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    story.forward(46)
    asked(story, DAUGHTER)
    story.close("talk")
    story.phone(DAUGHTER).reply("1")
    story.expect_events("cascade_call", "cascade_settled", "closed", "cascade_too_late")
    story.forward(1)
    story.phone(DAUGHTER).expect_sms("不必前往")


def test_who_cannot_is_not_waited_for(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    story.forward(45)
    asked(story, DAUGHTER)
    story.phone(DAUGHTER).press("0")
    story.expect_events("cascade_call", "cascade_declined")
    story.forward(1.25)
    story.expect_event("cascade_call", who="neighbour")
    asked(story, NEIGHBOUR)


def test_a_clock_that_dies_in_the_middle_loses_and_doubles_nothing(story: Story) -> None:
    begin(story)
    story.sleep(300)
    story.clock = story.new_clock()
    other = story.new_clock()
    story.forward(1)
    other.cycle(story.now)
    # The elder's step was long over: the daughter is called now, and not all of them in a burst.
    story.expect_event("asked_owner")
    story.expect_event("cascade_call", who="contacts")
    story.expect_nothing()
    story.phone(WANG).expect_call()
    asked(story, DAUGHTER)
    story.forward(30)
    other.cycle(story.now)
    assert [label for label, _ in states(story)] == ["Wang", "Daughter"]


def test_two_clocks_call_each_once(story: Story) -> None:
    begin(story)
    other = story.new_clock()
    for _ in range(200):
        story.forward(0.5)
        other.cycle(story.now)
    for number in (DAUGHTER,):
        asked(story, number)
    story.phone(WANG).expect_call()
    story.expect_event("cascade_call", who="contacts")
    story.expect_nothing()


def test_skip_stop_and_call_now(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    running = cascade(story)
    cascades.skip(story.centre, running.id, story.act("lin"))
    story.expect_events("cascade_skipped", "cascade_call")
    story.forward(1)
    asked(story, DAUGHTER)
    neighbour = f"contact:{story.town.contacts['Neighbour']}"
    cascades.call_now(story.centre, running.id, story.act("lin"), person=neighbour)
    story.expect_event("cascade_call", to="Neighbour", now=True)
    story.forward(1)
    asked(story, NEIGHBOUR)
    with pytest.raises(Conflict):
        cascades.call_now(story.centre, running.id, story.act("lin"), person=neighbour)
    cascades.stop(story.centre, running.id, story.act("lin"))
    story.expect_event("cascade_stopped")
    story.forward(120)
    story.expect_nothing()
    with pytest.raises(Conflict):
        cascades.skip(story.centre, running.id, story.act("lin"))


def test_a_second_start_and_a_closed_case_change_nothing(story: Story) -> None:
    begin(story)
    cascades.start(story.centre, story.case.id, story.act("mei"))
    story.expect_nothing()
    elder_is_called(story)
    story.close("talk")
    with pytest.raises(IllegalTransition):
        cascades.start(story.centre, story.case.id, story.act("lin"))


def test_nobody_to_call_is_said(story: Story) -> None:
    story.press("UNKNOWN-1")
    story.take("lin")
    with story.centre.database.sessions.begin() as session:
        session.execute(update(DutyPhone).values(active=False))
    with pytest.raises(Conflict, match="nobody is known"):
        cascades.start(story.centre, story.case.id, story.act("lin"))
    story.expect_events("opened", "taken")


def test_texts_fit_into_one_message_and_name_nobody(story: Story) -> None:
    begin(story)
    story.forward(330)
    for traffic in story.unexpected():
        story.seen.add(traffic.id)
        if traffic.channel == "sms":
            assert len(traffic.body) <= 70, traffic.body


def test_the_family_of_somebody_else_cannot_accept_for_her(story: Story) -> None:
    """The elder's own "1" is no promise to go, and a reply from nobody who was called changes nothing."""
    begin(story)
    story.forward(1)
    story.phone(WANG).expect_call()
    story.phone(WANG).press("1")
    assert cascade(story).state == CascadeState.RUNNING
    story.phone("13511112222").reply("1")
    assert cascade(story).state == CascadeState.RUNNING
    story.close("talk")


def test_of_two_in_one_home_nobody_knows_who_fell_and_those_of_both_are_called(story: Story) -> None:
    son = "13700000077"
    with story.centre.database.sessions.begin() as session:
        wang = session.get_one(Elder, story.town.elders["Wang"])
        husband = Elder(
            household_id=wang.household_id, name="Mr Wang", pinyin="wang", initials="w", sex="M",
            birth_date=wang.birth_date, phone=None, flags=[], languages=[],
        )  # fmt: skip
        session.add(husband)
        session.flush()
        session.add(Contact(elder_id=husband.id, position=1, name="His son", relation="son", phone=son))
        session.execute(update(Device).where(Device.number == "SOS-1").values(elder_id=None))
    story.press("SOS-1")
    assert story.case.elder_id is None
    story.forward(121)
    found = view.response(story.centre, story.case.id, story.town.actor("lin"), story.now)["would_call"]
    assert [one["label"] for one in found] == ["Wang", "Daughter", "His son", "Neighbour", "Elm station", "Rescue East"]
    assert cascade(story).state == CascadeState.RUNNING, "the clock calls for them too"
    story.take("lin")
    story.close("talk")
    for traffic in story.unexpected():
        story.seen.add(traffic.id)


# -- the elder picks up


def elder_answers(story: Story, digit: str = "") -> None:
    story.phone(WANG).expect_call()
    if digit:
        story.phone(WANG).press(digit)
    else:
        story.phone(WANG).answer()
    story.expect_event("elder_answered", who="Wang")


def test_an_elder_who_picks_up_is_shown_at_once_and_a_person_has_a_while_to_decide(story: Story) -> None:
    begin(story)
    story.forward(20)
    elder_answers(story)
    assert "elder_answered" in story.case.flags
    assert states(story) == [("Wang", "answered")]
    story.forward(0.25)
    story.expect_event("asked_owner")
    story.take("lin")  # she sees it and speaks with the elder
    story.expect_event("confirmed")
    assert "elder_answered" in story.case.flags, "to have seen it is no decision"
    story.forward(29.5)
    story.phone(DAUGHTER).expect_silence()
    cascades.stop(story.centre, cascade(story).id, story.act("lin"), reason="she fell asleep on the button")
    assert story.expect_event("cascade_stopped").text == "she fell asleep on the button"
    assert "elder_answered" not in story.case.flags
    story.forward(100)
    story.expect_nothing()
    story.close("false_alarm")


@pytest.mark.parametrize("digit", ["", "1", "2", "0"])
def test_nobody_decides_and_the_cascade_goes_on_whatever_she_pressed(story: Story, digit: str) -> None:
    begin(story)
    story.forward(20)
    elder_answers(story, digit)
    assert cascade(story).state == CascadeState.RUNNING
    story.forward(29.75)
    story.expect_event("asked_owner")
    story.phone(DAUGHTER).expect_silence()
    story.forward(0.5)
    story.expect_event("cascade_call", who="contacts")
    story.forward(1)
    asked(story, DAUGHTER)
    assert "elder_answered" in story.case.flags, "it is true until somebody has decided"
    story.close("talk")
    assert "elder_answered" not in story.case.flags


def test_the_owner_says_go_on_and_nobody_waits_for_the_while(story: Story) -> None:
    begin(story)
    story.forward(5)
    elder_answers(story)
    cascades.skip(story.centre, cascade(story).id, story.act("lin"))
    story.expect_events("cascade_skipped", "cascade_call")
    assert "elder_answered" not in story.case.flags
    story.forward(1)
    asked(story, DAUGHTER)
    story.close("talk")


def test_an_elder_who_picks_up_late_holds_only_the_next_call_back(story: Story) -> None:
    """The daughter is being called already: her call goes on, and her no does not hurry the neighbour's."""
    begin(story)
    story.forward(20)
    story.phone(WANG).expect_call()
    cascades.call_now(
        story.centre,
        cascade(story).id,
        story.act("lin"),
        person=f"contact:{story.town.contacts['Daughter']}",
    )
    story.expect_event("cascade_call", to="Daughter", now=True)
    story.forward(1)
    asked(story, DAUGHTER)
    story.phone(WANG).answer()
    story.expect_event("elder_answered")
    story.phone(DAUGHTER).press("0")
    story.expect_event("cascade_declined")
    story.forward(29)
    story.phone(NEIGHBOUR).expect_silence()
    story.close("talk")


def test_a_mailbox_of_the_elder_is_no_answer(story: Story) -> None:
    story.network.set_voicemail(WANG, True)
    begin(story)
    elder_is_called(story)
    story.forward(43)
    assert states(story) == [("Wang", "voicemail")]
    assert "elder_answered" not in story.case.flags
    story.expect_nothing()
    story.forward(2)
    story.expect_event("cascade_call", who="contacts")
    asked(story, DAUGHTER)
    story.close("talk")


def test_an_elder_answers_and_nobody_has_the_case(story: Story) -> None:
    """The clock called by itself: the row says it, the watch over the waiting case goes on."""
    story.press("SOS-1")
    story.forward(122)
    story.phone(WANG).expect_call()
    for traffic in story.unexpected():
        story.seen.add(traffic.id)
    story.phone(WANG).answer()
    assert (story.case.state, story.case.priority) == ("new", 1)
    assert "elder_answered" in story.case.flags
    story.forward(60)
    assert [e.data["who"] for e in story.events() if e.kind == "cascade_call"] == ["elder", "contacts"]
    for traffic in story.unexpected():
        story.seen.add(traffic.id)
    story.take("lin")
    story.close("talk")


# -- telling everybody


def test_while_120_is_called_all_are_told_at_the_same_time(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    given = handoffs.Given("120", "7号", note="chest pain", tell=True)
    handoffs.record_handoff(story.centre, story.case.id, story.act("lin"), given)
    story.expect_events("opened", "taken")
    story.expect_event("handed_to_service", service="120", dispatcher="7号")
    story.expect_event("told_all", count=4, service="120")
    assert "handed_over" in story.case.flags
    story.forward(1)
    for number in (DAUGHTER, NEIGHBOUR, STATION, RESCUE):
        story.phone(number).expect_sms("已由中心呼叫120")
    handoffs.tell_all(story.centre, story.case.id, story.act("mei"), service="120")
    story.expect_event("told_all", count=0)
    story.forward(60)
    for number in (DAUGHTER, NEIGHBOUR, STATION, RESCUE, DUTY_EAST, DUTY_TOWN):
        story.phone(number).expect_silence()


# -- the arrival loop


def test_who_does_not_arrive_alarms_the_centre_at_each_mark(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    due_at = story.now + timedelta(minutes=15)
    arrivals.promise(story.centre, story.case.id, story.act("lin"), arrivals.Promise("Daughter", due_at))
    story.expect_events("opened", "taken", "arrival_promised")
    for minutes in (0, 30, 45, 60):
        until = (due_at + timedelta(minutes=minutes) - story.now).total_seconds()
        while until > 0.25:  # the operator works on, so nobody asks her
            step = min(150.0, until - 0.25)
            story.forward(step)
            until -= step
            if until > 0.25:
                story.take("lin")
        story.take("lin")
        before = {e.kind for e in story._fresh()}
        assert before <= {"confirmed", "asked_owner"}
        story._events = story.events()[-1].id
        story.forward(0.25)
        story.expect_event("arrival_late", who="Daughter", minutes=minutes)
        assert "late_arrival" in story.case.flags
        story.forward(0.25)
        story.expect_event("asked_owner")
        story.take("lin")
        story.expect_event("confirmed")
    arrivals.arrived(story.centre, arrival(story).id, story.act("lin"))
    story.expect_event("arrived")
    assert "late_arrival" not in story.case.flags
    arrivals.arrived(story.centre, arrival(story).id, story.act("lin"))
    story.expect_nothing()


def test_marks_that_no_clock_saw_are_one_alarm(story: Story) -> None:
    story.press("WATER-1", "water")
    story.take("lin")
    due_at = story.now + timedelta(minutes=5)
    arrivals.promise(story.centre, story.case.id, story.act("lin"), arrivals.Promise("plumber", due_at))
    story.sleep(60 * 52)
    story.forward(0.25)
    story.forward(0.25)
    late = [e for e in story.events() if e.kind == "arrival_late"]
    assert [(e.data["minutes"], e.data["skipped"]) for e in late] == [(45, 2)]


def test_a_held_case_comes_back_when_its_helper_is_late(story: Story) -> None:
    story.press("WATER-1", "water")
    story.take("lin")
    arrivals.promise(
        story.centre,
        story.case.id,
        story.act("lin"),
        arrivals.Promise("plumber", story.now + timedelta(minutes=5)),
    )
    story.hold(120)
    story.forward(301)
    assert (story.case.state, story.case.held_until) == ("new", None)
    assert "late_arrival" in story.case.flags


def test_a_promise_ends_with_the_case_and_moves_with_a_merge(story: Story) -> None:
    story.press("SOS-1")
    story.request(kind=Kind.SERVICE, channel=Channel.COUNTER, elder_id=story.town.elders["Wang"], text="a fall")
    first, second = (c.id for c in story.cases())
    story.take("lin", first)
    story.take("lin", second)
    due_at = story.now + timedelta(minutes=2)
    arrivals.promise(story.centre, second, story.act("lin"), arrivals.Promise("Neighbour", due_at))
    story.merge(second, first)
    story.forward(121)
    assert arrival(story).case_id == first
    assert "late_arrival" in story.get(first).flags
    story.close("talk", case=first)
    assert arrival(story).state == "cancelled"
    assert "late_arrival" not in story.get(first).flags


def test_the_view_shows_who_is_called_and_who_is_next(story: Story) -> None:
    begin(story)
    elder_is_called(story)
    found = view.response(story.centre, story.case.id, story.town.actor("lin"), story.now)
    assert [call["label"] for call in found["cascade"]["calls"]] == ["Wang"]
    assert [one["label"] for one in found["cascade"]["ahead"]] == [
        "Daughter",
        "Neighbour",
        "Elm station",
        "Rescue East",
    ]
    assert DAUGHTER not in str(found)
    assert [m["channel"] for m in found["cascade"]["calls"][0]["messages"]] == ["voice"]
    story.phone(WANG).press("7")
    found = view.response(story.centre, story.case.id, story.town.actor("lin"), story.now)
    (message,) = found["cascade"]["calls"][0]["messages"]
    assert (message["channel"], message["state"], message["reply"]) == ("voice", "answered", "7")
    story.close("talk")


def test_the_view_keeps_the_place_of_whoever_was_called_before_their_turn(story: Story) -> None:
    begin(story)
    neighbour = f"contact:{story.town.contacts['Neighbour']}"
    cascades.call_now(story.centre, cascade(story).id, story.act("lin"), person=neighbour)
    found = view.response(story.centre, story.case.id, story.town.actor("lin"), story.now)["cascade"]
    assert [(call["label"], call["step"]) for call in found["calls"]] == [("Wang", 0), ("Neighbour", 2)]
    story.close("talk")


def test_before_anybody_is_called_the_view_shows_who_would_be(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")

    def would_call() -> list[tuple[str, int]]:
        found = view.response(story.centre, story.case.id, story.town.actor("lin"), story.now)
        assert found["cascade"] is None
        return [(one["label"], one["step"]) for one in found["would_call"]]

    assert would_call() == [("Wang", 0), ("Daughter", 1), ("Neighbour", 2), ("Elm station", 3), ("Rescue East", 4)]
    story.close("talk")
    assert would_call() == []
