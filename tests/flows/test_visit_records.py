"""The record of a check-in visit: what was seen, what proves it, what was found there; by visitor and desk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.case import Help
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound
from dispatch.domain.followup import drawn
from dispatch.domain.helps.assignments import Fix
from dispatch.domain.visits.form import Grade, Need, Sheet
from dispatch.domain.visits.periods import month_of
from dispatch.domain.visits.tries import Why
from dispatch.domain.visits.visit import Mode, Trigger, VisitState
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.followup import FollowUpLot
from dispatch.models.people import User
from dispatch.models.visit_records import CheckinCheck, CheckinReport
from dispatch.models.visits import CheckinMonth, CheckinRecord, CheckinRefusal, CheckinVisit
from dispatch.services.desk import PageOf
from dispatch.services.helps import cards
from dispatch.services.privacy import retention
from dispatch.services.register import elders
from dispatch.services.visits import (
    checking,
    corrections,
    findings,
    lines,
    myround,
    pictures,
    recording,
    refusing,
    reports,
    tasks,
    view,
)
from dispatch.services.visits.attempts import Attempt
from dispatch.services.visits.checking import Said
from dispatch.services.visits.corrections import Asked
from dispatch.services.visits.findings import Matter
from dispatch.services.visits.pictures import Picture
from dispatch.services.visits.proof import Proof
from dispatch.services.work import Act
from tests.support.factories import START, Town, password_hash
from tests.support.helps import EVERYTHING, FAR, NEAR, employ, north
from tests.support.visits import MONTH, generate, visit_of

VISITOR = replace(NEAR, skills=(*EVERYTHING, "visits"))
JPEG = b"\xff\xd8\xff\xe0 a stove"
PNG = b"\x89PNG\r\n\x1a\n a name"


@pytest.fixture
def visitors(town: Town) -> dict[str, int]:
    """Near visits in the East; Far works there, and visits nobody."""
    ids = employ(town, VISITOR, replace(FAR, user="lin"))
    generate(town)
    return ids


@pytest.fixture
def two_visitors(town: Town) -> None:
    """Near and Far, each with a sign-in of their own."""
    with town.centre.database.sessions.begin() as session:
        other = User(username="other", name="Other", roles=["provider"], area_ids=[town.areas["Town"]], locale="en")
        other.password_hash = password_hash()
        session.add(other)
        session.flush()
        town.users["other"] = other.id
    employ(town, VISITOR, replace(FAR, user="other", skills=VISITOR.skills))
    generate(town)


def act(town: Town, hours: float = 0, by: str = "helper") -> Act:
    return Act(town.actor(by), START + timedelta(hours=hours))


def sheet(town: Town, mode: Mode = Mode.HOME, **more: Any) -> Sheet:
    asked = town.centre.visits.form.asked(START.date(), mode)
    return Sheet(**{"items": dict.fromkeys(asked, Grade.GOOD), "economy": "enough", "supporter": "came", **more})


def at_home(town: Town, hours: float = 0, metres: float = 20, **more: Any) -> Attempt:
    at = START + timedelta(hours=hours)
    given = {
        "met": True,
        "mode": Mode.HOME,
        "started_at": at - timedelta(minutes=20),
        "ended_at": at,
        "sheet": sheet(town),
        "proof": Proof(Fix(north(metres), 10)),
        **more,
    }
    return Attempt(**given)


def say(town: Town, name: str, attempt: Attempt, hours: float = 0, by: str = "helper") -> dict[str, Any]:
    return dict(recording.record(town.centre, visit_of(town, name).id, act(town, hours, by), attempt))


def seen(town: Town, name: str) -> dict[str, Any]:
    return dict(view.visit(town.centre, visit_of(town, name).id, act(town, by="boss")))


def waiting(town: Town, by: str = "boss") -> list[dict[str, Any]]:
    return list(reports.listed(town.centre, town.actor(by), "waiting", PageOf(10, None))["items"])


def decide(
    town: Town, report: dict[str, Any], hours: float, by: str, *, counts: bool = True, reason: str | None = None
) -> dict[str, Any]:
    who = act(town, hours, by)
    return dict(reports.decide(town.centre, int(report["id"]), who, counts=counts, reason=reason))


def cases(town: Town) -> list[tuple[str, str, str | None, int]]:
    with town.centre.database.reads() as session:
        found = session.scalars(select(Case).order_by(Case.id)).all()
        return [(case.kind, case.channel, case.help, case.priority) for case in found]


# -- the form


def test_fifteen_items_in_five_classes_and_two_more_in_winter(town: Town) -> None:
    form = town.centre.visits.form
    november, july = START.date(), START.date().replace(month=7)
    assert len(form.classes) == 5
    assert len(form.asked(july, Mode.HOME)) == 15
    assert set(form.asked(november, Mode.HOME)) - set(form.asked(july, Mode.HOME)) == {"heating", "coal_gas"}
    assert "coal_gas" in form.asked(november, Mode.PHONE)
    assert "indoors" not in form.asked(november, Mode.PHONE)


@pytest.mark.usefixtures("visitors")
def test_in_winter_nobody_leaves_the_stove_out(town: Town) -> None:
    items = {code: grade for code, grade in sheet(town).items.items() if code != "coal_gas"}
    with pytest.raises(Invalid, match="coal_gas"):
        say(town, "Wang", at_home(town, sheet=sheet(town, items=items)))
    with pytest.raises(Invalid):
        say(town, "Wang", at_home(town, sheet=sheet(town, items={**sheet(town).items, "roof": Grade.POOR})))
    assert visit_of(town, "Wang").state == VisitState.PLANNED


# -- the record


@pytest.mark.usefixtures("visitors")
def test_a_visitor_records_what_was_seen_and_sends_it_twice(town: Town) -> None:
    filled = sheet(town, policy=True, next_on=START.date() + timedelta(days=14))
    attempt = at_home(town, sheet=filled, note="likes company", client_uuid="r1")
    first = say(town, "Wang", attempt)
    assert (first["applied"], first["state"], first["flags"]) == (True, "done", [])
    assert say(town, "Wang", attempt, 2) == first
    found = seen(town, "Wang")
    assert found["worker"]["name"] == "Near"
    assert (found["seen"]["items"]["coal_gas"], found["seen"]["supporter"], found["seen"]["policy"]) == (
        "good",
        "came",
        True,
    )
    assert (found["seen"]["note"], found["seen"]["next_on"], found["seen"]["distance_m"]) == (
        "likes company",
        "2026-12-08",
        20,
    )


@pytest.mark.usefixtures("visitors")
def test_needs_become_requests_and_what_is_urgent_an_emergency_linked_both_ways(town: Town) -> None:
    needs = (Need(Help.MEAL, "lunch on weekdays"), Need(Help.CLEAN))
    attempt = at_home(town, sheet=sheet(town, needs=needs, urgent="smoke in the room"), client_uuid="r1")
    answer = say(town, "Wang", attempt)
    say(town, "Wang", attempt, 1)
    assert cases(town) == [
        ("service", "visit", "meal", 3),
        ("service", "visit", "clean", 3),
        ("emergency", "visit", None, 1),
    ]
    assert [one["kind"] for one in answer["cases"]] == ["need", "need", "urgent"]
    assert [one["id"] for one in seen(town, "Wang")["cases"]] == [one["id"] for one in answer["cases"]]
    with town.centre.database.reads() as session:
        told = session.scalars(select(CaseEvent.data).where(CaseEvent.kind == "opened")).all()
    assert {data["visit"] for data in told} == {str(visit_of(town, "Wang").id)}


@pytest.mark.usefixtures("visitors")
def test_what_cannot_wait_is_said_before_the_record_and_opens_one_emergency(town: Town) -> None:
    visit = visit_of(town, "Wang").id
    matter = Matter("u1", START, "she lies on the floor")
    said = findings.report(town.centre, visit, act(town), matter)
    assert findings.report(town.centre, visit, act(town, 0.1), matter) == said
    say(town, "Wang", at_home(town, 0.5, sheet=sheet(town, urgent="she lay on the floor")), 0.5)
    assert cases(town) == [("emergency", "visit", None, 1)]
    findings.report(town.centre, visit, act(town, 1), Matter("u2", START, danger=True))
    assert cases(town)[1:] == [("emergency", "app", None, 1)]
    assert [one["kind"] for one in seen(town, "Wang")["cases"]] == ["urgent", "danger"]


@pytest.mark.usefixtures("visitors")
def test_a_telephone_call_asks_nobody_what_only_eyes_can_see(town: Town) -> None:
    call = at_home(town, mode=Mode.PHONE, sheet=sheet(town, Mode.PHONE), proof=Proof())
    assert say(town, "Wang", call)["flags"] == []
    assert seen(town, "Wang")["record"]["mode"] == "phone"


# -- who


def test_a_visitor_visits_where_they_go_and_what_is_booked_with_them(town: Town, visitors: dict[str, int]) -> None:
    assert say(town, "Qian", at_home(town))["why"] == "not_yours"  # in the West
    with town.centre.database.sessions.begin() as session:
        visit = session.get_one(CheckinVisit, visit_of(town, "Qian").id)
        tasks.step(visit, Trigger.BOOK, START)
        visit.worker_id, visit.planned_at, visit.minutes = visitors["Near"], START, 30
    assert say(town, "Qian", at_home(town, proof=Proof()))["applied"]


def test_without_the_skill_nobody_sees_who_is_to_be_visited(town: Town) -> None:
    employ(town, NEAR)
    generate(town)
    found = myround.of(town.centre, town.actor("helper"), START)
    assert (found["booked"], found["due"], found["left_out"]) == ([], [], 0)
    with pytest.raises(NotFound):
        recording.record(town.centre, 999_999, act(town), at_home(town))


def test_the_round_is_in_order_and_then_comes_whom_nobody_has_booked(town: Town, visitors: dict[str, int]) -> None:
    with town.centre.database.sessions.begin() as session:
        for hours, name in ((2, "Zhao"), (1, "Sun")):
            visit = session.get_one(CheckinVisit, visit_of(town, name).id)
            tasks.step(visit, Trigger.BOOK, START)
            visit.worker_id, visit.planned_at = visitors["Near"], START + timedelta(hours=hours)
    found = myround.of(town.centre, town.actor("helper"), START)
    assert [one["elder"]["name"] for one in found["booked"]] == ["Sun", "Zhao"]
    assert [one["elder"]["name"] for one in found["due"]] == ["Family", "Wang"]
    wang = found["due"][1]
    assert [one["name"] for one in wang["contacts"]] == ["Daughter", "Neighbour"]
    assert (wang["access"], wang["warnings"][0]["text"]) == ("code 2580", "living_alone")
    say(town, "Wang", at_home(town, sheet=sheet(town, items={**sheet(town).items, "gas": Grade.POOR})))
    found = myround.of(town.centre, town.actor("helper"), START)
    assert [one["called"] for one in found["over"]] == ["W奶奶"]
    generate(town, "2026-12")
    later = myround.of(town.centre, town.actor("helper"), START + timedelta(days=8))
    assert next(one["before"] for one in later["due"] if one["elder"]["name"] == "Wang")["poor"] == ["gas"]


# -- what stands in its way


@pytest.mark.usefixtures("visitors")
def test_what_somebody_else_has_recorded_is_kept_and_said_and_its_findings_are_cases(town: Town) -> None:
    say(town, "Wang", at_home(town), by="mei")
    second = say(town, "Wang", at_home(town, 1, sheet=sheet(town, needs=(Need(Help.MEAL),)), client_uuid="r2"), 1)
    assert (second["applied"], second["why"], second["by"]) == (False, "recorded", "Mei")
    assert say(town, "Wang", at_home(town, 1, client_uuid="r2"), 2)["applied"] is False
    assert cases(town) == [("service", "visit", "meal", 3)]
    (kept,) = seen(town, "Wang")["reports"]
    assert (kept["why"], kept["state"], kept["entered_by"]) == ("recorded", "waiting", "Near")
    with pytest.raises(Conflict):
        say(town, "Wang", at_home(town), by="lin")  # at the desk somebody reads the answer


@pytest.mark.usefixtures("visitors")
def test_who_died_or_moved_meanwhile_was_visited_all_the_same_and_it_is_said(town: Town) -> None:
    elders.archive(town.centre, town.elders["Wang"], act(town, 2, "boss"), "she has died", "died")
    answer = say(town, "Wang", at_home(town, client_uuid="r1"), 3)
    assert (answer["applied"], answer["why"]) == (True, "died")


@pytest.mark.usefixtures("visitors")
def test_what_comes_too_late_for_a_closed_month_becomes_a_correction_of_it(town: Town) -> None:
    with town.centre.database.sessions.begin() as session:
        session.get_one(CheckinMonth, MONTH).closed_at = START
    for name in ("Wang", "Zhao"):
        answer = say(town, name, at_home(town, client_uuid=name), 1)
        assert (answer["applied"], answer["why"], visit_of(town, name).state) == (False, "closed", "planned")
    with pytest.raises(Conflict, match="corrections belong to the next month"):
        say(town, "Wang", at_home(town, late_reason="a mistake"), 1, by="mei")
    wang, zhao = waiting(town)
    december = 24 * 8
    with pytest.raises(Invalid, match="came late"):
        decide(town, wang, december, "lin")
    decide(town, wang, december, "lin", reason="no signal in the village")
    decide(town, zhao, december, "lin", counts=False, reason="her daughter says otherwise")
    assert visit_of(town, "Wang").state == VisitState.PLANNED
    (found,) = corrections.listed(town.centre, town.actor("boss"), Asked(of=MONTH), PageOf(10, None))["items"]
    assert (found["elder"]["name"], found["kind"], found["day"], found["said_in"], found["reason"]) == (
        *("Wang", "visited", "2026-11-24", "2026-12", "no signal in the village"),
    )


@pytest.mark.usefixtures("visitors")
def test_nobody_opens_and_nobody_is_sent_for_an_elder_who_was_met(town: Town) -> None:
    nobody = Attempt(met=False, mode=Mode.HOME, started_at=START, ended_at=START, why=Why.NO_ANSWER)
    answer = say(town, "Wang", replace(nobody, client_uuid="t1"))
    assert (answer["applied"], answer["tries"], visit_of(town, "Wang").due) == (True, 1, "second_try")
    due = myround.of(town.centre, town.actor("helper"), START)["due"]
    assert {one["elder"]["name"]: one["tries"] for one in due}["Wang"] == 1
    say(town, "Zhao", at_home(town))
    assert say(town, "Zhao", replace(nobody, client_uuid="t2"), 1)["applied"] is False
    assert visit_of(town, "Zhao").due is None


@pytest.mark.usefixtures("visitors")
def test_a_refusal_at_the_door_is_written_down_whatever_became_of_the_visit(town: Town) -> None:
    said = refusing.No("Wang", START.date(), lasting=True)
    say(town, "Wang", at_home(town), by="mei")
    answer = refusing.refuse(town.centre, visit_of(town, "Wang").id, replace(act(town), key="k1"), said)
    assert (answer["applied"], answer["why"]) == (False, "done")
    refusing.refuse(town.centre, visit_of(town, "Wang").id, replace(act(town, 1), key="k1"), said)
    with town.centre.database.reads() as session:
        assert [no.recorded_by for no in session.scalars(select(CheckinRefusal))] == ["Near"]


def book(town: Town, name: str, worker_id: int, hours: float = 1) -> int:
    with town.centre.database.sessions.begin() as session:
        visit = session.get_one(CheckinVisit, visit_of(town, name).id)
        tasks.step(visit, Trigger.BOOK, START)
        visit.worker_id, visit.planned_at, visit.minutes = worker_id, START + timedelta(hours=hours), 30
        return visit.id


def test_a_round_that_was_planned_anew_meanwhile_loses_nothing(town: Town) -> None:
    """Near, who visits only what is booked with them, is without a network; the desk gives the visit to Far."""
    ids = employ(town, NEAR, replace(FAR, user="lin"))
    generate(town)
    visit = book(town, "Wang", ids["Near"])
    book(town, "Wang", ids["Far"])
    pictures.keep(town.centre, visit, act(town, 2), Picture("p1", "photo", START, JPEG))
    filled = sheet(town, needs=(Need(Help.MEAL),), urgent="smoke in the room")
    attempt = at_home(town, 1, sheet=filled, note="likes company", client_uuid="r1")
    answer = say(town, "Wang", attempt, 2)
    said = {"applied": False, "why": "not_yours", "by": None, "flags": [], "cases": []}
    assert answer == {"id": str(visit), **said}, "and they learn nothing of what is another's"
    assert say(town, "Wang", attempt, 3) == answer
    assert cases(town) == [("service", "visit", "meal", 3), ("emergency", "visit", None, 1)]
    (report,) = waiting(town)
    assert (report["why"], report["entered_by"], report["visit"]["worker"]) == ("not_yours", "Near", "Far")
    assert (report["said"]["note"], report["said"]["sheet"]["items"]["gas"]) == ("likes company", "good")
    assert waiting(town, "west_op") == []
    assert visit_of(town, "Wang").state == VisitState.BOOKED
    decide(town, report, 3, "mei")
    found = seen(town, "Wang")
    assert (found["state"], found["worker"]["name"], found["record"]["recorded_by"]) == ("done", "Near", "Near")
    assert (found["seen"]["channel"], found["seen"]["distance_m"], len(found["pictures"])) == ("app", 20, 1)


def test_nobody_met_and_a_refusal_are_kept_like_that_too(town: Town) -> None:
    employ(town, NEAR)
    generate(town)
    nobody = Attempt(met=False, mode=Mode.HOME, started_at=START, ended_at=START, client_uuid="t1")
    assert say(town, "Wang", nobody)["why"] == "not_yours"
    no = refusing.No("Zhao", START.date(), lasting=True)
    said = replace(act(town), key="k1")
    for _ in range(2):
        assert refusing.refuse(town.centre, visit_of(town, "Zhao").id, said, no)["why"] == "not_yours"
    tried, refused = waiting(town)
    decide(town, tried, 1, "mei")
    decide(town, refused, 1, "mei")
    assert (visit_of(town, "Wang").tries, visit_of(town, "Wang").due) == (1, "second_try")
    assert visit_of(town, "Zhao").state == VisitState.REFUSED
    assert [one["recorded_by"] for one in seen(town, "Wang")["tried"]] == ["Near"]


@pytest.mark.usefixtures("visitors")
def test_what_was_recorded_meanwhile_can_only_be_set_aside(town: Town) -> None:
    say(town, "Wang", at_home(town), by="mei")
    say(town, "Wang", at_home(town, 1, client_uuid="r2"), 1)
    with pytest.raises(Conflict, match="Mei has recorded"):
        decide(town, waiting(town)[0], 2, "lin")
    decide(town, waiting(town)[0], 2, "lin", counts=False, reason="both were there")
    assert waiting(town) == []


@pytest.mark.usefixtures("visitors")
def test_a_telephone_whose_clock_is_wrong_is_heard(town: Town) -> None:
    """Ahead by a day: nobody has been in the future. Behind by a month: kept, since the visit was not due then."""
    ahead = at_home(town, 24, client_uuid="r1", proof=Proof(Fix(north(20), 10), START + timedelta(hours=24)))
    answer = say(town, "Wang", ahead, 1)
    assert (answer["applied"], answer["flags"]) == (True, ["clock_wrong"])
    assert seen(town, "Wang")["record"]["ended_at"].startswith("2026-11-24T09:00")
    behind = at_home(town, -24 * 40, client_uuid="r2")
    assert say(town, "Zhao", behind, 1)["why"] == "not_due"
    assert [one["why"] for one in waiting(town)] == ["not_due"]


@pytest.mark.usefixtures("two_visitors")
def test_two_visitors_at_one_moment_and_each_of_them_twice(town: Town) -> None:
    filled = sheet(town, needs=(Need(Help.MEAL),))

    def send(who: str) -> tuple[str, bool]:
        answer = say(town, "Wang", at_home(town, sheet=filled, client_uuid=who), 0.1, who)
        return who, bool(answer["applied"])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(send, ["helper", "other"] * 2))
    first = next(who for who, applied in found if applied)
    assert found == [(who, who == first) for who in ["helper", "other"] * 2]
    assert [one["why"] for one in waiting(town)] == ["recorded"]
    assert cases(town) == [("service", "visit", "meal", 3)], "both have seen that she needs it"


# -- its proof


@pytest.mark.usefixtures("visitors")
def test_what_is_odd_about_the_proof_is_flagged_and_never_refused(town: Town) -> None:
    assert say(town, "Wang", at_home(town, metres=2000))["flags"] == ["far_check_in"]
    there = at_home(town, 0.1, metres=90_000, proof=Proof(Fix(north(90_000), 10)))
    assert say(town, "Zhao", there, 0.1)["flags"] == ["far_check_in", "impossible_travel", "overlap"]
    fast = at_home(town, 3, started_at=START + timedelta(hours=3), proof=Proof(clock_at=START + timedelta(hours=11)))
    assert say(town, "Family", fast, 3)["flags"] == ["no_position", "clock_wrong"]


@pytest.mark.usefixtures("visitors")
def test_the_code_of_the_card_stands_in_for_a_position(town: Town) -> None:
    code = cards.issue(town.centre, town.elders["Wang"], act(town, by="lin"))["code"]
    assert say(town, "Wang", at_home(town, proof=Proof(code=code)))["flags"] == []
    wrong = at_home(town, 1, proof=Proof(code=code))
    assert say(town, "Zhao", wrong, 1)["flags"] == ["no_position"], "she has no card"
    assert seen(town, "Wang")["seen"]["card"] == "right"


@pytest.mark.usefixtures("visitors")
def test_equally_long_visits_one_after_the_other(town: Town) -> None:
    flags = [
        say(town, name, at_home(town, hours), hours)["flags"]
        for hours, name in enumerate(("Wang", "Zhao", "Family", "Sun"))
    ]
    assert flags == [[], [], [], ["equal_lengths"]]


@pytest.mark.usefixtures("visitors")
def test_pictures_come_once_before_or_after_the_record_and_a_signature_only_with_consent(town: Town) -> None:
    visit = visit_of(town, "Wang").id
    picture = Picture("p1", "photo", START, JPEG)
    assert pictures.keep(town.centre, visit, act(town), picture)["flags"] == []
    assert pictures.keep(town.centre, visit, act(town, 1), picture)["picture"]["id"] == "1"
    with pytest.raises(Invalid):
        pictures.keep(town.centre, visit, act(town), Picture("s1", "signature", START, PNG))
    pictures.keep(town.centre, visit, act(town), Picture("s1", "signature", START, PNG, consent=True))
    say(town, "Wang", at_home(town))
    other = visit_of(town, "Zhao").id
    say(town, "Zhao", at_home(town, 1), 1)
    again = pictures.keep(town.centre, other, act(town, 1), Picture("p2", "photo", START, JPEG))
    assert again["flags"] == ["same_photo"]
    assert seen(town, "Zhao")["seen"]["flags"] == ["same_photo"]
    assert [one["kind"] for one in seen(town, "Wang")["pictures"]] == ["photo", "signature"]
    content, kind = pictures.content(town.centre, visit, 2, act(town, by="boss"))
    assert (content, kind) == (PNG, "image/png")


@pytest.mark.usefixtures("visitors")
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("photo", b"<html><script>alert(1)</script>"),
        ("photo", PNG),
        ("photo", b"GIF89a"),
        ("photo", b""),
        ("photo", JPEG + b"0" * 400 * 1024),
        ("signature", JPEG),
        ("signature", b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2),
    ],
)
def test_what_is_no_small_picture_is_none(town: Town, kind: str, content: bytes) -> None:
    visit = visit_of(town, "Wang").id
    with pytest.raises(Invalid):
        pictures.keep(town.centre, visit, act(town), Picture("p1", kind, START, content, consent=True))
    assert seen(town, "Wang")["pictures"] == []


@pytest.mark.usefixtures("two_visitors")
def test_each_of_two_visitors_may_send_pictures(town: Town) -> None:
    visit = visit_of(town, "Wang").id
    for n in range(pictures.MOST):
        pictures.keep(town.centre, visit, act(town), Picture(f"p{n}", "photo", START, JPEG + bytes([n])))
    with pytest.raises(Invalid, match="6 of one visit"):
        pictures.keep(town.centre, visit, act(town), Picture("p7", "photo", START, JPEG + b"7"))
    pictures.keep(town.centre, visit, act(town, by="other"), Picture("q1", "photo", START, JPEG + b"8"))
    assert len(seen(town, "Wang")["pictures"]) == 7


@pytest.mark.usefixtures("visitors")
def test_the_board_says_why_the_evidence_is_weak(town: Town) -> None:
    say(town, "Wang", at_home(town))
    say(town, "Zhao", at_home(town, 2, metres=5000, started_at=START + timedelta(hours=1.5)), 2)
    say(town, "Family", at_home(town, 4, started_at=START + timedelta(hours=3.6), proof=Proof()), 4)
    look = lines.Look(month_of(START.date()), START.date(), closed=False)

    def evidence() -> dict[str, list[str]]:
        with town.centre.database.reads() as session:
            found = lines.of(session, town.centre, look, town.elders.values())
        return {name: found[town.elders[name]].evidence for name in ("Wang", "Zhao", "Family", "Sun")}

    assert evidence() == {"Wang": [], "Zhao": ["far"], "Family": ["no_place"], "Sun": []}
    pictures.keep(town.centre, visit_of(town, "Family").id, act(town, 5), Picture("p1", "photo", START, JPEG))
    say(town, "Sun", at_home(town), 1, by="mei")
    assert evidence() == {"Wang": [], "Zhao": ["far"], "Family": [], "Sun": ["at_desk"]}


# -- afterwards


@pytest.mark.usefixtures("visitors")
def test_what_the_desk_writes_down_long_afterwards_counts_when_a_second_person_says_so(town: Town) -> None:
    visit = visit_of(town, "Wang").id
    paper = at_home(town, proof=Proof())
    with pytest.raises(Invalid, match="why"):
        say(town, "Wang", paper, 48, "mei")
    waits = say(town, "Wang", replace(paper, late_reason="the paper came today"), 48, "mei")
    assert (waits["applied"], waits["why"], waits["state"]) == (False, "late", "planned")
    (report,) = waiting(town)
    assert (report["why"], report["reason"], report["visit"]["id"]) == ("late", "the paper came today", str(visit))
    with pytest.raises(Forbidden):
        decide(town, report, 49, "mei")
    assert decide(town, report, 49, "lin")["state"] == "counted"
    with pytest.raises(Conflict, match="Lin was first"):
        decide(town, report, 49, "boss")
    found = seen(town, "Wang")
    assert (found["state"], found["record"]["late"], found["record"]["recorded_by"]) == ("done", True, "Mei")
    assert (found["seen"]["channel"], found["seen"]["flags"]) == ("late_entry", ["late_entry"])
    assert (found["reports"][0]["entered_by"], found["reports"][0]["decided_by"]) == ("Mei", "Lin")


@pytest.mark.usefixtures("visitors")
def test_a_late_entry_that_is_not_believed_is_no_visit(town: Town) -> None:
    say(town, "Wang", at_home(town, late_reason="the paper was lost"), 48, "mei")
    with pytest.raises(Conflict):
        say(town, "Wang", at_home(town, late_reason="again"), 49, "mei")
    with pytest.raises(Invalid, match="say why"):
        decide(town, waiting(town)[0], 49, "lin", counts=False)
    decide(town, waiting(town)[0], 49, "lin", counts=False, reason="she was away")
    assert (visit_of(town, "Wang").state, waiting(town)) == (VisitState.PLANNED, [])
    (done,) = reports.listed(town.centre, town.actor("boss"), "done", PageOf(10, None))["items"]
    assert (done["state"], done["decided_by"], done["decided_reason"]) == ("set_aside", "Lin", "she was away")


@pytest.mark.usefixtures("visitors")
def test_what_a_telephone_kept_back_for_two_days_counts_and_is_marked(town: Town) -> None:
    answer = say(town, "Wang", at_home(town), 48)
    assert (answer["applied"], answer["flags"]) == (True, ["late_entry"])
    with town.centre.database.reads() as session:
        assert session.scalars(select(CheckinReport)).all() == []
        assert session.scalars(select(CheckinRecord.late)).all() == [True]
        assert session.scalars(select(CheckinCheck.state)).one() in ("off", "open")


@pytest.mark.usefixtures("visitors")
def test_what_was_seen_is_gone_when_its_time_is_over_and_that_it_was_stays(town: Town) -> None:
    visit = visit_of(town, "Wang").id
    say(town, "Wang", at_home(town, note="a sad day", sheet=sheet(town, urgent="smoke")))
    say(town, "Wang", at_home(town, 1, client_uuid="r2"), 1)
    pictures.keep(town.centre, visit, act(town), Picture("p1", "photo", START, JPEG))
    night = START + timedelta(days=36 * 31)
    for now in (START + timedelta(days=30 * 35), night):
        before = seen(town, "Wang")
        assert (before["seen"]["note"], len(before["pictures"]), len(before["reports"])) == ("a sad day", 1, 1)
        while retention.tick(town.centre, now):
            pass
    after = seen(town, "Wang")
    assert (after["seen"]["note"], after["seen"]["items"], after["seen"]["distance_m"]) == (None, {}, None)
    assert (after["pictures"], after["reports"]) == ([], [])
    assert (after["state"], after["record"]["day"], after["worker"]["name"]) == ("done", "2026-11-24", "Near")
    assert retention.preview(town.centre, night)["items"][5]["due"] == 0


# -- the sample


def shared(town: Town, share: int) -> Town:
    form = replace(town.centre.visits.form, sample_share=share)
    town.centre = replace(town.centre, visits=replace(town.centre.visits, form=form))
    return town


def calls(town: Town, by: str = "boss", view: str = "open") -> list[dict[str, Any]]:
    return list(checking.listed(town.centre, town.actor(by), view, PageOf(50, None))["items"])


@pytest.mark.usefixtures("visitors")
def test_the_lot_can_be_drawn_again_by_anybody(town: Town) -> None:
    shared(town, 50)
    for hours, name in enumerate(("Wang", "Zhao", "Family", "Sun")):
        say(town, name, at_home(town, hours, started_at=START + timedelta(hours=hours - 0.3 - hours / 50)), hours)
    with town.centre.database.reads() as session:
        seed = session.get_one(FollowUpLot, MONTH).seed
        rows = session.execute(select(CheckinRecord.visit_id, CheckinCheck.why).join(CheckinCheck)).all()
    assert dict(rows) == {visit: "drawn" if drawn(seed, visit, 50) else "not_drawn" for visit, _ in rows}
    assert {one["why"] for one in calls(town)} <= {"drawn"}


@pytest.mark.usefixtures("visitors")
def test_an_odd_proof_is_asked_about_without_a_lot(town: Town) -> None:
    shared(town, 0)
    say(town, "Wang", at_home(town))
    say(town, "Zhao", at_home(town, 2, metres=5000, started_at=START + timedelta(hours=1.5)), 2)
    (one,) = calls(town)
    assert (one["elder"]["name"], one["why"], one["flags"]) == ("Zhao", "flagged", ["far_check_in"])
    assert calls(town, "west_op") == []


@pytest.mark.usefixtures("visitors")
def test_what_the_elder_says_on_the_telephone_closes_it_and_a_doubt_is_a_complaint(town: Town) -> None:
    shared(town, 100)
    for hours, name in enumerate(("Wang", "Zhao", "Sun")):
        say(town, name, at_home(town, hours, started_at=START + timedelta(hours=hours - 0.5 + hours / 9)), hours)
    wang, zhao, sun = (int(one["id"]) for one in calls(town))
    opened = checking.opened(town.centre, wang, act(town, 4, "boss"))
    assert opened["phone"] == "13800001000"
    assert checking.decide(town.centre, wang, act(town, 4, "boss"), Said.CONFIRMED, None)["state"] == "confirmed"
    with pytest.raises(Conflict):
        checking.decide(town.centre, wang, act(town, 4, "lin"), Said.DOUBTED, "nobody came")
    doubted = checking.decide(town.centre, zhao, act(town, 4, "boss"), Said.DOUBTED, "nobody came")
    assert cases(town)[-1][:2] == ("complaint", "hotline")
    assert [one["id"] for one in seen(town, "Zhao")["cases"]] == [doubted["complaint_case_id"]]
    for tries in range(3):
        state = checking.decide(town.centre, sun, act(town, 5 + tries, "boss"), Said.NO_ANSWER, None)["state"]
    assert state == "not_reached"
    assert calls(town) == []
    assert len(calls(town, view="done")) == 3
