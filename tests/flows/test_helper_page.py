"""Pictures from a visit, and the link that answers once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from dispatch.domain.errors import Invalid, NotFound, OfferExpired, OfferTaken
from dispatch.domain.helps.offers import Links
from dispatch.services.helps import links, photos
from dispatch.services.helps.link_out import NoPublicAddress
from dispatch.services.helps.photos import Picture
from tests.support.helps import MIDDLE, NEAR, Dispatching
from tests.support.story import Story

JPEG = b"\xff\xd8\xff\xe0 a door"


@pytest.fixture
def helps(story: Story) -> Dispatching:
    story.call_no_family()
    made = Dispatching(story)
    story.press("FALL-1", "fall")
    story.take()
    return made


def quiet(story: Story, helps: Dispatching) -> None:
    story.close("helped_on_site")
    story.forward(1)
    for who in (NEAR, MIDDLE):
        while story.unexpected(who.phone):
            helps.phone(who).expect_sms()


def test_a_picture_is_kept_once_and_the_same_one_again_is_flagged(story: Story, helps: Dispatching) -> None:
    helps.offer("direct", NEAR, reason="near")
    job = helps.accept(NEAR)
    act = story.act("helper")
    first = photos.keep(story.centre, job, act, Picture("p1", story.now, JPEG))
    assert photos.keep(story.centre, job, act, Picture("p1", story.now, JPEG)) == first
    assert (first["applied"], first["flags"]) == (True, [])
    assert photos.keep(story.centre, job, act, Picture("p2", story.now, JPEG))["flags"] == ["same_photo"]
    with pytest.raises(Invalid, match="JPEG"):
        photos.keep(story.centre, job, act, Picture("p3", story.now, b"<svg>"))
    seen = story.town.actor("boss")
    items = photos.of_job(story.centre, job, seen)["items"]
    assert [one["id"] for one in items] == ["1", "2"]
    assert photos.content(story.centre, job, 1, seen, story.now) == JPEG
    story.close("helped_on_site")
    assert not photos.keep(story.centre, job, act, Picture("p4", story.now, JPEG + b"2"))["applied"]
    for n in range(5, 8):
        photos.keep(story.centre, job, act, Picture(f"p{n}", story.now, JPEG + b"%d" % n))
    with pytest.raises(Invalid, match="enough"):
        photos.keep(story.centre, job, act, Picture("p8", story.now, JPEG + b"8"))
    story.forward(1)
    while story.unexpected(NEAR.phone):
        helps.phone(NEAR).expect_sms()


def test_a_link_answers_once_and_sends_the_door_by_short_message(story: Story, helps: Dispatching) -> None:
    helps.offer("parallel", NEAR, MIDDLE)
    made = links.make(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    shown = links.look(story.centre, made.token, story.now)
    assert (shown.help, shown.who, shown.code) == ("emergency", "W奶奶", "101")
    links.answer(story.centre, made.token, story.now, yes=True)
    assert helps.states() == {"Near": "withdrawn", "Middle": "accepted"}
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("101号已派给您")
    for again in (lambda: links.look(story.centre, made.token, story.now), lambda: _yes(story, made.token)):
        with pytest.raises(NotFound):
            again()
    quiet(story, helps)


def _yes(story: Story, token: str) -> None:
    links.answer(story.centre, token, story.now, yes=True)


def open_to_the_outside(story: Story, policy: Links) -> None:
    matching = dataclasses.replace(story.centre.matching, links=policy)
    story.centre = dataclasses.replace(
        story.centre, matching=matching, public_url="https://care.silver-bell.example.cn"
    )
    story.clock = story.new_clock()


def test_who_has_no_page_gets_a_link_with_the_offer_and_answers_on_it(story: Story, helps: Dispatching) -> None:
    open_to_the_outside(story, Links.WITHOUT_PAGE)
    helps.offer("parallel", NEAR, MIDDLE)
    story.forward(2)
    helps.phone(NEAR).expect_sms("回1接单")
    helps.phone(NEAR).expect_silence()  # has a page
    helps.phone(MIDDLE).expect_sms("回1接单")
    text = helps.phone(MIDDLE).expect_sms("101号派单，点开回复：https://care.silver-bell.example.cn/o/").body
    assert len(text) <= 70
    token = text.rpartition("/")[2]
    assert links.look(story.centre, token, story.now).code == "101"
    _yes(story, token)
    assert helps.states() == {"Near": "withdrawn", "Middle": "accepted"}
    with pytest.raises(NotFound):
        _yes(story, token)
    quiet(story, helps)


def test_an_operator_sends_a_link_where_the_centre_can_be_reached(story: Story, helps: Dispatching) -> None:
    helps.offer("direct", MIDDLE, reason="near")
    with pytest.raises(NoPublicAddress):
        links.send(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    open_to_the_outside(story, Links.BY_HAND)
    story.forward(2)
    helps.phone(MIDDLE).expect_sms("回1接单")
    helps.phone(MIDDLE).expect_silence()
    assert helps.seen()["links"]
    links.send(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    links.send(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    story.forward(2)
    first, second = (helps.phone(MIDDLE).expect_sms("点开回复").body.rpartition("/")[2] for _ in range(2))
    links.answer(story.centre, second, story.now, yes=False, reason="far")
    with pytest.raises(OfferExpired):
        links.look(story.centre, first, story.now)
    quiet(story, helps)


def test_a_link_loses_to_a_quicker_yes_and_ends_after_a_quarter_of_an_hour(story: Story, helps: Dispatching) -> None:
    helps.offer("parallel", NEAR, MIDDLE)
    made = links.make(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    with pytest.raises(NotFound):
        links.look(story.centre, made.token, story.now + timedelta(minutes=15))
    helps.accept(NEAR)
    with pytest.raises(OfferTaken):
        _yes(story, made.token)
    with pytest.raises(OfferExpired):
        links.look(story.centre, made.token, story.now)
    with pytest.raises(OfferExpired):
        links.make(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    quiet(story, helps)


def test_a_no_by_link_has_its_reason(story: Story, helps: Dispatching) -> None:
    helps.offer("direct", MIDDLE, reason="near")
    made = links.make(story.centre, helps.offer_of(MIDDLE), story.act("lin"))
    links.answer(story.centre, made.token, story.now, yes=False, reason="far")
    (offer,) = [one for one in helps.seen()["items"] if one["worker"]["name"] == "Middle"]
    assert (offer["state"], offer["reason"], offer["channel"]) == ("declined", "far", "link")
    quiet(story, helps)
