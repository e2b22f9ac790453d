"""An elder's own page: what a press becomes, on a movable clock and on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Help
from dispatch.domain.errors import NotFound
from dispatch.models.elder_links import ElderLink
from dispatch.models.response import Arrival
from dispatch.models.trail import TrailEntry
from dispatch.services import elder_links, elder_page
from dispatch.services.accounts import digest
from dispatch.services.elder_page import Outcome, Phase, Press
from dispatch.services.response import arrivals
from dispatch.services.response.promises import Promise
from tests.support.factories import DUTY_EAST, DUTY_TOWN
from tests.support.story import Story


def card(story: Story, elder: str = "Wang", by: str = "lin") -> str:
    token: str = elder_links.make_link(story.centre, story.town.elders[elder], story.act(by))["token"]
    return token


def look(story: Story, token: str, press: str | None = None) -> elder_page.Page:
    return elder_page.look(story.centre, token, press, story.now)


def call(story: Story, token: str, key: str | None = "a") -> int:
    return elder_page.call_for_help(story.centre, Press(digest(token), story.now, key))


def test_a_press_is_an_urgent_case_and_the_page_says_how_it_stands(story: Story) -> None:
    token = card(story)
    assert look(story, token).phase is Phase.QUIET

    case = story.get(call(story, token))
    assert (case.kind, case.cause, case.channel, case.priority) == ("emergency", "sos", "app", 1)
    assert case.elder_id == story.town.elders["Wang"]
    opened = story.expect_event("opened")
    assert (opened.actor_kind, opened.actor_name, opened.channel) == ("elder", "Wang", "app")
    assert (look(story, token, "a").phase, look(story, token, "a").last) == (Phase.RECEIVED, Outcome.HELP)

    story.take("lin")
    assert (look(story, token).phase, look(story, token).who) == (Phase.IN_HAND, "Lin")
    story.expect_event("taken")

    story.close("talk")
    assert look(story, token).phase is Phase.SETTLED
    story.forward(15 * 60)
    assert look(story, token).phase is Phase.QUIET


def test_the_elder_is_told_who_comes_and_when(story: Story) -> None:
    token = card(story)
    case_id = call(story, token)
    story.take("lin")
    promise = Promise("Daughter", story.now + timedelta(minutes=15))
    arrivals.promise(story.centre, case_id, story.act("lin"), promise)
    found = look(story, token)
    assert (found.phase, found.who, found.minutes) == (Phase.COMING, "Daughter", 15)
    story.sleep(14 * 60 + 10)
    assert look(story, token).minutes == 1
    story.sleep(60)
    assert look(story, token).phase is Phase.SOON
    with story.centre.database.reads() as session:
        arrival_id = session.scalars(select(Arrival.id)).one()
    arrivals.arrived(story.centre, arrival_id, story.act("lin"))
    assert (look(story, token).phase, look(story, token).who) == (Phase.ARRIVED, "Daughter")
    story.close("helped_on_site")
    assert look(story, token).phase is Phase.SETTLED


def test_a_press_that_nobody_answers_escalates_like_any_alarm(story: Story) -> None:
    call(story, card(story))
    story.forward(59.75)
    story.expect_events("opened", "alert_operators", "alert_supervisor")
    story.expect_nothing()
    story.forward(1.25)
    story.expect_event("page_duty", phones=2)
    for phone in (DUTY_EAST, DUTY_TOWN):
        story.phone(phone).expect_sms("紧急求助：Elm 1 Wang")
        story.phone(phone).expect_call()


def test_a_double_press_is_one_case_and_every_try_of_one_press_is_one_event(story: Story) -> None:
    token = card(story)
    first = call(story, token, "a")
    assert call(story, token, "a") == first
    assert [event.kind for event in story.events()] == ["opened"]

    assert call(story, token, "b") == first
    assert call(story, token, None) == first, "a form that is not ours is help all the same"
    assert [event.kind for event in story.events()] == ["opened", "repeat", "repeat"]
    assert story.events()[1].data == {"kind": "sos", "count": 1}
    assert story.get(first).signals == 2


def test_a_page_that_stayed_open_presses_anew(story: Story) -> None:
    """The same form again, after its case was settled or long after: never told "received" of what is over."""
    token = card(story)
    first = call(story, token, "a")
    story.take("lin")
    story.close("talk")
    second = call(story, token, "a")
    assert second != first
    story.take("lin")
    story.forward(130)
    assert call(story, token, "a") == second
    assert story.events(second)[-1].kind == "repeat"


def test_two_tries_at_the_same_moment_are_one_case(story: Story) -> None:
    token = card(story)
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda n: call(story, token, "a" if n % 2 else "b"), range(12)))
    assert len(found) == 1
    kinds = [event.kind for event in story.events()]
    assert sorted(kinds) == ["opened", "repeat"], kinds


def test_fine_is_told_and_settles_nothing(story: Story) -> None:
    token = card(story)
    press = Press(digest(token), story.now, "f")
    assert elder_page.say_fine(story.centre, press) is Outcome.NOTHING_OPEN
    case_id = call(story, token)
    assert elder_page.say_fine(story.centre, press) is Outcome.FINE
    assert elder_page.say_fine(story.centre, press) is Outcome.FINE
    case = story.get(case_id)
    assert (case.state, "cancelled_by_elder" in case.flags) == ("new", True)
    assert case.next_due_at is not None
    assert [event.kind for event in story.events()] == ["opened", "cancelled_by_elder"]
    assert (look(story, token, "f").said_fine, look(story, token, "f").last) == (True, Outcome.FINE)


def test_a_wish_is_a_service_case_once_and_can_be_taken_back(story: Story) -> None:
    token = card(story)

    def ask(wanted: Help, key: str) -> Outcome:
        return elder_page.ask_for(story.centre, Press(digest(token), story.now, key), wanted)

    assert ask(Help.MEAL, "a") is Outcome.SERVICE
    assert ask(Help.MEAL, "a") is Outcome.SERVICE
    assert ask(Help.MEAL, "b") is Outcome.ALREADY
    assert ask(Help.BATH, "c") is Outcome.SERVICE
    assert [(c.kind, c.help, c.channel, c.priority) for c in story.cases()] == [
        ("service", "meal", Channel.APP, 3),
        ("service", "bath", Channel.APP, 3),
    ]
    meal, _bath = story.cases()
    assert elder_page.withdraw(story.centre, Press(digest(token), story.now, "w"), meal.id) is Outcome.FINE
    assert [(w.help, w.withdrawn) for w in look(story, token).wishes] == [("bath", False), ("meal", True)]
    assert look(story, token).phase is Phase.QUIET

    other = card(story, "Zhao")
    assert elder_page.withdraw(story.centre, Press(digest(other), story.now, "x"), _bath.id) is Outcome.NOTHING_OPEN


def test_wishes_are_many_at_some_point_and_help_never_is(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elder_page, "SERVICES_A_DAY", 2)
    token = card(story)
    for n, wanted in enumerate((Help.MEAL, Help.BATH)):
        assert elder_page.ask_for(story.centre, Press(digest(token), story.now, str(n)), wanted) is Outcome.SERVICE
    assert elder_page.ask_for(story.centre, Press(digest(token), story.now, "x"), Help.CHAT) is Outcome.TOO_MANY
    for n in range(20):
        call(story, token, f"help{n}")
    assert story.case.signals == 19


def test_a_new_card_makes_the_old_one_worthless(story: Story) -> None:
    old = card(story)
    new = card(story)
    with pytest.raises(NotFound):
        call(story, old)
    call(story, new)
    elder_links.revoke_link(story.centre, story.town.elders["Wang"], story.act("lin"))
    for refused in (new, "", "x" * 4000):
        with pytest.raises(NotFound):
            look(story, refused)
    with story.centre.database.reads() as session:
        links = session.scalars(select(ElderLink)).all()
        assert all(new not in (link.digest, link.created_by) for link in links), "the token itself is nowhere"
        deeds = session.scalars(select(TrailEntry.action).order_by(TrailEntry.id)).all()
    assert list(deeds) == ["elder_link_made", "elder_link_made", "elder_link_revoked"]


def test_two_cards_at_the_same_moment_leave_one_that_counts(story: Story) -> None:
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda _: card(story), range(4)))
    opened = []
    for token in tokens:
        try:
            opened.append(look(story, token).elder_id)
        except NotFound:
            continue
    assert len(opened) == 1


def test_a_card_is_given_in_the_own_areas_alone(story: Story) -> None:
    with pytest.raises(NotFound):
        card(story, "Wang", by="west_op")
