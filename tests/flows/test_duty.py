"""Somebody is on duty everywhere, nobody off duty is woken, and in the last resort somebody always is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.models.duty import DutyGap, Shift
from dispatch.models.people import DutyPhone
from dispatch.services import audit
from dispatch.services.duty import board, coverage, patterns, roster
from dispatch.services.duty.patterns import NewPattern
from dispatch.services.duty.roster import ShiftChange
from dispatch.services.duty.seats import Doing, DoubleBooked, Who
from tests.support.factories import DUTY_EAST, DUTY_TOWN
from tests.support.story import Story

LAST_RESORT = "13900000003"


def doing(story: Story, by: str = "boss") -> Doing:
    return Doing(story.town.actor(by), story.now)


def who(story: Story, name: str) -> Who:
    if name in story.town.users:
        return Who(user_id=story.town.users[name])
    with story.centre.database.reads() as session:
        return Who(phone_id=session.scalar(select(DutyPhone.id).where(DutyPhone.phone == name)))


def shift(
    story: Story,
    name: str,
    hours: tuple[float, float],
    *,
    role: str = "supervisor",
    area: str = "Town",
    by: str = "boss",
) -> int:
    return roster.add_shift(
        story.centre,
        doing(story, by),
        role=role,
        area_id=story.town.areas[area],
        who=who(story, name),
        starts_at=story.now + timedelta(hours=hours[0]),
        ends_at=story.now + timedelta(hours=hours[1]),
    )


def last_resort(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        session.add(DutyPhone(area_id=story.town.areas["Town"], label="The last", phone=LAST_RESORT, last_resort=True))


def gaps(story: Story) -> list[tuple[str, str]]:
    names = {number: name for name, number in story.town.areas.items()}
    with story.centre.database.reads() as session:
        found = session.scalars(select(DutyGap).where(DutyGap.ended_at.is_(None)).order_by(DutyGap.id))
        return [(names[gap.area_id], gap.role) for gap in found]


def hear(story: Story, *phones: str, channel: str = "") -> list[str]:
    """Every page of these telephones that no test has asked for yet."""
    found = [t for t in story.unexpected() if not phones or t.phone in phones]
    story.seen.update(t.id for t in found)
    return [t.phone for t in found if not channel or t.channel == channel]


# -- who is woken


def test_without_any_roster_all_active_telephones_ring(story: Story) -> None:
    story.press("SOS-1")
    story.forward(61)
    assert sorted(set(hear(story))) == [DUTY_EAST, DUTY_TOWN]
    assert gaps(story) == []


def test_nobody_off_duty_is_woken(story: Story) -> None:
    shift(story, DUTY_TOWN, (0, 8))
    shift(story, "duty", (8, 16))
    shift(story, "mei", (0, 16), role="operator")
    hear(story)
    story.press("SOS-1")
    story.forward(61)
    assert set(hear(story)) == {DUTY_TOWN}
    story.expect_events("opened", "alert_operators", "alert_supervisor")
    assert "last_resort" not in story.expect_event("page_duty", phones=1).data


def test_the_page_goes_to_the_next_shift_from_its_first_second(story: Story) -> None:
    story.call_no_family()
    shift(story, DUTY_TOWN, (0, 1 / 60 + 30 / 3600))
    shift(story, "duty", (1 / 60 + 30 / 3600, 8))
    shift(story, "mei", (0, 8), role="operator")
    hear(story)
    story.press("SOS-1")
    story.forward(89)
    assert set(hear(story)) == {DUTY_TOWN}
    story.forward(60)
    assert set(hear(story)) == {DUTY_EAST}


def test_a_message_that_could_not_go_out_does_not_wake_who_went_home_meanwhile(story: Story) -> None:
    story.call_no_family()
    shift(story, DUTY_TOWN, (0, 2 / 60))
    shift(story, "duty", (2 / 60, 8))
    shift(story, "mei", (0, 8), role="operator")
    hear(story)
    story.break_network(down=True)
    story.press("SOS-1")
    story.forward(119)
    story.mend_network()
    story.forward(30)
    assert set(hear(story)) == {DUTY_EAST}


def test_a_shift_for_another_district_does_not_ring_here(story: Story) -> None:
    shift(story, DUTY_TOWN, (0, 8), area="West")
    shift(story, "duty", (0, 8), area="East")
    shift(story, "mei", (0, 8), role="operator")
    hear(story)
    story.press("SOS-1")
    story.press("SOS-W")
    story.forward(61)
    by_phone = {(m.phone, m.case_id) for m in story.messages() if m.purpose == "page_duty"}
    assert by_phone == {(DUTY_EAST, 1), (DUTY_TOWN, 2)}
    hear(story)


def test_an_alarm_without_a_place_rings_everybody_on_duty(story: Story) -> None:
    shift(story, DUTY_TOWN, (0, 8), area="West")
    shift(story, "duty", (8, 16), area="East")
    hear(story)
    story.press("NOBODY-KNOWS-ME")
    story.forward(61)
    pages = {m.phone for m in story.messages() if m.purpose == "page_duty"}
    assert pages == {DUTY_TOWN}
    hear(story)


def all_go_home(story: Story) -> None:
    """Somebody sits at the desk; the team's shift has just ended, and the last resort is all that is left."""
    last_resort(story)
    shift(story, "mei", (0, 24), role="operator")
    shift(story, DUTY_TOWN, (-2, 0.001))
    story.forward(10)
    hear(story)


def test_with_nobody_on_duty_the_last_resort_rings_and_it_is_said_loudly(story: Story) -> None:
    all_go_home(story)
    story.press("SOS-1")
    story.forward(61)
    assert set(hear(story, channel="voice")) == {LAST_RESORT}
    hear(story)
    events = [e for e in story.events() if e.kind == "page_duty"]
    assert [(e.data["phones"], e.data["last_resort"]) for e in events] == [(1, True)]
    assert ("Elm", "page") in gaps(story)
    assert "duty_gap" in {f.code for f in audit.audit(story.centre, story.now)}
    story.take("lin")
    shift(story, DUTY_TOWN, (0, 8))
    assert ("Elm", "page") not in gaps(story)
    hear(story)


def test_a_case_without_a_place_and_nobody_on_duty_anywhere_is_a_gap_of_the_whole_town(story: Story) -> None:
    all_go_home(story)
    story.press("NOBODY-KNOWS-ME")
    story.forward(61)
    assert set(hear(story, channel="voice")) == {LAST_RESORT}
    hear(story)
    assert ("Town", "page_unplaced") in gaps(story)
    assert "duty_gap" in {f.code for f in audit.audit(story.centre, story.now)}
    story.take("lin")
    story.forward(660)
    hear(story)
    assert ("Town", "page_unplaced") in gaps(story), "a round that finds nobody on duty leaves it open"
    shift(story, DUTY_EAST, (0, 8), area="West")
    assert ("Town", "page_unplaced") not in gaps(story), "anybody on duty anywhere will do"
    hear(story)


def test_without_a_last_resort_everybody_rings_rather_than_nobody(story: Story) -> None:
    shift(story, DUTY_TOWN, (-2, 0.001))
    story.forward(10)
    hear(story)
    story.press("SOS-1")
    story.forward(61)
    assert {m.phone for m in story.messages() if m.purpose == "page_duty"} == {DUTY_EAST, DUTY_TOWN}
    hear(story)


def test_a_roster_of_operators_alone_does_not_silence_the_duty_telephones(story: Story) -> None:
    shift(story, "mei", (0, 8), role="operator")
    hear(story)
    story.press("SOS-1")
    story.forward(61)
    assert {m.phone for m in story.messages() if m.purpose == "page_duty"} == {DUTY_EAST, DUTY_TOWN}
    hear(story)


# -- gaps


def test_a_gap_is_an_alarm_within_ten_minutes_and_is_told_again_and_ends(story: Story) -> None:
    shift(story, "mei", (0, 1), role="operator")
    shift(story, "duty", (0, 8))
    story.forward(1)
    assert gaps(story) == []
    story.forward(3598)
    assert gaps(story) == []
    story.forward(601)
    assert gaps(story) == [("East", "operator"), ("West", "operator")]
    for area in ("East", "West"):
        story.phone(DUTY_EAST).expect_sms(f"{area}从")
    story.phone(DUTY_TOWN).expect_silence()
    (finding,) = [f for f in audit.audit(story.centre, story.now) if f.code == "duty_gap"]
    assert finding.count == 2
    story.forward(1199)
    story.phone(DUTY_EAST).expect_silence()
    story.forward(2)
    for area in ("East", "West"):
        story.phone(DUTY_EAST).expect_sms(f"{area}从")
    shift(story, "lin", (0, 8), role="operator")
    assert gaps(story) == []
    assert "duty_gap" not in {f.code for f in audit.audit(story.centre, story.now)}
    story.forward(3600)


def test_a_clock_that_was_away_tells_of_a_gap_once(story: Story) -> None:
    shift(story, "mei", (0, 0.5), role="operator")
    shift(story, "duty", (0, 24))
    story.forward(1)
    story.sleep(7200)
    story.forward(1)
    other = story.new_clock()
    other.cycle(story.now)
    assert [m.reference.split(":")[2] for m in story.messages() if m.purpose == "duty_gap"] == ["1", "1"]
    hear(story)


def test_taking_somebody_out_of_the_plan_shows_the_hole_at_once(story: Story) -> None:
    number = shift(story, "mei", (0, 8), role="operator")
    shift(story, "duty", (0, 8))
    assert gaps(story) == []
    roster.cancel_shift(story.centre, doing(story), number)
    assert gaps(story) == [("East", "operator"), ("West", "operator")]
    story.forward(1)
    hear(story)


def test_the_holes_of_tomorrow_are_seen_today(story: Story) -> None:
    shift(story, "mei", (0, 6), role="operator")
    shift(story, "lin", (9, 30), role="operator", area="East")
    shift(story, "duty", (0, 24))
    seen = board.now_on_duty(story.centre, story.town.actor("boss"), story.now)
    found = [(a["area"]["name"], a["role"], a["starts_at"][11:16], a["ends_at"][11:16]) for a in seen["ahead"]]
    assert found == [("East", "operator", "14:00", "17:00"), ("West", "operator", "14:00", "08:00")]
    assert seen["gaps"] == []
    hear(story)


# -- writing the roster


def test_nobody_is_put_in_two_places_at_once(story: Story) -> None:
    first = shift(story, "mei", (0, 8), role="operator")
    with pytest.raises(DoubleBooked) as refused:
        shift(story, "mei", (7, 9), role="operator", area="West")
    assert refused.value.extra == {"shift": str(first)}
    second = shift(story, "mei", (8, 9), role="operator")
    with pytest.raises(DoubleBooked):
        roster.change_shift(story.centre, doing(story), second, ShiftChange(starts_at=story.now + timedelta(hours=7)))
    shift(story, "mei", (7, 8), role="rescue")
    listed = board.shifts(story.centre, story.town.actor("boss"), story.now, story.now + timedelta(hours=24))
    assert [w["code"] for w in listed["warnings"]] == ["double"]
    hear(story)


def test_whoever_saw_an_older_plan_is_told_so(story: Story) -> None:
    number = shift(story, "mei", (1, 8), role="operator")
    roster.change_shift(story.centre, doing(story), number, ShiftChange(version=1, who=who(story, "lin")))
    with pytest.raises(VersionConflict):
        roster.cancel_shift(story.centre, doing(story), number, 1)
    hear(story)


def test_two_swap_their_shifts(story: Story) -> None:
    one = shift(story, "mei", (1, 8), role="operator")
    other = shift(story, "lin", (6, 12), role="operator")
    roster.swap(story.centre, doing(story), one, other)
    with story.centre.database.reads() as session:
        assert session.get_one(Shift, one).user_id == story.town.users["lin"]
        assert session.get_one(Shift, other).user_id == story.town.users["mei"]
    story.sleep(3600)
    with pytest.raises(Conflict):
        roster.swap(story.centre, doing(story), one, other)
    hear(story)


def test_what_is_over_stays_as_it_was_and_what_runs_ends_now(story: Story) -> None:
    over = shift(story, "mei", (0, 1), role="operator")
    runs = shift(story, "lin", (0, 4), role="operator")
    story.sleep(2 * 3600)
    with pytest.raises(Conflict):
        roster.cancel_shift(story.centre, doing(story), over)
    roster.cancel_shift(story.centre, doing(story), runs)
    with story.centre.database.reads() as session:
        assert session.get_one(Shift, runs).ends_at == story.now
        assert session.get_one(Shift, runs).cancelled_at is None
    hear(story)


def test_a_week_is_copied_and_copied_again_without_doubles(story: Story) -> None:
    shift(story, "mei", (1, 8), role="operator")
    shift(story, "lin", (9, 20), role="operator", area="West")
    monday = date(2026, 11, 23)

    def copy(area: str) -> tuple[int, int]:
        return roster.copy_week(
            story.centre, doing(story), source=monday, target=monday + timedelta(days=7), area_id=story.town.areas[area]
        )

    assert copy("West") == (1, 0)
    assert copy("Town") == (1, 1)
    assert copy("Town") == (0, 2)
    with pytest.raises(Invalid):
        roster.copy_week(story.centre, doing(story), source=monday, target=monday, area_id=story.town.areas["Town"])
    listed = board.shifts(
        story.centre, story.town.actor("boss"), story.now + timedelta(days=6), story.now + timedelta(days=8)
    )
    assert sorted(item["starts_at"][:16] for item in listed["items"]) == ["2026-12-01T09:00", "2026-12-01T17:00"]
    hear(story)


def nights(story: Story, **more: object) -> NewPattern:
    given = {
        "role": "operator",
        "area_id": story.town.areas["Town"],
        "who": who(story, "mei"),
        "weekdays": frozenset(range(7)),
        "starts": "20:00",
        "ends": "08:00",
        "valid_from": date(2026, 11, 24),
        **more,
    }
    return NewPattern(**given)  # type: ignore[arg-type]


def planned(story: Story) -> list[Shift]:
    with story.centre.database.reads() as session:
        return list(session.scalars(select(Shift).where(Shift.cancelled_at.is_(None)).order_by(Shift.starts_at)))


def test_a_pattern_writes_the_roster_on_by_itself_and_once(story: Story) -> None:
    patterns.add_pattern(story.centre, doing(story), nights(story))
    assert len(planned(story)) == 36
    story.sleep(3 * 86400)
    for _ in range(3):
        patterns.tick(story.centre, story.now)
    assert len(planned(story)) == 39
    assert len({s.day for s in planned(story)}) == 39
    hear(story)


def test_a_changed_pattern_leaves_alone_what_somebody_changed_by_hand(story: Story) -> None:
    number = patterns.add_pattern(story.centre, doing(story), nights(story))
    by_hand, cancelled = planned(story)[2], planned(story)[3]
    roster.change_shift(story.centre, doing(story), by_hand.id, ShiftChange(who=who(story, "lin")))
    roster.cancel_shift(story.centre, doing(story), cancelled.id)
    patterns.change_pattern(story.centre, doing(story), number, nights(story, starts="21:00"), 1)
    found = planned(story)
    assert len(found) == 35
    assert cancelled.day not in {s.day for s in found}
    hours = {s.starts_at.astimezone(story.centre.zone).hour for s in found if s.id != by_hand.id}
    assert hours == {21}
    patterns.end_pattern(story.centre, doing(story), number)
    assert [s.id for s in planned(story)] == [by_hand.id]
    with pytest.raises(NotFound):
        patterns.end_pattern(story.centre, doing(story), number)
    hear(story)


def test_somebody_of_another_district_plans_nothing_here(story: Story) -> None:
    number = shift(story, "mei", (1, 8), role="operator", area="East")
    for act in (
        lambda: shift(story, "mei", (9, 10), role="operator", area="East", by="west_op"),
        lambda: roster.cancel_shift(story.centre, doing(story, "west_op"), number),
        lambda: patterns.add_pattern(story.centre, doing(story, "west_op"), nights(story)),
    ):
        with pytest.raises(NotFound):
            act()
    listed = board.shifts(story.centre, story.town.actor("west_op"), story.now, story.now + timedelta(days=2))
    assert listed["items"] == []
    hear(story)


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": "25:00"},
        {"weekdays": frozenset({7})},
        {"weekdays": frozenset()},
        {"exceptions": {"yesterday": None}},
        {"exceptions": {"2026-11-25": {"starts": "10:00"}}},
        {"valid_to": date(2026, 11, 1)},
        {"who": Who(user_id=1, phone_id=1)},
        {"who": Who()},
        {"role": "cook"},
    ],
    ids=str,
)
def test_a_pattern_that_makes_no_sense_is_refused(story: Story, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        patterns.add_pattern(story.centre, doing(story), nights(story, **wrong))
    assert planned(story) == []


@pytest.mark.parametrize("hours", [(1.0, 1.0), (2.0, 1.0), (0.0, 24.5)])
def test_a_shift_has_a_sensible_length(story: Story, hours: tuple[float, float]) -> None:
    with pytest.raises(Invalid):
        shift(story, "mei", hours)


def test_one_gap_is_one_row_however_many_look(story: Story) -> None:
    shift(story, "mei", (-3, 0.001), role="operator")
    story.sleep(60)
    for _ in range(3):
        with story.centre.database.sessions.begin() as session:
            coverage.check(session, story.centre, story.now)
            coverage.open_gap(session, story.centre, story.town.areas["East"], "operator", story.now)
    with story.centre.database.reads() as session:
        rows = session.execute(
            select(DutyGap.area_id, DutyGap.role, func.count()).group_by(DutyGap.area_id, DutyGap.role)
        )
        assert {n for _, _, n in rows} == {1}
    story.forward(5)
    hear(story)


def test_a_telephone_out_of_use_rings_no_longer(story: Story) -> None:
    shift(story, DUTY_TOWN, (0, 8))
    shift(story, "duty", (0, 8))
    shift(story, "mei", (0, 8), role="operator")
    hear(story)
    with story.centre.database.sessions.begin() as session:
        session.execute(update(DutyPhone).where(DutyPhone.phone == DUTY_TOWN).values(active=False))
    story.press("SOS-1")
    story.forward(61)
    assert set(hear(story)) == {DUTY_EAST}


def test_a_pattern_written_at_night_covers_the_night_that_runs(story: Story) -> None:
    story.sleep(11 * 3600)
    patterns.add_pattern(story.centre, doing(story), nights(story))
    assert planned(story)[0].starts_at <= story.now < planned(story)[0].ends_at
    hear(story)


def test_shanghai_is_the_clock_on_the_wall(story: Story) -> None:
    patterns.add_pattern(story.centre, doing(story), nights(story))
    assert planned(story)[0].starts_at == datetime.fromisoformat("2026-11-24T12:00:00+00:00")
    hear(story)
