"""Masks, reveals, requests, retention and the rest of the Personal Information Protection Law, as stories."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.privacy import Asker, Basis, Right
from dispatch.models.care import Consent
from dispatch.models.cases import Call, Case, CaseEvent
from dispatch.models.devices import Device, Signal
from dispatch.models.outbox import Message
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.privacy import ImpactAssessment, RetentionRun, Sharing
from dispatch.models.trail import TrailEntry
from dispatch.services import desk, live
from dispatch.services.care import consents
from dispatch.services.care.consents import Word
from dispatch.services.desk import PageOf
from dispatch.services.devices import monthly
from dispatch.services.devices import register as devices
from dispatch.services.floor import wall
from dispatch.services.privacy import erase, ledger, record, requests, retention, reveal, sharing, telling
from dispatch.services.privacy.ledger import NewImpact, NewIncident
from dispatch.services.privacy.requests import Asked, Verdict
from dispatch.services.privacy.sharing import Given
from dispatch.services.register import file, listing
from tests.support.story import Story

ALL = PageOf(200, None)
PHONE, DAUGHTER = "13800001000", "13700000000"


class File:
    """Wang's file and what is done with it."""

    def __init__(self, story: Story) -> None:
        self.story, self.centre = story, story.centre
        self.elder_id = story.town.elders["Wang"]

    def case(self, by: str, case: int | None = None) -> dict[str, Any]:
        actor = self.story.town.actor(by)
        return desk.case_detail(self.centre, case or self.story.case.id, actor, self.story.now)

    def file(self, by: str) -> dict[str, Any]:
        return file.elder_file(self.centre, self.elder_id, self.story.town.actor(by), self.story.now)

    def sees(self, by: str) -> bool:
        """Whether they see everything; fails when the doors disagree or only a part is masked."""
        found = [json.dumps(door(by), ensure_ascii=False, default=str) for door in (self.case, self.file)]
        seen = {secret in text for text in found for secret in (PHONE, DAUGHTER, "key under the mat")}
        assert len(seen) == 1, found
        return seen.pop()

    def ask(self, kind: Right, **more: Any) -> dict[str, Any]:
        asked = Asked(**{"elder_id": self.elder_id, "kind": kind, "asker": Asker.SELF, "channel": "telephone", **more})
        return requests.receive(self.centre, self.story.act("lin"), asked)

    def checked(self, kind: Right) -> int:
        number = int(self.ask(kind)["id"])
        requests.check_identity(self.centre, number, self.story.act("boss"), "identity card seen")
        return number

    def grant(self, kind: Right) -> dict[str, Any]:
        number = self.checked(kind)
        return requests.decide(self.centre, number, self.story.act("boss"), Verdict(True, "done as asked"))

    def listed(self, state: str = "open") -> dict[str, Any]:
        return requests.list_requests(self.centre, self.story.town.actor("boss"), state, ALL, self.story.now)

    def duties(self) -> list[dict[str, Any]]:
        telling.tick(self.centre, self.story.now)
        return telling.list_duties(self.centre, self.story.town.actor("boss"), ALL, self.story.now)["items"]

    def rows(self, table: Any) -> list[Any]:
        with self.centre.database.reads() as session:
            return list(session.scalars(select(table).order_by(table.__mapper__.primary_key[0])))

    def night(self, days: float = 1) -> int:
        """Time passes, and the retention job does its night's work."""
        self.story.sleep(days * 86_400)
        done = 0
        while count := retention.tick(self.centre, self.story.now):
            done += count
        return done


@pytest.fixture
def wang(story: Story) -> File:
    file = File(story)
    with story.centre.database.sessions.begin() as session:
        elder = session.get_one(Elder, file.elder_id)
        elder.household_id = story.town.households["Wang"]
        home = session.get_one(desk.Household, elder.household_id)
        home.access_notes = "key under the mat"
        session.add(Fact(elder_id=elder.id, kind="health", text="a stent", source="doctor", confirmed_at=story.now))
    return file


# -- who sees what


def test_only_the_holder_of_the_emergency_sees_without_masks(story: Story, wang: File) -> None:
    story.press("SOS-1")
    assert not any(wang.sees(by) for by in ("lin", "mei", "boss"))
    story.take("lin")
    assert wang.sees("lin")
    assert not wang.sees("mei")
    assert not wang.sees("boss"), "a supervisor asks with a reason like everybody else"
    story.take("boss", force=True, reason="he is alone")
    assert wang.sees("boss")
    assert not wang.sees("lin"), "whoever lost the case lost the sight"
    story.close("talk", by="boss")
    assert not any(wang.sees(by) for by in ("lin", "boss"))
    with pytest.raises(NotFound):
        wang.case("west_op")


def test_the_holder_of_another_kind_of_case_sees_masks(story: Story, wang: File) -> None:
    story.request(kind=Kind.SERVICE, channel=Channel.HOTLINE, elder_id=wang.elder_id, caller=PHONE, take=True)
    assert story.case.owner_id == story.town.users["lin"]
    assert not wang.sees("lin")
    assert wang.case("lin")["caller_number"] == "138****1000"


def test_the_owner_of_a_strangers_call_sees_the_number_and_nobody_else_does(story: Story, wang: File) -> None:
    story.call("ringing", caller="13512345678")
    assert wang.case("lin")["caller_number"] == "135****5678"
    story.take("lin")
    assert wang.case("lin")["caller_number"] == "13512345678"
    assert wang.case("mei")["caller_number"] == "135****5678"


def test_an_emergency_next_door_opens_nothing(story: Story, wang: File) -> None:
    story.press("SOS-2")
    story.take("lin")
    assert PHONE not in json.dumps(wang.file("lin"))


def test_no_list_shows_a_door(story: Story, wang: File) -> None:
    """The list goes to every seat alike; who takes the case reads the door in it."""
    with story.centre.database.sessions.begin() as session:
        home = session.get_one(desk.Household, story.town.households["Wang"])
        home.address = home.address_short = "梧桐路18号3幢2单元501室"
        model = next(name for name, one in story.centre.devices.models.items() if one.monthly_test)
        session.execute(update(Device).where(Device.number == "FALL-1").values(model=model))
    story.press("SOS-1")
    boss, month = story.town.actor("boss"), monthly.Month(story.now.date().replace(day=1))
    wall_id = wall.add(story.centre, story.act("boss"), name="duty room", area_id=None)
    lists = {
        "live": live.snapshot(story.centre, boss, story.now),
        "history": desk.cases(story.centre, boss, desk.CaseFilter(), ALL, story.now),
        "register": listing.elders(story.centre, boss, listing.ElderFilter(), ALL, story.now),
        "devices": devices.devices(story.centre, boss, devices.DeviceFilter(), ALL, story.now),
        "monthly": list(monthly.export(story.centre, boss, month, story.now)),
        "wall": wall.board(story.centre, wall_id["token"], story.now),
    }
    story.take("lin")
    for name, found in lists.items():
        text = json.dumps(found, ensure_ascii=False, default=str)
        assert "501" not in text, name
        assert ("梧桐路18号3幢****" in text) == (name != "wall"), name
    assert wang.case("lin")["household"]["address"] == "梧桐路18号3幢2单元501室"
    assert "501" not in json.dumps(wang.case("mei"))


# -- reveal


def test_a_reveal_is_logged_with_its_reason_and_stands_in_the_file(story: Story, wang: File) -> None:
    found = reveal.reveal(wang.centre, wang.elder_id, story.act("lin"), ["phone", "contacts", "phone"], "she asked")
    assert found["values"]["phone"] == PHONE
    assert [c["phone"] for c in found["values"]["contacts"]] == [DAUGHTER, "13700000001"]
    seen = reveal.accesses(wang.centre, wang.elder_id, story.town.actor("mei"), ALL)
    assert [(i["action"], i["reason"], i["actor"]["name"]) for i in seen["items"]] == [("reveal", "she asked", "Lin")]
    assert seen["items"][0]["data"] == {"fields": ["phone", "contacts"]}
    assert PHONE not in json.dumps(seen), "the log holds no values"
    story.press("SOS-1")
    story.take("mei")
    seen = reveal.accesses(wang.centre, wang.elder_id, story.town.actor("mei"), ALL)
    assert [e["actor"]["name"] for e in seen["emergencies"]] == ["Mei"]
    last = reveal.last_reveals(wang.centre, story.town.actor("boss"), ALL, story.now - timedelta(days=7))
    assert last["by_person"] == [{"name": "Lin", "count": 1}]
    assert last["items"][0]["elder"] == "Wang"
    west = reveal.last_reveals(wang.centre, story.town.actor("west_op"), ALL, story.now - timedelta(days=7))
    assert (west["items"], west["by_person"]) == ([], [])


def test_what_cannot_be_revealed(story: Story, wang: File) -> None:
    for fields in ([], ["password"]):
        with pytest.raises(Invalid):
            reveal.reveal(wang.centre, wang.elder_id, story.act("lin"), fields, "why not")
    with pytest.raises(NotFound):
        reveal.reveal(wang.centre, wang.elder_id, story.act("west_op"), ["phone"], "curious")
    assert wang.rows(TrailEntry) == []


# -- telling afterwards


def agree(wang: File, purpose: str, given: bool = True) -> None:
    word = Word(purpose, given, "telephone", "Wang", read_by="Lin")
    consents.record_consent(wang.centre, wang.elder_id, wang.story.act("lin"), word)


def test_an_emergency_without_consent_is_told_afterwards(story: Story, wang: File) -> None:
    story.press("SOS-1")
    assert wang.duties() == [], "nobody has looked yet"
    story.take("lin")
    duty = wang.duties()[0]
    assert (duty["elder"]["name"], duty["purpose"], duty["late"]) == ("Wang", "emergency_response", False)
    assert len(wang.duties()) == 1, "once, however often the clock looks"
    story.sleep(72 * 3600 + 1)
    assert wang.duties()[0]["late"]
    telling.told(wang.centre, int(duty["id"]), story.act("boss"), "by telephone, she was glad")
    assert wang.duties() == []
    with pytest.raises(Conflict):
        telling.told(wang.centre, int(duty["id"]), story.act("boss"), "again")
    with pytest.raises(NotFound):
        telling.told(wang.centre, 99_999, story.act("boss"), "nobody")
    story.close("talk")


def test_who_agreed_before_need_not_be_told(story: Story, wang: File) -> None:
    agree(wang, "emergency_response")
    story.sleep(10)
    story.press("SOS-1")
    story.take("lin")
    story.close("talk")
    assert wang.duties() == []
    story.sleep(10)
    agree(wang, "emergency_response", given=False)
    assert wang.duties() == [], "what was done under the consent stays right"
    story.press("SOS-1")
    story.take("lin")
    story.sleep(1)
    agree(wang, "emergency_response")
    assert len(wang.duties()) == 1, "a consent that came afterwards heals nothing"
    story.close("talk")


# -- sharing


def test_what_is_given_away_needs_a_ground(story: Story, wang: File) -> None:
    def give(basis: Basis, purpose: str = "share_provider", **more: Any) -> dict[str, Any]:
        given = Given("Spring Home Care", "provider", purpose, ("address",), basis, wang.elder_id, **more)
        return sharing.record_sharing(wang.centre, story.act("boss"), given)

    with pytest.raises(Conflict):
        give(Basis.CONSENT)
    agree(wang, "share_provider")
    shared = give(Basis.CONSENT)
    assert (shared["article"], shared["consent_id"]) == ("13(1)(1)", str(wang.rows(Consent)[0].id))
    with pytest.raises(Invalid):
        give(Basis.EMERGENCY, "share_rescue")
    with pytest.raises(Invalid):
        give(Basis.LEGAL_DUTY, "gossip")
    story.press("SOS-1")
    story.take("lin")
    with pytest.raises(Invalid):
        give(Basis.EMERGENCY, case_id=story.case.id)  # this purpose waits for consent, emergency or not
    give(Basis.EMERGENCY, "share_rescue", case_id=story.case.id)
    give(Basis.EMERGENCY, "share_rescue", case_id=story.case.id)
    assert sorted(d["purpose"] for d in wang.duties()) == ["emergency_response", "share_rescue"]
    log = sharing.list_sharings(wang.centre, story.town.actor("boss"), ALL)["items"]
    assert [s["purpose"] for s in log] == ["share_rescue", "share_rescue", "share_provider"]
    assert sharing.list_sharings(wang.centre, story.town.actor("west_op"), ALL)["items"] == []
    story.close("talk")


# -- requests


def test_a_request_has_thirty_days(story: Story, wang: File) -> None:
    asked = wang.ask(Right.CORRECTION, text="my street has a new name")
    assert asked["due_at"] == desk.stamp(story.now + timedelta(days=30))
    assert (wang.listed()["open"], wang.listed()["late"]) == (1, 0)
    story.sleep(24 * 86_400)
    assert wang.listed()["items"][0]["soon"]
    story.sleep(6 * 86_400 + 1)
    assert (wang.listed()["items"][0]["late"], wang.listed()["late"]) == (True, 1)


def test_nothing_is_granted_before_the_asker_is_checked(story: Story, wang: File) -> None:
    number = int(wang.ask(Right.CORRECTION)["id"])
    boss = story.act("boss")
    with pytest.raises(Conflict):
        requests.decide(wang.centre, number, boss, Verdict(True, "done"))
    requests.check_identity(wang.centre, number, boss, "called back on the known number")
    with pytest.raises(Conflict):
        requests.check_identity(wang.centre, number, boss, "again")
    with pytest.raises(VersionConflict):
        requests.decide(wang.centre, number, story.act("boss", version=1), Verdict(True, "done"))
    done = requests.decide(wang.centre, number, story.act("boss", version=2), Verdict(True, "street corrected"))
    assert (done["state"], done["answer"], done["late"]) == ("granted", "street corrected", False)
    with pytest.raises(Conflict):
        requests.decide(wang.centre, number, boss, Verdict(False, "no"))
    assert [r["id"] for r in wang.listed("done")["items"]] == [str(number)]


def test_a_refusal_needs_no_check_and_says_why(story: Story, wang: File) -> None:
    number = int(wang.ask(Right.DELETION)["id"])
    done = requests.decide(wang.centre, number, story.act("boss"), Verdict(False, "the law has us keep it until 2029"))
    assert done["state"] == "refused"
    other = int(wang.ask(Right.ACCESS)["id"])
    assert requests.withdraw(wang.centre, other, story.act("boss"), "found it herself")["state"] == "withdrawn"
    for act in ("west_op",):
        with pytest.raises(NotFound):
            requests.withdraw(wang.centre, other, story.act(act), "x")


def test_who_asks_in_somebodys_stead_has_a_name(story: Story, wang: File) -> None:
    with pytest.raises(Invalid):
        wang.ask(Right.COPY, asker=Asker.GUARDIAN)
    assert wang.ask(Right.COPY, asker=Asker.GUARDIAN, asker_name="Daughter")["asker_name"] == "Daughter"


# -- the whole record


def test_the_record_is_whole_and_only_for_a_checked_asker(story: Story, wang: File) -> None:
    agree(wang, "visits")
    story.press("SOS-1")
    story.take("lin")
    story.note("she fell in the bath")
    story.close("talk")

    def export(number: int) -> dict[str, Any]:
        return record.export_record(wang.centre, wang.elder_id, story.act("boss"), request_id=number, format_="json")

    unchecked = int(wang.ask(Right.COPY)["id"])
    with pytest.raises(Conflict):
        export(unchecked)
    with pytest.raises(Conflict):
        export(wang.checked(Right.CORRECTION))
    found = export(wang.checked(Right.COPY))
    assert found["elder"]["phone"] == PHONE
    assert found["contacts"][0]["phone"] == DAUGHTER
    assert found["elder"]["facts"][0]["text"] == "a stent"
    assert "she fell in the bath" in json.dumps(found["cases"])
    assert found["groups"][0]["code"] == "living_alone"
    assert found["household"]["access_notes"] == "key under the mat"
    seen = reveal.accesses(wang.centre, wang.elder_id, story.town.actor("boss"), ALL)["items"]
    assert seen[0]["action"] == "record_exported"


# -- erasing


def test_a_granted_deletion_leaves_nobody_behind(story: Story, wang: File) -> None:
    agree(wang, "visits")
    story.press("SOS-1")
    with pytest.raises(Conflict):
        wang.grant(Right.DELETION)
    story.take("lin")
    story.note("Wang fell in the bath")
    story.close("talk")
    before = [(e.id, e.text) for e in wang.rows(CaseEvent)]
    signals = len(wang.rows(Signal))
    done = wang.grant(Right.DELETION)
    assert done["outcome"] == {"contacts": 2, "facts": 1, "cases": 1}
    elder = wang.rows(Elder)[0]
    assert (elder.name, elder.phone, elder.flags, elder.birth_date) == (erase.ANONYMOUS, None, [], date(1940, 1, 1))
    assert (elder.phone_index, elder.phone_tail_index, elder.archive_reason) == (None, None, "erased")
    assert {c.name for c in wang.rows(Contact)} == {erase.ANONYMOUS}
    assert [(e.id, e.text) for e in wang.rows(CaseEvent)] == before, "the timeline stays as it was written"
    assert len(wang.rows(Signal)) == signals
    told = desk.timeline(wang.centre, story.case.id, story.town.actor("boss"), 200, None)
    assert told["restricted"]
    everything = json.dumps([told, wang.case("boss"), wang.file("boss")])
    for secret in ("bath", PHONE, DAUGHTER, "mat", "Elm Road", "stent"):
        assert secret not in everything, secret


def test_every_column_of_an_elder_is_decided_upon() -> None:
    assert set(Elder.__table__.columns.keys()) == set(erase.BLANK) | erase.INDEXES | erase.STATISTICS, (
        "a new column of elders: does it say who somebody is? dispatch/services/privacy/erase.py must know"
    )


def test_a_home_with_somebody_else_keeps_its_address(story: Story, wang: File) -> None:
    with story.centre.database.sessions.begin() as session:
        husband = session.get_one(Elder, story.town.elders["Zhao"])
        husband.household_id = story.town.households["Wang"]
    wang.grant(Right.DELETION)
    actor = story.town.actor("boss")
    found = file.elder_file(wang.centre, story.town.elders["Zhao"], actor, story.now)
    assert found["household"]["address"].startswith("Elm Road 1")


# -- retention


def old(wang: File, table: Any, **values: datetime) -> None:
    with wang.centre.database.sessions.begin() as session:
        session.execute(update(table).values(values))


def test_the_night_clears_what_was_kept_long_enough(story: Story, wang: File) -> None:
    story.call("ringing", "c1", caller=PHONE)
    story.call("recording", "c1", recording_url="https://pbx.example/c1.wav")
    story.break_network(down=True)
    story.press("SOS-1")
    story.take("lin")
    story.note("she fell")
    story.close("talk")
    story.sleep(13 * 30.5 * 86_400)
    preview = {i["kind"]: i for i in retention.preview(wang.centre, story.now)["items"]}
    assert (preview["recordings"]["due"], preview["calls"]["due"], preview["emergencies"]["due"]) == (1, 0, 0)
    assert (preview["trail"]["act"], preview["visits"]["act"]) == ("keep", "clear")
    wang.night()
    call = wang.rows(Call)[0]
    assert (call.recording_url, call.caller) == (None, PHONE)
    wang.night(2 * 365)
    assert wang.rows(Call)[0].caller is None
    told = desk.timeline(wang.centre, wang.story.get(2).id, story.town.actor("boss"), 200, None)
    assert told["restricted"]
    assert all(m.body == "" for m in wang.rows(Message))
    assert any(e.text == "she fell" for e in wang.rows(CaseEvent)), "kept, and shown to nobody"
    assert wang.night() == 0, "what is done is done"


def test_an_open_case_and_its_messages_are_never_shut_away(story: Story, wang: File) -> None:
    story.press("SOS-1")
    story.take("lin")
    old(wang, Case, opened_at=story.now - timedelta(days=4000))
    wang.night(2)
    assert not wang.case("lin")["restricted"]
    story.close("talk")


def test_an_archived_elder_becomes_nobody_after_the_period(story: Story, wang: File) -> None:
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Elder).where(Elder.id == wang.elder_id).values(archived_at=story.now))
    wang.night(35 * 30)
    assert wang.rows(Elder)[0].name == "Wang"
    wang.night(90)
    assert wang.rows(Elder)[0].name == erase.ANONYMOUS
    assert [e.name for e in wang.rows(Elder)[1:3]] == ["Zhao", "Qian"]


def test_a_night_is_worked_once_and_made_up_for(story: Story, wang: File) -> None:
    midnight = story.now.replace(hour=16, minute=30)  # half past midnight there: not yet
    retention.tick(wang.centre, midnight)
    assert wang.rows(RetentionRun) == []
    for _ in range(3):
        retention.tick(wang.centre, midnight + timedelta(hours=20))
    runs = wang.rows(RetentionRun)
    assert [(r.day, r.finished_at is not None) for r in runs] == [(date(2026, 11, 25), True)]
    retention.tick(wang.centre, midnight + timedelta(days=9, hours=20))
    assert [r.day for r in wang.rows(RetentionRun)] == [date(2026, 11, 25), date(2026, 12, 4)]


def test_what_was_shared_and_asked_is_kept_three_years(story: Story, wang: File) -> None:
    agree(wang, "share_provider")
    given = Given("Spring", "provider", "share_provider", ("address",), Basis.CONSENT, wang.elder_id)
    sharing.record_sharing(wang.centre, story.act("boss"), given)
    number = int(wang.ask(Right.COPY, text="all of it")["id"])
    requests.withdraw(wang.centre, number, story.act("boss"), "no need")
    wang.night(3 * 365 - 2)
    assert len(wang.rows(Sharing)) == 1
    assert wang.listed("done")["items"][0]["text"] == "all of it"
    wang.night(5)
    assert wang.rows(Sharing) == []
    assert wang.listed("done")["items"][0]["text"] is None


# -- incidents and impact assessments


def incident(story: Story, **more: Any) -> NewIncident:
    given = {
        "title": "a list was sent to the wrong station",
        "discovered_at": story.now,
        "kinds": ("name", "phone"),
        "cause": "wrong address",
        "harm": "calls by strangers",
        "measures": "list deleted there, confirmed in writing",
        "advice": "do not answer unknown numbers",
        "contact": "centre, 0467-0000000",
        "persons": 12,
    }
    return NewIncident(**{**given, **more})


def test_an_incident_is_closed_when_all_were_told(story: Story, wang: File) -> None:
    boss = story.act("boss")
    found = ledger.report_incident(wang.centre, boss, incident(story))
    number = int(found["id"])
    for missing in ({"closed_at": story.now}, {"closed_at": story.now, "authority_told_at": story.now}):
        with pytest.raises(Invalid):
            ledger.change_incident(wang.centre, number, boss, missing)
    with pytest.raises(Invalid):
        ledger.change_incident(wang.centre, number, boss, {"persons_told_at": story.now + timedelta(days=1)})
    all_told = {"authority_told_at": story.now, "not_told_reason": "no harm can come", "closed_at": story.now}
    assert ledger.change_incident(wang.centre, number, boss, all_told)["closed_at"] is not None
    with pytest.raises(VersionConflict):
        ledger.change_incident(wang.centre, number, story.act("boss", version=1), {"persons": 11})
    with pytest.raises(NotFound):
        ledger.change_incident(wang.centre, 99, boss, {})
    with pytest.raises(Invalid):
        ledger.report_incident(wang.centre, boss, incident(story, occurred_at=story.now + timedelta(hours=1)))
    assert len(ledger.list_incidents(wang.centre, story.town.actor("boss"), ALL)["items"]) == 1


def test_an_incident_is_read_where_it_happened(story: Story, wang: File) -> None:
    ledger.report_incident(wang.centre, story.act("west_op"), incident(story, title="in the West"))
    boss, west = story.town.actor("boss"), story.town.actor("west_op")
    number = int(ledger.report_incident(wang.centre, story.act("boss"), incident(story))["id"])
    assert [i["title"] for i in ledger.list_incidents(wang.centre, west, ALL)["items"]] == ["in the West"]
    assert len(ledger.list_incidents(wang.centre, boss, ALL)["items"]) == 2
    with pytest.raises(NotFound):
        ledger.change_incident(wang.centre, number, story.act("west_op"), {"persons": 1})


def test_an_impact_assessment_is_kept_three_years(story: Story, wang: File) -> None:
    new = NewImpact("Recording calls", "sensitive", "law", "small", "masks", date(2026, 11, 1), "An Na")
    found = ledger.register_impact(wang.centre, story.act("boss"), new)
    assert found["keep_until"] == "2029-11-01"
    with pytest.raises(Invalid):
        ledger.register_impact(
            wang.centre, story.act("boss"), NewImpact(**{**new.__dict__, "assessed_on": date(2027, 1, 1)})
        )
    wang.night(3 * 365 - 1)
    assert len(wang.rows(ImpactAssessment)) == 1


def test_the_trail_holds_codes_and_no_values(story: Story, wang: File) -> None:
    agree(wang, "visits")
    reveal.reveal(wang.centre, wang.elder_id, story.act("lin"), ["phone", "address", "contacts"], "she asked")
    wang.grant(Right.DELETION)
    told = json.dumps([e.data for e in wang.rows(TrailEntry)])
    for secret in (PHONE, DAUGHTER, "Wang", "Elm Road", "mat"):
        assert secret not in told
