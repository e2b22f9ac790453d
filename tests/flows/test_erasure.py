"""After an elder was erased, nothing in the database says who it was, but for what is kept on purpose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from dispatch.domain.errors import Conflict
from dispatch.domain.privacy import Asker, Right
from dispatch.models.elder_links import ElderLink
from dispatch.models.followup import FollowUp
from dispatch.models.imports import Double
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.models.privacy import ErasedPerson, TellDuty
from dispatch.services.floor import callbacks
from dispatch.services.floor.callbacks import Promise
from dispatch.services.privacy import erase, requests
from dispatch.services.privacy.requests import Asked, Verdict
from tests.support.helps import NEAR, employ
from tests.support.planting import Place, found, plant
from tests.support.story import Story

NAME, PHONE, NUMBER = "王晓安", "13912340001", "23030219400102001X"
ADDRESS, DAUGHTER, OTHER_PHONE = "梧桐路18号3幢2单元501室", "13700000000", "13912340002"
WORDS = f"{NAME} {PHONE} {NUMBER} {ADDRESS}"
SECRETS = [NAME, PHONE, NUMBER, ADDRESS, DAUGHTER, OTHER_PHONE]

KEPT: dict[Place, str] = {
    # An alarm and its timeline are never deleted and never rewritten (ADR 0010): shut away, shown to nobody.
    ("case_events", "text"): "the timeline",
    ("case_events", "data"): "the timeline",
    ("signals", "raw"): "the bytes that a device sent",
    ("signals", "data"): "the bytes that a device sent",
    # Proof that the person asked and was answered (article 50); its own period clears it.
    ("rights_requests", "asker_name"): "proof of the request",
    ("rights_requests", "text"): "proof of the request",
    ("rights_requests", "identity_check"): "proof of the request",
    ("rights_requests", "answer"): "proof of the request",
    # To whom something was given must be known as long as the sharing log is kept (articles 23 and 55).
    ("sharings", "receiver"): "whom the centre gave something",
    # Who at 120, 119 or 110 the case was read to: proof that help was called.
    ("handoffs", "dispatcher"): "proof that help was called",
}
# Files that were brought and their rows hang on no person: they go by their own period (services/imports/uploads.py).


@pytest.fixture
def wang(story: Story) -> int:
    """One elder alone at home, with a second file of the same person that was merged into it."""
    elder_id = story.town.elders["Wang"]
    with story.centre.database.sessions.begin() as session:
        elder = session.get_one(Elder, elder_id)
        elder.name, elder.phone, elder.identity_number = NAME, PHONE, NUMBER
        elder.archive_reason = elder.absence_note = WORDS
        home = session.get_one(Household, elder.household_id)
        home.address = home.address_short = ADDRESS
        home.access_notes = WORDS
        contact = session.get_one(Contact, story.town.contacts["Daughter"])
        home.keys = [{"holder": NAME, "contact_id": str(contact.id), "where": ADDRESS}]
        before = session.get_one(Household, story.town.households["Family"])
        double = session.get_one(Elder, story.town.elders["Family"])
        before.address = before.address_short = ADDRESS
        double.name, double.phone, double.merged_into, double.archived_at = NAME, OTHER_PHONE, elder_id, story.now
    return elder_id


def closed_case(story: Story) -> int:
    story.press("SOS-1")
    story.take("lin")
    story.note(WORDS)
    story.close("talk")
    return story.case.id


def decide(story: Story, elder_id: int) -> dict[str, Any]:
    asked = Asked(elder_id, Right.DELETION, Asker.SELF, "telephone")
    number = int(requests.receive(story.centre, story.act("lin", key="asked"), asked)["id"])
    requests.check_identity(story.centre, number, story.act("boss", key="checked"), "card seen")
    return requests.decide(story.centre, number, story.act("boss", key="decided"), Verdict(True, "done"))


def test_nothing_is_left_but_what_is_kept_on_purpose(story: Story, wang: int) -> None:
    case_id = closed_case(story)
    town = story.town
    helper = employ(town, NEAR)["Near"]
    with story.centre.database.sessions.begin() as session:
        ids = {"elders": wang, "households": town.households["Wang"], "cases": case_id, "users": town.users["lin"]}
        ids |= {"areas": town.areas["Elm"], "contacts": town.contacts["Daughter"], "workers": helper}
        given: dict[Place, Any] = {
            ("cases", "kind"): "service",
            ("checkin_month_elders", "groups"): ["living_alone"],  # codes, which are frozen with their month
            **{("checkin_month_lines", column): [] for column in ("states", "days", "away", "evidence")},  # and these
            ("doubles", "elder_b"): town.elders["Zhao"],
            ("handover_items", "kind"): "case",
            ("handover_items", "ref"): str(case_id),
            ("answered_acts", "subject"): f"elder:{wang}:change",
            ("messages", "reference"): "planted",
            ("sim_traffic", "reference"): "planted",
            ("sim_phones", "number"): PHONE,
            ("imports", "file_name"): "elders.csv",
            ("imports", "fault"): None,
            # Words of the shift to the next one, about nobody that a row could name: docs/privacy.md says so.
            ("handovers", "note"): "",
            ("handovers", "returned_reason"): None,
        }
        session.execute(delete(FollowUp))  # the one of the case that was just ended: the planted one takes its place
        planted = plant(session, WORDS, PHONE, ids, given)
    with story.centre.database.reads() as session:
        before = set(found(session, SECRETS))
    assert planted <= before, "the look sees what was planted"
    assert set(KEPT) <= planted, "the list of what is kept names nothing that is not there"
    decide(story, wang)
    with story.centre.database.reads() as session:
        left = found(session, SECRETS)
    assert {place: seen for place, seen in left.items() if place not in KEPT} == {}
    assert set(left) == set(KEPT)


def test_what_can_be_used_is_taken_out_of_use(story: Story, wang: int) -> None:
    case_id = closed_case(story)
    town = story.town
    with story.centre.database.sessions.begin() as session:
        session.add(ElderLink(elder_id=wang, digest="d", created_at=story.now, created_by="Lin"))
        pair = {"elder_a": wang, "elder_b": town.elders["Zhao"], "score": 1, "reasons": [], "state": "proposed"}
        session.add(Double(**pair, found_at=story.now))
        due = {"purpose": "visits", "arose_at": story.now, "due_at": story.now}
        session.add(TellDuty(elder_id=wang, case_id=case_id, **due))
        wish = {"reference": "w", "channel": "sms", "purpose": "told", "label": NAME, "body": WORDS, "case_round": 1}
        state = {"state": MessageState.PENDING, "created_at": story.now, "next_try_at": story.now, "receipt": {}}
        session.add(Message(case_id=case_id, phone=DAUGHTER, **wish, **state))
    decide(story, wang)
    with story.centre.database.reads() as session:
        assert session.scalars(select(ElderLink)).all() == []
        assert {pair.state for pair in session.scalars(select(Double))} == {"dismissed"}
        assert session.scalars(select(TellDuty.how)).all() == ["erased"]
        waiting = session.scalars(select(Message).where(Message.reference == "w")).one()
        assert (waiting.state, waiting.next_try_at, waiting.body) == (MessageState.WITHDRAWN, None, "")
        erased = set(session.scalars(select(ErasedPerson.elder_id)))
        assert erased == {wang, town.elders["Family"]}, "the file that was merged into this one too"


def test_a_promised_call_keeps_a_person_until_it_is_made(story: Story, wang: int) -> None:
    closed_case(story)
    wanted = Promise(story.now + timedelta(hours=1), f"ring {NAME}", PHONE)
    promised = callbacks.promise(story.centre, story.case.id, story.act("lin"), wanted)
    with pytest.raises(Conflict, match=f"call-back {promised['id']}"):
        decide(story, wang)
    callbacks.settle(story.centre, int(promised["id"]), story.act("lin"), done=True, reason="she is well")


def test_a_file_that_was_merged_is_erased_by_the_one_it_went_into(story: Story, wang: int) -> None:
    with pytest.raises(Conflict, match="merged into another"):
        decide(story, story.town.elders["Family"])
    with story.centre.database.reads() as session:
        assert session.get_one(Elder, wang).name == NAME != erase.ANONYMOUS
